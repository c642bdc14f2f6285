/** What the routes ask of stations: hours and days with their revisions, exceedances, flags. */
import type { Queryable, Row } from '#timeseries';
import type { Revision } from './answers.js';
import type { DayResult } from './day.js';
import type { HourResult } from './hour.js';
import { schema } from './tables.js';

export interface StationRow {
  readonly id: string;
  readonly nameVi: string;
  readonly nameEn: string;
  readonly longitude: number | null;
  readonly latitude: number | null;
  /** All its devices are replays. */
  readonly replay: boolean;
  /** Newest reading by event time, and its period. */
  readonly latestAtMs: number | null;
  readonly latestPeriodS: number | null;
}

const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;
const iso = (atMs: number): string => new Date(atMs).toISOString();

/** Assets that have devices of pollution; `ids` null: all. */
export async function stations(db: Queryable, ids: readonly string[] | null): Promise<StationRow[]> {
  const rows = await db.query(
    `select a.id, a.name_vi, a.name_en, a.geometry, bool_and(d.replay) as replay, ${ms('max(last.observed_at)')} as latest_ms, (array_agg(last.period_s order by last.observed_at desc nulls last))[1] as period_s
       from registry.device d join registry.asset a on a.id = d.asset
       left join ${schema}.channel c on c.device = d.id
       left join lateral (select observed_at, period_s from ${schema}.reading where channel_id = c.id order by observed_at desc limit 1) last on true
      where d.domain = 'pollution' and ($1::text[] is null or a.id = any($1)) group by a.id, a.name_vi, a.name_en, a.geometry order by a.id`,
    [ids],
  );
  return rows.map((row) => {
    const point = row['geometry']?.type === 'Point' ? (row['geometry'].coordinates as [number, number]) : null;
    return { id: row['id'], nameVi: row['name_vi'], nameEn: row['name_en'], longitude: point?.[0] ?? null, latitude: point?.[1] ?? null, replay: row['replay'], latestAtMs: row['latest_ms'], latestPeriodS: row['period_s'] };
  });
}

export interface HourRevision extends Revision<HourResult> {
  readonly asset: string;
  readonly hourMs: number;
}
export interface DayRevision extends Revision<DayResult> {
  readonly asset: string;
  readonly day: string;
  readonly startMs: number;
}

/** The newest closed hour that has any reading, of each station. */
export async function newestHours(db: Queryable, ids: readonly string[]): Promise<HourRevision[]> {
  const rows = await db.query(
    `select h.* from unnest($1::text[]) as s (asset) cross join lateral (
       select asset, ${ms('hour_at')} as hour_ms, revision, computed_at, result from ${schema}.station_hour where asset = s.asset and result->'means' <> '{}' order by hour_at desc limit 1) h`,
    [ids],
  );
  return rows.map(hourOf);
}

/** Hours that begin in [fromMs, toMs), in order of time. */
export async function hoursBetween(db: Queryable, asset: string, fromMs: number, toMs: number, limit: number): Promise<HourRevision[]> {
  const rows = await db.query(
    `select asset, ${ms('hour_at')} as hour_ms, revision, computed_at, result from ${schema}.station_hour where asset = $1 and hour_at >= $2 and hour_at < $3 order by hour_at limit $4`,
    [asset, iso(fromMs), iso(toMs), limit],
  );
  return rows.map(hourOf);
}

/** All revisions of one hour, the newest first. */
export async function hourRevisions(db: Queryable, asset: string, hourMs: number): Promise<HourRevision[]> {
  const rows = await db.query(
    `select asset, ${ms('hour_at')} as hour_ms, revision, computed_at, result from (
       select asset, hour_at, revision, computed_at, result from ${schema}.station_hour union all select asset, hour_at, revision, computed_at, result from ${schema}.station_hour_history) h
      where asset = $1 and hour_at = $2 order by revision desc`,
    [asset, iso(hourMs)],
  );
  return rows.map(hourOf);
}

/** Days from `from` to `to`, both included, in order of time. */
export async function daysBetween(db: Queryable, asset: string, from: string, to: string, limit: number): Promise<DayRevision[]> {
  const rows = await db.query(
    `select asset, day::text as day, ${ms('starts_at')} as start_ms, revision, computed_at, result from ${schema}.station_day where asset = $1 and day between $2 and $3 order by day limit $4`,
    [asset, from, to, limit],
  );
  return rows.map(dayOf);
}

export async function dayRevisions(db: Queryable, asset: string, day: string): Promise<DayRevision[]> {
  const rows = await db.query(
    `select d.asset, d.day::text as day, ${ms('s.starts_at')} as start_ms, d.revision, d.computed_at, d.result from (
       select asset, day, revision, computed_at, result from ${schema}.station_day union all select asset, day, revision, computed_at, result from ${schema}.station_day_history) d
       join ${schema}.station_day s on s.asset = d.asset and s.day = d.day
      where d.asset = $1 and d.day = $2 order by d.revision desc`,
    [asset, day],
  );
  return rows.map(dayOf);
}

export interface ExceedanceRow {
  readonly asset: string;
  /** Start of the hour or day in whose result it stands. */
  readonly atMs: number;
  readonly revision: number;
  readonly exceedance: HourResult['exceedances'][number];
}

/** Of hours and days that begin in [fromMs, toMs), as they are now, the newest first; `ids`: of these stations. */
export async function exceedancesBetween(db: Queryable, ids: readonly string[], fromMs: number, toMs: number, limit: number): Promise<ExceedanceRow[]> {
  const rows = await db.query(
    `select asset, ${ms('at')} as at_ms, revision, exceedance from (
       select asset, hour_at as at, revision, jsonb_array_elements(result->'exceedances') as exceedance from ${schema}.station_hour
        where jsonb_array_length(result->'exceedances') > 0 and hour_at >= $2 and hour_at < $3 and asset = any($1)
       union all
       select asset, starts_at, revision, jsonb_array_elements(result->'exceedances') from ${schema}.station_day
        where jsonb_array_length(result->'exceedances') > 0 and starts_at >= $2 and starts_at < $3 and asset = any($1)) e
      order by at desc, asset, exceedance->>'key' limit $4`,
    [ids, iso(fromMs), iso(toMs), limit],
  );
  return rows.map((row) => ({ asset: row['asset'], atMs: Math.round(row['at_ms']), revision: row['revision'], exceedance: row['exceedance'] }));
}

export interface FlagRow {
  readonly device: string;
  readonly channel: string;
  readonly observedAt: Date;
  readonly metric: string;
  readonly flag: string;
  readonly rowId: string;
}

/** What QA/QC found on values of a station in [fromMs, toMs), in order of time. */
export async function flagsBetween(db: Queryable, asset: string, fromMs: number, toMs: number, limit: number): Promise<FlagRow[]> {
  return (await db.query(
    `select c.device, c.channel, f.observed_at as "observedAt", f.metric, f.flag, f.row_id as "rowId"
       from ${schema}.value_flag f join ${schema}.channel c on c.id = f.channel_id join registry.device d on d.id = c.device
      where d.asset = $1 and f.observed_at >= $2 and f.observed_at < $3 order by f.observed_at, c.device, c.channel, f.metric, f.flag limit $4`,
    [asset, iso(fromMs), iso(toMs), limit],
  )) as unknown as FlagRow[];
}

function hourOf(row: Row): HourRevision {
  return { asset: row['asset'], hourMs: Math.round(row['hour_ms']), revision: row['revision'], computedAt: row['computed_at'], result: row['result'] };
}

function dayOf(row: Row): DayRevision {
  return { asset: row['asset'], day: row['day'], startMs: Math.round(row['start_ms']), revision: row['revision'], computedAt: row['computed_at'], result: row['result'] };
}
