/** The routes that every domain has, over HTTP as api calls them, on traffic's tables: descriptions, roles, areas. */
import { createHttpApp, createService, listenHttp, openApiModule, principalHeader, routeGuard, serviceModule, signedPrincipal, signPrincipal, type OpenApiDocument, type Principal } from '#service';
import { routesOf } from '../libs/domain/src/routes.js';
import { segmentAsset, trafficDevice, trafficStorage, type TrafficStorage } from './support/traffic-storage.js';

const secret = 'internal-secret-of-32-characters!!';
let storage: TrafficStorage;
let stop: () => Promise<unknown>;
let url: string;

beforeAll(async () => {
  storage = await trafficStorage({
    assets: [segmentAsset('north'), segmentAsset('south'), segmentAsset('north-1', { parent: 'north' })],
    devices: [trafficDevice('loop-n', 'north-1'), trafficDevice('loop-s', 'south')],
  });
  const made = createService('traffic', 'silent', () => undefined);
  stop = () => made.stop(10_000);
  const { db, stream } = storage;
  const routes = routesOf({ domain: 'traffic', schema: 'traffic', db, store: { replay: () => Promise.resolve(null) }, stream, relay: undefined as never, ends: () => Promise.resolve(new Map([[0, { low: 0, high: 7 }]])), observationsFrom: () => [], age: () => null, registry: storage.registry, partitions: 4, log: made.service.log });
  const module = { module: class {}, imports: [serviceModule(made.service), openApiModule({ service: 'traffic', title: 'Traffic', controllers: [routes] })], controllers: [routes] };
  const app = await createHttpApp(made.service, module, { body: 'json', bodyBytesMax: 1_000 });
  app.useGlobalGuards(routeGuard(signedPrincipal(secret)));
  url = `http://127.0.0.1:${await listenHttp(made.service, app, { host: '127.0.0.1', port: 0, connectionsMax: 20 })}`;
  for (const [asset, seq] of [['north-1', 1], ['south', 1]] as const) {
    const payload = { conditionId: `traffic/congestion/${asset}`, seq, state: 'active', level: '', observedAt: '2026-11-22T07:00:00.000Z', value: 10, limit: 20, unit: 'km/h', limitRowId: 'x', ruleVersion: '1', causeId: 'x', late: false };
    await db.query(`insert into traffic.condition (condition_id, asset, seq, active, changed_at, payload) values ($1, $2, 1, true, now(), $3)`, [payload.conditionId, asset, payload]);
    await db.query(`insert into traffic.condition_change (condition_id, asset, seq, state, observed_at, payload) values ($1, $2, 1, 'active', now(), $3)`, [payload.conditionId, asset, payload]);
  }
  await db.query(
    `insert into traffic.dead_letter (consumer_group, topic, cluster_id, partition, "offset", position, element, device, publisher, codec, received_at, reason, details, payload)
     values ('g', 't', 'c', 0, 1, 0, -1, 'loop-n', '', 'json', now(), 'undecodable', 'no JSON', $1)`,
    [Buffer.from([0xff, 0x00])],
  );
});

afterAll(async () => {
  await stop();
  await storage.drop();
});

async function ask(path: string, who: Partial<Principal> = {}, method = 'GET'): Promise<[number, any]> { // eslint-disable-line @typescript-eslint/no-explicit-any
  const principal = signPrincipal(secret, { person: 'lan', roles: ['viewer'], areas: [], ...who }, { method, path }, Date.now());
  const answer = await fetch(`${url}${path}`, { method, headers: { [principalHeader]: principal } });
  return [answer.status, await answer.json()];
}

test('the document describes what is served', async () => {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApiDocument;
  expect(document.openapi).toBe('3.1.1');
  expect(Object.keys(document.paths).sort()).toEqual(['accounting', 'conditions', 'conditions/changes', 'dead-letters', 'dead-letters/{id}', 'dead-letters/{id}/replay'].map((path) => `/v1/traffic/${path}`));
  expect(document.paths['/v1/traffic/dead-letters']!['get']!['x-nhip-role']).toBe('operator');
});

test('conditions and their changes are those of the caller\'s areas', async () => {
  const assets = async (areas: string[]): Promise<string[]> => (await ask('/v1/traffic/conditions', { areas }))[1].map(({ conditionId }: { conditionId: string }) => conditionId.split('/')[2]).sort();
  expect(await assets([])).toEqual(['north-1', 'south']);
  expect(await assets(['north'])).toEqual(['north-1']);
  const changes = '/v1/traffic/conditions/changes?conditionId=traffic/congestion/south';
  expect((await ask(changes))[1]).toHaveLength(1);
  expect((await ask(changes, { areas: ['north'] }))[1]).toEqual([]);
});

test('accounting tells what is in flight', async () => {
  const [, counts] = await ask('/v1/traffic/accounting');
  expect(counts[0]).toEqual({ topic: storage.stream.topic, partition: 0, entries: 0, stored: 0, corrected: 0, repeated: 0, deadLettered: 0, reasons: {}, inFlight: 7 });
});

test('dead letters are for operators of the whole city', async () => {
  expect((await ask('/v1/traffic/dead-letters'))[0]).toBe(403);
  expect((await ask('/v1/traffic/dead-letters', { roles: ['operator'], areas: ['north'] }))[0]).toBe(403);
  const [status, [letter]] = await ask('/v1/traffic/dead-letters', { roles: ['operator'] });
  expect([status, letter]).toEqual([200, expect.objectContaining({ device: 'loop-n', bytes: 2, payloadBase64: '/wA=' })]);
  expect(await ask(`/v1/traffic/dead-letters/${letter.id}`, { roles: ['operator'] })).toEqual([200, letter]);
  expect(await ask('/v1/traffic/dead-letters/77', { roles: ['operator'] })).toEqual([404, expect.objectContaining({ detail: 'there is no dead letter 77' })]);
  expect(await ask('/v1/traffic/dead-letters/x', { roles: ['operator'] })).toEqual([422, expect.objectContaining({ field: 'id', expected: 'the number of a dead letter' })]);
  expect(await ask(`/v1/traffic/dead-letters/${letter.id}/replay`, { roles: ['operator'] }, 'POST')).toEqual([409, expect.objectContaining({ type: 'urn:nhip:problem:replayed' })]);
});
