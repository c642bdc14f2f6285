/**
 * The SELECTs of a series: of one channel, in order of time, each row one line of text (JSON or CSV) made by the server,
 * so that ten million rows cost this process little more than passing them on.
 *
 * Aggregates lag behind: the note of what is stale says from when on. From there the rows themselves are read, with the
 * same sums as the aggregate's own, so that an answer is never older than its question.
 */
import type { RollupTable, Statement, Transaction } from '#timeseries';
import type { Metric } from './catalogue.js';
import type { Width } from './series.js';

export type Format = 'json' | 'csv';

export interface SeriesTable {
  readonly rollups: RollupTable;
  readonly flagBits: Readonly<Record<string, number>>;
}

export interface ChannelRange {
  readonly channelId: number;
  /** Of its asset. */
  readonly zone: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A column of the answer and its SQL. */
interface Column {
  readonly name: string;
  readonly sql: string;
}

/** What stands before the metrics in each row; in the order of the CSV. */
export const rawHeads = ['observedAt', 'periodS', 'receivedAt', 'revision', 'flags'] as const;
export const bucketHeads = ['start', 'n', 'nExcluded', 'observedPct'] as const;

/** The newest notes are looked at this far back: what is older is recomputed within seconds, whatever its bucket. */
const lagHours = 26;

/** Rows as they are stored. */
export function rawStatement({ rollups: { schema, table }, flagBits }: SeriesTable, metrics: readonly Metric[], format: Format, { channelId, fromMs, toMs }: ChannelRange): Statement {
  const flags = Object.entries(flagBits).map(([name, bit]) => `case when r.flags & ${bit} <> 0 then '${name}' end`);
  const names = `array_remove(array[${flags.length === 0 ? 'null' : flags.join(', ')}]::text[], null)`;
  const heads: Record<(typeof rawHeads)[number], string> = {
    observedAt: instantSql('r.observed_at'),
    periodS: 'r.period_s',
    receivedAt: instantSql('r.received_at'),
    revision: 'r.revision',
    flags: format === 'json' ? names : `array_to_string(${names}, ' ')`,
  };
  const columns = [...rawHeads.map((name) => ({ name, sql: heads[name] })), ...metrics.map(({ name, column }) => ({ name, sql: `r.${column}` }))];
  const from = `from ${schema}.${table} r where r.channel_id = $1 and r.observed_at >= $2 and r.observed_at < $3 order by r.observed_at`;
  return { text: lines(columns, format, from), values: [channelId, isoOf(fromMs), isoOf(toMs)] };
}

/** How many rows there are, counted up to `max`. */
export function countStatement({ rollups: { schema, table } }: SeriesTable, channelIds: readonly number[], fromMs: number, toMs: number, max: number): Statement {
  return { text: `select count(*)::int as n from (select from ${schema}.${table} where channel_id = any($1) and observed_at >= $2 and observed_at < $3 limit ${max}) as found`, values: [channelIds, isoOf(fromMs), isoOf(toMs)] };
}

/** Buckets that touch the range, whole: from the aggregates as far as they are current, then from the rows. */
export async function bucketStatements({ query }: Transaction, table: SeriesTable, metrics: readonly Metric[], width: Width, format: Format, range: ChannelRange): Promise<Statement[]> {
  const { schema, columns } = table.rollups;
  const level = width.level;
  // $1 channel, $2 from, $3 to, $4 zone (which some widths do not ask for): the bounds of the buckets, of what is current (in buckets of the answer, and of the level).
  const [bounds] = await query(
    `select ${startSql(width, '$2::timestamptz', '$4')} as from_at, ${endSql(width, startSql(width, "$3::timestamptz - interval '1 ms'", '$4'), '$4')} as to_at,
            ${startSql(width, 'stale.at', '$4')} as whole_to, ${levelStartSql(width, 'stale.at', '$4')} as level_to
       from (select greatest(min(from_at), now() - interval '${lagHours} hours') as at from ${schema}.invalidation
              where level <= (select array_position(array['1m', '5m', '15m', '1h', '1d'], '${level}')) and to_at >= now() - interval '${lagHours} hours' and (channel_ids is null or $1 = any(channel_ids)) and $4::text is not null) as stale`,
    [range.channelId, isoOf(range.fromMs), isoOf(range.toMs), range.zone],
  );
  const { from_at: fromAt, to_at: toAt, whole_to: wholeTo, level_to: levelTo } = bounds as { from_at: Date; to_at: Date; whole_to: Date | null; level_to: Date | null };
  const asked = bucketColumns(table.rollups, metrics, width);
  const names = columns.map(({ name }) => name);
  const sums = columns.map(({ name }) => `sum(r.${name}) as ${name}`).join(', ');
  const fromLevel = `select r.bucket, ${names.map((name) => `r.${name}`).join(', ')} from ${schema}.${table.rollups.table}_${level} r where r.channel_id = $1`;
  const statement = (parts: string, values: unknown[]): Statement => {
    const start = width.name === level ? 'r.bucket' : startSql(width, 'r.bucket', '$2');
    return { text: lines(asked, format, `from (select ${start} as start, ${sums} from (${parts}) as r where $2::text is not null group by 1) as s order by s.start`), values: [range.channelId, range.zone, ...values] };
  };
  if (wholeTo === null || wholeTo >= toAt) return [statement(`${fromLevel} and r.bucket >= $3 and r.bucket < $4`, [fromAt, toAt])];
  const tailFrom = wholeTo > fromAt ? wholeTo : fromAt;
  const rows = `select ${levelStartSql(width, 'r.observed_at', '$2')}, ${columns.map(({ fromRow }) => fromRow).join(', ')}
    from ${schema}.${table.rollups.table} r where r.channel_id = $1 and r.observed_at >= greatest($3::timestamptz, $5::timestamptz) and r.observed_at < $4 and r.period_s <= ${width.levelS}`;
  const tail = statement(`${fromLevel} and r.bucket >= $3 and r.bucket < least($4::timestamptz, $5::timestamptz) union all ${rows}`, [tailFrom, toAt, levelTo]);
  return tailFrom > fromAt ? [statement(`${fromLevel} and r.bucket >= $3 and r.bucket < $4`, [fromAt, tailFrom]), tail] : [tail];
}

function bucketColumns(rollups: RollupTable, metrics: readonly Metric[], width: Width): Column[] {
  const has = (name: string): boolean => rollups.columns.some((column) => column.name === name);
  const excluded = ['n_imputed', 'n_excluded'].find(has);
  const seconds = [...new Set(metrics.flatMap(({ seconds: column }) => (column === undefined ? [] : [`s.${column}`])))];
  const bucketS = `extract(epoch from ${endSql(width, 's.start', '$2')} - s.start)`;
  const heads: Record<(typeof bucketHeads)[number], string> = {
    start: instantSql('s.start'),
    n: 's.n_observed',
    nExcluded: excluded === undefined ? '0' : `s.${excluded}`,
    observedPct: seconds.length === 0 ? 'null::int' : `least(100, round((100 * coalesce(greatest(${seconds.join(', ')}), 0) / ${bucketS})::numeric, 1))::float8`,
  };
  return [...bucketHeads.map((name) => ({ name, sql: heads[name] })), ...metrics.map(({ name, rollup }) => ({ name, sql: valueSql(rollup) }))];
}

function valueSql(rollup: Metric['rollup']): string {
  if (rollup.kind === 'none') return 'null';
  return rollup.kind === 'sum' ? `s.${rollup.column}::float8` : `(s.${rollup.sum} / nullif(s.${rollup.weight}, 0))::float8`;
}

/** One text for each row. Names and flags hold no character that either format would escape. */
function lines(columns: readonly Column[], format: Format, from: string): string {
  if (format === 'csv') return `select concat(${columns.map(({ sql }) => sql).join(`, ',', `)}) as line ${from}`;
  return `select row_to_json(q)::text as line from (select ${columns.map(({ name, sql }) => `${sql} as "${name}"`).join(', ')} ${from}) as q`;
}

/** Start of the bucket: of local time from two hours on, since half days and weeks are those of people. */
function startSql({ name, widthS }: Width, time: string, zone: string): string {
  if (name === '1d') return `date_trunc('day', ${time}, ${zone})`;
  if (widthS <= 3_600) return `date_bin('${widthS} s', ${time}, timestamptz '2001-01-01 00:00:00+00')`;
  // A Monday.
  return `(date_bin('${widthS} s', (${time}) at time zone ${zone}, timestamp '2001-01-01 00:00:00') at time zone ${zone})`;
}

/** End of the bucket that begins at `start`; days of the change of clocks have 23 or 25 hours. */
function endSql({ widthS }: Width, start: string, zone: string): string {
  if (widthS <= 3_600) return `(${start} + interval '${widthS} s')`;
  return `((${start} at time zone ${zone} + interval '${widthS} s') at time zone ${zone})`;
}

function levelStartSql({ level, levelS }: Width, time: string, zone: string): string {
  return level === '1d' ? `date_trunc('day', ${time}, ${zone})` : `date_bin('${levelS} s', ${time}, timestamptz '2001-01-01 00:00:00+00')`;
}

function instantSql(time: string): string {
  return `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
