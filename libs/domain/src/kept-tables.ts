/** How long the tables of a domain's readings are kept: rows, history and each level of the aggregates. */
import type { KeptTable } from '#timeseries';

export function keptTables(table: string, days: { readonly rows: number; readonly aggregates: number }, rowsBytesMax: number): KeptTable[] {
  return [
    { name: table, days: days.rows, bytesMax: rowsBytesMax },
    { name: `${table}_history`, days: days.aggregates, bytesMax: rowsBytesMax },
    { name: `${table}_1m`, days: days.rows, bytesMax: rowsBytesMax },
    { name: `${table}_5m`, days: days.aggregates, bytesMax: rowsBytesMax },
    { name: `${table}_15m`, days: days.aggregates, bytesMax: rowsBytesMax },
    { name: `${table}_1h`, days: 20 * days.aggregates, bytesMax: rowsBytesMax },
    { name: `${table}_1d`, days: 20 * days.aggregates, bytesMax: rowsBytesMax },
  ];
}

/** Channels of devices marked `replay`: their rows are kept for ever. */
export const replayChannels = (schema: string): string => `select c.id from ${schema}.channel c join registry.device d on d.id = c.device where d.replay`;

/** The time zone of each channel's asset, whose days its aggregates follow. */
export const channelZones = (schema: string): string => `select c.id as channel_id, coalesce(a.time_zone, 'Asia/Ho_Chi_Minh') as zone from ${schema}.channel c
  left join registry.device d on d.id = c.device left join registry.asset a on a.id = d.asset`;
