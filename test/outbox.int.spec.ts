/** Announcements from the database to Kafka: once where nothing dies, again with the same number where something does. */
import { randomBytes } from 'node:crypto';
import { connectKafka, ensureTopics, PlainProducer } from '#messaging';
import { announce, type Database, migrate, openDatabase, plumbing, type Relay, startRelay } from '#timeseries';
import { noLog, privateDatabase, until, type PrivateDatabase } from './support/private-database.js';
import { recordsOf, type TopicRecords } from './support/topic-records.js';

const schema = 'traffic';
let database: PrivateDatabase;
let db: Database;
const topic = `t${randomBytes(5).toString('hex')}.alarms.conditions.v1`;
const kafka = connectKafka({ brokers: [process.env['NHIP_TEST_KAFKA_BROKERS']!], clientId: 'test', log: noLog });
let records: TopicRecords;
const producer = new PlainProducer(kafka);
const open: Relay[] = [];

beforeAll(async () => {
  database = await privateDatabase();
  db = openDatabase({ url: database.urls['traffic']!, name: 'test outbox', connectionsMax: 4, log: noLog });
  await migrate({ db, schema, folder: new URL('../apps/traffic/src/migrations/', import.meta.url), log: noLog, first: [await plumbing()] });
  await ensureTopics(kafka, [{ topic, partitions: 1, retentionMs: 3_600_000, retentionBytes: 100_000_000 }]);
  records = await recordsOf(kafka, topic);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((relay) => relay.stop()));
  await db.query(`delete from ${schema}.outbox`);
});

afterAll(async () => {
  await producer.close();
  await records?.drop();
  await db?.close();
  await database?.drop();
});

type Send = Parameters<typeof startRelay>[0]['send'];
const toKafka: Send = (name, messages) => producer.send(name, messages);
const relay = (send: Send = toKafka): Relay => {
  const started = startRelay({ db, schema, log: noLog, send });
  open.push(started);
  return started;
};
let next = 0;
const commit = (count: number): Promise<string[]> => {
  const seqs = Array.from({ length: count }, () => next++);
  return db.transaction(async (transaction) => {
    await announce(transaction, schema, seqs.map((seq) => ({ topic, partition: 0, key: `traffic/congestion/road-${seq % 3}`, payload: JSON.stringify({ seq }) })));
    return seqs.map((seq) => JSON.stringify({ seq }));
  });
};
const unsent = async (): Promise<number> => (await db.query(`select count(*)::int as count from ${schema}.outbox where sent_at is null`))[0]!['count'] as number;
const holders = async (): Promise<number[]> =>
  (await database.admin.query(`select pid from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`)).map((row) => row['pid'] as number);

test('what is committed is relayed once, in its order, by one of two relays, and marked', async () => {
  const counts = [0, 0];
  for (const n of [0, 1]) relay((name, messages) => { counts[n]! += messages.length; return toKafka(name, messages); });
  const from = await records.end();
  const told = [...(await commit(500)), ...(await commit(700)), ...(await commit(3))];
  await until(async () => (await unsent()) === 0);
  expect((await records.since(from)).map(({ value }) => value)).toEqual(told);
  expect([...counts].sort((a, b) => a - b)).toEqual([0, 1_203]);
});

test('what was rolled back is never told', async () => {
  relay();
  const from = await records.end();
  await expect(db.transaction(async (transaction) => {
    await announce(transaction, schema, [{ topic, partition: 0, key: 'k', payload: 'never' }]);
    throw new Error('the cause failed');
  })).rejects.toThrow('the cause failed');
  const told = await commit(1);
  await until(async () => (await unsent()) === 0);
  expect((await records.since(from)).map(({ value }) => value)).toEqual(told);
});

test('an end between Kafka’s answer and the mark sends the same messages again: the number tells', async () => {
  const from = await records.end();
  const told = await commit(3);
  const dying = openDatabase({ url: database.urls['traffic']!, name: 'test dying relay', connectionsMax: 2, log: noLog });
  let sent = 0;
  startRelay({ db: dying, schema, log: noLog, send: async (name, messages) => {
    await toKafka(name, messages);
    sent++;
    // All connections of this process end here, as after kill -9: nothing can be marked, and the lock is free.
    await database.admin.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test dying relay'");
    await new Promise(() => undefined); // It never gets further than where it died.
  } });
  await until(() => sent === 1);
  await until(async () => (await holders()).length === 0);
  expect(await unsent()).toBe(3);
  relay();
  await until(async () => (await unsent()) === 0);
  expect((await records.since(from)).map(({ value }) => value)).toEqual([...told, ...told]);
  await dying.close();
});

test('when the connection that holds the lock dies, another relay goes on', async () => {
  const by: string[] = [];
  const named = (name: string): Send => (to, messages) => { by.push(name); return toKafka(to, messages); };
  relay(named('first'));
  await until(async () => (await holders()).length === 1);
  const second = relay(named('second'));
  const [holder] = await holders();
  const from = await records.end();
  const before = await commit(1);
  await until(async () => (await unsent()) === 0);
  await database.admin.query('select pg_terminate_backend($1)', [holder]);
  const after = await commit(1);
  second.nudge();
  await until(async () => (await unsent()) === 0);
  await until(async () => (await holders()).length === 1);
  expect((await holders())[0]).not.toBe(holder);
  expect((await records.since(from)).map(({ value }) => value)).toEqual([...before, ...after]);
  expect(by).toHaveLength(2);
  // The first knows that it has lost the lock: once the second is gone, it takes it again.
  await second.stop();
  await until(async () => (await holders()).length === 1);
});

test('while Kafka takes nothing, nothing is marked and trouble is told; then all of it goes out', async () => {
  let away = true;
  const trouble: boolean[] = [];
  const waiting = startRelay({ db, schema, log: noLog, onTrouble: (failing) => trouble.push(failing), send: (name, messages) => (away ? Promise.reject(new Error('not now')) : toKafka(name, messages)) });
  open.push(waiting);
  const from = await records.end();
  const told = await commit(2);
  waiting.nudge();
  await until(() => trouble.includes(true));
  expect(await unsent()).toBe(2);
  away = false;
  await until(async () => (await unsent()) === 0);
  expect((await records.since(from)).map(({ value }) => value)).toEqual(told);
  await until(() => trouble.at(-1) === false);
});

test('a nudge is followed at once: no poll comes before it, however often it is asked', async () => {
  let selects = 0;
  const counting: Database = { ...db, query: (text, values) => { if (text.includes('from traffic.outbox where sent_at is null order by')) selects++; return db.query(text, values); } };
  const order: string[] = [];
  const prompt = startRelay({ db: counting, schema, log: noLog, send: async (name, messages) => { order.push('sent'); await toKafka(name, messages); } });
  open.push(prompt);
  await until(() => selects > 0);
  for (let n = 0; n < 5; n++) {
    await commit(1);
    const looked = selects;
    prompt.nudge();
    // The relay wakes in the same turn of the event loop in which a timer of 0 ms would fire: its poll of 200 ms cannot have.
    await new Promise((resolve) => setTimeout(resolve, 0));
    order.push(selects > looked ? 'looked' : 'slept');
    await until(async () => (await unsent()) === 0);
  }
  expect(order.filter((step) => step !== 'sent')).toEqual(['looked', 'looked', 'looked', 'looked', 'looked']);
});

test('stop ends the relay and gives the lock away', async () => {
  const stopping = startRelay({ db, schema, log: noLog, send: toKafka });
  await until(async () => (await holders()).length === 1);
  await stopping.stop();
  await until(async () => (await holders()).length === 0);
});
