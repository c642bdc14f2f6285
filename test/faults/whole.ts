/** When is a city whole again after a fault, and does everything in it equal the second way of computing? */
import { createHash } from 'node:crypto';
import { type DeadLetterReason, type Domain, domainNames } from '#contracts';
import type { City } from '../support/city.js';
import { sleep } from '../support/city.js';
import { freeFlowKmh } from '../support/bench-city.js';
import { compareReadings, Differences, type Source } from '../support/compare-readings.js';
import { expectedReadings, type ExpectedOutcomes } from '../support/expected-readings.js';
import type { GeneratorProcess } from '../support/generator-process.js';
import { say } from '../bench/report.js';
import { readLog, withoutDeadLetter } from '../bench/bound-log.js';
import { periodS } from '../support/payload.js';
import { compareAggregates, compareAlarms, compareConditions, compareHistory } from './compare.js';
import { congestionFold, type CongestionRow, type ExpectedCondition } from './recompute.js';

const pollMs = 50;

/**
 * Whole: everything sent before `sinceMs` is acknowledged and committed, and every process says that it is ready, all
 * while the load goes on. Gives seconds since `sinceMs` (performance.now()); Infinity past the deadline.
 */
export async function untilWhole(city: City, generators: readonly GeneratorProcess[], sinceMs: number, deadlineMs: number): Promise<number> {
  const seconds = (): string => ((performance.now() - sinceMs) / 1000).toFixed(1);
  const published = await Promise.all(generators.map(async (generator) => (await generator.ask({ do: 'look' })).published));
  const until = sinceMs + deadlineMs;
  const before = async (done: () => Promise<boolean>): Promise<boolean> => {
    while (performance.now() < until) {
      if (await done().catch(() => false)) return true;
      await sleep(pollMs);
    }
    return false;
  };
  for (const [index, generator] of generators.entries()) {
    if (!(await before(async () => (await generator.ask({ do: 'look' })).oldestUnacknowledged >= published[index]!))) return Infinity;
  }
  const acknowledged = seconds();
  let ends = new Map<string, number>();
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

/** What tests themselves know of a domain beside the generators' logs. */
export interface BesideDomain {
  /** By device and reason, the payloads whose letters must be there. */
  readonly letters: { readonly device: string; readonly reason: DeadLetterReason; readonly payload: Buffer }[];
  /** Rows of devices that no generator speaks for. */
  readonly storedBy: Map<string, number>;
}

export interface Beside {
  readonly of: Readonly<Record<Domain, BesideDomain>>;
  /** A door after Kafka may have taken a batch twice: then only the lower bound of repeats is known. */
  repeatsOpen: boolean;
}

export function nothingBeside(): Beside {
  const none = (): BesideDomain => ({ letters: [], storedBy: new Map() });
  return { of: { traffic: none(), pollution: none() }, repeatsOpen: false };
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

/** Compares rows, history, aggregates, conditions, dead letters and outcome counts of every domain. Nothing may be under way. */
export async function judge(city: City, generators: readonly Compared[], beside: Beside): Promise<Verdict> {
  const sum = { acknowledged: 0, stored: 0, duplicates: 0, deadLettered: 0, unaccounted: 0, differences: 0 };
  const told: string[] = [];
  for (const domain of domainNames) {
    const verdict = await judgeDomain(city, domain, generators.filter(({ generator }) => generator.spec.domain === domain), beside);
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += verdict[key];
    told.push(...verdict.told);
  }
  if (city.apps.includes('alerts')) {
    const alarms = new Differences();
    await compareAlarms(city.db, alarms);
    sum.differences += alarms.count;
    told.push(...alarms.told);
  }
  return { ...sum, told };
}

async function judgeDomain(city: City, domain: Domain, generators: readonly Compared[], beside: Beside): Promise<Verdict> {
  if (generators.length === 0) return { acknowledged: 0, stored: 0, duplicates: 0, deadLettered: 0, unaccounted: 0, differences: 0, told: [] };
  const differences = new Differences();
  // The only domain whose conditions follow from single readings; those of pollution need whole hours.
  const row = domain === 'traffic' ? await congestionRow(city) : null;
  let acknowledged = 0;
  const sources: Source[] = [];
  const conditions: { conditions: ReadonlyMap<number, ExpectedCondition>; assetOf: (device: number) => string }[] = [];
  for (const { generator, assetOf } of generators) {
    const { devices, channels, phase } = generator.spec;
    const log = await readLog(generator);
    acknowledged += log.acknowledged;
    const fold = row === null ? null : congestionFold(row, phase);
    const expected = expectedReadings(log, generator.spec, fold?.onEffect);
    sources.push({ expected, devices: devices.map(({ id }) => id), domain, channels, phase });
    if (fold !== null) conditions.push({ conditions: fold.conditions(), assetOf });
  }
  const own = beside.of[domain];
  const others = new Set(own.storedBy.keys());
  const rows = await compareReadings(city.db, city.adminUrl, domain, sources, differences, others);
  await compareHistory(city.db, domain, sources, differences);
  await compareAggregates(city.db, city.adminUrl, domain, sources, differences, others);
  if (row !== null) await compareConditions(city.db, conditions, differences);
  await compareLetters(city, domain, own, differences);
  await compareStoredBeside(city, domain, own, differences);
  await compareOutcomes(city, domain, sources.map(({ expected }) => expected.outcomes), own, beside.repeatsOpen, differences);
  const lost = await withoutDeadLetter(city, domain, rows.missing);
  return {
    acknowledged,
    stored: rows.rows,
    duplicates: rows.duplicates,
    deadLettered: (await city.accounting(domain)).deadLettered,
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

async function compareLetters({ db }: City, domain: Domain, { letters }: BesideDomain, differences: Differences): Promise<void> {
  const key = (device: string, reason: string, payload: Buffer): string => `${device} ${reason} ${createHash('sha1').update(payload).digest('hex').slice(0, 12)}`;
  const left = new Map<string, number>();
  for (const { device, reason, payload } of letters) left.set(key(device, reason, payload), (left.get(key(device, reason, payload)) ?? 0) + 1);
  for (const { device, reason, payload, details } of await db.query(`select device, reason, payload, details from ${domain}.dead_letter`)) {
    const name = key(device as string, reason as string, payload as Buffer);
    left.set(name, (left.get(name) ?? 0) - 1);
    if (left.get(name)! < 0) differences.add(`dead letter of ${device}: ${reason}, ${details}: not expected (${(payload as Buffer).subarray(0, 60).toString('latin1')})`);
    if (details === '') differences.add(`dead letter of ${device}: ${reason} says nothing of what was wrong`);
  }
  for (const [name, count] of left) if (count > 0) differences.add(`dead letter ${name}: ${count} missing`);
}

async function compareStoredBeside({ db }: City, domain: Domain, { storedBy }: BesideDomain, differences: Differences): Promise<void> {
  for (const [device, wanted] of storedBy) {
    const [row] = await db.query(`select count(*)::int as count from ${domain}.reading join ${domain}.channel c on c.id = channel_id where c.device = $1`, [device]);
    if (row!['count'] !== wanted) differences.add(`${device}: ${row!['count']} rows, expected ${wanted}`);
  }
}

async function compareOutcomes(city: City, domain: Domain, expected: readonly ExpectedOutcomes[], { letters, storedBy }: BesideDomain, repeatsOpen: boolean, differences: Differences): Promise<void> {
  const sum = (pick: (one: ExpectedOutcomes) => number): number => expected.reduce((total, one) => total + pick(one), 0);
  const found = await city.accounting(domain);
  const beside = [...storedBy.values()].reduce((total, count) => total + count, 0);
  const wanted = { stored: sum(({ stored }) => stored) + beside, corrected: sum(({ corrected }) => corrected), deadLettered: letters.length };
  for (const name of ['stored', 'corrected', 'deadLettered'] as const) if (found[name] !== wanted[name]) differences.add(`${domain} outcome ${name}: ${found[name]}, expected ${wanted[name]}`);
  const least = sum(({ repeated }) => repeated);
  const most = repeatsOpen ? Infinity : least + sum(({ sentAgain }) => sentAgain);
  if (found.repeated < least || found.repeated > most) differences.add(`${domain} outcome repeated: ${found.repeated}, expected ${least} to ${most}`);
  const reasons = await city.db.query(`select reason, sum(count)::int as count from ${domain}.dead_letter_count group by reason`);
  const byReason = new Map<string, number>();
  for (const { reason } of letters) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  for (const row of reasons) if ((byReason.get(row['reason'] as string) ?? 0) !== row['count']) differences.add(`${domain} dead letters counted as ${row['reason']}: ${row['count']}, expected ${byReason.get(row['reason'] as string) ?? 0}`);
}
