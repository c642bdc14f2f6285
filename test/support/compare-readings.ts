/**
 * Compares every row of readings with what the log of acknowledgements says it must be.
 *
 * Rows come in the order of (channel, moment), and so do the expected ones: one merge over both finds what is missing,
 * what nobody sent, what stands twice, and what differs, and needs no memory for the rows.
 */
import type { Database } from '#timeseries';
import { copyOut, type ColumnType } from './copy-out.js';
import { constants, periodS, valuesOf } from './payload.js';
import type { ExpectedChannel, ExpectedReadings } from './expected-readings.js';

/** Differences that are told in full; the rest is only counted. */
export const differencesTold = 20;

/** Counts what is wrong, and tells the first few in words. */
export class Differences {
  count = 0;
  readonly told: string[] = [];

  add(what: string): void {
    this.count++;
    if (this.told.length < differencesTold) this.told.push(what);
  }
}

export interface ReadingsComparison {
  /** Rows in the table. */
  rows: number;
  /** Rows that were expected and are there. */
  found: number;
  /** Acknowledged identities without a row: [device, channel, ms]. */
  readonly missing: [string, string, number][];
  missingCount: number;
  duplicates: number;
}

/** What one generator sent, and what its numbers are called in the database. */
export interface Source {
  readonly expected: ExpectedReadings;
  readonly devices: readonly string[];
  readonly channels: readonly string[];
  readonly phase: number;
}

const columns: readonly (readonly [sql: string, type: ColumnType])[] = [
  ['channel_id', 'int4'], ['observed_at', 'timestamptz'], ['revision', 'int2'], ['period_s', 'int4'], ['flags', 'int2'],
  ['count', 'int4'], ['speed_kmh', 'float4'], ['occupancy', 'float4'], ['length_m', 'float4'],
  ['motorcycle', 'int4'], ['car', 'int4'], ['bus', 'int4'], ['truck', 'int4'], ['trailer', 'int4'], ['bicycle', 'int4'], ['other', 'int4'], ['occupancy_raw', 'float4'],
];
const metricAt = 2;
const missingTold = 100_000;

/** `db` for small questions, `url` for the stream of rows. Sources must not share devices; rows of `others` are left alone. */
export async function compareReadings(db: Database, url: string, sources: readonly Source[], differences: Differences, others: ReadonlySet<string> = new Set()): Promise<ReadingsComparison> {
  const known = await channelsById(db, sources);
  const othersIds = await channelIdsOf(db, others);
  const result: ReadingsComparison = { rows: 0, found: 0, missing: [], missingCount: 0, duplicates: 0 };
  let channelId = NaN;
  let cursor: Cursor | null = null;
  let lastMs = NaN;

  const finish = (): void => cursor?.skipUntil(Infinity, result);
  const seen = new Set<ExpectedChannel>();
  result.rows = await copyOut(url, `select ${columns.map(([name]) => name).join(', ')} from traffic.reading order by channel_id, observed_at`, columns.map(([, type]) => type), (row) => {
    const observedAtMs = row[1]!;
    if (row[0] !== channelId) {
      finish();
      channelId = row[0]!;
      lastMs = NaN;
      const of = known.get(channelId);
      cursor = of === undefined ? null : new Cursor(of.of, of.source);
      if (of !== undefined) seen.add(of.of);
    }
    if (observedAtMs === lastMs) {
      result.duplicates++;
      return;
    }
    lastMs = observedAtMs;
    if (othersIds.has(channelId)) return;
    if (cursor === null) differences.add(`channel ${channelId}: a row at ${iso(observedAtMs)} of a channel nobody sent`);
    else cursor.meet(row, result, differences);
  });
  finish();
  // Channels without a single row.
  for (const source of sources) for (const of of source.expected.channels.values()) if (!seen.has(of)) new Cursor(of, source).skipUntil(Infinity, result);
  return result;
}

export async function channelIdsOf(db: Database, devices: ReadonlySet<string>): Promise<Set<number>> {
  const rows = devices.size === 0 ? [] : await db.query('select id from traffic.channel where device = any($1)', [[...devices]]);
  return new Set(rows.map((row) => row['id'] as number));
}

/** Walks through the expected rows of one channel beside the rows that come. */
class Cursor {
  private at = 0;

  constructor(
    private readonly of: ExpectedChannel,
    private readonly source: Source,
  ) {}

  /** Passes over what is expected before `ms` and was not met. */
  skipUntil(ms: number, result: ReadingsComparison): void {
    const { observedAtMs, certain } = this.of;
    for (; this.at < observedAtMs.length && observedAtMs[this.at]! < ms; this.at++) {
      if (!certain[this.at]!) continue;
      result.missingCount++;
      if (result.missing.length < missingTold) result.missing.push([this.source.devices[this.of.device]!, this.source.channels[this.of.channel]!, observedAtMs[this.at]!]);
    }
  }

  meet(row: readonly (number | null)[], result: ReadingsComparison, differences: Differences): void {
    const ms = row[1]!;
    this.skipUntil(ms, result);
    const { device, channel, observedAtMs, value, revision } = this.of;
    const name = (): string => `${this.source.devices[device]} ${this.source.channels[channel]} ${iso(ms)}`;
    if (observedAtMs[this.at] !== ms) {
      differences.add(`${name()}: a row that nobody sent`);
      return;
    }
    result.found++;
    const wanted = expectedMetrics(device, value[this.at]!, revision[this.at]!, this.source.phase);
    for (let column = metricAt; column < columns.length; column++) {
      if (row[column] !== wanted[column - metricAt]) {
        differences.add(`${name()}: ${columns[column]![0]} is ${row[column]}, expected ${wanted[column - metricAt]}`);
        break;
      }
    }
    this.at++;
  }
}

/** In the order of the columns, from `revision` on. */
function expectedMetrics(device: number, value: number, revision: number, phase: number): (number | null)[] {
  const { count, speedTenths, occupancyThousandths, motorcycle } = valuesOf(device, value, phase);
  const { lengthM, car, bus, truck } = constants;
  return [revision, periodS, 0, count, Math.fround(speedTenths / 10), Math.fround(occupancyThousandths / 1000), Math.fround(lengthM), motorcycle, car, bus, truck, null, null, null, null];
}

/** Expected channels by the number that the database gave them. */
export async function channelsById(db: Database, sources: readonly Source[]): Promise<Map<number, { of: ExpectedChannel; source: Source }>> {
  const rows = await db.query('select id, device, channel from traffic.channel');
  const found = new Map<number, { of: ExpectedChannel; source: Source }>();
  for (const source of sources) {
    const deviceNumbers = new Map(source.devices.map((name, number) => [name, number]));
    for (const row of rows) {
      const device = deviceNumbers.get(row['device'] as string);
      const channel = source.channels.indexOf(row['channel'] as string);
      const of = device === undefined || channel < 0 ? undefined : source.expected.channels.get(device * source.channels.length + channel);
      if (of !== undefined) found.set(row['id'] as number, { of, source });
    }
  }
  return found;
}

export const iso = (ms: number): string => new Date(ms).toISOString();
