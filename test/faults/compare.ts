/** Compares everything the database derived from readings with the second way of computing: nothing may differ. */
import type { Database } from '#timeseries';
import { copyOut, type ColumnType } from '../support/copy-out.js';
import { channelIdsOf, channelsById, iso, type Differences, type Source } from '../support/compare-readings.js';
import { aggregatesOf, levels, type Aggregate, type ExpectedCondition, type Level } from './recompute.js';

const aggregateColumns: readonly (readonly [sql: string, type: ColumnType, of: ((sum: Aggregate) => number | null) | null])[] = [
  ['channel_id', 'int4', null],
  ['bucket', 'timestamptz', null],
  ['n_observed', 'int4', ({ observed }) => observed],
  ['n_imputed', 'int4', () => 0],
  ['observed_s', 'int8', ({ observedS }) => observedS],
  ['imputed_s', 'int8', () => 0],
  ['count', 'int8', ({ count }) => count],
  ['speed_sum', 'float8', ({ speedSum }) => speedSum],
  ['speed_weight', 'float8', ({ speedWeight }) => speedWeight],
  ['occupancy_sum', 'float8', ({ occupancySum }) => occupancySum],
  ['occupancy_s', 'float8', ({ occupancyS }) => occupancyS],
  ['motorcycle', 'int8', ({ motorcycle }) => motorcycle],
  ['car', 'int8', ({ car }) => car],
  ['bus', 'int8', ({ bus }) => bus],
  ['truck', 'int8', ({ truck }) => truck],
  ['trailer', 'int8', () => null],
  ['bicycle', 'int8', () => null],
  ['other', 'int8', () => null],
];

/** Sums of numbers of 32 bits are exact in 64 whatever their order, up to the last bits of very long sums. */
const sumTolerance = 1e-12;

export async function compareAggregates(db: Database, url: string, sources: readonly Source[], differences: Differences, others: ReadonlySet<string> = new Set()): Promise<void> {
  const known = await channelsById(db, sources);
  const othersIds = await channelIdsOf(db, others);
  for (const level of Object.keys(levels) as Level[]) {
    const expected = new Map([...known].map(([id, { of, source }]) => [id, aggregatesOf(of, level, source.phase)]));
    const names = aggregateColumns.map(([name]) => name).join(', ');
    await copyOut(url, `select ${names} from traffic.reading_${level}`, aggregateColumns.map(([, type]) => type), (row) => {
      const [channelId, bucketMs] = row as [number, number];
      if (othersIds.has(channelId)) return;
      const buckets = expected.get(channelId);
      const sum = buckets?.get(bucketMs);
      const where = `${level} of channel ${channelId} at ${iso(bucketMs)}`;
      // An empty aggregate says the same as none.
      if (sum === undefined) {
        if (row[2] !== 0) differences.add(`${where}: nothing was sent for it`);
        return;
      }
      buckets!.delete(bucketMs);
      for (const [index, [name, , of]] of aggregateColumns.entries()) {
        if (of !== null && !same(row[index]!, of(sum))) {
          differences.add(`${where}: ${name} is ${row[index]}, expected ${of(sum)}`);
          return;
        }
      }
    });
    for (const [channelId, buckets] of expected) for (const bucketMs of buckets.keys()) differences.add(`${level} of channel ${channelId} at ${iso(bucketMs)}: missing`);
  }
}

function same(found: number | null, expected: number | null): boolean {
  if (found === null || expected === null) return found === expected;
  return found === expected || Math.abs(found - expected) <= sumTolerance * Math.abs(expected);
}

/** What corrections replaced is kept: one row in the history for each revision. */
export async function compareHistory(db: Database, sources: readonly Source[], differences: Differences): Promise<void> {
  const known = await channelsById(db, sources);
  const rows = await db.query(
    `select channel_id, (extract(epoch from observed_at) * 1000)::float8 as ms, array_agg(revision order by revision)::int[] as revisions from traffic.reading_history group by channel_id, observed_at`,
  );
  const found = new Map(rows.map((row) => [`${row['channel_id']}@${Math.round(row['ms'] as number)}`, (row['revisions'] as number[]).join()]));
  for (const [id, { of }] of known) {
    for (const [index, revision] of of.revision.entries()) {
      const key = `${id}@${of.observedAtMs[index]}`;
      const wanted = Array.from({ length: revision }, (_, n) => n).join();
      if ((found.get(key) ?? '') !== wanted) differences.add(`history of channel ${id} at ${iso(of.observedAtMs[index]!)}: revisions [${found.get(key) ?? ''}], expected [${wanted}]`);
      found.delete(key);
    }
  }
  for (const key of found.keys()) differences.add(`history of channel ${key}: nobody corrected it`);
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
