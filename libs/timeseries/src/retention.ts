/**
 * Keeps the disk bounded: old chunks go, sent announcements and old dead letters go. What a replay wrote stays.
 * Where the server's licence has compression, it is switched on; a licence can change, so this runs at every start.
 */
import type { Database, Log } from './database.js';

export interface RetentionOptions {
  readonly db: Database;
  readonly schema: string;
  readonly log: Log;
  /** Hypertables with their time column and how long they are kept. */
  readonly tables: readonly KeptTable[];
  /** SQL yielding the ids of channels whose rows are never dropped. */
  readonly keptChannels: string;
  readonly deadLettersDays: number;
  readonly deadLettersBytesMax: number;
  readonly outboxDays: number;
}

export interface KeptTable {
  readonly name: string;
  readonly days: number;
  /** Past it the oldest chunks go before their time, with a warning. */
  readonly bytesMax: number;
}

export async function applyRetention(options: RetentionOptions): Promise<void> {
  const { db, schema, log, deadLettersDays, deadLettersBytesMax, outboxDays } = options;
  for (const table of options.tables) await dropOldChunks(options, table);
  await db.query(`delete from ${schema}.outbox where sent_at < now() - make_interval(days => $1)`, [outboxDays]);
  const old = await db.query(`delete from ${schema}.dead_letter where at < now() - make_interval(days => $1) returning 1`, [deadLettersDays]);
  if (old.length > 0) log.warn({ count: old.length, olderThanDays: deadLettersDays }, 'old dead letters deleted');
  await boundDeadLetters(db, schema, log, deadLettersBytesMax);
}

async function dropOldChunks({ db, schema, log, keptChannels }: RetentionOptions, { name, days, bytesMax }: KeptTable): Promise<void> {
  const chunks = await db.query(
    `select format('%I.%I', c.chunk_schema, c.chunk_name) as chunk, c.primary_dimension as time, c.range_start, c.range_end, c.range_end < now() - make_interval(days => $3) as old,
            pg_total_relation_size(format('%I.%I', c.chunk_schema, c.chunk_name)::regclass) as bytes
       from timescaledb_information.chunks c where c.hypertable_schema = $1 and c.hypertable_name = $2 order by c.range_start`,
    [schema, name, days],
  );
  let bytes = chunks.reduce((sum, chunk) => sum + chunk['bytes'], 0);
  for (const chunk of chunks) {
    const overfull = bytes > bytesMax && chunk !== chunks.at(-1);
    if (chunk['old'] !== true && !overfull) continue;
    if (chunk['old'] !== true) log.warn({ table: name, chunk: chunk['chunk'], bytes, bytesMax }, 'table is larger than its bound, the oldest chunk is dropped before its time');
    // By way of the table: rows of a compressed chunk cannot be deleted from the chunk itself, and no error says so.
    const rows = `from ${schema}.${name} where ${chunk['time']} >= $1 and ${chunk['time']} < $2 and channel_id`;
    const span = [chunk['range_start'], chunk['range_end']];
    const [kept] = await db.query(`select exists (select 1 ${rows} in (${keptChannels})) as some`, span);
    // What is kept does not count as what may be dropped: else one large replay would cost all live rows but the newest.
    bytes -= chunk['bytes'];
    if (kept!['some'] === true) await db.query(`delete ${rows} not in (${keptChannels})`, span);
    else {
      // Exactly this chunk: its own bounds, not "all that is older".
      await db.query('select drop_chunks($1::regclass, older_than => $2::timestamptz, newer_than => $3::timestamptz)', [`${schema}.${name}`, chunk['range_end'], chunk['range_start']]);
      log.info({ table: name, chunk: chunk['chunk'] }, 'chunk dropped');
    }
  }
}

/** Replayed letters go first, then the oldest: a flood of wrong messages must not fill the disk. */
async function boundDeadLetters(db: Database, schema: string, log: Log, bytesMax: number): Promise<void> {
  const [size] = await db.query(`select coalesce(sum(length(payload) + 300), 0)::bigint as bytes from ${schema}.dead_letter`);
  const over = size!['bytes'] - bytesMax;
  if (over <= 0) return;
  const gone = await db.query(
    `delete from ${schema}.dead_letter where id in (
       select id from (select id, sum(length(payload) + 300) over (order by replayed_at is null, id) - length(payload) - 300 as before from ${schema}.dead_letter) as l where before < $1)
     returning 1`,
    [over],
  );
  log.warn({ count: gone.length, bytesMax }, 'dead letters exceed their bound, the oldest were deleted');
}

/** True when compression is on after this. */
export async function compressWhereLicensed(db: Database, schema: string, table: string, segmentBy: string, orderBy: string, afterDays: number, log: Log): Promise<boolean> {
  const [licence] = await db.query("select current_setting('timescaledb.license', true) as name");
  if (licence!['name'] !== 'timescale') return false;
  await db.query(`alter table ${schema}.${table} set (timescaledb.compress, timescaledb.compress_segmentby = '${segmentBy}', timescaledb.compress_orderby = '${orderBy}')`);
  await db.query('select add_compression_policy($1::regclass, make_interval(days => $2), if_not_exists => true)', [`${schema}.${table}`, afterDays]);
  log.info({ table, afterDays }, 'compression is on');
  return true;
}

export interface RetentionJob {
  stop(): Promise<void>;
}

/** Applies the retention now and every hour. */
export function startRetention(options: RetentionOptions): RetentionJob {
  const everyMs = 3_600_000;
  const apply = (): Promise<void> => applyRetention(options).catch((error: unknown) => options.log.warn({ error: String(error) }, 'retention could not be applied, next try follows'));
  let running = apply();
  const timer = setInterval(() => {
    running = running.then(apply);
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
