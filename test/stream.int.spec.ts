/** The live stream over real HTTP and Kafka: order, coming back, what is too old, who is slow, who may see what, and many at once. */
import { randomBytes } from 'node:crypto';
import { alarmChangesTopic, type AlarmChange } from '#contracts';
import { connectKafka, ensureTopics, topicEnds } from '#messaging';
import { makeToken } from '../apps/api/src/people/people.js';
import { saveAreas } from '../apps/api/src/people/tables.js';
import { registerAssets } from '../apps/api/src/register.js';
import { startStream, type StreamLimits } from '../apps/api/src/stream.js';
import { addSomebody, serveApi, type ApiApp } from './support/api-app.js';
import { listenTo, type Listening, type ListenOptions } from './support/event-source.js';
import { kafkaProxy } from './support/kafka-proxy.js';
import { noLog, privateDatabase, until, type PrivateDatabase } from './support/private-database.js';
import { segmentAsset } from './support/traffic-storage.js';

const kafka = connectKafka({ brokers: [process.env['NHIP_TEST_KAFKA_BROKERS']!], clientId: 'test', log: noLog });
const producer = kafka.producer();
const admin = kafka.admin();
const roots: string[] = [];
const apps: ApiApp[] = [];
const listening: Listening[] = [];
let database: PrivateDatabase;
let token = '';

beforeAll(async () => {
  database = await privateDatabase();
  await Promise.all([producer.connect(), admin.connect()]);
  await registerAssets(database.db, [segmentAsset('city', { kind: 'city' }), segmentAsset('ward-1', { kind: 'zone', parent: 'city' }), segmentAsset('ward-2', { kind: 'zone', parent: 'city' })]);
  await addSomebody(database.db, 'lan', 'viewer');
  token = (await makeToken(database.db, { person: 'lan', name: 'all', role: 'viewer', days: 1 }, 'test')).secret;
});
afterEach(async () => {
  for (const one of listening.splice(0)) one.close();
  await Promise.all(apps.splice(0).map((app) => app.stop()));
});
afterAll(async () => {
  await admin.deleteTopics({ topics: roots.map(alarmChangesTopic) }).catch(() => undefined);
  await Promise.all([producer.disconnect(), admin.disconnect()]);
  await database.drop();
});

const usual: StreamLimits = { clientsMax: 1_000, framesMax: 1_000, bytesMax: 1_000_000, catchUpsMax: 4, beatMs: 50, checkMs: 100, blockedMaxMs: 60_000, retryMs: 2_000, lingerMs: 200 };

async function newTopic(): Promise<string> {
  const root = `t${randomBytes(5).toString('hex')}`;
  roots.push(root);
  await ensureTopics(kafka, [{ topic: alarmChangesTopic(root), partitions: 1, retentionMs: 3_600_000, retentionBytes: 100_000_000 }]);
  return root;
}
async function serve(root: string, limits: Partial<StreamLimits> = {}, by = kafka): Promise<ApiApp> {
  const app = await serveApi(database.db, { stream: (service, stillIn) => startStream({ service, kafka: by, topicRoot: root, limits: { ...usual, ...limits }, stillIn }) });
  apps.push(app);
  // Not ready says so, and when to come again.
  await until(async () => {
    const first = await listenTo(app.url, { token });
    first.close();
    if (first.status !== 200) expect([first.status, first.retryAfter]).toEqual([503, '2']);
    return first.status === 200;
  });
  return app;
}
async function listen(app: ApiApp, options: Partial<ListenOptions> = {}): Promise<Listening> {
  const one = await listenTo(app.url, { token, ...options });
  listening.push(one);
  return one;
}

const change = (n: number, rest: Partial<AlarmChange> = {}, path = ['road-1', 'ward-1', 'city'], padding = 0): AlarmChange => {
  const measured = { level: 'congested', value: n, limit: 0.4, unit: 'share', limitRowId: 'row', ruleVersion: 'congestion-1', causeId: 'x'.repeat(padding) };
  return {
    alarmId: 'traffic/congestion/road-1', occurrence: 1, seq: n + 1, from: 'NORMAL', to: 'UNACK_ACTIVE', quality: 'good', at: '2026-11-22T07:00:00.000Z', recordedAt: '2026-11-22T07:00:00.100Z', by: 'system', reason: 'condition-active', late: false,
    condition: { seq: n + 1, state: 'active', ...measured },
    alarm: { alarmId: 'traffic/congestion/road-1', occurrence: 1, seq: n + 1, domain: 'traffic', type: 'congestion', asset: 'road-1', path, nameVi: 'Đường 1', nameEn: 'Road 1', state: 'UNACK_ACTIVE', quality: 'good', ...measured, raisedAt: '2026-11-22T07:00:00.000Z', clearedAt: null, changedAt: '2026-11-22T07:00:00.000Z' },
    ...rest,
  };
};
const publish = (root: string, ...changes: (AlarmChange | string)[]): Promise<unknown> => producer.send({ topic: alarmChangesTopic(root), acks: -1, messages: changes.map((one) => ({ value: typeof one === 'string' ? one : JSON.stringify(one), partition: 0 })) });
const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, n) => from + n);
const told = ({ events }: Listening): (number | string)[] => events.map(({ id, event, data }) => (event === 'alarm' ? (data.condition.value === id ? id : `${id} carries ${data.condition.value}`) : event));

test('everybody gets every change from now on, in its order, with its offset', async () => {
  const root = await newTopic();
  await publish(root, change(0), change(1));
  const app = await serve(root);
  const clients = await Promise.all([listen(app), listen(app), listen(app)]);
  await publish(root, ...numbers(2, 50).map((n) => change(n)));
  await publish(root, ...numbers(52, 10).map((n) => change(n)));
  await until(() => clients.every(({ lastId }) => lastId === 61));
  for (const client of clients) expect(told(client)).toEqual(['start', ...numbers(2, 60)]);
  expect(clients[0]!.events[0]).toMatchObject({ event: 'start', id: 1, data: { lastEventId: 1 } });
  expect(clients[0]!.events[1]!.data).toEqual(change(2));
});

test('who comes again gets what came meanwhile, from memory or from Kafka, whichever way it names its place', async () => {
  const root = await newTopic();
  await publish(root, ...numbers(0, 700).map((n) => change(n)));
  const app = await serve(root, { framesMax: 100 });
  const [recent, old, oldest, byQuery] = await Promise.all([listen(app, { lastEventId: 650 }), listen(app, { lastEventId: 300 }), listen(app, { lastEventId: -1 }), listen(app, { query: '?lastEventId=10' })]);
  await publish(root, ...numbers(700, 5).map((n) => change(n)));
  await until(() => [recent, old, oldest, byQuery].every(({ lastId }) => lastId === 704));
  expect(told(recent)).toEqual(['start', ...numbers(651, 54)]);
  expect(told(old)).toEqual(['start', ...numbers(301, 404)]);
  expect(told(oldest)).toEqual(['start', ...numbers(0, 705)]);
  expect(told(byQuery)).toEqual(['start', ...numbers(11, 694)]);
});

test('more clients come back than can be brought up at once: the others wait, and none misses anything', async () => {
  const root = await newTopic();
  await publish(root, ...numbers(0, 300).map((n) => change(n)));
  const app = await serve(root, { framesMax: 10, catchUpsMax: 2 });
  const clients = await Promise.all(numbers(0, 9).map((n) => listen(app, { lastEventId: 20 * n })));
  await until(() => clients.every(({ lastId }) => lastId === 299));
  for (const [n, client] of clients.entries()) expect(told(client)).toEqual(['start', ...numbers(20 * n + 1, 299 - 20 * n)]);
});

test('what Kafka no longer has: reset, and on from now', async () => {
  const root = await newTopic();
  await publish(root, ...numbers(0, 50).map((n) => change(n)));
  await admin.fetchTopicOffsets(alarmChangesTopic(root)); // kafkajs must have heard of the topic.
  await admin.deleteTopicRecords({ topic: alarmChangesTopic(root), partitions: [{ partition: 0, offset: '40' }] });
  const app = await serve(root, { framesMax: 5 });
  const [away, justKept, stranger] = await Promise.all([listen(app, { lastEventId: 7 }), listen(app, { lastEventId: 39 }), listen(app, { lastEventId: 5_000 })]);
  await until(() => [away, justKept, stranger].every(({ lastId }) => lastId === 49));
  await publish(root, change(50));
  await until(() => [away, justKept, stranger].every(({ lastId }) => lastId === 50));
  expect(told(away)).toEqual(['start', 'reset', 50]);
  expect(away.events[1]).toMatchObject({ id: 49, data: { reason: 'retention', lastEventId: 49 } });
  expect(told(justKept)).toEqual(['start', ...numbers(40, 11)]);
  expect(told(stranger)).toEqual(['start', 'reset', 50]);
  expect(stranger.events[1]!.data.reason).toBe('made-anew');
});

test('a place that this process has not read to yet is waited for, not reset', async () => {
  const root = await newTopic();
  const app = await serve(root);
  // As if another process had shown offset 0 already.
  const ahead = listen(app, { lastEventId: 0 });
  await publish(root, change(0), change(1));
  await until(async () => (await ahead).lastId === 1);
  expect(told(await ahead)).toEqual(expect.arrayContaining(['start', 1]));
  expect(told(await ahead)).not.toContain(0);
});

test('a client that takes nothing is ended, others notice nothing, and it misses nothing when it comes again', async () => {
  const root = await newTopic();
  const app = await serve(root, { framesMax: 150, blockedMaxMs: 300 });
  const [slow, quick] = await Promise.all([listen(app), listen(app)]);
  slow.pause();
  // More than the sockets between us hold.
  const sent = 12_000;
  for (let n = 0; n < sent; n += 500) await publish(root, ...numbers(n, 500).map((m) => change(m, { reason: 'x'.repeat(900) })));
  await until(() => quick.lastId === sent - 1);
  expect(told(quick)).toEqual(['start', ...numbers(0, sent)]);
  const ended = async (): Promise<string> => (await fetch(`${app.url}/metrics`, { headers: { authorization: `Bearer ${await operatorToken()}` } })).text();
  await until(async () => /nhip_stream_ended_total\{[^}]*reason="slow"[^}]*\} 1/.test(await ended()));
  slow.resume();
  await until(() => slow.ended);
  const got = told(slow).filter((one) => typeof one === 'number');
  expect(got).toEqual(numbers(0, got.length));
  expect(got.length).toBeLessThan(sent);
  const again = await listen(app, { lastEventId: slow.lastId });
  await until(() => again.lastId === sent - 1);
  expect([...got, ...told(again).slice(1)]).toEqual(numbers(0, sent));
});

async function operatorToken(): Promise<string> {
  if (operator === '') {
    await addSomebody(database.db, 'minh', 'operator');
    operator = (await makeToken(database.db, { person: 'minh', name: 'metrics', role: 'operator', days: 1 }, 'test')).secret;
  }
  return operator;
}
let operator = '';

test('people with areas see what lies in them; the place of the others’ changes is told to them too', async () => {
  await addSomebody(database.db, 'hoa', 'viewer', ['ward-2']);
  const hoa = (await makeToken(database.db, { person: 'hoa', name: 'ward', role: 'viewer', days: 1 }, 'test')).secret;
  const root = await newTopic();
  await publish(root, change(0, {}, ['road-2', 'ward-2', 'city']), ...numbers(1, 30).map((n) => change(n)), change(31, {}, ['road-2', 'ward-2', 'city']));
  const app = await serve(root, { framesMax: 3 });
  const ward = await listen(app, { token: hoa, lastEventId: -1 });
  await publish(root, change(32, {}, ['road-2', 'ward-2', 'city']), change(33));
  // Its last id is the place of what it must not see: coming again, it asks for nothing old.
  await until(() => ward.lastId === 33);
  expect(told(ward)).toEqual(['start', 0, 31, 32]);
});

test('late findings and what is no change are shown to nobody, and take their place all the same', async () => {
  const root = await newTopic();
  const app = await serve(root);
  const client = await listen(app);
  await publish(root, change(0, { late: true }), '{"broken', JSON.stringify({ hello: 'world' }), change(3));
  await until(() => client.lastId === 3);
  expect(told(client)).toEqual(['start', 3]);
});

test('Kafka goes away and comes back, twice: streams stay open, and nothing is missed or told twice', async () => {
  const root = await newTopic();
  const proxy = await kafkaProxy(process.env['NHIP_TEST_KAFKA_BROKERS']!);
  try {
    const app = await serve(root, { framesMax: 10 }, proxy.client('test'));
    const client = await listen(app);
    for (let n = 0; n < 60; n += 20) {
      await publish(root, ...numbers(n, 10).map((m) => change(m)));
      if (n < 40) await proxy.shut();
      await publish(root, ...numbers(n + 10, 10).map((m) => change(m)));
      if (n < 40) await proxy.open();
      await until(() => client.lastId === n + 19);
    }
    expect(told(client)).toEqual(['start', ...numbers(0, 60)]);
    expect(client.ended).toBe(false);
    await apps.pop()!.stop();
  } finally {
    await proxy.close();
  }
});

test('as many as are let in, and the next one is told when to come again', async () => {
  const root = await newTopic();
  const app = await serve(root, { clientsMax: 3 });
  const three = await Promise.all([listen(app), listen(app), listen(app)]);
  const fourth = await listen(app);
  expect([fourth.status, fourth.retryAfter]).toEqual([503, '10']);
  three[0]!.close();
  await until(async () => (await listen(app)).status === 200);
});

test('who is signed out, or sees other areas from now on, is ended soon', async () => {
  await addSomebody(database.db, 'tuan', 'viewer');
  const tuan = (await makeToken(database.db, { person: 'tuan', name: 'one', role: 'viewer', days: 1 }, 'test')).secret;
  const root = await newTopic();
  const app = await serve(root);
  const [his, hers] = await Promise.all([listen(app, { token: tuan }), listen(app)]);
  await database.db.transaction((transaction) => saveAreas(transaction, 'tuan', ['ward-1']));
  await until(() => his.ended);
  expect(his.events.at(-1)).toMatchObject({ event: 'end', data: { reason: 'signed-out' } });
  expect(hers.ended).toBe(false);
  expect((await listen(app, { token: 'nobody' })).status).toBe(401);
});

test('a place that is none is refused with its name', async () => {
  const app = await serve(await newTopic());
  const wrong = await listen(app, { query: '?lastEventId=yesterday' });
  await until(() => wrong.body.includes('lastEventId'));
  expect(wrong.status).toBe(422);
});

test('at the end everybody is told to come again, and the process is not held up', async () => {
  const root = await newTopic();
  const app = await serve(root);
  const client = await listen(app);
  await publish(root, change(0));
  await until(() => client.lastId === 0);
  expect(await apps.pop()!.stop()).toBe(true);
  expect(told(client)).toEqual(['start', 0, 'end']);
  const second = await serve(root);
  await publish(root, change(1));
  const again = await listen(second, { lastEventId: client.lastId });
  await until(() => again.lastId === 1);
  expect(told(again)).toEqual(['start', 1]);
});

test('500 clients at once: each gets everything, in order', async () => {
  const root = await newTopic();
  await publish(root, ...numbers(0, 20).map((n) => change(n)));
  const app = await serve(root, { beatMs: 1_000, checkMs: 60_000 });
  const clients = await Promise.all(numbers(0, 500).map((n) => listen(app, { lastEventId: n % 20 })));
  for (let n = 20; n < 220; n += 20) await publish(root, ...numbers(n, 20).map((m) => change(m)));
  await until(() => clients.every(({ lastId }) => lastId === 219));
  for (const [n, client] of clients.entries()) expect(told(client)).toEqual(['start', ...numbers((n % 20) + 1, 219 - (n % 20))]);
  expect((await topicEnds(kafka, alarmChangesTopic(root))).partitions.get(0)!.high).toBe(220);
});
