/**
 * Compares every row of readings with what the log of acknowledgements says it must be.
 *
 * Rows come in the order of (channel, moment), and so do the expected ones: one merge over both finds what is missing,
 * what nobody sent, what stands twice, and what differs, and needs no memory for the rows.
 */
import type { Domain } from '#contracts';
import type { Database } from '#timeseries';
import { copyOut, type ColumnType } from './copy-out.js';
import type { ExpectedChannel, ExpectedReadings, Sent } from './expected-readings.js';
import { payloadOf } from './payloads.js';

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
export interface Source extends Sent {
  readonly expected: ExpectedReadings;
  readonly devices: readonly string[];
}

/** Of every domain's wide row. */
const leading: readonly (readonly [sql: string, type: ColumnType])[] = [['channel_id', 'int4'], ['observed_at', 'timestamptz'], ['revision', 'int2']];
const revisionAt = 2;
const missingTold = 100_000;

/** `db` for small questions, `url` for the stream of rows. Sources are of one domain and must not share devices; rows of `others` are left alone. */
export async function compareReadings(db: Database, url: string, domain: Domain, sources: readonly Source[], differences: Differences, others: ReadonlySet<string> = new Set()): Promise<ReadingsComparison> {
  const known = await channelsById(db, domain, sources);
  const othersIds = await channelIdsOf(db, domain, others);
  const columns = [...leading, ...payloadOf(domain).columns];
  const result: ReadingsComparison = { rows: 0, found: 0, missing: [], missingCount: 0, duplicates: 0 };
  let channelId = NaN;
  let cursor: Cursor | null = null;
  let lastMs = NaN;

  const finish = (): void => cursor?.skipUntil(Infinity, result);
  const seen = new Set<ExpectedChannel>();
  result.rows = await copyOut(url, `select ${columns.map(([name]) => name).join(', ')} from ${domain}.reading order by channel_id, observed_at`, columns.map(([, type]) => type), (row) => {
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

export async function channelIdsOf(db: Database, domain: Domain, devices: ReadonlySet<string>): Promise<Set<number>> {
  const rows = devices.size === 0 ? [] : await db.query(`select id from ${domain}.channel where device = any($1)`, [[...devices]]);
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
    const { domain, phase } = this.source;
    const payload = payloadOf(domain);
    const wanted = [revision[this.at]!, ...payload.row(device, value[this.at]!, phase)];
    const different = wanted.findIndex((expected, index) => row[revisionAt + index] !== expected);
    if (different >= 0) differences.add(`${name()}: ${different === 0 ? 'revision' : payload.columns[different - 1]![0]} is ${row[revisionAt + different]}, expected ${wanted[different]}`);
    this.at++;
  }
}

/** Expected channels by the number that the database gave them. */
export async function channelsById(db: Database, domain: Domain, sources: readonly Source[]): Promise<Map<number, { of: ExpectedChannel; source: Source }>> {
  const rows = await db.query(`select id, device, channel from ${domain}.channel`);
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
