/**
 * `npm run bench -- latency`: from the device to the row at 2,000/s and at 10 %, 50 % and 80 % of the maximum, each
 * three times in turn, the median of three; beside it what an fsync of this disk takes, since both promises wait for it.
 */
import { closeSync, fdatasyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadCity, loadGenerator, type LoadPlan } from '../support/bench-city.js';
import { sleep, startCity } from '../support/city.js';
import { GeneratorProcess } from '../support/generator-process.js';
import { Latencies } from '../support/latencies.js';
import { repository } from '../support/places.js';
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

interface Figures {
  readonly ratePerSecond: number;
  readonly sentPerSecond: number;
  readonly pubackMs: { p50: number; p99: number };
  readonly rowMs: { p50: number; p99: number };
  readonly fsyncMs: { p50: number; p99: number };
}

export async function benchLatency({ max, seconds }: { max: number | null; seconds: number }): Promise<Record<string, unknown>> {
  const city = await startCity(loadCity(plan));
  try {
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
  } finally {
    await city.stop();
  }
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
