/** Alerts as it starts itself: conditions from Kafka, each applied once; changes to Kafka; gaps asked for; what people may see. */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { alarmChange, alarmChangesTopic, type AlarmChange, type Condition, conditionsTopic } from '#contracts';
import { connectKafka, ensureTopics } from '#messaging';
import { createService, principalHeader, signPrincipal, checkPrincipal } from '#service';
import { accounting, openDatabase, type Database } from '#timeseries';
import { alertsConfiguration } from '../apps/alerts/src/configuration.js';
import { startAlerts } from '../apps/alerts/src/start.js';
import { registerAssets } from '../apps/api/src/register.js';
import { noLog, privateDatabase, until, type PrivateDatabase } from './support/private-database.js';
import { recordsOf, type TopicRecords } from './support/topic-records.js';
import { segmentAsset } from './support/traffic-storage.js';

const brokers = process.env['NHIP_TEST_KAFKA_BROKERS']!;
const secret = 'x'.repeat(40);
const root = `t${randomBytes(5).toString('hex')}`;
const kafka = connectKafka({ brokers: [brokers], clientId: 'test', log: noLog });
const producer = kafka.producer();
let database: PrivateDatabase;
let db: Database;
let changes: TopicRecords;
let domain: Server;
let alerts: { port: number; stop(): Promise<unknown> };
/** What the domain answers when it is asked again; null: it is away. */
let domainKnows: Condition[] | null = [];
const asked: string[] = [];

beforeAll(async () => {
  database = await privateDatabase();
  db = openDatabase({ url: database.urls['alerts']!, name: 'test alerts', connectionsMax: 2, log: noLog });
  await registerAssets(database.db, [segmentAsset('city', { kind: 'city' }), segmentAsset('ward-1', { kind: 'zone', parent: 'city' }), segmentAsset('ward-2', { kind: 'zone', parent: 'city' }),
    ...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => segmentAsset(`road-${name}`, { parent: 'ward-1', nameVi: `Đường ${name}`, nameEn: `Road ${name}` })),
    segmentAsset('road-z', { parent: 'city', zone: 'ward-2' })]);
  const bounds = { partitions: 1, retentionMs: 3_600_000, retentionBytes: 100_000_000 };
  await ensureTopics(kafka, [conditionsTopic(root), alarmChangesTopic(root)].map((topic) => ({ topic, ...bounds })));
  changes = await recordsOf(kafka, alarmChangesTopic(root));
  await producer.connect();
  domain = createServer((request, response) => {
    asked.push(request.url!);
    const caller = checkPrincipal(secret, String(request.headers[principalHeader]), { method: 'GET', path: request.url! }, Date.now());
    const { searchParams } = new URL(request.url!, 'http://domain');
    if (domainKnows === null || typeof caller === 'string') return void response.writeHead(503).end();
    const known = domainKnows.filter(({ conditionId, seq }) => conditionId === searchParams.get('conditionId') && seq > Number(searchParams.get('afterSeq')));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(known));
  });
  await new Promise<void>((resolve) => domain.listen(0, '127.0.0.1', resolve));
  alerts = await start();
});

afterAll(async () => {
  await alerts?.stop();
  await new Promise((resolve) => domain.close(resolve));
  await producer.disconnect();
  await changes.drop();
  const admin = kafka.admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [conditionsTopic(root)] });
  await admin.deleteGroups([`${root}-alerts`]).catch(() => undefined);
  await admin.disconnect();
  await db.close();
  await database.drop();
});

async function start(): Promise<typeof alerts> {
  const { service, stop } = createService('alerts', 'silent', (code) => { throw new Error(`alerts ended with ${code}`); });
  const url = `http://127.0.0.1:${(domain.address() as AddressInfo).port}`;
  const servers = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => servers.once('listening', resolve));
  const { port } = servers.address() as AddressInfo;
  await new Promise((resolve) => servers.close(resolve));
  await startAlerts(alertsConfiguration.parse({
    ALERTS_HTTP_PORT: String(port), DATABASE_URL: database.urls['alerts'], KAFKA_BROKERS: brokers, TOPIC_ROOT: root, CONSUMER_GROUP: `${root}-alerts`, INTERNAL_SECRET: secret,
    TRAFFIC_URL: url, POLLUTION_URL: url, ASK_AGAIN_MS: '100', FETCH_WAIT_MS: '20',
  }), service);
  return { port, stop: () => stop(10_000) };
}

const said = (asset: string, seq: number, state: Condition['state'], rest: Partial<Condition> = {}): Condition => ({
  conditionId: `traffic/congestion/${asset}`, seq, state, level: 'congested', observedAt: `2026-11-22T07:${String(seq).padStart(2, '0')}:00.000Z`, value: 0.2, limit: 0.4, unit: 'share',
  limitRowId: 'row', ruleVersion: 'congestion-1', causeId: `loop@${seq}`, late: false, ...rest,
});
const send = (...conditions: (Condition | string | Buffer)[]): Promise<unknown> =>
  producer.send({ topic: conditionsTopic(root), acks: -1, messages: conditions.map((one) => ({ key: typeof one === 'string' || Buffer.isBuffer(one) ? 'other' : one.conditionId, value: typeof one === 'string' || Buffer.isBuffer(one) ? one : JSON.stringify(one), partition: 0 })) });

async function get(path: string, { areas = [], roles = ['viewer'], method = 'GET' }: { areas?: string[]; roles?: string[]; method?: 'GET' | 'POST' } = {}): Promise<{ status: number; body: any }> { // eslint-disable-line @typescript-eslint/no-explicit-any
  const answer = await fetch(`http://127.0.0.1:${alerts.port}${path}`, { method, headers: { [principalHeader]: signPrincipal(secret, { person: 'lan', roles, areas }, { method, path }, Date.now()) } });
  return { status: answer.status, body: await answer.json() };
}
const history = async (asset: string): Promise<AlarmChange[]> => (await get(`/v1/alarms/traffic/congestion/${asset}/history`)).body.transitions.reverse();
const settled = async (): Promise<void> => {
  const admin = kafka.admin();
  await admin.connect();
  const end = Number((await admin.fetchTopicOffsets(conditionsTopic(root)))[0]!.high);
  await admin.disconnect();
  await until(async () => (await accounting(db, 'alerts'))[0]!.nextOffset === end);
  await until(async () => (await db.query('select count(*)::int as n from alerts.outbox where sent_at is null'))[0]!['n'] === 0);
};
const published = async (from: number): Promise<AlarmChange[]> => (await changes.since(from)).map(({ value }) => alarmChange.parse(JSON.parse(value)));
const counted = async (): Promise<Record<string, number>> => {
  const [{ entries, stored, repeated, deadLettered }] = (await accounting(db, 'alerts')) as [Awaited<ReturnType<typeof accounting>>[number]];
  return { entries, stored, repeated, deadLettered };
};

test('conditions become alarms: applied once, in order, published in order', async () => {
  const from = await changes.end();
  await send(said('road-a', 1, 'active'), said('road-a', 2, 'clear'), said('road-a', 1, 'active'));
  await settled();
  await send(said('road-a', 2, 'clear'), said('road-a', 3, 'active', { observedAt: '2026-11-22T14:03:00+07:00' }));
  await settled();
  expect((await published(from)).map(({ alarm: { state, occurrence, path, nameVi }, seq, from: before, to, at }) => [seq, before, to, state, occurrence, path.join(' '), nameVi, at])).toEqual([
    [1, 'NORMAL', 'UNACK_ACTIVE', 'UNACK_ACTIVE', 1, 'road-a ward-1 city', 'Đường a', '2026-11-22T07:01:00.000Z'],
    [2, 'UNACK_ACTIVE', 'RTN_UNACK', 'RTN_UNACK', 1, 'road-a ward-1 city', 'Đường a', '2026-11-22T07:02:00.000Z'],
    [3, 'RTN_UNACK', 'UNACK_ACTIVE', 'UNACK_ACTIVE', 2, 'road-a ward-1 city', 'Đường a', '2026-11-22T07:03:00.000Z'],
  ]);
  expect(await counted()).toEqual({ entries: 5, stored: 3, repeated: 2, deadLettered: 0 });
  expect((await history('road-a')).map(({ seq, to }) => [seq, to])).toEqual([[1, 'UNACK_ACTIVE'], [2, 'RTN_UNACK'], [3, 'UNACK_ACTIVE']]);
});

test('a restart reads nothing twice, and a round that Kafka gives again changes nothing', async () => {
  await send(said('road-b', 1, 'active'));
  await settled();
  const before = await counted();
  const from = await changes.end();
  await alerts.stop();
  // As if Kafka had forgotten our place: everything comes again.
  const admin = kafka.admin();
  await admin.connect();
  await admin.setOffsets({ groupId: `${root}-alerts`, topic: conditionsTopic(root), partitions: [{ partition: 0, offset: '0' }] });
  await admin.disconnect();
  alerts = await start();
  await send(said('road-b', 2, 'clear'));
  await settled();
  expect((await published(from)).map(({ seq, to }) => [seq, to])).toEqual([[2, 'RTN_UNACK']]);
  expect(await counted()).toEqual({ ...before, entries: before['entries']! + 1, stored: before['stored']! + 1 });
});

test('a gap is held, outlives the process, and the domain is asked until it answers', async () => {
  domainKnows = null;
  const from = await changes.end();
  await send(said('road-c', 1, 'active'), said('road-c', 3, 'active', { level: 'jammed' }), said('road-c', 4, 'clear'));
  await settled();
  await until(() => asked.some((url) => url.includes('road-c') && url.includes('afterSeq=1')));
  expect((await history('road-c')).map(({ seq }) => seq)).toEqual([1]);
  await alerts.stop();
  alerts = await start();
  expect((await history('road-c')).map(({ seq }) => seq)).toEqual([1]);
  await until(async () => (await fetch(`http://127.0.0.1:${alerts.port}/readyz`)).status === 503);
  domainKnows = [said('road-c', 2, 'clear')];
  await until(async () => (await history('road-c')).length === 4);
  await settled();
  expect((await published(from)).map(({ seq, from: before, to, condition }) => [seq, condition!.seq, before, to])).toEqual([
    [1, 1, 'NORMAL', 'UNACK_ACTIVE'], [2, 2, 'UNACK_ACTIVE', 'RTN_UNACK'], [3, 3, 'RTN_UNACK', 'UNACK_ACTIVE'], [4, 4, 'UNACK_ACTIVE', 'RTN_UNACK'],
  ]);
  // The missing one comes after all: it is known.
  const before = await counted();
  await send(said('road-c', 2, 'clear'));
  await settled();
  expect(await counted()).toEqual({ ...before, entries: before['entries']! + 1, repeated: before['repeated']! + 1 });
  await until(async () => (await fetch(`http://127.0.0.1:${alerts.port}/readyz`)).status === 200);
});

test('what its domain does not know either is gone: the alarm goes on without it', async () => {
  domainKnows = [];
  await send(said('road-d', 5, 'active'), said('road-d', 7, 'clear'));
  await settled();
  await until(async () => (await get('/v1/alarms/traffic/congestion/road-d/history')).body.transitions?.length === 2);
  expect((await history('road-d')).map(({ seq, condition, to }) => [seq, condition!.seq, to])).toEqual([[1, 5, 'UNACK_ACTIVE'], [2, 7, 'RTN_UNACK']]);
  await send(said('road-d', 8, 'active'));
  await settled();
  expect((await get('/v1/alarms/traffic/congestion/road-d')).body).toMatchObject({ state: 'UNACK_ACTIVE', occurrence: 2 });
});

test('what is late is history, and nobody is told', async () => {
  const from = await changes.end();
  await send(said('road-e', 1, 'active', { late: true, observedAt: '2018-01-01T00:00:00.000Z' }), said('road-e', 2, 'clear', { late: true, observedAt: '2018-01-01T05:00:00.000Z' }));
  await settled();
  expect(await published(from)).toEqual([]);
  expect((await get('/v1/alarms?asset=road-e')).body.alarms).toEqual([]);
  expect((await get('/v1/alarms?asset=road-e&state=NORMAL')).body.alarms).toMatchObject([{ state: 'NORMAL', occurrence: 0, raisedAt: null }]);
  expect((await history('road-e')).map(({ late, at, from: before, to, condition }) => [late, at, before, to, condition!.state])).toEqual([
    [true, '2018-01-01T00:00:00.000Z', 'NORMAL', 'NORMAL', 'active'], [true, '2018-01-01T05:00:00.000Z', 'NORMAL', 'NORMAL', 'clear'],
  ]);
});

test('what is no condition is kept with its reason, harms no other, and can be tried again', async () => {
  const before = await counted();
  await send('{"broken', Buffer.from([0x22, 0xff, 0x22]), JSON.stringify({ ...said('road-f', 1, 'active'), seq: 0 }), JSON.stringify({ ...said('road-f', 1, 'active'), conditionId: 'weather/storm/road-f' }), JSON.stringify(said('road-f', 1, 'active')));
  await settled();
  expect(await counted()).toEqual({ entries: before['entries']! + 5, stored: before['stored']! + 1, repeated: before['repeated'], deadLettered: before['deadLettered']! + 4 });
  const letters = (await get('/v1/alarms/dead-letters', { roles: ['operator'] })).body as { id: number; reason: string; details: string }[];
  expect(letters.map(({ reason, details }) => [reason, /seq|weather|JSON/.test(details)])).toEqual([['wrong-domain', true], ['invalid', true], ['undecodable', true], ['undecodable', true]]);
  expect((await get('/v1/alarms/dead-letters')).status).toBe(403);
  // A later release might know the domain: here the row is mended by hand.
  await database.admin.query(`update alerts.dead_letter set payload = convert_to(replace(convert_from(payload, 'UTF8'), 'weather/storm/road-f', 'traffic/storm/road-f'), 'UTF8') where id = $1`, [letters[0]!.id]);
  expect(await get(`/v1/alarms/dead-letters/${letters[0]!.id}/replay`, { method: 'POST', roles: ['operator'] })).toMatchObject({ status: 200, body: { stored: 1, announced: 1, refused: [] } });
  expect((await get(`/v1/alarms/dead-letters/${letters[0]!.id}/replay`, { method: 'POST', roles: ['operator'] })).status).toBe(409);
  expect((await get(`/v1/alarms/dead-letters/${letters[1]!.id}/replay`, { method: 'POST', roles: ['operator'] })).body).toMatchObject({ stored: 0, deadLettered: 1, refused: [{ reason: 'invalid' }] });
  expect((await get('/v1/alarms/traffic/storm/road-f')).status).toBe(200);
  expect(await counted()).toMatchObject({ stored: before['stored']! + 2, deadLettered: before['deadLettered']! + 3 });
});

test('one that our own code cannot store harms no other, in its round and after', async () => {
  const before = await counted();
  // PostgreSQL's text knows no NUL.
  const poison = said('road-f', 2, 'clear', { causeId: 'a\0b' });
  domainKnows = [poison];
  await send(said('road-b', 3, 'active'), poison, said('road-c', 5, 'active', { level: 'jammed' }), said('road-f', 3, 'active'));
  await settled();
  expect(await counted()).toEqual({ entries: before['entries']! + 4, stored: before['stored']! + 3, repeated: before['repeated'], deadLettered: before['deadLettered']! + 1 });
  expect((await get('/v1/alarms/dead-letters?reason=our-fault', { roles: ['operator'] })).body).toMatchObject([{ device: poison.conditionId, reason: 'our-fault' }]);
  expect([(await history('road-b')).length, (await history('road-c')).length, (await history('road-f')).length]).toEqual([3, 5, 1]);
  // Its gap stays, and others are closed all the same.
  domainKnows = [poison, said('road-b', 4, 'clear')];
  await send(said('road-b', 5, 'active'));
  await until(async () => (await history('road-b')).length === 5);
  expect((await history('road-f')).length).toBe(1);
  await until(async () => /road-f: what traffic answered cannot be entered/.test(JSON.stringify(await (await fetch(`http://127.0.0.1:${alerts.port}/readyz`)).json())));
  domainKnows = [said('road-f', 2, 'clear')];
  await until(async () => (await history('road-f')).length === 3);
});

test('history is never changed, by nobody', async () => {
  for (const change of ['update alerts.transition set reason = $$other$$', 'delete from alerts.transition', 'truncate alerts.transition']) await expect(db.query(change)).rejects.toThrow('a transition is history');
});

test('who has areas sees what lies in them, by parent and by zone; others see it as if it were not there', async () => {
  await send(said('road-z', 1, 'active'));
  await settled();
  const seen = async (areas: string[]): Promise<string[]> => (await get('/v1/alarms?limit=1000', { areas })).body.alarms.map(({ asset }: { asset: string }) => asset).sort();
  const all = await seen([]);
  expect(all).toContain('road-z');
  expect(await seen(['city'])).toEqual(all);
  expect(await seen(['ward-1'])).toEqual(all.filter((asset) => asset !== 'road-z'));
  expect(await seen(['ward-2'])).toEqual(['road-z']);
  expect([await get('/v1/alarms/traffic/congestion/road-z', { areas: ['ward-1'] }), await get('/v1/alarms/traffic/congestion/road-z/history', { areas: ['ward-1'] })].map(({ status }) => status)).toEqual([404, 404]);
  expect((await get('/v1/alarms/traffic/congestion/road-z', { areas: ['ward-2'] })).body).toMatchObject({ path: ['road-z', 'city', 'ward-2'] });
});

test('pages follow each other without a hole, and filters say what they expect', async () => {
  await send(said('road-b', 6, 'clear'));
  await settled();
  const whole = (await get('/v1/alarms?state=NORMAL,UNACK_ACTIVE,RTN_UNACK&limit=1000')).body.alarms;
  const paged: unknown[] = [];
  for (let path: string | null = '/v1/alarms?state=NORMAL,UNACK_ACTIVE,RTN_UNACK&limit=2'; path !== null; ) {
    const { body } = await get(path);
    paged.push(...body.alarms);
    path = body.next === null ? null : `/v1/alarms?state=NORMAL,UNACK_ACTIVE,RTN_UNACK&limit=2&cursor=${body.next}`;
  }
  expect(paged).toEqual(whole);
  expect(whole.length).toBeGreaterThan(5);
  const of = async (query: string): Promise<string[]> => (await get(`/v1/alarms?${query}`)).body.alarms.map(({ asset, type }: { asset: string; type: string }) => `${type}/${asset}`);
  expect(await of('type=storm')).toEqual(['storm/road-f']);
  expect(await of('state=RTN_UNACK')).toEqual(['congestion/road-b']);
  expect(await of('asset=ward-2')).toEqual(['congestion/road-z']);
  expect(await of('from=2026-11-22T07:04:00Z&to=2026-11-22T07:07:00Z')).toEqual(['congestion/road-b', 'congestion/road-c']);
  expect(await of('domain=pollution')).toEqual([]);
  expect(await of('level=jammed')).toEqual(['congestion/road-c']);
  for (const [query, field] of [['state=ACTIVE', 'state'], ['limit=0', 'limit'], ['from=yesterday', 'from'], ['to=0000-01-01T00:00:00Z', 'to'], ['asset=%00', 'asset'], ['cursor=abc', 'cursor'], ['domain=weather', 'domain'], ['colour=red', 'colour']]) {
    expect([query, await get(`/v1/alarms?${query}`)]).toMatchObject([query, { status: 422 }]);
    expect(JSON.stringify((await get(`/v1/alarms?${query}`)).body)).toContain(field);
  }
});
