/**
 * Every route of a whole city with every role, and with an area. Routes are taken from the merged OpenAPI document, where
 * each says the lowest role that may call: a new route is in by itself.
 */
import { type Asset, type Device } from '#contracts';
import { type DescribedRoute, describedRoutes, roles, type Role } from '#service';
import { ownControllers } from '../apps/api/src/module.js';
import { addSomebody, Asker, type Answer } from './support/api-app.js';
import { promptAggregates, startCity, type City } from './support/city.js';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly role: Role | 'anyone';
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly bodies: readonly string[];
}

const bare = { roadClass: 'arterial', lanes: 2, lengthM: 500, freeFlowKmh: 50, timeZone: 'Asia/Ho_Chi_Minh' };
// With a place each, since some answers leave out what has none.
const asset = (id: string, kind: Asset['kind'], parent: string | null, zone: string | null = null): Asset => ({ ...bare, geometry: { type: 'LineString', coordinates: [[105.82, 21.03], [105.83, 21.03]] }, id, kind, parent, zone, nameVi: `Tên ${id}`, nameEn: `Name ${id}` });
const device = (id: string, domain: Device['domain'], of: string): Device => ({ id, domain, asset: of, gateway: null, codec: 'json', replay: false });

const assets = [
  asset('city', 'city', null),
  asset('own-ward', 'zone', 'city'), asset('own-street', 'segment', null, 'own-ward'), asset('own-station', 'station', 'own-ward'),
  asset('far-ward', 'zone', 'city'), asset('far-street', 'segment', null, 'far-ward'), asset('far-station', 'station', 'far-ward'),
];
const devices = ['own', 'far'].flatMap((of) => [device(`${of}-loop`, 'traffic', `${of}-street`), device(`${of}-air`, 'pollution', `${of}-station`)]);

let city: City;
let operations: Operation[];
const askers = new Map<string, Asker>();

beforeAll(async () => {
  city = await startCity({ assets, devices, gateways: [{ id: 'far-gate', nameVi: 'Cổng', nameEn: 'Gate', asset: 'far-ward' }], apps: ['api', 'ingest', 'traffic', 'pollution', 'alerts'], env: { ...promptAggregates, api: { API_STRANGER_PER_MINUTE: '100000', API_PERSON_PER_MINUTE: '100000' } } });
  for (const role of roles) await addSomebody(city.db, role, role);
  await addSomebody(city.db, 'warden', 'admin', ['own-ward']);
  for (const name of [...roles, 'warden']) await signedIn(name);
  operations = operationsOf((await by('admin').ask('GET', '/v1/openapi.json')).body);
  await feed();
}, 120_000);

afterAll(() => city?.stop(), 60_000);

const by = (name: string): Asker => askers.get(name)!;

async function signedIn(name: string): Promise<void> {
  const asker = new Asker(`http://127.0.0.1:${city.apiPort}`);
  expect((await asker.signIn(name)).status).toBe(201);
  askers.set(name, asker);
}

/** Jams on both streets and air at both stations, so that there is something to be seen or not. */
async function feed(): Promise<void> {
  const minute = Math.floor(Date.now() / 60_000) * 60_000;
  for (const side of ['own', 'far']) {
    const jam = Array.from({ length: 6 }, (_, n) => ({ observedAt: new Date(minute - (10 - n) * 60_000).toISOString(), periodS: 60, count: 30, speedKmh: 4 }));
    await publish('traffic', `${side}-loop`, jam);
    await publish('pollution', `${side}-air`, [{ observedAt: new Date(minute - 3_600_000).toISOString(), periodS: 3_600, pm25UgM3: 80 }]);
  }
  expect(await city.untilDrained(60_000)).toBe(true);
  const seen = async (): Promise<string> => JSON.stringify((await by('admin').ask('GET', '/v1/alarms')).body);
  for (const until = Date.now() + 60_000; !(await seen()).includes('far-street') || !(await seen()).includes('own-street'); await new Promise((resolve) => setTimeout(resolve, 100))) {
    if (Date.now() > until) throw new Error(`no alarms: ${await seen()}`);
  }
}

async function publish(domain: string, from: string, readings: readonly object[]): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${city.ingestHttpPort}/v1/ingest/${domain}/${from}/readings`, {
    method: 'POST', body: JSON.stringify(readings), headers: { 'content-type': 'application/json', authorization: `Basic ${Buffer.from(`${from}:${city.secrets.get(from)!}`).toString('base64')}` },
  });
  expect([from, answer.status, await answer.text()]).toEqual([from, 202, expect.any(String)]);
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
function operationsOf(document: any): Operation[] {
  return Object.entries<Record<string, any>>(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ // eslint-disable-line @typescript-eslint/no-explicit-any
    method: method.toUpperCase(), path, role: operation['x-nhip-role'], parameters: operation.parameters ?? [], bodies: Object.keys(operation.requestBody?.content ?? {}),
  })));
}

/** Calls a route with names that nothing has and with an empty body: who may call it gets as far as its fields. */
async function call(asker: Asker, { method, path, bodies }: Operation, names: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(names[name] ?? '999999'));
  if (path.endsWith('/stream')) return headOf(asker, method, filled);
  if (bodies.length === 0) return asker.ask(method, filled);
  return asker.ask(method, filled, bodies.includes('application/json') ? {} : '', bodies.includes('application/json') ? {} : { 'content-type': bodies[0]! });
}

/** Of an answer without end only how it begins. */
async function headOf(asker: Asker, method: string, path: string): Promise<Answer> {
  const aborted = new AbortController();
  const answer = await fetch(`http://127.0.0.1:${city.apiPort}${path}`, { method, signal: aborted.signal, headers: asker.cookie === null ? {} : { cookie: asker.cookie } });
  aborted.abort();
  return { status: answer.status, body: null, headers: answer.headers };
}

it('the document has the routes of every process', () => {
  const all = operations.map(({ method, path }) => `${method} ${path}`);
  const told = describedRoutes(ownControllers).filter(({ description }: DescribedRoute) => description.hidden !== true).map(({ method, path }) => `${method} ${path}`);
  expect(all).toEqual(expect.arrayContaining([...told, 'GET /v1/stream', 'GET /v1/traffic/latest', 'GET /v1/pollution/latest', 'GET /v1/traffic/segments', 'GET /v1/alarms', 'POST /v1/pollution/dead-letters/{id}/replay']));
  for (const { method, path, role } of operations) expect([method, path, [...roles, 'anyone']]).toEqual([method, path, expect.arrayContaining([role])]);
  // What is open to anyone is named here, so that nothing becomes so unnoticed. The document says what could be asked, not what is there.
  expect(operations.filter(({ role }) => role === 'anyone').map(({ method, path }) => `${method} ${path}`).sort()).toEqual(['GET /v1/openapi.json', 'POST /v1/session']);
});

it('every route lets in whom it says, and nobody else', async () => {
  const nobody = new Asker(`http://127.0.0.1:${city.apiPort}`);
  const wrong: string[] = [];
  for (const operation of operations) {
    const { method, path, role } = operation;
    const anonymous = (await call(nobody, operation)).status;
    if (role === 'anyone' ? anonymous === 401 || anonymous === 403 || anonymous >= 500 : anonymous !== 401) wrong.push(`${method} ${path} for nobody: ${anonymous}`);
    for (const caller of roles) {
      const { status, body } = await call(by(caller), operation);
      const may = role === 'anyone' || roles.indexOf(caller) >= roles.indexOf(role);
      if (may ? status === 401 || status === 403 || status >= 500 : status !== 403 || body.type !== 'urn:nhip:problem:role') wrong.push(`${method} ${path} (${role}) for ${caller}: ${status} ${JSON.stringify(body)}`);
      if (path.startsWith('/v1/session') && method === 'DELETE') await signedIn(caller); // That signed them out.
    }
  }
  expect(wrong).toEqual([]);
}, 120_000);

it('what is not described is nobody\'s: pages and health for all, the rest for those who are signed in', async () => {
  const nobody = new Asker(`http://127.0.0.1:${city.apiPort}`);
  for (const [path, status] of [['/', 200], ['/live.js', 200], ['/sign-in.js', 200], ['/live.css', 200], ['/healthz', 200], ['/readyz', 200], ['/metrics', 401], ['/v1/traffic/anything', 401], ['/v1/alarms/anything', 401], ['/v1/anything', 404]] as const) {
    expect([path, (await nobody.ask('GET', path)).status]).toEqual([path, status]);
  }
  expect((await by('viewer').ask('GET', '/v1/traffic/anything')).status).toBe(404);
  expect((await by('viewer').ask('DELETE', '/v1/traffic/latest')).status).toBe(405);
});

describe('an admin of one ward', () => {
  /** What the whole city sees of the other ward, and the warden must not. */
  const far = /far-(?:ward|street|station|loop|air|gate)/;

  it('sees nothing of another in any list', async () => {
    const lists = operations.filter(({ method, path, parameters }) => method === 'GET' && !path.includes('{') && !path.endsWith('/stream') && !parameters.some(({ required }) => required === true));
    const leaks: string[] = [];
    const shown: string[] = [];
    for (const operation of lists) {
      const [all, own] = [await call(by('admin'), operation), await call(by('warden'), operation)];
      if (far.test(JSON.stringify(own.body))) leaks.push(`${operation.path}: ${JSON.stringify(own.body).slice(0, 500)}`);
      if (![200, 403].includes(own.status)) leaks.push(`${operation.path}: ${own.status}`);
      if (far.test(JSON.stringify(all.body)) && own.status === 200) shown.push(operation.path);
    }
    expect(leaks).toEqual([]);
    // These would have shown it: the test is not empty.
    expect(shown).toEqual(expect.arrayContaining(['/v1/alarms', '/v1/assets', '/v1/traffic/datex', '/v1/traffic/datex/sites', '/v1/traffic/fiware', '/v1/devices', '/v1/gateways', '/v1/pollution/latest', '/v1/traffic/conditions', '/v1/traffic/latest', '/v1/traffic/segments']));
  }, 60_000);

  it('sees their own there', async () => {
    for (const path of ['/v1/alarms', '/v1/assets', '/v1/devices', '/v1/pollution/latest', '/v1/traffic/conditions', '/v1/traffic/latest', '/v1/traffic/segments']) {
      expect([path, JSON.stringify((await by('warden').ask('GET', path)).body)]).toEqual([path, expect.stringMatching(/own-(?:street|station)/)]);
    }
  }, 60_000);

  it('gets nothing of another by its name', async () => {
    const ofNames = operations.filter(({ path }) => path.includes('{'));
    const leaks: string[] = [];
    const guesses: Readonly<Record<string, string>>[] = ['far-street', 'far-station', 'far-loop', 'far-air', 'far-gate'].map((id) => ({ id, device: id, station: id, domain: 'traffic', type: 'congestion', asset: id, kind: 'assets' }));
    for (const operation of ofNames.filter(({ method }) => method === 'GET')) {
      for (const names of guesses) {
        const { status, body } = await call(by('warden'), operation, names);
        if (status === 200 || status >= 500) leaks.push(`${operation.path} ${names['id']}: ${status} ${JSON.stringify(body).slice(0, 300)}`);
      }
    }
    const series = operations.filter(({ path }) => path.endsWith('/series'));
    for (const { path } of series) {
      for (const [name, metric] of [['far-loop', 'speedKmh'], ['far-air', 'pm25UgM3']]) {
        const { status, body } = await by('warden').ask('GET', `${path}?device=${name}&metric=${metric}&from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z`);
        if (status === 200 || status >= 500) leaks.push(`${path} ${name}: ${status} ${JSON.stringify(body).slice(0, 300)}`);
      }
    }
    expect(leaks).toEqual([]);
    expect((await by('admin').ask('GET', '/v1/alarms/traffic/congestion/far-street')).status).toBe(200);
    expect((await by('warden').ask('GET', '/v1/alarms/traffic/congestion/own-street')).status).toBe(200);
  }, 60_000);
});
