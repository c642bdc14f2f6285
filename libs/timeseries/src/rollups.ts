/**
 * Aggregates of 1, 5, 15, 60 minutes and a day, recomputed from what they rest on wherever rows have changed.
 *
 * Each level is made from the level below and from the rows whose period is too long for it. What is recomputed at one
 * level is noted for the next. A bucket that is still filling waits for its end (or a while), so that the rows of a busy
 * minute are read once; one that is past is recomputed at the next tick. Any one process does it, under a lock.
 */
import type { Database, Log, Transaction } from './database.js';
import { graceS, insertNotes } from './invalidation.js';

/** A column that adds up: `fromRow` is its share of one reading (r), the level above sums it. */
export interface RollupColumn {
  readonly name: string;
  readonly fromRow: string;
  readonly type: 'int4' | 'int8' | 'float8';
}

export interface RollupTable {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly RollupColumn[];
  /** SQL yielding (channel_id, zone): days follow the zone of the asset. */
  readonly zones: string;
}

interface Level {
  readonly number: number;
  readonly name: string;
  readonly widthS: number;
}

export const levels: readonly Level[] = [
  { number: 1, name: '1m', widthS: 60 },
  { number: 2, name: '5m', widthS: 300 },
  { number: 3, name: '15m', widthS: 900 },
  { number: 4, name: '1h', widthS: 3_600 },
  { number: 5, name: '1d', widthS: 86_400 },
];

/** A day is made of quarter hours, since no zone's midnight lies off them. */
const below: Readonly<Record<string, string | null>> = { '1m': null, '5m': '1m', '15m': '5m', '1h': '15m', '1d': '15m' };

const notesMax = 20_000;

interface Range {
  readonly fromMs: number;
  readonly toMs: number; // Exclusive.
  readonly channelIds: readonly number[] | null;
}

/**
 * Recomputes what is ripe: buckets that have ended, and those that wait for `refreshS` already. Returns how many ranges
 * were recomputed; 0 also when another process is at it.
 */
export async function rollUp(db: Database, table: RollupTable, refreshS: number): Promise<number> {
  let total = 0;
  for (const level of levels) {
    for (let more = true; more; ) {
      const ranges = await db.transaction(async (transaction) => {
        const [lock] = await transaction.query('select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as held', [`rollup:${table.schema}`]);
        if (lock!['held'] !== true) return null;
        const notes = await takeNotes(transaction, table.schema, level, refreshS);
        const merged = merge(notes, level.widthS * 1000);
        for (const range of merged) await recompute(transaction, table, level, range);
        const next = levels.find(({ number }) => number === level.number + 1);
        if (next !== undefined && merged.length > 0) await insertNotes(transaction, table.schema, next, merged.map(({ fromMs, toMs, channelIds }) => ({ fromMs, toMs: toMs - 1, channelIds })));
        more = notes.length === notesMax;
        return merged.length;
      });
      if (ranges === null) return total;
      total += ranges;
    }
  }
  return total;
}

export interface RollupJob {
  stop(): Promise<void>;
}

/** Recomputes what is ripe every `everyMs`, for as long as the process lives. */
export function startRollups(db: Database, table: RollupTable, log: Log, { everyMs, refreshS }: { readonly everyMs: number; readonly refreshS: number }, onTrouble: (failing: boolean) => void): RollupJob {
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    running = rollUp(db, table, refreshS)
      .then((ranges) => {
        onTrouble(false);
        if (ranges > 0) log.debug({ ranges }, 'aggregates recomputed');
      })
      .catch((error: unknown) => {
        onTrouble(true);
        log.warn({ error: String(error) }, 'aggregates could not be recomputed, next try follows');
      })
      .finally(() => (busy = false));
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

async function takeNotes({ query }: Transaction, schema: string, level: Level, refreshS: number): Promise<Range[]> {
  const ripe = `(to_timestamp(ceil(extract(epoch from to_at) / ${level.widthS}) * ${level.widthS}) + interval '${graceS} s' <= now() or at <= now() - make_interval(secs => $2))`;
  const rows = await query(
    `delete from ${schema}.invalidation where id in (select id from ${schema}.invalidation where level = $1 and ${ripe} order by id limit ${notesMax})
     returning extract(epoch from from_at)::float8 * 1000 as from_ms, extract(epoch from to_at)::float8 * 1000 as to_ms, channel_ids`,
    [level.number, refreshS],
  );
  return rows.map((row) => ({ fromMs: Math.floor(row['from_ms']), toMs: Math.floor(row['to_ms']) + 1, channelIds: row['channel_ids'] }));
}

/** Whole buckets, overlapping ranges joined: for all channels, and for each channel apart; equal ranges of channels together. */
export function merge(notes: readonly Range[], widthMs: number): Range[] {
  const wholeCity: [number, number][] = [];
  const byChannel = new Map<number, [number, number][]>();
  for (const { fromMs, toMs, channelIds } of notes) {
    const span: [number, number] = [Math.floor(fromMs / widthMs) * widthMs, Math.ceil(toMs / widthMs) * widthMs];
    if (channelIds === null) wholeCity.push(span);
    else {
      for (const id of channelIds) {
        const spans = byChannel.get(id);
        if (spans === undefined) byChannel.set(id, [span]);
        else spans.push(span);
      }
    }
  }
  const bySpan = new Map<string, { fromMs: number; toMs: number; channelIds: number[] }>();
  for (const [id, spans] of byChannel) {
    for (const [fromMs, toMs] of joined(spans)) {
      const key = `${fromMs}-${toMs}`;
      const range = bySpan.get(key);
      if (range === undefined) bySpan.set(key, { fromMs, toMs, channelIds: [id] });
      else range.channelIds.push(id);
    }
  }
  return [...joined(wholeCity).map(([fromMs, toMs]) => ({ fromMs, toMs, channelIds: null })), ...bySpan.values()];
}

function joined(spans: readonly [number, number][]): [number, number][] {
  const result: [number, number][] = [];
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

async function recompute(transaction: Transaction, rollup: RollupTable, level: Level, { fromMs, toMs, channelIds }: Range): Promise<void> {
  const { schema, table, columns } = rollup;
  const names = columns.map(({ name }) => name);
  const sums = columns.map(({ name, type }) => `sum(${name})::${type}`);
  const bounds = channelIds === null ? '' : 'and r.channel_id = any($3)';
  const values = [new Date(fromMs).toISOString(), new Date(toMs).toISOString(), ...(channelIds === null ? [] : [channelIds])];
  // Corrections are noted by channel, and may leave a bucket without rows: what is no longer made must go.
  if (channelIds !== null) await transaction.query(removal(rollup, level, bounds), values);
  await transaction.query(
    `insert into ${schema}.${table}_${level.name} as old (bucket, channel_id, ${names.join(', ')})
     select bucket, channel_id, ${sums.join(', ')} from (${level.name === '1d' ? daySources(rollup, level, bounds) : sources(rollup, level, bounds, channelIds === null ? '' : 'where c.id = any($3)')}) as parts
      group by bucket, channel_id
     on conflict (channel_id, bucket) do update set ${names.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    values,
  );
}

function removal({ schema, table, zones }: RollupTable, level: Level, bounds: string): string {
  const from = `delete from ${schema}.${table}_${level.name} r`;
  if (level.name === '1d') return `${from} using (${zones}) z where z.channel_id = r.channel_id and ${localDays('r.bucket')} ${bounds}`;
  return `${from} where r.bucket >= $1 and r.bucket < $2 ${bounds}`;
}

function sources({ schema, table, columns }: RollupTable, level: Level, bounds: string, channelBounds: string): string {
  const lower = below[level.name] ?? null;
  if (lower === null) return minutes({ schema, table, columns }, level, channelBounds);
  const lowerWidthS = levels.find(({ name }) => name === lower)?.widthS ?? 0;
  const fromRows = `select time_bucket('${level.widthS} s', r.observed_at) as bucket, r.channel_id, ${columns.map(({ name, fromRow }) => `${fromRow} as ${name}`).join(', ')}
     from ${schema}.${table} r where r.observed_at >= $1 and r.observed_at < $2 and r.period_s <= ${level.widthS} and r.period_s > ${lowerWidthS} ${bounds}`;
  return `select time_bucket('${level.widthS} s', r.bucket) as bucket, r.channel_id, ${columns.map(({ name }) => `r.${name}`).join(', ')}
     from ${schema}.${table}_${lower} r where r.bucket >= $1 and r.bucket < $2 ${bounds} union all ${fromRows}`;
}

/**
 * Channel by channel, whatever the planner believes of the table: its statistics are old exactly while much is written,
 * and a plan that reads the index of the whole day for each minute would grow dearer by the minute.
 */
function minutes({ schema, table, columns }: Omit<RollupTable, 'zones'>, level: Level, channelBounds: string): string {
  return `select m.bucket, c.id as channel_id, ${columns.map(({ name }) => `m.${name}`).join(', ')}
     from ${schema}.channel c
     cross join lateral (
       select time_bucket('${level.widthS} s', r.observed_at) as bucket, ${columns.map(({ name, type, fromRow }) => `sum(${fromRow})::${type} as ${name}`).join(', ')}
         from ${schema}.${table} r where r.channel_id = c.id and r.observed_at >= $1 and r.observed_at < $2 and r.period_s <= ${level.widthS} group by 1) m ${channelBounds}`;
}

/** The local days that the range touches, whole. The outer bounds let chunks be left out; the inner ones are exact. */
function localDays(time: string): string {
  return `${time} >= $1::timestamptz - interval '27 hours' and ${time} < $2::timestamptz + interval '27 hours'
       and ${time} >= date_trunc('day', $1::timestamptz, z.zone)
       and ${time} < (date_trunc('day', ($2::timestamptz - interval '1 ms') at time zone z.zone) + interval '1 day') at time zone z.zone`;
}

function daySources({ schema, table, columns, zones }: RollupTable, level: Level, bounds: string): string {
  const lower = below[level.name]!;
  const lowerWidthS = levels.find(({ name }) => name === lower)!.widthS;
  return `select date_trunc('day', r.bucket, z.zone) as bucket, r.channel_id, ${columns.map(({ name }) => `r.${name}`).join(', ')}
     from ${schema}.${table}_${lower} r join (${zones}) z using (channel_id) where ${localDays('r.bucket')} ${bounds}
    union all
    select date_trunc('day', r.observed_at, z.zone), r.channel_id, ${columns.map(({ fromRow }) => fromRow).join(', ')}
     from ${schema}.${table} r join (${zones}) z using (channel_id) where ${localDays('r.observed_at')} and r.period_s > ${lowerWidthS} and r.period_s <= ${level.widthS} ${bounds}`;
}
