/** Hours and days of stations: each SQL statement about them. Their DDL: migrations/0002-hours.sql. */
import { type DatedRow, pollutionMetricNames, type PollutionRows, type VnLevel } from '#contracts';
import type { Queryable, Row, Transaction } from '#timeseries';
import { columnOf } from './catalogue.js';
import type { DayResult } from './day.js';
import type { HourResult } from './hour.js';
import type { StationReading, ValueFlag } from './quality.js';
import { hourMs } from './stale-hours.js';
import { schema } from './tables.js';

export interface StaleNote {
  readonly asset: string;
  readonly hourMs: number;
  readonly version: number;
  readonly replay: boolean;
  readonly notedAtMs: number;
  /** The hour has closed before. */
  readonly computed: boolean;
  /** The newest reading of the station, by event time; null: none. */
  readonly latestAtMs: number | null;
}

export interface StoredHour {
  readonly hourMs: number;
  readonly revision: number;
  readonly conditionLevel: VnLevel | null;
  readonly result: HourResult;
}

export interface StoredDay {
  /** `2026-11-22`, on a calendar in the station's zone. */
  readonly day: string;
  readonly revision: number;
  readonly result: DayResult;
}

const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;
const iso = (atMs: number): string => new Date(atMs).toISOString();

/** All notes, with what decides whether their hours have closed. */
export async function staleNotes(db: Queryable, limit: number): Promise<StaleNote[]> {
  const rows = await db.query(
    `with stale as (select * from ${schema}.stale_hour order by noted_at limit $1),
          latest as (select s.asset, max(last.observed_at) as at
                       from (select distinct asset from stale) s join registry.device d on d.asset = s.asset join ${schema}.channel c on c.device = d.id
                       cross join lateral (select observed_at from ${schema}.reading where channel_id = c.id order by observed_at desc limit 1) last group by s.asset)
     select s.asset, ${ms('s.hour_at')} as hour_ms, s.version, s.replay, ${ms('s.noted_at')} as noted_ms, ${ms('latest.at')} as latest_ms, h.asset is not null as computed
       from stale s left join latest on latest.asset = s.asset left join ${schema}.station_hour h on h.asset = s.asset and h.hour_at = s.hour_at
      order by s.asset, s.hour_at`,
    [limit],
  );
  return rows.map((row) => ({
    asset: row['asset'],
    hourMs: Math.round(row['hour_ms']),
    version: row['version'],
    replay: row['replay'],
    notedAtMs: row['noted_ms'],
    computed: row['computed'],
    latestAtMs: row['latest_ms'] === null ? null : Math.round(row['latest_ms']),
  }));
}

/** Takes notes away as they were read; one that has grown since stays for the next time. */
export async function removeNotes({ query }: Transaction, notes: readonly StaleNote[]): Promise<void> {
  await query(
    `delete from ${schema}.stale_hour s using unnest($1::text[], $2::timestamptz[], $3::int[]) as n (asset, hour_at, version)
      where s.asset = n.asset and s.hour_at = n.hour_at and s.version = n.version`,
    [notes.map(({ asset }) => asset), notes.map((note) => iso(note.hourMs)), notes.map(({ version }) => version)],
  );
}

/** Readings of the station that begin in [fromMs, toMs) with periods of at most an hour, and of each channel the one before. */
export async function stationReadings({ query }: Transaction, asset: string, fromMs: number, toMs: number): Promise<StationReading[]> {
  const columns = `r.channel_id, ${ms('r.observed_at')} as observed_ms, r.period_s, r.flags, ${pollutionMetricNames.map((name) => `r.${columnOf(name)} as "${name}"`).join(', ')}`;
  const rows = await query(
    `with channels as (select c.id from ${schema}.channel c join registry.device d on d.id = c.device where d.asset = $1)
     select ${columns} from channels cross join lateral (
        select * from ${schema}.reading where channel_id = channels.id and observed_at >= $2 and observed_at < $3 and period_s <= ${hourMs / 1000}) r
     union all
     select ${columns} from channels cross join lateral (
        select * from ${schema}.reading where channel_id = channels.id and observed_at < $2 and period_s <= ${hourMs / 1000} order by observed_at desc limit 1) r`,
    [asset, iso(fromMs), iso(toMs)],
  );
  return rows.map(({ channel_id, observed_ms, period_s, flags, ...values }) => ({ channelId: channel_id, observedAtMs: Math.round(observed_ms), periodS: period_s, flags, values }) as StationReading);
}

/** What QA/QC found in [fromMs, toMs) takes the place of what it had found. */
export async function saveFlags({ query }: Transaction, asset: string, fromMs: number, toMs: number, flags: readonly ValueFlag[]): Promise<void> {
  await query(
    `delete from ${schema}.value_flag f using ${schema}.channel c join registry.device d on d.id = c.device
      where d.asset = $1 and f.channel_id = c.id and f.observed_at >= $2 and f.observed_at < $3`,
    [asset, iso(fromMs), iso(toMs)],
  );
  if (flags.length === 0) return;
  await query(
    `insert into ${schema}.value_flag (channel_id, observed_at, metric, flag, row_id) select * from unnest($1::int[], $2::timestamptz[], $3::text[], $4::text[], $5::text[])`,
    [flags.map(({ channelId }) => channelId), flags.map(({ observedAtMs }) => iso(observedAtMs)), flags.map(({ metric }) => metric), flags.map(({ flag }) => flag), flags.map(({ rowId }) => rowId)],
  );
}

/** Hours of a station that begin in [fromMs, toMs), in order of time. */
export async function storedHours(db: Queryable, asset: string, fromMs: number, toMs: number): Promise<StoredHour[]> {
  const rows = await db.query(
    `select ${ms('hour_at')} as hour_ms, revision, condition_level, result from ${schema}.station_hour where asset = $1 and hour_at >= $2 and hour_at < $3 order by hour_at`,
    [asset, iso(fromMs), iso(toMs)],
  );
  return rows.map((row) => ({ hourMs: Math.round(row['hour_ms']), revision: row['revision'], conditionLevel: row['condition_level'], result: row['result'] }));
}

/** The newest closed hour, ms; null: none. */
export async function newestHourMs(db: Queryable, asset: string): Promise<number | null> {
  const rows = await db.query(`select ${ms('hour_at')} as at from ${schema}.station_hour where asset = $1 order by hour_at desc limit 1`, [asset]);
  return rows.length === 0 ? null : Math.round(rows[0]!['at']);
}

/** New revisions; what they replace goes to the history. */
export async function saveHours({ query }: Transaction, asset: string, hours: readonly StoredHour[]): Promise<void> {
  if (hours.length === 0) return;
  const times = hours.map((hour) => iso(hour.hourMs));
  await query(
    `insert into ${schema}.station_hour_history (asset, hour_at, revision, computed_at, result)
     select asset, hour_at, revision, computed_at, result from ${schema}.station_hour where asset = $1 and hour_at = any($2::timestamptz[])`,
    [asset, times],
  );
  await query(
    `insert into ${schema}.station_hour (asset, hour_at, revision, computed_at, condition_level, result)
     select $1, hour_at, revision, now(), level, result from unnest($2::timestamptz[], $3::int[], $4::text[], $5::jsonb[]) as n (hour_at, revision, level, result)
     on conflict (asset, hour_at) do update set revision = excluded.revision, computed_at = excluded.computed_at, condition_level = excluded.condition_level, result = excluded.result`,
    [asset, times, hours.map(({ revision }) => revision), hours.map(({ conditionLevel }) => conditionLevel), hours.map(({ result }) => JSON.stringify(result))],
  );
}

/** The level after an hour follows from the hours before: it is no part of the hour's own revision. */
export async function saveConditionLevels({ query }: Transaction, asset: string, levels: ReadonlyMap<number, VnLevel | null>): Promise<void> {
  if (levels.size === 0) return;
  await query(
    `update ${schema}.station_hour h set condition_level = n.level from unnest($2::timestamptz[], $3::text[]) as n (hour_at, level) where h.asset = $1 and h.hour_at = n.hour_at`,
    [asset, [...levels.keys()].map(iso), [...levels.values()]],
  );
}

export async function storedDays(db: Queryable, asset: string, days: readonly string[]): Promise<StoredDay[]> {
  const rows = await db.query(`select day::text as day, revision, result from ${schema}.station_day where asset = $1 and day = any($2::date[]) order by day`, [asset, days]);
  return rows.map((row) => ({ day: row['day'], revision: row['revision'], result: row['result'] }));
}

export async function saveDays({ query }: Transaction, asset: string, days: readonly (StoredDay & { readonly startMs: number })[]): Promise<void> {
  if (days.length === 0) return;
  const dates = days.map(({ day }) => day);
  await query(
    `insert into ${schema}.station_day_history (asset, day, revision, computed_at, result)
     select asset, day, revision, computed_at, result from ${schema}.station_day where asset = $1 and day = any($2::date[])`,
    [asset, dates],
  );
  await query(
    `insert into ${schema}.station_day (asset, day, starts_at, revision, computed_at, result)
     select $1, day, starts_at, revision, now(), result from unnest($2::date[], $3::timestamptz[], $4::int[], $5::jsonb[]) as n (day, starts_at, revision, result)
     on conflict (asset, day) do update set revision = excluded.revision, computed_at = excluded.computed_at, result = excluded.result`,
    [asset, dates, days.map(({ startMs }) => iso(startMs)), days.map(({ revision }) => revision), days.map(({ result }) => JSON.stringify(result))],
  );
}

/** The dated rows of pollution as the registry has them now. */
export async function datedRows(db: Queryable): Promise<PollutionRows> {
  const rows = await db.query("select id, kind, key, legal_basis, article, valid_from, valid_to, value, unit, source, verified_by from registry.dated_row where kind like 'pollution.%'");
  const byKind = new Map<string, DatedRow[]>();
  for (const row of rows) {
    const dated: DatedRow = {
      id: row['id'], kind: row['kind'], key: row['key'], legalBasis: row['legal_basis'], article: row['article'], validFrom: (row['valid_from'] as Date).toISOString(), validTo: (row['valid_to'] as Date | null)?.toISOString() ?? null,
      value: row['value'], unit: row['unit'], source: row['source'], verifiedBy: row['verified_by'],
    };
    byKind.set(dated.kind, [...(byKind.get(dated.kind) ?? []), dated]);
  }
  return (kind) => byKind.get(kind) ?? [];
}

export type AppliedRow = Pick<DatedRow, 'id' | 'kind' | 'key' | 'validFrom' | 'validTo' | 'value'>;

export async function appliedRows({ query }: Transaction): Promise<AppliedRow[]> {
  const rows = await query(`select id, kind, key, valid_from, valid_to, value from ${schema}.applied_row`);
  return rows.map((row: Row) => ({ id: row['id'], kind: row['kind'], key: row['key'], validFrom: (row['valid_from'] as Date).toISOString(), validTo: (row['valid_to'] as Date | null)?.toISOString() ?? null, value: row['value'] }));
}

export async function saveAppliedRows({ query }: Transaction, changed: readonly AppliedRow[], gone: readonly string[]): Promise<void> {
  await query(`delete from ${schema}.applied_row where id = any($1)`, [gone]);
  await query(
    `insert into ${schema}.applied_row (id, kind, key, valid_from, valid_to, value) select id, kind, key, valid_from, valid_to, value
       from jsonb_to_recordset($1) as n (id text, kind text, key text, valid_from timestamptz, valid_to timestamptz, value jsonb)
     on conflict (id) do update set kind = excluded.kind, key = excluded.key, valid_from = excluded.valid_from, valid_to = excluded.valid_to, value = excluded.value`,
    [JSON.stringify(changed.map(({ id, kind, key, validFrom, validTo, value }) => ({ id, kind, key, valid_from: validFrom, valid_to: validTo, value })))],
  );
}

/** Makes the closed hours that begin in [fromMs, toMs) stale again: of one station, or of all (null). Returns how many. */
export async function makeStale({ query }: Transaction, asset: string | null, fromMs: number, toMs: number): Promise<number> {
  const rows = await query(
    `insert into ${schema}.stale_hour as old (asset, hour_at, replay)
     select h.asset, h.hour_at, coalesce((select bool_and(d.replay) from registry.device d where d.asset = h.asset), false) from ${schema}.station_hour h
      where ($1::text is null or h.asset = $1) and h.hour_at >= $2 and h.hour_at < $3 order by h.asset, h.hour_at
     on conflict (asset, hour_at) do update set version = old.version + 1, noted_at = now()
     returning 1`,
    [asset, fromMs === Number.NEGATIVE_INFINITY ? '-infinity' : iso(fromMs), toMs === Number.POSITIVE_INFINITY ? 'infinity' : iso(toMs)],
  );
  return rows.length;
}

/** Flags of readings that retention has dropped say nothing any more; those of replays are kept like their readings. */
export async function dropOldFlags(db: Queryable, beforeMs: number, keptChannels: string): Promise<void> {
  await db.query(`delete from ${schema}.value_flag where observed_at < $1 and channel_id not in (${keptChannels})`, [iso(beforeMs)]);
}
