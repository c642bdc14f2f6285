/** The SQL of what is handed to other systems. */
import { trafficFlagBits, vehicleClasses } from '#contracts';
import { seenSql } from '#domain';
import type { Queryable } from '#timeseries';
import type { ExchangeReading } from './formats/exchange.js';
import { schema } from './tables.js';

export interface ExchangeQuestion {
  /** Null: all. */
  readonly devices: readonly string[] | null;
  readonly areas: readonly string[];
  readonly sinceMs: number;
  readonly limit: number;
}

/** The newest observed reading of each channel since a time, newest first; never of a replay, never an imputed one. */
export async function newestObserved(db: Queryable, { devices, areas, sinceMs, limit }: ExchangeQuestion): Promise<ExchangeReading[]> {
  const rows = await db.query(
    `select c.device, c.channel, d.asset, a.name_vi, a.name_en, a.geometry, coalesce((select active from ${schema}.condition where asset = d.asset), false) as congested,
            (extract(epoch from r.observed_at) * 1000)::float8 as observed_ms, r.period_s, r.count, r.speed_kmh, r.occupancy, r.length_m, ${vehicleClasses.map((name) => `r.${name}`).join(', ')}
       from ${schema}.channel c join registry.device d on d.id = c.device and not d.replay join registry.asset a on a.id = d.asset
       cross join lateral (select * from ${schema}.reading where channel_id = c.id and observed_at >= $3 and (flags & ${trafficFlagBits.imputed}) = 0 order by observed_at desc limit 1) r
      where ($1::text[] is null or c.device = any($1)) and ${seenSql('d.asset', '$2')}
      order by r.observed_at desc, c.device, c.channel limit $4`,
    [devices, areas, new Date(sinceMs).toISOString(), limit],
  );
  return rows.map((row) => ({
    device: row['device'],
    channel: row['channel'],
    asset: row['asset'],
    nameVi: row['name_vi'],
    nameEn: row['name_en'],
    geometry: row['geometry'],
    congested: row['congested'],
    observedAtMs: Math.round(row['observed_ms']),
    periodS: row['period_s'],
    count: row['count'],
    speedKmh: row['speed_kmh'],
    occupancy: row['occupancy'],
    lengthM: row['length_m'],
    byClass: Object.fromEntries(vehicleClasses.map((name) => [name, row[name]])) as unknown as ExchangeReading['byClass'],
  }));
}
