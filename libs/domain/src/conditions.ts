/**
 * The tables of a domain's conditions: the last state of each, and every change of it: what alerts was told, for asking
 * again and for history. Their DDL is in the domain's migrations: `condition` and `condition_change`.
 */
import { type Condition, conditionsTopic } from '#contracts';
import type { Announcement, Queryable, Transaction } from '#timeseries';
import { seenSql } from './areas.js';

export interface ConditionChange {
  readonly asset: string;
  readonly condition: Condition;
}

/** Keeps the changes, in their order, within the transaction that made them. */
export async function saveConditions({ query }: Transaction, schema: string, changes: readonly ConditionChange[]): Promise<void> {
  const rows = JSON.stringify(
    changes.map(({ asset, condition }) => ({ condition_id: condition.conditionId, seq: condition.seq, asset, state: condition.state, observed_at: condition.observedAt, payload: condition })),
  );
  const columns = 'condition_id text, seq bigint, asset text, state text, observed_at timestamptz, payload jsonb';
  await query(
    `insert into ${schema}.condition_change (condition_id, seq, asset, state, observed_at, payload)
     select condition_id, seq, asset, state, observed_at, payload from jsonb_to_recordset($1) as n (${columns})`,
    [rows],
  );
  await query(
    `insert into ${schema}.condition as old (condition_id, asset, seq, active, changed_at, payload)
     select distinct on (condition_id) condition_id, asset, seq, state = 'active', observed_at, payload from jsonb_to_recordset($1) as n (${columns}) order by condition_id, seq desc
     on conflict (condition_id) do update set seq = excluded.seq, active = excluded.active, changed_at = excluded.changed_at, payload = excluded.payload`,
    [rows],
  );
}

/** The change as alerts hears of it. */
export function announcementOf(condition: Condition, topicRoot: string): Announcement {
  return { topic: conditionsTopic(topicRoot), partition: 0, key: condition.conditionId, payload: JSON.stringify(condition) };
}

/** Conditions, newest first; what a replay found has a list of its own, and never stands among the living. */
export async function currentConditions(db: Queryable, schema: string, { all, replay, limit, areas }: { readonly all: boolean; readonly replay: boolean; readonly limit: number; readonly areas: readonly string[] }): Promise<Record<string, unknown>[]> {
  const rows = await db.query(
    `select c.payload, a.name_vi, a.name_en from ${schema}.condition c left join registry.asset a on a.id = c.asset
      where (c.active or $1) and (c.payload->>'late')::boolean = $2 and ${seenSql('c.asset', '$4')} order by c.changed_at desc, c.condition_id limit $3`,
    [all, replay, limit, areas],
  );
  return rows.map((row) => ({ ...row['payload'], nameVi: row['name_vi'], nameEn: row['name_en'] }));
}

/** Changes of one condition after `afterSeq`, in order: for alerts, which has missed some. */
export async function conditionChanges(db: Queryable, schema: string, { conditionId, afterSeq, limit, areas }: { readonly conditionId: string; readonly afterSeq: number; readonly limit: number; readonly areas: readonly string[] }): Promise<Condition[]> {
  const rows = await db.query(`select payload from ${schema}.condition_change where condition_id = $1 and seq > $2 and ${seenSql('asset', '$4')} order by seq limit $3`, [conditionId, afterSeq, limit, areas]);
  return rows.map((row) => row['payload'] as Condition);
}
