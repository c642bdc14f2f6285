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

export interface Names {
  readonly devices: readonly string[];
  readonly channels: readonly string[];
}

const columns: readonly (readonly [sql: string, type: ColumnType])[] = [
  ['channel_id', 'int4'], ['observed_at', 'timestamptz'], ['revision', 'int2'], ['period_s', 'int4'], ['flags', 'int2'],
  ['count', 'int4'], ['speed_kmh', 'float4'], ['occupancy', 'float4'], ['length_m', 'float4'],
  ['motorcycle', 'int4'], ['car', 'int4'], ['bus', 'int4'], ['truck', 'int4'], ['trailer', 'int4'], ['bicycle', 'int4'], ['other', 'int4'], ['occupancy_raw', 'float4'],
];
const metricAt = 2;
const missingTold = 100_000;

/** `db` for small questions, `url` for the stream of rows. */
export async function compareReadings(db: Database, url: string, expected: ExpectedReadings, names: Names, phase: number, differences: Differences): Promise<ReadingsComparison> {
  const known = await channelsById(db, expected, names);
  const result: ReadingsComparison = { rows: 0, found: 0, missing: [], missingCount: 0, duplicates: 0 };
  let channelId = NaN;
  let cursor: Cursor | null = null;
  let lastMs = NaN;

  const finish = (): void => cursor?.skipUntil(Infinity, result, names);
  const seen = new Set<ExpectedChannel>();
  result.rows = await copyOut(url, `select ${columns.map(([name]) => name).join(', ')} from traffic.reading order by channel_id, observed_at`, columns.map(([, type]) => type), (row) => {
    const observedAtMs = row[1]!;
    if (row[0] !== channelId) {
      finish();
      channelId = row[0]!;
      lastMs = NaN;
      const of = known.get(channelId);
      cursor = of === undefined ? null : new Cursor(of);
      if (of !== undefined) seen.add(of);
    }
    if (observedAtMs === lastMs) {
      result.duplicates++;
      return;
    }
    lastMs = observedAtMs;
    if (cursor === null) differences.add(`channel ${channelId}: a row at ${iso(observedAtMs)} of a channel nobody sent`);
    else cursor.meet(row, phase, result, names, differences);
  });
  finish();
  // Channels without a single row.
  for (const of of expected.channels.values()) if (!seen.has(of)) new Cursor(of).skipUntil(Infinity, result, names);
  return result;
}

/** Walks through the expected rows of one channel beside the rows that come. */
class Cursor {
  private at = 0;

  constructor(private readonly of: ExpectedChannel) {}

  /** Passes over what is expected before `ms` and was not met. */
  skipUntil(ms: number, result: ReadingsComparison, names: Names): void {
    const { observedAtMs, certain } = this.of;
    for (; this.at < observedAtMs.length && observedAtMs[this.at]! < ms; this.at++) {
      if (!certain[this.at]!) continue;
      result.missingCount++;
      if (result.missing.length < missingTold) result.missing.push([names.devices[this.of.device]!, names.channels[this.of.channel]!, observedAtMs[this.at]!]);
    }
  }

  meet(row: readonly (number | null)[], phase: number, result: ReadingsComparison, names: Names, differences: Differences): void {
    const ms = row[1]!;
    this.skipUntil(ms, result, names);
    const { device, channel, observedAtMs, value, revision } = this.of;
    if (observedAtMs[this.at] !== ms) {
      differences.add(`${names.devices[device]} ${iso(ms)}: a row that nobody sent`);
      return;
    }
    result.found++;
    const wanted = expectedMetrics(device, value[this.at]!, revision[this.at]!, phase);
    for (let column = metricAt; column < columns.length; column++) {
      if (row[column] !== wanted[column - metricAt]) {
        differences.add(`${names.devices[device]} ${names.channels[channel]} ${iso(ms)}: ${columns[column]![0]} is ${row[column]}, expected ${wanted[column - metricAt]}`);
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
export async function channelsById(db: Database, expected: ExpectedReadings, { devices, channels }: Names): Promise<Map<number, ExpectedChannel>> {
  const rows = await db.query('select id, device, channel from traffic.channel');
  const deviceNumbers = new Map(devices.map((name, number) => [name, number]));
  const found = new Map<number, ExpectedChannel>();
  for (const row of rows) {
    const device = deviceNumbers.get(row['device'] as string);
    const channel = channels.indexOf(row['channel'] as string);
    const of = device === undefined || channel < 0 ? undefined : expected.channels.get(device * channels.length + channel);
    if (of !== undefined) found.set(row['id'] as number, of);
  }
  return found;
}

export const iso = (ms: number): string => new Date(ms).toISOString();
