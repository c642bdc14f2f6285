/**
 * Hostile input of every kind against the running house, while a control device goes about its work: the processes live,
 * the control device loses nothing, and whatever is wrong ends its own connection or becomes a dead letter with a reason.
 *
 * How much the control device notices is printed, not asserted: `npm run bench -- hostile` measures it with nothing else
 * on the machine.
 */
import { connect } from 'node:net';
import { attack, chance, connectOf, type Names } from './bench/malformed.js';
import { poisons } from './faults/poison.js';
import { loadCity, loadGenerator, type LoadPlan } from './support/bench-city.js';
import { sleep, startCity, type City } from './support/city.js';
import { GeneratorProcess } from './support/generator-process.js';
import { livedThrough } from './support/lived-through.js';
import { RawMqtt } from './support/raw-mqtt.js';

const packets = 100_000;
const atOnce = 50;
const slowClients = 200;
const control: LoadPlan = { prefix: 'control', devices: 1, devicesPerGateway: 0 };
const flood: LoadPlan = { prefix: 'flood', devices: 1, devicesPerGateway: 0 };
const attackers: LoadPlan = { prefix: 'attacker', devices: 50, devicesPerGateway: 0 };
const settleMs = 30_000;

let city: City;
let generator: GeneratorProcess;
let flooding: GeneratorProcess;

beforeAll(async () => {
  const parts = [control, flood, attackers].map((plan) => loadCity(plan));
  city = await startCity({ assets: parts.flatMap(({ assets }) => assets), gateways: [], devices: parts.flatMap(({ devices }) => devices), onLine: (name, line) => void (/"level":(50|60|"error"|"fatal")/.test(line) && console.log(`${name}: ${line}`)) });
  // At an address of its own: wrong attempts are limited by address, as they should be.
  generator = GeneratorProcess.start(loadGenerator(city, control, { localAddresses: ['127.0.0.77'] }));
  flooding = GeneratorProcess.start(loadGenerator(city, flood, { localAddresses: ['127.0.0.78'] }));
  await generator.ask({ do: 'connect' });
  await generator.ask({ do: 'load', rate: 100 });
}, 120_000);

afterAll(async () => {
  await generator?.stop();
  await flooding?.stop();
  await city?.stop();
}, 60_000);

const nameOf = (n: number): string => `${attackers.prefix}-${String(n % attackers.devices).padStart(5, '0')}`;
const topicOf = (n: number): string => `city/traffic/${nameOf(n)}/readings`;
const namesOf = (n: number): Names => ({ client: nameOf(n), secret: city.secrets.get(nameOf(n))!, topic: topicOf(n), otherTopic: topicOf(n + 1) });

it(`lives through ${packets} malformed packets, and answers each broken rule by the end of the connection`, async () => {
  await sleep(3_000);
  await generator.ask({ do: 'mark' });
  await sleep(5_000);
  const alone = await generator.ask({ do: 'mark' });
  const seed = Date.now() % 1_000_000_007;
  const random = chance(seed);
  const outcomes = new Map<string, number>();
  let left = packets;
  const one = async (worker: number): Promise<void> => {
    while (left-- > 0) {
      const names = namesOf(Math.floor(random() * attackers.devices));
      const { kind, authenticated, bytes } = attack(random, names);
      const lived = await livedThrough(city.mqttPort, `127.1.${worker}.${1 + Math.floor(random() * 250)}`, authenticated ? Buffer.concat([connectOf(names), bytes]) : bytes);
      const outcome = `${kind}: ${lived ? 'lived' : 'ended'}`;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, worker) => one(worker)));
  const beside = await generator.ask({ do: 'mark' });
  console.log(`seed ${seed}; the control device: PUBACK p99 ${alone.pubackMs.p99} ms alone, ${beside.pubackMs.p99} ms beside, ${(beside.pubackMs.p99 / alone.pubackMs.p99).toFixed(1)} times\n${[...outcomes].sort().map(([outcome, count]) => `${count} ${outcome}`).join('\n')}`);

  expect([...outcomes.values()].reduce((sum, count) => sum + count, 0)).toBe(packets);
  // Damage may leave a packet right; a rule that is broken on purpose never does.
  expect([...outcomes.keys()].filter((outcome) => outcome.endsWith('lived') && !/damaged|random/.test(outcome))).toEqual([]);
  expect(city.supervisor.restarts('ingest')).toBe(0);
  const counted = await refusals();
  for (const reason of ['malformed-publish', 'protocol-error', 'other-device', 'topic-name', 'unknown-stream', 'malformed-topic', 'packet-too-large', 'malformed-packet', 'second-connect', 'malformed-connect', 'not-a-connect', 'wrong-credentials']) {
    expect([reason, (counted.get(reason) ?? 0) > 0]).toEqual([reason, true]);
  }
}, 300_000);

it('is not held up by clients that never finish a packet, nor by one that floods', async () => {
  await generator.ask({ do: 'mark' });
  const slow = Array.from({ length: slowClients }, (_, n) => {
    const socket = connect({ port: city.mqttPort, host: '127.0.0.1', localAddress: `127.2.0.${1 + (n % 250)}` });
    const bytes = connectOf(namesOf(n));
    let at = 0;
    const timer = setInterval(() => at < 10 && socket.write(bytes.subarray(at, ++at)), 500);
    socket.on('error', () => undefined);
    return new Promise<void>((resolve) => socket.on('close', () => (clearInterval(timer), resolve())));
  });
  await flooding.ask({ do: 'connect' });
  await flooding.ask({ do: 'load', rate: 0, messages: 30_000 });
  await Promise.all(slow); // Each is closed by ingest, in its own time.
  const flooded = await flooding.settle(2 * settleMs);
  const beside = await generator.ask({ do: 'mark' });
  console.log(`beside a flood and ${slowClients} slow clients: PUBACK p99 ${beside.pubackMs.p99} ms for the control device`);
  expect(flooded).toMatchObject({ settled: true, statistics: { acknowledged: 30_000, connectionsLost: 0 } });
  expect((await refusals()).get('connect-deadline')).toBe(slowClients);
}, 120_000);

it('makes of each poisonous payload a dead letter with the reason that names what is wrong', async () => {
  const device = nameOf(7);
  const { raw } = await RawMqtt.connected({ port: city.mqttPort }, { user: device, secret: city.secrets.get(device)! });
  const bad = poisons('traffic', device, Date.now());
  for (const [index, { payload }] of bad.entries()) raw.publish(topicOf(7), payload, { id: index + 1 });
  for (const _ of bad) await raw.next('puback');
  raw.end();
  // The control device goes on meanwhile, so the city is never at rest: wait for the letters themselves.
  const lettersOf = (): Promise<Record<string, unknown>[]> => city.db.query('select reason, payload from traffic.dead_letter where device = $1', [device]);
  for (const until = Date.now() + settleMs; Date.now() < until && (await lettersOf()).length < bad.flatMap(({ letters }) => letters).length; ) await sleep(100);
  const letters = await lettersOf();
  const found = bad.map(({ kind, payload }) => ({ kind, reasons: letters.filter((letter) => payload.equals(letter['payload'] as Buffer)).map(({ reason }) => reason) }));
  expect(found).toEqual(bad.map(({ kind, letters: reasons }) => ({ kind, reasons: [...reasons] })));
}, 120_000);

it('has lost nothing of the control device', async () => {
  await generator.ask({ do: 'pause' });
  const { settled, statistics } = await generator.settle(settleMs);
  expect([settled, statistics.connectionsLost, statistics.sentAgain]).toEqual([true, 0, 0]);
  expect(await city.untilCommitted(2 * settleMs)).toBe(true);
  const [row] = await city.db.query(`select count(*)::int as rows from traffic.reading join traffic.channel c on c.id = channel_id where c.device like 'control-%'`);
  expect(row!['rows']).toBe(statistics.acknowledged);
  expect(['api', 'ingest', 'traffic'].map((app) => city.supervisor.restarts(app))).toEqual([0, 0, 0]);
}, 120_000);

async function refusals(): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${city.ingestHttpPort}/metrics`)).text();
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, reason, count] = /^nhip_ingest_(?:connects|messages)_total\{.*reason="([^"]+)".*\} (\d+)/.exec(line) ?? [];
    if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + Number(count));
  }
  return counts;
}
