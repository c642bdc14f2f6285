/** The readings of pollution: the wide row, its aggregates, and what hours are made of. Hours and days: hour-tables.ts. */
import { pollutionFlagBits, pollutionMetricNames } from '#contracts';
import { channelZones } from '#domain';
import type { MetricColumn, ReadingTable, RollupTable } from '#timeseries';
import { averagedMetrics, columnOf } from './catalogue.js';
import type { Observation } from './observation.js';

export const schema = 'pollution';

const metricColumns: MetricColumn<Observation>[] = pollutionMetricNames.map((name) => ({ name: columnOf(name), type: 'real', of: ({ values }) => values[name] ?? null }));

/** The wide row; its DDL: migrations/0001-readings.sql. */
export const readings: ReadingTable<Observation> = {
  schema,
  name: 'reading',
  columns: [
    { name: 'period_s', type: 'int4', of: (o) => o.periodS },
    { name: 'flags', type: 'int2', of: (o) => o.flags },
    ...metricColumns,
    { name: 'raw', type: 'text', of: (o) => o.raw },
    { name: 'status', type: 'text', of: (o) => o.status },
    { name: 'imputation', type: 'text', of: (o) => o.imputation },
  ],
};

/** What the device itself says is no measurement of the air: in no aggregate, in no hour. */
export const excludedBits = pollutionFlagBits.imputed | pollutionFlagBits.invalid | pollutionFlagBits.calib;

const observed = `(r.flags & ${excludedBits}) = 0`;
const whereObserved = (expression: string): string => `case when ${observed} then ${expression} end`;

export const rollups: RollupTable = {
  schema,
  table: 'reading',
  columns: [
    { name: 'n_observed', type: 'int4', fromRow: `case when ${observed} then 1 else 0 end` },
    { name: 'n_excluded', type: 'int4', fromRow: `case when ${observed} then 0 else 1 end` },
    { name: 'precipitation_mm_sum', type: 'float8', fromRow: whereObserved('r.precipitation_mm::float8') },
    ...averagedMetrics.flatMap((metric) => {
      const column = columnOf(metric);
      if (metric === 'precipitationMm') return [];
      return [
        { name: `${column}_sum`, type: 'float8' as const, fromRow: whereObserved(`r.${column}::float8 * r.period_s`) },
        { name: `${column}_s`, type: 'float8' as const, fromRow: whereObserved(`case when r.${column} is not null then r.period_s::float8 end`) },
      ];
    }),
  ],
  zones: channelZones(schema),
};
