/** Compares everything the database derived from readings with the second way of computing: nothing may differ. */
import { type Domain, domainNames } from '#contracts';
import type { Database } from '#timeseries';
import { copyOut } from '../support/copy-out.js';
import { channelIdsOf, channelsById, iso, type Differences, type Source } from '../support/compare-readings.js';
import { payloadOf } from '../support/payloads.js';
import { aggregatesOf, levels, type ExpectedCondition, type Level } from './recompute.js';

/** Sums of numbers of 32 bits are exact in 64 whatever their order, up to the last bits of very long sums. */
const sumTolerance = 1e-12;

export async function compareAggregates(db: Database, url: string, domain: Domain, sources: readonly Source[], differences: Differences, others: ReadonlySet<string> = new Set()): Promise<void> {
  const known = await channelsById(db, domain, sources);
  const othersIds = await channelIdsOf(db, domain, others);
  const payload = payloadOf(domain);
  const columns = [['channel_id', 'int4'], ['bucket', 'timestamptz'], ...payload.sums] as const;
  for (const level of Object.keys(levels) as Level[]) {
    const expected = new Map([...known].map(([id, { of, source }]) => [id, aggregatesOf(of, level, payload, source.phase)]));
    await copyOut(url, `select ${columns.map(([name]) => name).join(', ')} from ${domain}.reading_${level}`, columns.map(([, type]) => type), (row) => {
      const [channelId, bucketMs, ...found] = row as [number, number, ...(number | null)[]];
      if (othersIds.has(channelId)) return;
      const buckets = expected.get(channelId);
      const sums = buckets?.get(bucketMs);
      const where = `${domain} ${level} of channel ${channelId} at ${iso(bucketMs)}`;
      // An empty aggregate says the same as none; the number of readings comes first in every domain.
      if (sums === undefined) {
        if (found[0] !== 0) differences.add(`${where}: nothing was sent for it`);
        return;
      }
      buckets!.delete(bucketMs);
      const different = sums.findIndex((sum, index) => !same(found[index]!, sum));
      if (different >= 0) differences.add(`${where}: ${payload.sums[different]![0]} is ${found[different]}, expected ${sums[different]}`);
    });
    for (const [channelId, buckets] of expected) for (const bucketMs of buckets.keys()) differences.add(`${domain} ${level} of channel ${channelId} at ${iso(bucketMs)}: missing`);
  }
}

function same(found: number | null, expected: number | null): boolean {
  if (found === null || expected === null) return found === expected;
  return found === expected || Math.abs(found - expected) <= sumTolerance * Math.abs(expected);
}

/** What corrections replaced is kept: one row in the history for each revision. */
export async function compareHistory(db: Database, domain: Domain, sources: readonly Source[], differences: Differences): Promise<void> {
  const known = await channelsById(db, domain, sources);
  const rows = await db.query(
    `select channel_id, (extract(epoch from observed_at) * 1000)::float8 as ms, array_agg(revision order by revision)::int[] as revisions from ${domain}.reading_history group by channel_id, observed_at`,
  );
  const found = new Map(rows.map((row) => [`${row['channel_id']}@${Math.round(row['ms'] as number)}`, (row['revisions'] as number[]).join()]));
  for (const [id, { of }] of known) {
    for (const [index, revision] of of.revision.entries()) {
      const key = `${id}@${of.observedAtMs[index]}`;
      const wanted = Array.from({ length: revision }, (_, n) => n).join();
      if ((found.get(key) ?? '') !== wanted) differences.add(`${domain} history of channel ${id} at ${iso(of.observedAtMs[index]!)}: revisions [${found.get(key) ?? ''}], expected [${wanted}]`);
      found.delete(key);
    }
  }
  for (const key of found.keys()) differences.add(`${domain} history of channel ${key}: nobody corrected it`);
}

/** `assetOf`: the segment of a device number. */
export async function compareConditions(
  db: Database,
  sources: readonly { readonly conditions: ReadonlyMap<number, ExpectedCondition>; readonly assetOf: (device: number) => string }[],
  differences: Differences,
): Promise<void> {
  const expected = new Map<string, ExpectedCondition>();
  for (const { conditions, assetOf } of sources) for (const [device, condition] of conditions) if (condition.seq > 0) expected.set(assetOf(device), condition);

  const states = await db.query('select asset, seq::float8 as seq, active from traffic.condition where seq > 0');
  for (const { asset, seq, active } of states as { asset: string; seq: number; active: boolean }[]) {
    const wanted = expected.get(asset);
    if (wanted === undefined || wanted.seq !== seq || wanted.active !== active) {
      differences.add(`condition of ${asset}: ${active ? 'active' : 'clear'} with seq ${seq}, expected ${wanted === undefined ? 'none' : `${wanted.active ? 'active' : 'clear'} with seq ${wanted.seq}`}`);
    }
  }
  const present = new Set(states.map((row) => row['asset'] as string));
  for (const asset of expected.keys()) if (!present.has(asset)) differences.add(`condition of ${asset}: missing`);

  const changes = await db.query(
    'select asset, seq::float8 as seq, state, (extract(epoch from observed_at) * 1000)::float8 as ms, payload from traffic.condition_change order by asset, seq',
  );
  const found = new Map<string, { seq: number; state: string; ms: number; payload: Record<string, unknown> }[]>();
  for (const { asset, ...change } of changes) found.set(asset as string, [...(found.get(asset as string) ?? []), change as never]);
  for (const asset of new Set([...expected.keys(), ...found.keys()])) compareChanges(asset, expected.get(asset)?.changes ?? [], found.get(asset) ?? [], differences);
}

function compareChanges(asset: string, expected: ExpectedCondition['changes'], found: readonly { seq: number; state: string; ms: number; payload: Record<string, unknown> }[], differences: Differences): void {
  for (let index = 0; index < Math.max(expected.length, found.length); index++) {
    const [wanted, change] = [expected[index], found[index]];
    const told = wanted === undefined ? 'none' : `seq ${wanted.seq} ${wanted.state} ${iso(wanted.observedAtMs)}`;
    if (change === undefined) differences.add(`change of ${asset}: missing ${told}`);
    else if (wanted === undefined || wanted.seq !== change.seq || wanted.state !== change.state || wanted.observedAtMs !== Math.round(change.ms)) {
      differences.add(`change of ${asset}: seq ${change.seq} ${change.state} ${iso(Math.round(change.ms))}, expected ${told}`);
    } else if (change.payload['seq'] !== wanted.seq || change.payload['state'] !== wanted.state || Date.parse(String(change.payload['observedAt'])) !== wanted.observedAtMs) {
      differences.add(`change of ${asset}: what was announced says ${JSON.stringify(change.payload)}, expected ${told}`);
    }
  }
}

const missesTold = 20;

/** Alerts must have applied each change that the domains announced, once, in order, and hold none back. */
export async function compareAlarms(db: Database, differences: Differences): Promise<void> {
  const announced = domainNames.map((domain) => `select condition_id, seq, state from ${domain}.condition_change`).join(' union all ');
  const misses = `with announced as (${announced}), applied as (select alarm_id, condition_seq, condition->>'state' as state from alerts.transition where condition_seq is not null)
    select coalesce(condition_id, alarm_id) as id, coalesce(seq, condition_seq)::float8 as seq, n.state as announced, d.state as applied
      from announced n full join applied d on alarm_id = condition_id and condition_seq = seq
     where n.state is distinct from d.state order by 1, 2 limit ${missesTold}`;
  for (const { id, seq, announced: told, applied } of await db.query(misses)) differences.add(`alarm ${id}: change ${seq} was ${told === null ? 'never announced' : `announced as ${told}`}, and is ${applied === null ? 'not applied' : `applied as ${applied}`}`);
  const behind = await db.query('select alarm_id, condition_seq::float8 as at, last::float8 as last from alerts.alarm join (select alarm_id, max(condition_seq) as last from alerts.transition group by alarm_id) t using (alarm_id) where condition_seq <> last');
  for (const { alarm_id: id, at, last } of behind) differences.add(`alarm ${id}: stands at change ${at}, expected ${last}`);
  for (const { condition_id: id, seq } of await db.query('select condition_id, seq::float8 as seq from alerts.held_condition limit 5')) differences.add(`alarm ${id}: change ${seq} is still held back`);
}
