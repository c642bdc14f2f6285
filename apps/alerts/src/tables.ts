/** Every table of alerts and each SQL statement about them. */
import type { Alarm, AlarmState, AlarmTransition, Condition, Domain } from '#contracts';
import type { Queryable, Row, Transaction } from '#timeseries';
import type { Place } from './life.js';

export const schema = 'alerts';

/** An alarm and how far its condition has been applied. */
export interface Tracked {
  readonly alarm: Alarm;
  readonly conditionSeq: number;
}

const alarmColumns = `alarm_id, seq, occurrence, domain, type, asset, path, name_vi, name_en, state, quality, level, value, "limit", unit, limit_row_id, rule_version, cause_id, raised_at, cleared_at, changed_at`;

/** Locked in the order of their names, which every process keeps. */
export async function loadAlarms({ query }: Transaction, ids: readonly string[]): Promise<Map<string, Tracked>> {
  const rows = await query(`select condition_seq, ${alarmColumns} from ${schema}.alarm where alarm_id = any($1) order by alarm_id for update`, [ids], 'load alarms');
  return new Map(rows.map((row) => [row['alarm_id'] as string, { alarm: alarmFrom(row), conditionSeq: row['condition_seq'] as number }]));
}

export async function loadHeld({ query }: Transaction, ids: readonly string[]): Promise<Map<string, Condition[]>> {
  const held = new Map<string, Condition[]>();
  for (const row of await query(`select condition_id, condition from ${schema}.held_condition where condition_id = any($1) order by condition_id, seq`, [ids], 'load held')) {
    held.set(row['condition_id'], [...(held.get(row['condition_id']) ?? []), row['condition']]);
  }
  return held;
}

export async function countHeld({ query }: Queryable): Promise<number> {
  return (await query(`select count(*)::int as count from ${schema}.held_condition`))[0]!['count'] as number;
}

/** Where assets stand, by parent and by zone, and what they are called; none for an asset that the registry does not know. */
export async function placesOf({ query }: Transaction, assets: readonly string[]): Promise<Map<string, Place>> {
  const rows = await query(
    // A circle of parents ends at the bound.
    `with recursive up as (
       select id::text as asset, id::text, parent::text, zone, 0 as above from registry.asset where id = any($1)
       union select up.asset, a.id::text, a.parent::text, a.zone, up.above + 1 from up join registry.asset a on a.id in (up.parent, up.zone) where up.above < 32),
     ways as (select asset, id, min(above) as above from up group by asset, id)
     select ways.asset, a.name_vi, a.name_en, array_agg(ways.id order by ways.above, ways.id) as path from ways join registry.asset a on a.id = ways.asset group by ways.asset, a.name_vi, a.name_en`,
    [assets],
    'places of assets',
  );
  return new Map(rows.map((row) => [row['asset'] as string, { path: row['path'], nameVi: row['name_vi'], nameEn: row['name_en'] }]));
}

export async function saveAlarms({ query }: Transaction, tracked: readonly Tracked[]): Promise<void> {
  const columns = `condition_seq, ${alarmColumns}`;
  const rows = tracked.map(({ alarm: { alarmId, nameVi, nameEn, limitRowId, ruleVersion, causeId, raisedAt, clearedAt, changedAt, ...same }, conditionSeq }) => ({
    ...same, condition_seq: conditionSeq, alarm_id: alarmId, name_vi: nameVi, name_en: nameEn, limit_row_id: limitRowId, rule_version: ruleVersion, cause_id: causeId, raised_at: raisedAt, cleared_at: clearedAt, changed_at: changedAt,
  }));
  const changed = columns.split(', ').filter((name) => !['alarm_id', 'domain', 'type', 'asset'].includes(name));
  await query(
    `insert into ${schema}.alarm (${columns}) select ${columns} from jsonb_populate_recordset(null::${schema}.alarm, $1)
     on conflict (alarm_id) do update set ${changed.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    [JSON.stringify(rows)],
    'save alarms',
  );
}

export async function insertTransitions({ query }: Transaction, transitions: readonly AlarmTransition[]): Promise<void> {
  const columns = 'alarm_id, seq, occurrence, from_state, to_state, quality, at, recorded_at, by, reason, late, condition_seq, condition';
  const rows = transitions.map(({ alarmId, from, to, recordedAt, ...same }) => ({ ...same, alarm_id: alarmId, from_state: from, to_state: to, recorded_at: recordedAt, condition_seq: same.condition?.seq ?? null }));
  await query(`insert into ${schema}.transition (${columns}) select ${columns} from jsonb_populate_recordset(null::${schema}.transition, $1)`, [JSON.stringify(rows)], 'insert transitions');
}

/** Holds these and lets go what was held of the same conditions otherwise. */
export async function saveHeld({ query }: Transaction, ids: readonly string[], held: readonly Condition[]): Promise<void> {
  await query(`delete from ${schema}.held_condition where condition_id = any($1) and (condition_id, seq) not in (select * from unnest($2::text[], $3::bigint[]))`, [ids, held.map(({ conditionId }) => conditionId), held.map(({ seq }) => seq)], 'let go held');
  if (held.length === 0) return;
  await query(
    `insert into ${schema}.held_condition (condition_id, seq, condition, held_at) select c->>'conditionId', (c->>'seq')::bigint, c, now() from jsonb_array_elements($1) as c on conflict do nothing`,
    [JSON.stringify(held)],
    'hold',
  );
}

export interface Gap {
  readonly conditionId: string;
  /** The last condition applied: what comes after it is missing. */
  readonly afterSeq: number;
  /** The first that waits. */
  readonly heldSeq: number;
}

/** Conditions of which one is missing, those first that have waited longest. */
export async function gaps(db: Queryable, limit: number): Promise<Gap[]> {
  const rows = await db.query(
    `select h.condition_id as "conditionId", coalesce(a.condition_seq, 0) as "afterSeq", min(h.seq) as "heldSeq" from ${schema}.held_condition h left join ${schema}.alarm a on a.alarm_id = h.condition_id
      group by h.condition_id, a.condition_seq order by min(h.held_at), h.condition_id limit $1`,
    [limit],
  );
  return rows as Gap[];
}

/** Where a page ends: the next begins after this alarm. */
export interface AlarmCursor {
  readonly changedAt: string;
  readonly alarmId: string;
}

export interface AlarmFilter {
  readonly states: readonly AlarmState[];
  readonly domain?: Domain | undefined;
  readonly type?: string | undefined;
  /** This asset and all below it. */
  readonly asset?: string | undefined;
  readonly level?: string | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly after: AlarmCursor | null;
  readonly limit: number;
}

/** Decided by where assets stand now, not by the path that an alarm was published with. */
const seen = (areas: string): string => `(cardinality(${areas}::text[]) = 0 or asset in (select registry.within_areas(${areas})))`;

/** The one that changed last first. `areas`: assets whose subtrees may be seen; empty: everything. */
export async function listAlarms(db: Queryable, areas: readonly string[], { states, domain, type, asset, level, fromMs, toMs, after, limit }: AlarmFilter): Promise<Alarm[]> {
  const rows = await db.query(
    `select ${alarmColumns} from ${schema}.alarm
      where state = any($3) and ($4::text is null or domain = $4) and ($5::text is null or type = $5) and ($6::text is null or level = $6)
        and ${seen('$1')} and ($2::text is null or asset = $2 or asset in (select registry.within_areas(array[$2])))
        and ($7::float8 is null or changed_at >= to_timestamp($7::float8 / 1000)) and ($8::float8 is null or changed_at < to_timestamp($8::float8 / 1000))
        and ($9::timestamptz is null or changed_at < $9 or (changed_at = $9 and alarm_id > $10))
      order by changed_at desc, alarm_id limit $11`,
    [areas, asset ?? null, states, domain ?? null, type ?? null, level ?? null, fromMs ?? null, toMs ?? null, after?.changedAt ?? null, after?.alarmId ?? null, limit],
  );
  return rows.map(alarmFrom);
}

/** Null: there is none, or it lies outside the areas. */
export async function findAlarm(db: Queryable, areas: readonly string[], id: string): Promise<Alarm | null> {
  const [row] = await db.query(`select ${alarmColumns} from ${schema}.alarm where alarm_id = $1 and ${seen('$2')}`, [id, areas]);
  return row === undefined ? null : alarmFrom(row);
}

/** The newest first, from before `beforeSeq` on. */
export async function transitionsOf(db: Queryable, alarmId: string, { beforeSeq, limit }: { readonly beforeSeq: number | null; readonly limit: number }): Promise<AlarmTransition[]> {
  const rows = await db.query(
    `select alarm_id, seq, occurrence, from_state, to_state, quality, at, recorded_at, by, reason, late, condition from ${schema}.transition
      where alarm_id = $1 and ($2::bigint is null or seq < $2) order by seq desc limit $3`,
    [alarmId, beforeSeq, limit],
  );
  return rows.map((row) => ({
    alarmId: row['alarm_id'], occurrence: row['occurrence'], seq: row['seq'], from: row['from_state'], to: row['to_state'], quality: row['quality'],
    at: row['at'].toISOString(), recordedAt: row['recorded_at'].toISOString(), by: row['by'], reason: row['reason'], late: row['late'], condition: row['condition'],
  }));
}

function alarmFrom(row: Row): Alarm {
  return {
    alarmId: row['alarm_id'], occurrence: row['occurrence'], seq: row['seq'], domain: row['domain'], type: row['type'], asset: row['asset'], path: row['path'],
    nameVi: row['name_vi'], nameEn: row['name_en'], state: row['state'], quality: row['quality'], level: row['level'], value: row['value'], limit: row['limit'], unit: row['unit'],
    limitRowId: row['limit_row_id'], ruleVersion: row['rule_version'], causeId: row['cause_id'],
    raisedAt: row['raised_at']?.toISOString() ?? null, clearedAt: row['cleared_at']?.toISOString() ?? null, changedAt: row['changed_at'].toISOString(),
  };
}
