/** The registry as people see and change it: assets, devices, gateways, files, limits with their dates, the audit; each person their part. */
import { rowValues } from '#contracts';
import { checkAudit } from '../apps/api/src/audit.js';
import { seed } from '../apps/api/src/seed.js';
import { addSomebody, Asker, serveApi, type ApiApp } from './support/api-app.js';
import { noLog, privateDatabase, type PrivateDatabase } from './support/private-database.js';

let own: PrivateDatabase;
let app: ApiApp;
const by: Record<string, Asker> = {};

beforeAll(async () => {
  own = await privateDatabase();
  await seed(own.db, noLog);
  for (const role of ['viewer', 'operator', 'supervisor', 'admin'] as const) await addSomebody(own.db, role, role);
  await addSomebody(own.db, 'second', 'supervisor');
  app = await serveApi(own.db);
  for (const name of ['viewer', 'operator', 'supervisor', 'admin', 'second']) await signIn(name);
  const put = (body: object) => by['supervisor']!.ask('POST', '/v1/assets', body);
  for (const body of [
    { id: 'hn', kind: 'city', nameVi: 'Hà Nội', nameEn: 'Hanoi' },
    { id: 'ba-dinh', kind: 'zone', parent: 'hn', nameVi: 'Ba Đình', nameEn: 'Ba Dinh', geometry: { type: 'Polygon', coordinates: [[[105.8, 21], [105.9, 21], [105.9, 21.1], [105.8, 21.1], [105.8, 21]]] } },
    { id: 'tay-ho', kind: 'zone', parent: 'hn', nameVi: 'Tây Hồ', nameEn: 'Tay Ho' },
    { id: 'kim-ma', kind: 'segment', nameVi: 'Kim Mã', nameEn: 'Kim Ma', geometry: { type: 'LineString', coordinates: [[105.82, 21.03], [105.83, 21.03]] } },
    { id: 'au-co', kind: 'segment', parent: 'tay-ho', nameVi: 'Âu Cơ', nameEn: 'Au Co' },
  ]) expect([body.id, (await put(body)).status]).toEqual([body.id, 201]);
  for (const [id, asset] of [['loop-1', 'kim-ma'], ['loop-2', 'au-co']]) expect((await by['supervisor']!.ask('POST', '/v1/devices', { id, domain: 'traffic', asset })).status).toBe(201);
  for (const [id, asset] of [['gate-1', 'kim-ma'], ['gate-2', 'au-co'], ['gate-3', null]]) expect((await by['supervisor']!.ask('POST', '/v1/gateways', { id, nameVi: 'Cổng', nameEn: 'Gate', asset })).status).toBe(201);
  await addSomebody(own.db, 'ward', 'supervisor', ['ba-dinh']);
  await signIn('ward');
}, 60_000);

afterAll(async () => {
  await app.stop();
  await own.drop();
});

async function signIn(name: string): Promise<void> {
  by[name] = new Asker(app.url);
  await by[name].signIn(name);
}

const ids = async (name: string, path: string): Promise<string[]> => (await by[name]!.ask('GET', path)).body.items.map(({ id }: { id: string }) => id);

describe('areas', () => {
  test('a person of one ward sees what lies in it, by parent or by zone, and nothing of the rest', async () => {
    expect(await ids('viewer', '/v1/assets')).toEqual(['au-co', 'ba-dinh', 'hn', 'kim-ma', 'tay-ho']);
    expect(await ids('ward', '/v1/assets')).toEqual(['ba-dinh', 'kim-ma']); // Kim Mã has no parent: its zone was found by its geometry.
    expect(await ids('ward', '/v1/devices')).toEqual(['loop-1']);
    expect(await ids('ward', '/v1/gateways')).toEqual(['gate-1']);
    expect(await ids('viewer', '/v1/gateways')).toEqual(['gate-1', 'gate-2', 'gate-3']);
    for (const path of ['assets/au-co', 'assets/hn', 'assets/hn/tree', 'devices/loop-2', 'gateways/gate-2', 'gateways/gate-3', 'assets/nowhere']) expect([path, (await by['ward']!.ask('GET', `/v1/${path}`)).status]).toEqual([path, 404]);
    for (const path of ['assets/kim-ma', 'devices/loop-1', 'gateways/gate-1']) expect([path, (await by['ward']!.ask('GET', `/v1/${path}`)).status]).toEqual([path, 200]);
  }, 60_000);

  test('nor does their hand reach further', async () => {
    const ward = by['ward']!;
    for (const [method, path, body, status] of [
      ['PATCH', '/v1/assets/au-co', { lanes: 3 }, 404],
      ['PATCH', '/v1/assets/kim-ma', { zone: 'tay-ho' }, 403],
      ['POST', '/v1/assets', { id: 'new', kind: 'site', nameVi: 'x', nameEn: 'x', parent: 'tay-ho' }, 403],
      ['POST', '/v1/devices', { id: 'loop-9', domain: 'traffic', asset: 'au-co' }, 403],
      ['PATCH', '/v1/devices/loop-1', { asset: 'au-co' }, 403],
      ['POST', '/v1/devices/loop-2/secret', undefined, 404],
      ['DELETE', '/v1/devices/loop-2/secrets', undefined, 404],
      ['DELETE', '/v1/gateways/gate-3/secrets', undefined, 404],
      ['POST', '/v1/gateways', { id: 'gate-9', nameVi: 'x', nameEn: 'x' }, 403],
      ['POST', '/v1/dated-row-changes', { action: 'verify', rowId: 'traffic.los.freeway.hcm', reason: 'because' }, 403],
    ] as const) expect([method, path, (await ward.ask(method, path, body)).status]).toEqual([method, path, status]);
    expect((await ward.ask('POST', '/v1/imports/assets', 'id,kind,nameVi,nameEn\nx,site,x,x\n', { 'content-type': 'text/csv' })).status).toBe(403);
    expect(await ids('viewer', '/v1/devices')).toEqual(['loop-1', 'loop-2']);
    expect((await by['viewer']!.ask('GET', '/v1/assets/kim-ma')).body.zone).toBe('ba-dinh');
    expect((await ward.ask('POST', '/v1/devices', { id: 'loop-3', domain: 'traffic', asset: 'kim-ma' })).status).toBe(201);
    expect((await ward.ask('PATCH', '/v1/assets/kim-ma', { lanes: 3 })).body).toMatchObject({ lanes: 3, lengthM: null, nameVi: 'Kim Mã' });
  }, 60_000);
});

describe('assets', () => {
  test('hang below one another', async () => {
    const { body } = await by['viewer']!.ask('GET', '/v1/assets/hn/tree');
    expect(body).toMatchObject({ id: 'hn', children: [{ id: 'ba-dinh', children: [] }, { id: 'tay-ho', devices: 0, children: [{ id: 'au-co', devices: 1 }] }] });
    expect((await by['viewer']!.ask('GET', '/v1/assets/hn/tree?levels=1')).body.children[1].children).toEqual([]);
    expect(await ids('viewer', '/v1/assets?parent=hn')).toEqual(['ba-dinh', 'tay-ho']);
    expect(await ids('viewer', `/v1/assets?text=${encodeURIComponent('âu cơ')}`)).toEqual(['au-co']);
    expect(await ids('viewer', '/v1/assets?kind=segment&limit=1')).toEqual(['au-co']);
  }, 60_000);

  test.each<[string, string, object, number, string]>([
    ['a name that is taken', 'POST /v1/assets', { id: 'hn', kind: 'city', nameVi: 'x', nameEn: 'x' }, 409, 'id'],
    ['a parent that does not exist', 'POST /v1/assets', { id: 'x', kind: 'site', nameVi: 'x', nameEn: 'x', parent: 'none' }, 422, 'parent'],
    ['itself above itself', 'PATCH /v1/assets/hn', { parent: 'au-co' }, 422, 'parent'],
    ['a time zone that does not exist', 'PATCH /v1/assets/hn', { timeZone: 'Asia/Hanoi_' }, 422, 'timeZone'],
    ['a character that no database keeps', 'PATCH /v1/assets/hn', { nameVi: 'a\u0000' }, 422, 'nameVi'],
    ['lines without a line', 'PATCH /v1/assets/hn', { geometry: { type: 'MultiLineString', coordinates: [] } }, 422, 'geometry.coordinates'],
    ['areas without an area', 'PATCH /v1/assets/hn', { geometry: { type: 'MultiPolygon', coordinates: [] } }, 422, 'geometry.coordinates'],
    ['a field that does not exist', 'PATCH /v1/assets/hn', { colour: 'red' }, 422, ''],
    ['an id that cannot be changed', 'PATCH /v1/assets/hn', { id: 'hanoi' }, 422, ''],
    ['a device on nothing', 'POST /v1/devices', { id: 'x', domain: 'traffic', asset: 'none' }, 422, 'asset'],
    ['a device of no domain', 'POST /v1/devices', { id: 'x', domain: 'parking', asset: 'hn' }, 422, 'domain'],
    ['a device by the name of a gateway', 'POST /v1/devices', { id: 'gate-1', domain: 'traffic', asset: 'hn' }, 422, 'id'],
  ])('%s is refused, with its field', async (_, call, body, status, field) => {
    const [method, path] = call.split(' ') as [string, string];
    expect(await by['supervisor']!.ask(method, path, body)).toMatchObject({ status, body: { field, expected: expect.any(String) } });
  }, 60_000);
});

describe('secrets of devices and gateways', () => {
  test.each(['devices/loop-1', 'gateways/gate-1'])('of %s are shown once, two are in force while one is changed, and all end at once', async (path) => {
    const supervisor = by['supervisor']!;
    const inForce = async (): Promise<number> => (await by['viewer']!.ask('GET', `/v1/${path}`)).body.secretsInForce;
    expect(await inForce()).toBe(1);
    const { status, body } = await supervisor.ask('POST', `/v1/${path}/secret`);
    expect([status, body.secret]).toEqual([201, expect.stringMatching(/^[A-Za-z0-9_-]{43}$/)]);
    expect(await inForce()).toBe(2);
    expect((await supervisor.ask('DELETE', `/v1/${path}/secrets?old=true`)).body.ended).toBe(1);
    expect((await supervisor.ask('DELETE', `/v1/${path}/secrets`)).body.ended).toBe(1);
    expect(await inForce()).toBe(0);
    expect((await supervisor.ask('POST', `/v1/${path}/secret`)).status).toBe(201); // Let in again.
    expect(await inForce()).toBe(1);
    const written = JSON.stringify([await own.db.query("select * from registry.audit"), await own.db.query("select encode(secret_sha256, 'base64') from registry.credential")]);
    expect(written).not.toContain(body.secret);
  }, 60_000);

  test('only an admin marks a device as replayed', async () => {
    expect(await by['supervisor']!.ask('POST', '/v1/devices', { id: 'past', domain: 'traffic', asset: 'hn', replay: true })).toMatchObject({ status: 403, body: { field: 'replay' } });
    expect((await by['supervisor']!.ask('PATCH', '/v1/devices/loop-2', { replay: true })).status).toBe(403);
    expect((await by['supervisor']!.ask('POST', '/v1/imports/devices', 'id,domain,asset,replay\npast,traffic,hn,true\n', { 'content-type': 'text/csv' })).status).toBe(403);
    expect((await by['admin']!.ask('PATCH', '/v1/devices/loop-2', { replay: true })).body.replay).toBe(true);
    expect((await by['admin']!.ask('PATCH', '/v1/devices/loop-2', { replay: false })).body.replay).toBe(false);
  }, 60_000);
});

describe('files', () => {
  const csv = { 'content-type': 'text/csv; charset=utf-8' };

  test('go in whole or not at all, and say which row and field was wrong', async () => {
    const supervisor = by['supervisor']!;
    const wrong = 'id,domain,asset\ncam-1,traffic,hn\ncam-2,traffic,none\ncam 3,traffic,hn\n';
    const refused = await supervisor.ask('POST', '/v1/imports/devices', wrong, csv);
    expect(refused).toMatchObject({ status: 422, body: { imported: null, secrets: {}, problemCount: 2 } });
    expect(refused.body.problems).toEqual(expect.arrayContaining([{ at: 'line 3', field: 'asset', expected: expect.stringContaining('none') }, { at: 'line 4', field: 'id', expected: expect.any(String) }]));
    const part = await supervisor.ask('POST', '/v1/imports/devices?partial=true', wrong, csv);
    expect(part).toMatchObject({ status: 200, body: { imported: { given: 1, added: 1, changed: 0 }, secrets: { 'cam-1': expect.any(String) } } });
    expect((await supervisor.ask('POST', '/v1/imports/devices', 'id,domain,asset\ncam-1,traffic,hn\n', csv)).body).toMatchObject({ imported: { added: 0, changed: 0 }, secrets: {} });
    const features = { type: 'FeatureCollection', features: [{ type: 'Feature', properties: { id: 'pole', kind: 'cabinet', nameVi: 'Cột', nameEn: 'Pole' }, geometry: { type: 'Point', coordinates: [105.85, 21.05] } }] };
    expect((await supervisor.ask('POST', '/v1/imports/assets', JSON.stringify(features), { 'content-type': 'application/geo+json' })).body.imported.added).toBe(1);
    expect((await by['viewer']!.ask('GET', '/v1/assets/pole')).body.zone).toBe('ba-dinh');
    expect((await supervisor.ask('POST', '/v1/imports/devices', JSON.stringify(features), { 'content-type': 'application/geo+json' })).status).toBe(415);
    expect((await supervisor.ask('POST', '/v1/imports/devices', '', csv)).status).toBe(422);
    expect((await supervisor.ask('POST', '/v1/imports/devices', 'x'.repeat(1_000_001), csv)).status).toBe(413);
  }, 60_000);
});

describe('limits with their dates', () => {
  const added = (validFrom: string, validTo: string | null, value: unknown = 45) => ({ action: 'add', reason: 'Circular of the city', row: { kind: 'traffic.speed-limit', key: 'urban-undivided', validFrom, validTo, value, unit: 'km/h', source: 'a test' } });
  const spans = async (): Promise<unknown[]> => (await by['viewer']!.ask('GET', '/v1/dated-rows?kind=traffic.speed-limit&key=urban-undivided')).body.items.map(({ value, validFrom, validTo, verified }: Record<string, unknown>) => [value, validFrom, validTo, verified]).sort((a: string[], b: string[]) => (a[1]! < b[1]! ? -1 : 1));
  const decide = (name: string, id: number, what: 'approval' | 'refusal') => by[name]!.ask('POST', `/v1/dated-row-changes/${id}/${what}`, { reason: 'read and compared' });

  test('come with the badge of who verified them, by kind, key and time', async () => {
    const { body } = await by['viewer']!.ask('GET', '/v1/dated-rows?kind=traffic.los&limit=1000');
    expect(body.items.length).toBe(6);
    expect(body.items.find(({ id }: { id: string }) => id === 'traffic.los.freeway.hcm')).toMatchObject({ verified: true, verifiedBy: expect.any(String) });
    expect(body.items.find(({ id }: { id: string }) => id === 'traffic.los.urban-street.hcm')).toMatchObject({ verified: false, verifiedBy: null });
    expect((await by['viewer']!.ask('GET', '/v1/dated-rows?kind=traffic.speed-limit&at=2024-12-31T16:59:59Z')).body.items).toEqual([]);
    expect((await by['viewer']!.ask('GET', '/v1/dated-rows?kind=traffic.speed-limit&at=2024-12-31T17:00:00Z')).body.items.length).toBe(2);
    expect(Object.keys((await by['viewer']!.ask('GET', '/v1/dated-rows/kinds')).body)).toEqual(Object.keys(rowValues));
  }, 60_000);

  test('are changed by one who proposes and another who approves; what held goes on after', async () => {
    const [before] = (await spans()) as [unknown[]];
    const proposed = await by['supervisor']!.ask('POST', '/v1/dated-row-changes', added('2027-01-01T00:00:00+07:00', '2027-03-01T00:00:00+07:00'));
    expect(proposed).toMatchObject({ status: 201, body: { state: 'proposed', author: 'supervisor', decidedBy: null } });
    const { id } = proposed.body;
    expect(await spans()).toEqual([before]);
    expect(await decide('supervisor', id, 'approval')).toMatchObject({ status: 403, body: { type: 'urn:nhip:problem:own-proposal' } });
    expect((await decide('operator', id, 'approval')).status).toBe(403);
    expect(await decide('second', id, 'approval')).toMatchObject({ status: 200, body: { state: 'approved', decidedBy: 'second', rowId: `change-${id}` } });
    expect((await decide('second', id, 'approval')).status).toBe(409);
    const [value, from, , verified] = before;
    expect(await spans()).toEqual([
      [value, from, '2026-12-31T17:00:00.000Z', verified],
      [45, '2026-12-31T17:00:00.000Z', '2027-02-28T17:00:00.000Z', false],
      [value, '2027-02-28T17:00:00.000Z', null, verified],
    ]);
    const late = await by['operator']!.ask('POST', '/v1/dated-row-changes', added('2026-06-01T00:00:00Z', null));
    expect(await decide('second', late.body.id, 'approval')).toMatchObject({ status: 409, body: { field: 'row.validTo' } });
    expect((await decide('supervisor', late.body.id, 'refusal')).body).toMatchObject({ state: 'refused', rowId: null });
    const last = await by['operator']!.ask('POST', '/v1/dated-row-changes', added('2028-01-01T00:00:00Z', null, 40));
    expect((await decide('second', last.body.id, 'approval')).status).toBe(200);
    expect((await spans()).slice(2)).toEqual([[value, '2027-02-28T17:00:00.000Z', '2028-01-01T00:00:00.000Z', verified], [40, '2028-01-01T00:00:00.000Z', null, false]]);
    const own = await by['supervisor']!.ask('POST', '/v1/dated-row-changes', added('2029-01-01T00:00:00Z', null));
    expect((await decide('supervisor', own.body.id, 'refusal')).status).toBe(200); // Taken back.
  }, 60_000);

  test('are verified by two', async () => {
    const id = 'traffic.speed-limit.urban-divided.2024';
    const proposed = await by['operator']!.ask('POST', '/v1/dated-row-changes', { action: 'verify', rowId: id, reason: 'compared with the circular' });
    expect((await decide('supervisor', proposed.body.id, 'approval')).status).toBe(200);
    expect((await by['viewer']!.ask('GET', `/v1/dated-rows/${id}`)).body).toMatchObject({ verified: true, verifiedBy: 'operator, supervisor' });
    expect((await by['operator']!.ask('POST', '/v1/dated-row-changes', { action: 'verify', rowId: id, reason: 'again' })).status).toBe(409);
  }, 60_000);

  test.each<[string, object, string]>([
    ['a value of another kind', added('2030-01-01T00:00:00Z', null, { max: 3 }), 'row.value'],
    ['a value out of range', added('2030-01-01T00:00:00Z', null, 1_000), 'row.value'],
    ['days the wrong way round', added('2030-01-01T00:00:00Z', '2029-01-01T00:00:00Z'), 'row.validTo'],
    ['a year that no database keeps', added('0000-01-01T00:00:00Z', null), 'row.validFrom'],
    ['no reason', { ...added('2030-01-01T00:00:00Z', null), reason: '' }, 'reason'],
    ['a kind that nobody reads', { ...added('2030-01-01T00:00:00Z', null), row: { ...added('2030-01-01T00:00:00Z', null).row, kind: 'traffic.colour' } }, 'row.kind'],
    ['a part of a value', { ...added('2030-01-01T00:00:00Z', null), row: { ...added('2030-01-01T00:00:00Z', null).row, kind: 'traffic.congestion', key: 'street', value: { enterBelowShare: 0.5, clearAboveShare: 0.6, windows: [{ periodSMax: 300, needed: 1, of: 5 }] } } }, 'row.value.windows[0]'],
  ])('%s is refused, with its field', async (_, body, field) => {
    expect(await by['operator']!.ask('POST', '/v1/dated-row-changes', body)).toMatchObject({ status: 422, body: { field } });
  }, 60_000);
});

describe('the audit', () => {
  test('knows who did what, newest first and in pages, and that nothing is missing', async () => {
    const admin = by['admin']!;
    const newest = (await admin.ask('GET', '/v1/audit?limit=2')).body;
    expect(newest.items[0].seq).toBe(newest.items[1].seq + 1);
    expect((await admin.ask('GET', `/v1/audit?limit=2&cursor=${newest.next}`)).body.items[0].seq).toBe(newest.items[1].seq - 1);
    const { body } = await admin.ask('GET', '/v1/audit?subject=kim-ma&author=ward');
    expect(body.items).toEqual([expect.objectContaining({ action: 'assets-registered', details: expect.objectContaining({ before: { lanes: null } }) })]);
    expect((await admin.ask('GET', '/v1/audit?action=dated-row-approved')).body.items.length).toBe(3);
    expect((await admin.ask('GET', '/v1/audit?from=2100-01-01T00:00:00Z')).body.items).toEqual([]);
    expect((await by['supervisor']!.ask('GET', '/v1/audit')).status).toBe(403);
    const { rows, brokenAt } = await checkAudit(own.db);
    expect((await admin.ask('GET', '/v1/audit/verification')).body).toEqual({ rows, brokenAt });
    expect(brokenAt).toBeNull();
  }, 60_000);
});

test('what lies in an area is the same for SQL and for the memory of a process', async () => {
  const { sees, watchRegistry, createService } = await import('#service');
  const { service, stop } = createService('test', 'silent', () => undefined);
  const registry = await watchRegistry({ db: own.db, log: service.log, health: service.health });
  const all = (await own.db.query<{ id: string }>('select id from registry.asset')).map(({ id }) => id);
  for (const areas of [['hn'], ['ba-dinh'], ['tay-ho'], ['au-co', 'kim-ma'], ['none']]) {
    const inside = new Set((await own.db.query<{ id: string }>('select within_areas as id from registry.within_areas($1)', [areas])).map(({ id }) => id));
    for (const id of all) expect([areas, id, sees(registry, { areas }, id)]).toEqual([areas, id, inside.has(id)]);
  }
  await registry.close();
  await stop(1_000);
}, 60_000);
