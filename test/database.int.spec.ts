/** What a database does to a process: it goes away, comes back, and is migrated by several at once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Unavailable } from '#contracts';
import { type Database, listen, migrate, type Migration, openDatabase } from '#timeseries';
import { doorBefore, noLog, privateDatabase, until, type Door, type PrivateDatabase } from './support/private-database.js';

let database: PrivateDatabase;
let door: Door;
let db: Database;

beforeAll(async () => {
  database = await privateDatabase();
  door = await doorBefore(database.urls['traffic']!);
  db = openDatabase({ url: door.url, name: 'test database', connectionsMax: 3, log: noLog });
  await db.query('create table traffic.note (id int primary key, text text)');
});

beforeEach(() => db.query('truncate traffic.note'));

afterAll(async () => {
  await db?.close();
  await door?.close();
  await database?.drop();
});

const notes = async (): Promise<number[]> => (await db.query('select id from traffic.note order by id')).map((row) => row['id'] as number);
const backend = async (query: Database['query']): Promise<number> => (await query('select pg_backend_pid() as pid'))[0]!['pid'] as number;

describe('a transaction', () => {
  test('is in as a whole, or not at all', async () => {
    await db.transaction(async ({ query }) => void (await query('insert into traffic.note values (1), (2)')));
    await expect(db.transaction(async ({ query }) => {
      await query('insert into traffic.note values (3)');
      throw new TypeError('a fault of ours');
    })).rejects.toThrow(TypeError);
    expect(await notes()).toEqual([1, 2]);
  });

  test('whose statement failed unnoticed is no success', async () => {
    await expect(db.transaction(async ({ query }) => {
      await query('insert into traffic.note values (1)');
      await query('insert into traffic.note values (1)').catch(() => undefined);
    })).rejects.toThrow('rolled back');
    expect(await notes()).toEqual([]);
  });

  test('whose connection is cut while nothing is asked is Unavailable at the next question, and ends nobody', async () => {
    await expect(db.transaction(async ({ query }) => {
      await query('insert into traffic.note values (1)');
      await database.admin.query('select pg_terminate_backend($1)', [await backend(query as Database['query'])]);
      await new Promise((resolve) => setImmediate(resolve));
      await query('insert into traffic.note values (2)');
    })).rejects.toBeInstanceOf(Unavailable);
    expect(await notes()).toEqual([]);
  });

  test('whose connection is cut in the middle of a statement is Unavailable', async () => {
    const sleeping = db.transaction(async ({ query }) => void (await query('insert into traffic.note select 1 from (select pg_sleep(60)) as s')));
    const cut = until(async () => ((await database.admin.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test database' and query like '%pg_sleep(60)%'")).length === 1));
    await expect(sleeping).rejects.toBeInstanceOf(Unavailable);
    await cut;
    expect(await notes()).toEqual([]);
  });

  test('that failed does not leave its connection in a state that others meet', async () => {
    for (let n = 0; n < 10; n++) {
      await expect(db.transaction(async ({ query }) => {
        await query(`set local search_path to nowhere`);
        await query('select 1/0');
      })).rejects.toMatchObject({ code: '22012' });
    }
    expect((await db.query('show search_path'))[0]!['search_path']).not.toMatch('nowhere');
    await db.transaction(async ({ query }) => void (await query('insert into traffic.note values (1)')));
    expect(await notes()).toEqual([1]);
  });

  test('that deadlocks with another is Unavailable for one of the two, and nothing is half done', async () => {
    let reached = 0;
    const both = (): Promise<void> => until(() => reached === 2);
    const locking = (first: number, second: number): Promise<void> => db.transaction(async ({ query }) => {
      await query('select pg_advisory_xact_lock($1)', [first]);
      reached++;
      await both();
      await query('insert into traffic.note values ($1)', [first]);
      await query('select pg_advisory_xact_lock($1)', [second]);
    });
    const results = await Promise.allSettled([locking(1, 2), locking(2, 1)]);
    const failed = results.filter((result) => result.status === 'rejected');
    expect(failed).toHaveLength(1);
    expect(failed[0]!.reason).toBeInstanceOf(Unavailable);
    expect((failed[0]!.reason as Unavailable).cause).toMatchObject({ code: '40P01' });
    expect(await notes()).toHaveLength(1);
  });
});

test('a server that is not there is Unavailable, and there again it answers, without anything being done for it', async () => {
  await door.shut();
  for (const work of [() => db.query('select 1'), () => db.transaction(async () => undefined), () => db.connection()]) await expect(work()).rejects.toBeInstanceOf(Unavailable);
  await door.open();
  expect(await db.query('select 1 as one')).toEqual([{ one: 1 }]);
});

test('a fault of ours stays what it is', async () => {
  await expect(db.query('select nonsense')).rejects.toMatchObject({ code: '42703' });
  await expect(db.query('select nonsense')).rejects.not.toBeInstanceOf(Unavailable);
});

test('numbers of 64 bits are numbers, and an error where a number cannot hold them', async () => {
  expect(await db.query('select 9007199254740991::bigint as n')).toEqual([{ n: 9_007_199_254_740_991 }]);
  await expect(db.query('select 9007199254740993::bigint as n')).rejects.toThrow(RangeError);
});

describe('LISTEN', () => {
  test('hears what is told, and after a lost connection calls once, since something may have been missed', async () => {
    const heard: string[] = [];
    const stop = await listen(db, 'test_channel', noLog, (payload) => heard.push(payload));
    expect(heard).toEqual(['']);
    await db.query("select pg_notify('test_channel', 'one')");
    await until(() => heard.length === 2);
    await door.shut();
    await database.admin.query("select pg_notify('test_channel', 'missed')");
    await door.open();
    await until(() => heard.length === 3);
    await db.query("select pg_notify('test_channel', 'two')");
    await until(() => heard.length === 4);
    expect(heard).toEqual(['', 'one', '', 'two']);
    await stop();
    await db.query("select pg_notify('test_channel', 'nobody')");
    expect(heard).toHaveLength(4);
  });

  test('stopped while it connects again leaves no connection behind', async () => {
    let release: () => void = () => undefined;
    let connections = 0;
    let ended = false;
    const slow: Database = { ...db, connection: async () => {
      if (++connections === 1) return db.connection();
      await new Promise<void>((resolve) => (release = resolve));
      const second = await db.connection();
      second.on('end', () => (ended = true));
      return second;
    } };
    const heard: string[] = [];
    const stop = await listen(slow, 'test_slow', noLog, (payload) => heard.push(payload));
    await database.admin.query("select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen test_slow'");
    await until(() => connections === 2);
    await stop();
    release();
    await until(() => ended);
    expect(heard).toEqual(['']);
  });
});

describe('migrations', () => {
  let folder: string;
  const put = (name: string, sql: string): void => writeFileSync(join(folder, name), sql);
  const run = (schema: string, first: Migration[] = [], as: Database = database.admin): Promise<void> => migrate({ db: as, schema, folder: pathToFileURL(`${folder}/`), log: noLog, first });
  const done = async (schema: string): Promise<string[]> => (await database.admin.query(`select name from ${schema}.migration order by name`)).map((row) => row['name'] as string);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nhip-migrations-'));
    put('0001-first.sql', 'create table thing (id int);');
    put('0002-second.sql', 'alter table thing add column name text; insert into thing values (1, $$one$$);');
    put('notes.txt', 'no SQL');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('run once each, in their order, in their own schema', async () => {
    await run('once', [{ name: '0000-plumbing.sql', sql: 'create table pipe (id int);' }]);
    await run('once', [{ name: '0000-plumbing.sql', sql: 'create table pipe (id int);' }]);
    expect(await done('once')).toEqual(['0000-plumbing.sql', '0001-first.sql', '0002-second.sql']);
    expect(await database.admin.query('select * from once.thing')).toEqual([{ id: 1, name: 'one' }]);
  });

  test('changed after they ran are refused, and what is new beside them does not run', async () => {
    await run('changed');
    put('0001-first.sql', 'create table thing (id bigint);');
    put('0003-third.sql', 'drop table thing;');
    await expect(run('changed')).rejects.toThrow('migration changed/0001-first.sql was changed after it ran: write a new file instead');
    expect(await done('changed')).toEqual(['0001-first.sql', '0002-second.sql']);
  });

  test('that fail leave the schema as it was', async () => {
    put('0003-third.sql', 'insert into thing values (2, $$two$$); select nonsense;');
    await expect(run('failing')).rejects.toMatchObject({ code: '42703' });
    expect(await database.admin.query("select 1 from pg_namespace where nspname = 'failing'")).toEqual([]);
  });

  test('of several processes that start at once run once', async () => {
    const others = Array.from({ length: 3 }, () => openDatabase({ url: database.urls['traffic']!, name: 'test migrating', connectionsMax: 1, log: noLog }));
    try {
      await Promise.all(others.map((other) => run('traffic', [], other)));
      expect(await done('traffic')).toEqual(['0001-first.sql', '0002-second.sql']);
      expect(await database.admin.query('select id from traffic.thing')).toEqual([{ id: 1 }]);
    } finally {
      await Promise.all(others.map((other) => other.close()));
    }
  });
});
