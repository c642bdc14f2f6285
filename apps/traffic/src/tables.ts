/** Every table of traffic and each SQL statement about them. */
import { vehicleClasses } from '#contracts';
import { channelZones } from '#domain';
import type { MetricColumn, Queryable, ReadingTable, RollupTable, Transaction } from '#timeseries';
import type { LaneReading, Segment } from './congestion.js';
import { periodsKept, segmentFrom } from './congestion.js';
import type { Observation } from './observation.js';
import type { SegmentSums } from './segment-measures.js';

export const schema = 'traffic';

const classColumns: MetricColumn<Observation>[] = vehicleClasses.map((name) => ({ name, type: 'int4', of: (o) => (o.byClass === null ? null : o.byClass[name]) }));

/** The wide row; its DDL: migrations/0001-readings.sql. */
export const readings: ReadingTable<Observation> = {
  schema,
  name: 'reading',
  columns: [
    { name: 'period_s', type: 'int4', of: (o) => o.periodS },
    { name: 'flags', type: 'int2', of: (o) => o.flags },
    { name: 'count', type: 'int4', of: (o) => o.count },
    { name: 'speed_kmh', type: 'real', of: (o) => o.speedKmh },
    { name: 'occupancy', type: 'real', of: (o) => o.occupancy },
    { name: 'length_m', type: 'real', of: (o) => o.lengthM },
    ...classColumns,
    { name: 'occupancy_raw', type: 'real', of: (o) => o.occupancyRaw },
    { name: 'imputation', type: 'text', of: (o) => o.imputation },
  ],
};

/** An imputed value is never counted as observed: it has columns of its own for how many and how long, and no share in the sums. */
function rollupColumns(imputedBit: number): RollupTable['columns'] {
  const observed = `(r.flags & ${imputedBit}) = 0`;
  const sumOf = (expression: string): string => `case when ${observed} then ${expression} end`;
  return [
    { name: 'n_observed', type: 'int4', fromRow: `case when ${observed} then 1 else 0 end` },
    { name: 'n_imputed', type: 'int4', fromRow: `case when ${observed} then 0 else 1 end` },
    { name: 'observed_s', type: 'int8', fromRow: `case when ${observed} then r.period_s else 0 end` },
    { name: 'imputed_s', type: 'int8', fromRow: `case when ${observed} then 0 else r.period_s end` },
    { name: 'count', type: 'int8', fromRow: sumOf('r.count') },
    { name: 'speed_sum', type: 'float8', fromRow: sumOf('coalesce(r.count, 1) * r.speed_kmh::float8') },
    { name: 'speed_weight', type: 'float8', fromRow: sumOf('case when r.speed_kmh is not null then coalesce(r.count, 1)::float8 end') },
    { name: 'occupancy_sum', type: 'float8', fromRow: sumOf('r.occupancy::float8 * r.period_s') },
    { name: 'occupancy_s', type: 'float8', fromRow: sumOf('case when r.occupancy is not null then r.period_s::float8 end') },
    ...vehicleClasses.map((name) => ({ name, type: 'int8' as const, fromRow: sumOf(`r.${name}`) })),
  ];
}

export function rollups(imputedBit: number): RollupTable {
  return {
    schema,
    table: 'reading',
    columns: rollupColumns(imputedBit),
    zones: channelZones(schema),
  };
}

/** Segments as their stored readings and last conditions make them; one for each asset, known or not. */
export async function loadSegments({ query }: Transaction, assets: readonly string[]): Promise<Map<string, Segment>> {
  const rows = await query(
    `select d.asset, c.id as channel_id, (extract(epoch from r.observed_at) * 1000)::float8 as observed_ms, r.period_s, r.count, r.speed_kmh, r.flags
       from registry.device d join ${schema}.channel c on c.device = d.id
       cross join lateral (select * from ${schema}.reading where channel_id = c.id order by observed_at desc limit ${periodsKept}) r
      where d.asset = any($1)`,
    [assets],
  );
  const lanes = new Map<string, (LaneReading & { channelId: number })[]>(assets.map((asset) => [asset, []]));
  for (const row of rows) {
    lanes.get(row['asset'])!.push({
      channelId: row['channel_id'],
      observedAtMs: Math.round(row['observed_ms']),
      periodS: row['period_s'],
      count: row['count'],
      speedKmh: row['speed_kmh'],
      flags: row['flags'],
    });
  }
  const conditions = new Map((await query(`select asset, seq, active from ${schema}.condition where asset = any($1)`, [assets])).map((row) => [row['asset'] as string, row]));
  return new Map(assets.map((asset) => [asset, segmentFrom(asset, lanes.get(asset)!, conditions.get(asset)?.['active'] ?? false, conditions.get(asset)?.['seq'] ?? 0)]));
}

/** Widths of the aggregates by name. */
export const bucketSeconds = { '1m': 60, '5m': 300, '15m': 900, '1h': 3_600, '1d': 86_400 } as const;
export type Bucket = keyof typeof bucketSeconds;

/** Sums by asset over one bucket: of those with rows in it. `atMs` null: each asset's newest bucket. */
export async function segmentSums(db: Queryable, bucket: Bucket, atMs: number | null, limit: number): Promise<SegmentSums[]> {
  const rows = await db.query(
    `with channel as (select c.id, d.asset from ${schema}.channel c join registry.device d on d.id = c.device),
          due as (select ch.asset, coalesce($1::timestamptz, max(last.bucket)) as bucket from channel ch
                   cross join lateral (select bucket from ${schema}.reading_${bucket} where channel_id = ch.id order by bucket desc limit 1) last group by ch.asset)
     select due.asset, extract(epoch from due.bucket)::float8 * 1000 as bucket_ms, (select count(*)::int from channel where channel.asset = due.asset) as channels,
            sum(r.observed_s)::float8 as observed_s, sum(r.imputed_s)::float8 as imputed_s, sum(r.count)::float8 as count, sum(r.speed_sum) / nullif(sum(r.speed_weight), 0) as speed_kmh,
            ${vehicleClasses.map((name) => `sum(r.${name})::float8 as ${name}`).join(', ')}
       from due join channel ch on ch.asset = due.asset join ${schema}.reading_${bucket} r on r.channel_id = ch.id and r.bucket = due.bucket
      group by due.asset, due.bucket order by due.asset limit $2`,
    [atMs === null ? null : new Date(atMs).toISOString(), limit],
  );
  return rows.map((row) => ({
    asset: row['asset'],
    bucketMs: Math.round(row['bucket_ms']),
    bucketS: bucketSeconds[bucket],
    channels: row['channels'],
    observedS: row['observed_s'],
    imputedS: row['imputed_s'],
    count: row['count'],
    speedKmh: row['speed_kmh'],
    byClass: Object.fromEntries(vehicleClasses.map((name) => [name, row[name]])) as SegmentSums['byClass'],
  }));
}
