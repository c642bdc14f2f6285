/** Importing files into the real registry: all or nothing, again, in part, with secrets that are told once. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkAudit } from '../apps/api/src/audit.js';
import { importFiles, type ImportOptions } from '../apps/api/src/import.js';
import { sentence } from '../apps/api/src/import-row.js';
import { hashOf, registerAssets, revoke } from '../apps/api/src/register.js';
import { privateDatabase, type PrivateDatabase } from './support/private-database.js';
import { recordedData } from './support/recorded-data.js';

const options: ImportOptions = { limits: { rowsMax: 500_000, bytesMax: 256_000_000 }, author: 'test' };
let own: PrivateDatabase;
let folder: string;

beforeEach(async () => {
  own = await privateDatabase();
  folder = await mkdtemp(join(tmpdir(), 'nhip-import-'));
}, 60_000);

afterEach(async () => {
  await own.drop();
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

async function count(table: string, where = 'true'): Promise<number> {
  const [row] = await own.db.query<{ n: number }>(`select count(*) as n from registry.${table} where ${where}`);
  return row!.n;
}

const assetHead = 'id,kind,parent,nameVi,nameEn\n';

test('a city in three files: registered, with secrets that match their hashes, in a file that only its owner may read', async () => {
  const secretsOut = join(folder, 'secrets.json');
  const files = {
    assets: [await file('assets.csv', `${assetHead}ward,zone,,Phường,Ward\nstreet,segment,,"=cmd|' /C calc'!A0",Street\n`)],
    gateways: [await file('gateways.csv', 'id,nameVi,nameEn,asset\ngate,Cổng,Gate,ward\n')],
    devices: [await file('devices.csv', 'id,domain,asset,gateway,codec,replay\nloop-1,traffic,street,gate,,\nloop-2,traffic,street,,senml,true\n')],
  };
  const first = await importFiles(own.db, files, { ...options, secretsOut });
  expect(first.problems).toEqual([]);
  expect([...first.secrets.keys()].sort()).toEqual(['gate', 'loop-1', 'loop-2']);
  expect((await stat(secretsOut)).mode & 0o777).toBe(0o600);
  const told = JSON.parse(await readFile(secretsOut, 'utf8')) as Record<string, string>;
  expect(told).toEqual(Object.fromEntries(first.secrets));
  const stored = await own.db.query<{ client: string; hash: Buffer }>('select client_id as client, secret_sha256 as hash from registry.credential');
  expect(new Map(stored.map(({ client, hash }) => [client, hash.toString('hex')]))).toEqual(new Map(Object.entries(told).map(([client, secret]) => [client, hashOf(secret).toString('hex')])));
  const [street] = await own.db.query("select name_vi from registry.asset where id = 'street'");
  expect(street!['name_vi']).toBe("=cmd|' /C calc'!A0");

  // Again: nothing new, no secrets, and the file of secrets is left as it is.
  const again = await importFiles(own.db, files, { ...options, secretsOut });
  expect(again.done).toMatchObject({ assets: { given: 2, added: 0, changed: 0 }, devices: { added: 0, changed: 0 } });
  expect(again.secrets.size).toBe(0);

  // Changed and one more: only the new one gets a secret, which joins the others in the file.
  files.devices = [await file('devices.csv', 'id,domain,asset,gateway\nloop-1,traffic,ward,\nloop-3,traffic,street,gate\n')];
  const more = await importFiles(own.db, files, { ...options, secretsOut });
  expect(more.done!.devices).toMatchObject({ given: 2, added: 1, changed: 1 });
  expect([...more.secrets.keys()]).toEqual(['loop-3']);
  expect(JSON.parse(await readFile(secretsOut, 'utf8'))).toEqual({ ...told, 'loop-3': more.secrets.get('loop-3') });

  // No secret anywhere in the database, and every import in the audit.
  const [{ text }] = (await own.db.query<{ text: string }>('select string_agg(a::text, chr(10)) as text from registry.audit a')) as [{ text: string }];
  for (const secret of [...Object.values(told), ...more.secrets.values()]) expect(text).not.toContain(secret);
  expect(await checkAudit(own.db)).toEqual({ rows: 9, brokenAt: null });
}, 60_000);

test('one bad row stops all; with partial it is left out, with what rested on it', async () => {
  const files = {
    assets: [await file('assets.csv', `${assetHead}a,segment,,A,A\nb,segment,nowhere,B,B\nc c,segment,,C,C\n`)],
    gateways: [],
    devices: [await file('devices.csv', 'id,domain,asset\nd,traffic,a\ne,traffic,b\nf,parking,a\n')],
  };
  const refused = await importFiles(own.db, files, options);
  expect(refused.done).toBeNull();
  expect(refused.problems.map(sentence).map((text) => text.slice(folder.length + 1))).toEqual([
    expect.stringMatching(/^assets\.csv, line 4, id: expected 1–64 letters/),
    expect.stringMatching(/^devices\.csv, line 4, domain: expected "traffic"/),
    'assets.csv, line 3, parent: expected the id of an asset, found nowhere',
    'devices.csv, line 3, asset: expected the id of an asset, found b',
  ]);
  expect([await count('asset'), await count('device'), await count('audit')]).toEqual([0, 0, 0]);

  const partial = await importFiles(own.db, files, { ...options, partial: true });
  expect(partial.problems).toHaveLength(4);
  expect([await count('asset'), await count('device')]).toEqual([1, 1]);
}, 60_000);

test('a circle that closes through what is registered is refused, in a file and by the registry itself', async () => {
  const first = await file('first.csv', `${assetHead}a,zone,b,A,A\nb,zone,,B,B\n`);
  await importFiles(own.db, { assets: [first], gateways: [], devices: [] }, options);
  const closing = await file('closing.csv', `${assetHead}b,zone,a,B,B\n`);
  const result = await importFiles(own.db, { assets: [closing], gateways: [], devices: [] }, options);
  expect(result.done).toBeNull();
  expect(result.problems[0]).toMatchObject({ at: 'line 2', field: 'parent' });
  const b = { id: 'b', kind: 'zone' as const, parent: 'a', nameVi: 'B', nameEn: 'B', geometry: null, zone: null, roadClass: null, lanes: null, lengthM: null, freeFlowKmh: null, timeZone: 'Asia/Ho_Chi_Minh' };
  await expect(registerAssets(own.db, [b])).rejects.toThrow('circle');
  expect(await count('asset', "id = 'b' and parent is null")).toBe(1);
}, 60_000);

test('a revoked device stays revoked, however often it is imported', async () => {
  const files = { assets: [await file('a.csv', `${assetHead}a,segment,,A,A\n`)], gateways: [], devices: [await file('d.csv', 'id,domain,asset\nd,traffic,a\n')] };
  await importFiles(own.db, files, options);
  expect(await revoke(own.db, 'd', { author: 'test' })).toBe(1);
  const rotated = await importFiles(own.db, files, { ...options, rotate: true });
  expect([rotated.secrets.size, rotated.stillRevoked]).toEqual([0, ['d']]);
  const readmitted = await importFiles(own.db, files, { ...options, rotate: true, readmit: true });
  expect([readmitted.secrets.size, readmitted.stillRevoked]).toEqual([1, []]);
  await expect(revoke(own.db, 'nobody')).rejects.toThrow('there is no device or gateway "nobody"');
}, 60_000);

test('20,000 devices, once and again; among 200,000 the one bad row is found', async () => {
  const assets = [await file('a.csv', `${assetHead}a,segment,,A,A\n`)];
  const devicesFile = (rows: readonly string[]) => file('d.csv', `id,domain,asset\n${rows.join('\n')}\n`);
  const rows = Array.from({ length: 200_000 }, (_, n) => `d-${n},traffic,a`);
  const files = { assets, gateways: [], devices: [await devicesFile(rows.slice(0, 20_000))] };
  const first = await importFiles(own.db, files, options);
  expect(first.done!.devices).toMatchObject({ given: 20_000, added: 20_000, changed: 0 });
  expect(new Set(first.secrets.values()).size).toBe(20_000);
  const again = await importFiles(own.db, files, options);
  expect(again.done!.devices).toMatchObject({ added: 0, changed: 0 });
  rows[150_000] = 'd-7,traffic,a';
  const twice = await importFiles(own.db, { ...files, devices: [await devicesFile(rows)] }, options);
  expect(twice.done).toBeNull();
  expect(twice.problems.map(({ at, expected }) => [at, expected])).toEqual([['line 150002', expect.stringContaining('each id once, found d-7 again')]]);
}, 240_000);

test('a file beyond the limit of bytes is not even read; one that is missing is named', async () => {
  const big = await file('big.csv', `${assetHead}${'x'.repeat(2_000)}\n`);
  const result = await importFiles(own.db, { assets: [big], gateways: [], devices: [] }, { ...options, limits: { rowsMax: 10, bytesMax: 1_000 } });
  expect(result.problems.map(({ expected }) => expected)).toEqual(['expected at most 1000 bytes, found 2030']);
  await expect(importFiles(own.db, { assets: [join(folder, 'missing.csv')], gateways: [], devices: [] }, options)).rejects.toThrow('missing.csv');
}, 60_000);

const geoFolder = recordedData('geo', 'OpenStreetMap (highway=motorway|trunk|primary|secondary in Hanoi) and vietnamese-provinces-database, as GeoJSON');

(geoFolder === null ? test.skip : test)('the arterials and wards of Hanoi: every way is a segment in its ward', async () => {
  const geo = ['hanoi_simplified.geojson', 'hanoi_arterials.geojson'].map((name) => join(geoFolder!, name));
  const result = await importFiles(own.db, { assets: geo, gateways: [], devices: [] }, options);
  expect(result.problems).toEqual([]);
  expect(result.done!.assets).toMatchObject({ given: 4_168 + 127, added: 4_168 + 127 });
  expect([await count('asset', "kind = 'segment'"), await count('asset', "kind = 'zone' and parent = 'vn-city-01'"), await count('asset', "kind = 'city'")]).toEqual([4_168, 126, 1]);
  expect(await count('asset', "kind = 'segment' and (length_m is null or road_class is null)")).toBe(0);
  // A bridge stands in one of the two wards it joins; the street beside Hoan Kiem in Hoan Kiem.
  const [bridge] = await own.db.query("select name_vi, road_class, lanes, zone from registry.asset where id = 'osm-way-9656730'");
  expect(bridge).toMatchObject({ name_vi: 'Cầu Chương Dương', road_class: 'arterial', lanes: 1 });
  expect(await count('asset', "kind = 'segment' and zone is null")).toBeLessThan(100);
  const again = await importFiles(own.db, { assets: geo, gateways: [], devices: [] }, options);
  expect(again.done!.assets).toMatchObject({ added: 0, changed: 0 });
}, 120_000);
