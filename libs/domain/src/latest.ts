/** The newest reading of each channel, by event time; replayed devices are never "latest". */
import type { Database } from '#timeseries';
import { z } from 'zod';
import { seenSql } from './areas.js';
import type { Metric } from './catalogue.js';
import type { SeriesTable } from './series-sql.js';

export interface LatestQuestion {
  /** Null: all. */
  readonly devices: readonly string[] | null;
  readonly areas: readonly string[];
  readonly limit: number;
}

/** Newest first. An index scan per channel, from its newest chunk backwards. */
export async function latestReadings(db: Database, { rollups: { schema, table }, flagBits, catalogue }: SeriesTable & { readonly catalogue: readonly Metric[] }, { devices, areas, limit }: LatestQuestion): Promise<Record<string, unknown>[]> {
  const rows = await db.query(
    `select c.device, c.channel, d.asset, a.name_vi as "nameVi", a.name_en as "nameEn", r.observed_at as "observedAt", r.period_s as "periodS", r.flags as "flagBits",
            ${catalogue.map(({ name, column }) => `r.${column} as "${name}"`).join(', ')}
       from ${schema}.channel c join registry.device d on d.id = c.device and not d.replay join registry.asset a on a.id = d.asset
       cross join lateral (select * from ${schema}.${table} where channel_id = c.id order by observed_at desc limit 1) r
      where ($1::text[] is null or c.device = any($1)) and ${seenSql('d.asset', '$2')}
      order by r.observed_at desc, c.device, c.channel limit $3`,
    [devices, areas, limit],
  );
  return rows.map((row) => latestFrom(row, flagBits, catalogue));
}

function latestFrom(row: Record<string, unknown>, flagBits: SeriesTable['flagBits'], catalogue: readonly Metric[]): Record<string, unknown> {
  const { device, channel, asset, nameVi, nameEn, observedAt, periodS } = row;
  const bits = row['flagBits'] as number;
  const latest: Record<string, unknown> = { device, channel, asset, nameVi, nameEn, observedAt, periodS, flags: Object.entries(flagBits).flatMap(([name, bit]) => ((bits & bit) === 0 ? [] : [name])) };
  for (const { name, group } of catalogue) {
    const into = group === undefined ? latest : ((latest[group] ??= {}) as Record<string, unknown>);
    into[name] = row[name];
  }
  return latest;
}

/** What `latestReadings` gives, for the document. */
export function latestSchema(catalogue: readonly Metric[]): z.ZodType {
  const value = ({ nameEn, unit }: Metric): z.ZodType => z.number().nullable().describe(unit === '' ? nameEn : `${nameEn}, ${unit}`);
  const groups = [...new Set(catalogue.flatMap(({ group }) => (group === undefined ? [] : [group])))];
  return z.array(
    z.object({
      device: z.string(),
      channel: z.string(),
      asset: z.string(),
      nameVi: z.string(),
      nameEn: z.string(),
      observedAt: z.string().meta({ format: 'date-time' }),
      periodS: z.int(),
      flags: z.array(z.string()),
      ...Object.fromEntries(catalogue.filter(({ group }) => group === undefined).map((metric) => [metric.name, value(metric)])),
      ...Object.fromEntries(groups.map((name) => [name, z.object(Object.fromEntries(catalogue.filter(({ group }) => group === name).map((metric) => [metric.name, value(metric)])))])),
    }),
  );
}
