/**
 * `npm run bench -- hostile`: malformed packets without end, and clients that never finish one, while a control device
 * sends 100 readings per second. Ingest must live, the control device must hardly notice, and each attack must be
 * answered with the end of its connection and a reason that is counted.
 */
import { connect } from 'node:net';
import { loadCity, loadGenerator, type LoadPlan } from '../support/bench-city.js';
import { sleep, startCity, type City } from '../support/city.js';
import { GeneratorProcess } from '../support/generator-process.js';
import { livedThrough } from '../support/lived-through.js';
import { attack, chance, connectOf, type Names } from './malformed.js';
import { readLog } from './bound-log.js';
import { say, table } from './report.js';

const control: LoadPlan = { prefix: 'control', devices: 1, devicesPerGateway: 0 };
const attackers: LoadPlan = { prefix: 'attacker', devices: 50, devicesPerGateway: 0 };
const controlPerSecond = 100;
const quietMs = 15_000;
const atOnce = 50;
const slowClients = 200;
const seed = 20_260_301;
const settleMs = 30_000;
/** Bar: the control device's p99 beside its own without an attack. */
const ratioMax = 2;

export async function benchHostile({ packets }: { packets: number }): Promise<Record<string, unknown>> {
  const [own, hostile] = [loadCity(control), loadCity(attackers)];
  const city = await startCity({ assets: [...own.assets, ...hostile.assets], gateways: [], devices: [...own.devices, ...hostile.devices] });
  try {
    // An address of its own: wrong attempts are limited by address, as they should be.
    const generator = GeneratorProcess.start(loadGenerator(city, control, { localAddresses: ['127.0.0.77'] }));
    await generator.ask({ do: 'connect' });
    await generator.ask({ do: 'load', rate: controlPerSecond });
    await sleep(quietMs);
    await generator.ask({ do: 'mark' });
    await sleep(quietMs);
    const before = await generator.ask({ do: 'mark' });
    say(`the control device alone: PUBACK p50 ${before.pubackMs.p50}, p99 ${before.pubackMs.p99} ms; now ${packets} malformed packets`);
    const slow = slowLoris(city);
    const beganAt = performance.now();
    const answers = await attackAll(city, packets);
    const seconds = (performance.now() - beganAt) / 1000;
    const during = await generator.ask({ do: 'pause' });
    slow.end();
    const { settled } = await generator.settle(settleMs);
    await city.untilCommitted(settleMs);
    const log = await readLog(generator);
    const [{ rows }] = (await city.db.query(`select count(*)::int as rows from traffic.reading join traffic.channel c on c.id = channel_id where c.device like 'control-%'`)) as [{ rows: number }];
    const result = {
      packets, seconds: Math.round(seconds), answers: Object.fromEntries(answers), slowClients, slowClientsClosed: slow.closed(),
      ingestRestarts: city.supervisor.restarts('ingest'), controlAcknowledged: log.acknowledged, controlLost: during.connectionsLost, unaccounted: log.acknowledged - rows, allAcknowledged: settled,
      controlP99MsBefore: before.pubackMs.p99, controlP99MsDuring: during.pubackMs.p99, ratio: Math.round((during.pubackMs.p99 / before.pubackMs.p99) * 100) / 100,
      reasons: await reasons(city),
    };
    await generator.stop();
    const failures = [
      ...(result.ratio > ratioMax ? [`the control device's p99 grew ${result.ratio} times, expected at most ${ratioMax}`] : []),
      ...(result.ingestRestarts > 0 ? [`ingest ended ${result.ingestRestarts} times`] : []),
      ...(result.controlLost > 0 ? [`the control device lost its connection ${result.controlLost} times`] : []),
    ];
    table([...Object.entries(result).filter(([name]) => name !== 'answers' && name !== 'reasons'), ['answers', ''], ...Object.entries(result.answers), ['reasons', ''], ...Object.entries(result.reasons)]);
    return { ...result, failures };
  } finally {
    await city.stop();
  }
}

/** How each attack was answered, by its kind and answer. */
async function attackAll(city: City, packets: number): Promise<Map<string, number>> {
  const random = chance(seed);
  const answers = new Map<string, number>();
  let left = packets;
  const one = async (worker: number): Promise<void> => {
    while (left-- > 0) {
      const device = Math.floor(random() * attackers.devices);
      const { kind, authenticated, bytes } = attack(random, namesOf(city, device));
      const lived = await livedThrough(city.mqttPort, `127.1.${worker}.${1 + Math.floor(random() * 250)}`, authenticated ? Buffer.concat([connectOf(namesOf(city, device)), bytes]) : bytes);
      const answer = lived ? 'lived' : 'ended';
      answers.set(`${kind}: ${answer}`, (answers.get(`${kind}: ${answer}`) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, worker) => one(worker)));
  return new Map([...answers].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function namesOf(city: City, device: number): Names {
  const name = (n: number): string => `${attackers.prefix}-${String(n % attackers.devices).padStart(5, '0')}`;
  const topic = (n: number): string => `city/traffic/${name(n)}/readings`;
  return { client: name(device), secret: city.secrets.get(name(device))!, topic: topic(device), otherTopic: topic(device + 1) };
}

/** Clients that send a byte of their CONNECT each second. */
function slowLoris(city: City): { closed(): number; end(): void } {
  let closed = 0;
  const bytes = connectOf(namesOf(city, 0));
  const sockets = Array.from({ length: slowClients }, (_, n) => {
    const socket = connect({ port: city.mqttPort, host: '127.0.0.1', localAddress: `127.0.99.${1 + (n % 250)}` });
    let at = 0;
    const timer = setInterval(() => at < bytes.length && socket.write(bytes.subarray(at, ++at)), 1000);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      closed++;
    });
    return socket;
  });
  return { closed: () => closed, end: () => sockets.forEach((socket) => socket.destroy()) };
}

/** What ingest itself says of those it turned away. */
async function reasons(city: City): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${city.ingestHttpPort}/metrics`)).text();
  const lines = text.split('\n').filter((line) => /^nhip_ingest_(connects|disconnects|messages)_total\{/.test(line));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}
