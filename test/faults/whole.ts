/** When is a city whole again after a fault, and does everything in it equal the second way of computing? */
import { createHash } from 'node:crypto';
import type { DeadLetterReason } from '#contracts';
import type { City } from '../support/city.js';
import { sleep } from '../support/city.js';
import { freeFlowKmh } from '../support/bench-city.js';
import { compareReadings, Differences, type Source } from '../support/compare-readings.js';
import { expectedReadings, type ExpectedOutcomes } from '../support/expected-readings.js';
import type { GeneratorProcess } from '../support/generator-process.js';
import { say } from '../bench/report.js';
import { readLog, withoutDeadLetter } from '../bench/bound-log.js';
import { periodS } from '../support/payload.js';
import { compareAggregates, compareConditions, compareHistory } from './compare.js';
import { congestionFold, type CongestionRow, type ExpectedCondition } from './recompute.js';

const pollMs = 50;

/**
 * Whole: everything sent before `sinceMs` is acknowledged and committed, and every process says that it is ready, all
 * while the load goes on. Gives seconds since `sinceMs` (performance.now()); Infinity past the deadline.
 */
export async function untilWhole(city: City, generator: GeneratorProcess, sinceMs: number, deadlineMs: number): Promise<number> {
  const seconds = (): string => ((performance.now() - sinceMs) / 1000).toFixed(1);
  const { published } = await generator.ask({ do: 'look' });
  const until = sinceMs + deadlineMs;
  const before = async (done: () => Promise<boolean>): Promise<boolean> => {
    while (performance.now() < until) {
      if (await done().catch(() => false)) return true;
      await sleep(pollMs);
    }
    return false;
  };
  if (!(await before(async () => (await generator.ask({ do: 'look' })).oldestUnacknowledged >= published))) return Infinity;
  const acknowledged = seconds();
  let ends = new Map<number, number>();
  if (!(await before(async () => (ends = await city.kafkaEnds()).size > 0))) return Infinity;
  const committed = async (): Promise<boolean> => {
    const next = await city.committedEnds();
    return [...ends].every(([partition, end]) => (next.get(partition) ?? 0) >= end);
  };
  if (!(await before(committed))) return Infinity;
  const stored = seconds();
  await city.supervisor.untilReady();
  say(`  all acknowledged after ${acknowledged} s, committed after ${stored} s, every process ready after ${seconds()} s`);
  return (performance.now() - sinceMs) / 1000;
}

/** What tests themselves know beside the generators' logs. */
export interface Beside {
  /** By device and reason, the payloads whose letters must be there. */
  readonly letters: { readonly device: string; readonly reason: DeadLetterReason; readonly payload: Buffer }[];
  /** Rows of devices that no generator speaks for. */
  readonly storedBy: Map<string, number>;
  /** A door after Kafka may have taken a batch twice: then only the lower bound of repeats is known. */
  repeatsOpen: boolean;
}

export interface Verdict {
  readonly acknowledged: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly deadLettered: number;
  readonly unaccounted: number;
  readonly differences: number;
  readonly told: readonly string[];
}

export interface Compared {
  readonly generator: GeneratorProcess;
  readonly assetOf: (device: number) => string;
}

/** Compares rows, history, aggregates, conditions, dead letters and outcome counts. Nothing may be under way. */
export async function judge(city: City, generators: readonly Compared[], beside: Beside): Promise<Verdict> {
  const differences = new Differences();
  const row = await congestionRow(city);
  let acknowledged = 0;
  const sources: Source[] = [];
  const conditions: { conditions: ReadonlyMap<number, ExpectedCondition>; assetOf: (device: number) => string }[] = [];
  for (const { generator, assetOf } of generators) {
    const { devices, channels, phase } = generator.spec;
    const log = await readLog(generator);
    acknowledged += log.acknowledged;
    const fold = congestionFold(row, phase);
    const expected = expectedReadings(log, channels.length, phase, fold.onEffect);
    sources.push({ expected, devices: devices.map(({ id }) => id), channels, phase });
    conditions.push({ conditions: fold.conditions(), assetOf });
  }
  const rows = await compareReadings(city.db, city.adminUrl, sources, differences, new Set(beside.storedBy.keys()));
  await compareHistory(city.db, sources, differences);
  await compareAggregates(city.db, city.adminUrl, sources, differences, new Set(beside.storedBy.keys()));
  await compareConditions(city.db, conditions, differences);
  await compareLetters(city, beside, differences);
  await compareStoredBeside(city, beside, differences);
  await compareOutcomes(city, sources.map(({ expected }) => expected.outcomes), beside, differences);
  const lost = await withoutDeadLetter(city, rows.missing);
  return {
    acknowledged,
    stored: rows.rows,
    duplicates: rows.duplicates,
    deadLettered: (await city.accounting()).deadLettered,
    unaccounted: lost + rows.missingCount - rows.missing.length,
    differences: differences.count,
    told: [...rows.missing.slice(0, 5).map(([device, channel, ms]) => `${device} ${channel} ${new Date(ms).toISOString()}: acknowledged, but not there`), ...differences.told],
  };
}

async function congestionRow({ db }: City): Promise<CongestionRow> {
  const [row] = await db.query(`select value from registry.dated_row where kind = 'traffic.congestion' and key = 'arterial' and valid_to is null`);
  const { enterBelowShare, clearAboveShare, windows } = row!['value'] as { enterBelowShare: number; clearAboveShare: number; windows: { periodSMax: number; needed: number; of: number }[] };
  const { needed, of } = windows.find(({ periodSMax }) => periodS <= periodSMax)!;
  return { enterBelowShare, clearAboveShare, needed, of, freeFlowKmh };
}

async function compareLetters({ db }: City, { letters }: Beside, differences: Differences): Promise<void> {
  const key = (device: string, reason: string, payload: Buffer): string => `${device} ${reason} ${createHash('sha1').update(payload).digest('hex').slice(0, 12)}`;
  const left = new Map<string, number>();
  for (const { device, reason, payload } of letters) left.set(key(device, reason, payload), (left.get(key(device, reason, payload)) ?? 0) + 1);
  for (const { device, reason, payload, details } of await db.query('select device, reason, payload, details from traffic.dead_letter')) {
    const name = key(device as string, reason as string, payload as Buffer);
    left.set(name, (left.get(name) ?? 0) - 1);
    if (left.get(name)! < 0) differences.add(`dead letter of ${device}: ${reason}, ${details}: not expected (${(payload as Buffer).subarray(0, 60).toString('latin1')})`);
    if (details === '') differences.add(`dead letter of ${device}: ${reason} says nothing of what was wrong`);
  }
  for (const [name, count] of left) if (count > 0) differences.add(`dead letter ${name}: ${count} missing`);
}

async function compareStoredBeside({ db }: City, { storedBy }: Beside, differences: Differences): Promise<void> {
  for (const [device, wanted] of storedBy) {
    const [row] = await db.query('select count(*)::int as count from traffic.reading join traffic.channel c on c.id = channel_id where c.device = $1', [device]);
    if (row!['count'] !== wanted) differences.add(`${device}: ${row!['count']} rows, expected ${wanted}`);
  }
}

async function compareOutcomes(city: City, expected: readonly ExpectedOutcomes[], { letters, storedBy, repeatsOpen }: Beside, differences: Differences): Promise<void> {
  const sum = (pick: (one: ExpectedOutcomes) => number): number => expected.reduce((total, one) => total + pick(one), 0);
  const found = await city.accounting();
  const beside = [...storedBy.values()].reduce((total, count) => total + count, 0);
  const wanted = { stored: sum(({ stored }) => stored) + beside, corrected: sum(({ corrected }) => corrected), deadLettered: letters.length };
  for (const name of ['stored', 'corrected', 'deadLettered'] as const) if (found[name] !== wanted[name]) differences.add(`outcome ${name}: ${found[name]}, expected ${wanted[name]}`);
  const least = sum(({ repeated }) => repeated);
  const most = repeatsOpen ? Infinity : least + sum(({ sentAgain }) => sentAgain);
  if (found.repeated < least || found.repeated > most) differences.add(`outcome repeated: ${found.repeated}, expected ${least} to ${most}`);
  const reasons = await city.db.query('select reason, sum(count)::int as count from traffic.dead_letter_count group by reason');
  const byReason = new Map<string, number>();
  for (const { reason } of letters) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  for (const row of reasons) if ((byReason.get(row['reason'] as string) ?? 0) !== row['count']) differences.add(`dead letters counted as ${row['reason']}: ${row['count']}, expected ${byReason.get(row['reason'] as string) ?? 0}`);
}
