/**
 * `npm run bench -- latency`: from the device to the row at 2,000/s and at 10 %, 50 % and 80 % of the maximum, each
 * three times in turn, the median of three; beside it what an fsync of this disk takes, since both promises wait for it.
 * And at 2,000/s from the device to the change of an alarm on the live stream, with one client and with 500.
 */
import { closeSync, fdatasyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadCity, loadGenerator, type LoadPlan } from '../support/bench-city.js';
import { sleep, startCity, type City } from '../support/city.js';
import { GeneratorProcess } from '../support/generator-process.js';
import { Latencies } from '../support/latencies.js';
import { repository } from '../support/places.js';
import { type AlarmLatency, alarmPlan, measureAlarmLatency } from './alarm-latency.js';
import { bindLogs } from './bound-log.js';
import { measureRowLatency, type RowLatency } from './row-latency.js';
import { say } from './report.js';

const plan: LoadPlan = { prefix: 'bench', devices: 1000, devicesPerGateway: 10 };
const rounds = 3;
const fixedRate = 2_000;
const shares = [0.1, 0.5, 0.8];
const warmUpMs = 25_000;
const findMaxMs = 15_000;
const settleMs = 60_000;
const samplesPerSecond = 50;
const alarmBarMs = 400;
const listeners = [1, 500] as const;

interface Figures {
  readonly ratePerSecond: number;
  readonly sentPerSecond: number;
  readonly pubackMs: { p50: number; p99: number };
  readonly rowMs: { p50: number; p99: number };
  readonly fsyncMs: { p50: number; p99: number };
}

export interface LatencyPlan {
  readonly max: number | null;
  readonly seconds: number;
  readonly alarmsOnly: boolean;
}

export async function benchLatency({ max, seconds, alarmsOnly }: LatencyPlan): Promise<Record<string, unknown>> {
  const [load, alarms] = [loadCity(plan), loadCity(alarmPlan)];
  const city = await startCity({
    assets: [...load.assets, ...alarms.assets], gateways: [...load.gateways, ...alarms.gateways], devices: [...load.devices, ...alarms.devices],
    apps: ['api', 'ingest', 'traffic', 'alerts'],
  });
  try {
    const rows = alarmsOnly ? {} : await benchRows(city, max, seconds);
    return { ...rows, ...(await benchAlarms(city, seconds)) };
  } finally {
    await city.stop();
  }
}

/** At 2,000/s, with one client and with many in turn. */
async function benchAlarms(city: City, seconds: number): Promise<Record<string, unknown>> {
  const generator = GeneratorProcess.start(loadGenerator(city, plan));
  await generator.ask({ do: 'connect' });
  await generator.ask({ do: 'load', rate: fixedRate });
  const alarms = await measureAlarmLatency(city);
  say('warming up for alarms');
  await sleep(warmUpMs);
  const measured = listeners.map((): Summary[] => []);
  for (let round = 1; round <= rounds; round++) {
    for (const [index, clients] of listeners.entries()) measured[index]!.push(await measureAlarms(clients, seconds, alarms));
  }
  const { missing } = await alarms.stop();
  await generator.ask({ do: 'pause' });
  await generator.settle(settleMs);
  await generator.stop();
  const middle = (figures: readonly Summary[], pick: (one: Summary) => number): number => figures.map(pick).sort((a, b) => a - b)[Math.floor(figures.length / 2)]!;
  const alarmMs = measured.map((figures, index) => ({ listeners: listeners[index]!, p50: middle(figures, ({ p50 }) => p50), p99: middle(figures, ({ p99 }) => p99), rounds: figures }));
  for (const { listeners: clients, p50, p99 } of alarmMs) say(`device to alarm on the stream at ${fixedRate}/s, ${clients} listening: ${p50} / ${p99} ms`);
  const late = alarmMs.filter(({ p99 }) => !(p99 < alarmBarMs)).map(({ listeners: clients, p99 }) => `alarm p99 with ${clients} listening is ${p99} ms, the bar is ${alarmBarMs}`);
  return { alarmMs, failures: [...late, ...(missing > 0 ? [`${missing} changes of alarms never came`] : [])] };
}

type Summary = ReturnType<AlarmLatency['summary']>;

async function measureAlarms(clients: number, seconds: number, alarms: AlarmLatency): Promise<Summary> {
  await alarms.crowd(clients);
  await sleep(1_000);
  alarms.clear();
  await sleep(seconds * 1_000);
  const summary = alarms.summary();
  say(`${clients} listening: alarm ${summary.p50} / ${summary.p99} ms, ${summary.count} samples`);
  return summary;
}

async function benchRows(city: City, max: number | null, seconds: number): Promise<Record<string, unknown>> {
  const generator = GeneratorProcess.start(loadGenerator(city, plan));
  const rows = await measureRowLatency(city.adminUrl, generator, { devices: generator.spec.devices.map(({ id }) => id), channels: generator.spec.channels });
  await generator.ask({ do: 'connect' });
  const maximum = await warmUp(generator, max);
  await city.untilCommitted(settleMs);
  say(`maximum taken as ${maximum}/s`);
  const rates = [fixedRate, ...shares.map((share) => Math.round(share * maximum))];
  const measured: Figures[][] = rates.map(() => []);
  for (let round = 1; round <= rounds; round++) {
    for (const [index, rate] of rates.entries()) {
      measured[index]!.push(await measureAt(rate, seconds, generator, rows));
      await city.untilCommitted(settleMs);
    }
  }
  await rows.stop();
  const { told, ...bound } = await bindLogs(city, [generator]);
  await generator.stop();
  const medians = measured.map(medianOf);
  for (const { ratePerSecond, sentPerSecond, pubackMs, rowMs, fsyncMs } of medians) {
    say(`${ratePerSecond}/s (sent ${sentPerSecond}): PUBACK ${pubackMs.p50} / ${pubackMs.p99} ms, row ${rowMs.p50} / ${rowMs.p99} ms, fsync ${fsyncMs.p50} / ${fsyncMs.p99} ms`);
  }
  return { maximumPerSecond: maximum, rates: medians, rounds: measured, ...bound, told };
}

/** A closed loop, whose second part tells the maximum; the first warms everything up. */
async function warmUp(generator: GeneratorProcess, max: number | null): Promise<number> {
  say('warming up');
  await generator.ask({ do: 'load', rate: 0 });
  await sleep(warmUpMs);
  await generator.ask({ do: 'mark' });
  if (max === null) await sleep(findMaxMs);
  const { pubackMs, seconds } = await generator.ask({ do: 'pause' });
  await generator.settle(settleMs);
  return max ?? Math.round(pubackMs.count / seconds);
}

async function measureAt(rate: number, seconds: number, generator: GeneratorProcess, rows: RowLatency): Promise<Figures> {
  await generator.ask({ do: 'load', rate });
  await sleep(1000);
  await generator.ask({ do: 'sample', perSecond: samplesPerSecond });
  rows.clear();
  await generator.ask({ do: 'mark' });
  await sleep((seconds * 1000) / 2);
  const fsyncMs = probeFsync(40);
  await sleep((seconds * 1000) / 2);
  await generator.ask({ do: 'sample', perSecond: 0 });
  const statistics = await generator.ask({ do: 'pause' });
  await generator.settle(settleMs);
  const rowMs = await rows.take();
  const figures = { ratePerSecond: rate, sentPerSecond: Math.round(statistics.pubackMs.count / statistics.seconds), pubackMs: statistics.pubackMs, rowMs, fsyncMs };
  say(`${rate}/s: PUBACK ${figures.pubackMs.p50} / ${figures.pubackMs.p99}, row ${rowMs.p50} / ${rowMs.p99}, fsync ${fsyncMs.p50} / ${fsyncMs.p99} ms`);
  return figures;
}

/** Appends 4 KiB and waits for the disk, so many times, on the disk that holds Kafka's log and the database. */
export function probeFsync(times: number): { p50: number; p99: number } {
  const file = join(repository, '.local', 'fsync-probe');
  mkdirSync(dirname(file), { recursive: true });
  const descriptor = openSync(file, 'w');
  const page = Buffer.alloc(4096, 1);
  const latencies = new Latencies();
  for (let n = 0; n < times; n++) {
    writeSync(descriptor, page);
    const beganAt = performance.now();
    fdatasyncSync(descriptor);
    latencies.add(performance.now() - beganAt);
  }
  closeSync(descriptor);
  rmSync(file);
  const { p50, p99 } = latencies.summary();
  return { p50, p99 };
}

function medianOf(figures: readonly Figures[]): Figures {
  const of = (pick: (one: Figures) => number): number => figures.map(pick).sort((a, b) => a - b)[Math.floor(figures.length / 2)]!;
  return {
    ratePerSecond: figures[0]!.ratePerSecond,
    sentPerSecond: of(({ sentPerSecond }) => sentPerSecond),
    pubackMs: { p50: of(({ pubackMs }) => pubackMs.p50), p99: of(({ pubackMs }) => pubackMs.p99) },
    rowMs: { p50: of(({ rowMs }) => rowMs.p50), p99: of(({ rowMs }) => rowMs.p99) },
    fsyncMs: { p50: of(({ fsyncMs }) => fsyncMs.p50), p99: of(({ fsyncMs }) => fsyncMs.p99) },
  };
}
