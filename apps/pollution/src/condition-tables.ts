/**
 * What alerts was told of stations: numbers are given here, in the transaction of the hours that lead to them.
 *
 * A station has several conditions. What is told as `late` is kept as history and leaves the row of the live condition as
 * it is; of a replay everything is late, and its row is that of the replay's own list.
 */
import { type Condition, condition } from '#contracts';
import type { Transaction } from '#timeseries';
import type { Finding, Told } from './station-conditions.js';
import { schema } from './tables.js';

/** What was last told of each: as live, or for a replay as late. */
export async function toldOf({ query }: Transaction, conditionIds: readonly string[], replay: boolean): Promise<Map<string, Told>> {
  const rows = await query(
    `select c.condition_id, last.payload from unnest($1::text[]) as c (condition_id) cross join lateral (
       select payload from ${schema}.condition_change where condition_id = c.condition_id and (payload->>'late')::boolean = $2 order by seq desc limit 1) last`,
    [conditionIds, replay],
  );
  return new Map(rows.map((row) => {
    const { state, level, observedAt, value, limit } = row['payload'] as Condition;
    return [row['condition_id'] as string, { active: state === 'active', level, observedAt, value, limit }];
  }));
}

/** The findings as conditions with their numbers, kept in their order. */
export async function saveFindings({ query }: Transaction, asset: string, findings: readonly Finding[], replay: boolean): Promise<Condition[]> {
  if (findings.length === 0) return [];
  const ids = [...new Set(findings.map(({ conditionId }) => conditionId))];
  const last = new Map((await query(`select condition_id, seq from ${schema}.condition where condition_id = any($1)`, [ids])).map((row) => [row['condition_id'] as string, row['seq'] as number]));
  const conditions = findings.map((finding) => {
    const seq = (last.get(finding.conditionId) ?? 0) + 1;
    last.set(finding.conditionId, seq);
    return condition.parse({ ...finding, seq });
  });
  const rows = JSON.stringify(conditions.map((one) => ({ condition_id: one.conditionId, seq: one.seq, state: one.state, observed_at: one.observedAt, stands: one.late === replay, payload: one })));
  const columns = 'condition_id text, seq bigint, state text, observed_at timestamptz, stands boolean, payload jsonb';
  await query(
    `insert into ${schema}.condition_change (condition_id, seq, asset, state, observed_at, payload)
     select condition_id, seq, $2, state, observed_at, payload from jsonb_to_recordset($1) as n (${columns})`,
    [rows, asset],
  );
  await query(
    `with n as (select * from jsonb_to_recordset($1) as n (${columns})),
          standing as (select distinct on (condition_id) condition_id, state, observed_at, payload from n where stands order by condition_id, seq desc),
          newest as (select distinct on (condition_id) condition_id, seq, observed_at, payload from n order by condition_id, seq desc)
     insert into ${schema}.condition as old (condition_id, asset, seq, active, changed_at, payload)
     select newest.condition_id, $2, newest.seq, coalesce(standing.state = 'active', false), coalesce(standing.observed_at, newest.observed_at), coalesce(standing.payload, newest.payload)
       from newest left join standing using (condition_id)
     on conflict (condition_id) do update set seq = excluded.seq,
       active = case when (excluded.payload->>'late')::boolean = $3 then excluded.active else old.active end,
       changed_at = case when (excluded.payload->>'late')::boolean = $3 then excluded.changed_at else old.changed_at end,
       payload = case when (excluded.payload->>'late')::boolean = $3 then excluded.payload else old.payload end`,
    [rows, asset, replay],
  );
  return conditions;
}
