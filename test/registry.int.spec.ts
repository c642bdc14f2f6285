/** The registry in memory against the real database: what it knows, how it follows changes, and what it does without. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Asset, Device } from '#contracts';
import { createService, watchRegistry, type Registry, type Service } from '#service';
import { openDatabase, type Database } from '#timeseries';
import { hashOf, registerAssets, registerDevices, registerGateways, revoke } from '../apps/api/src/register.js';
import { seedDatedRows } from '../apps/api/src/tables.js';
import { doorBefore, noLog, privateDatabase, until, type Door, type PrivateDatabase } from './support/private-database.js';

const bare = { parent: null, geometry: null, zone: null, roadClass: null, lanes: null, lengthM: null, freeFlowKmh: null, timeZone: 'Asia/Ho_Chi_Minh' };
const asset = (id: string, rest: Partial<Asset> = {}): Asset => ({ ...bare, id, kind: 'segment', nameVi: `Đoạn ${id}`, nameEn: `Segment ${id}`, ...rest });
const device = (id: string, rest: Partial<Device> = {}): Device => ({ id, domain: 'traffic', asset: 'street', gateway: null, codec: 'json', replay: false, ...rest });

let own: PrivateDatabase;
let door: Door;
let folder: string;
let service: Service;
let secrets: Map<string, string>;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  own = await privateDatabase();
  service = createService('test', 'silent', () => undefined).service;
  folder = await mkdtemp(join(tmpdir(), 'nhip-registry-'));
  await registerAssets(own.db, [asset('street', { parent: 'ward' }), asset('ward', { kind: 'zone', parent: 'town' }), asset('town', { kind: 'city' })]);
  const ofGateways = await registerGateways(own.db, [{ id: 'gate', nameVi: 'Cổng', nameEn: 'Gate', asset: null }]);
  secrets = new Map([...ofGateways, ...(await registerDevices(own.db, [device('loop-1'), device('loop-2', { gateway: 'gate', codec: 'senml' })]))]);
}, 60_000);

beforeEach(async () => {
  // A domain's role: the one that only reads.
  door = await doorBefore(own.urls['ingest']!);
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await door.close();
});

afterAll(async () => {
  await own?.drop();
  await rm(folder, { recursive: true, force: true });
});

function open(): Database {
  const db = openDatabase({ url: door.url, name: 'test registry', connectionsMax: 2, log: noLog });
  closing.push(() => db.close());
  return db;
}

async function watch(snapshotFile?: string): Promise<Registry> {
  const registry = await watchRegistry({ db: open(), log: service.log, health: service.health, ...(snapshotFile === undefined ? {} : { snapshotFile }) });
  closing.push(() => registry.close());
  return registry;
}

describe('what it knows', () => {
  test('devices with their root asset, gateways with their devices, clients with the hashes of their secrets', async () => {
    const registry = await watch();
    expect(registry.device('loop-1')).toEqual({ ...device('loop-1'), rootAsset: 'town' });
    expect(registry.asset('street')).toMatchObject({ nameVi: 'Đoạn street', parent: 'ward', rootAsset: 'town' });
    expect([...registry.devicesBehind('gate')]).toEqual(['loop-2']);
    expect(registry.client('loop-1')).toEqual({ kind: 'device', secretHashes: [hashOf(secrets.get('loop-1')!)] });
    expect(registry.client('gate')?.kind).toBe('gateway');
    expect(registry.client('nobody')).toBeUndefined();
  }, 30_000);

  test('dated rows of a kind, by key and day, their times in UTC', async () => {
    const row = { kind: 'k', legalBasis: '', article: '', value: { a: [1, null] }, unit: '', source: 's', verifiedBy: null };
    await own.db.transaction((transaction) => seedDatedRows(transaction, [
      { ...row, id: 'late', key: 'b', validFrom: '2026-01-01T00:00:00+07:00', validTo: null },
      { ...row, id: 'early', key: 'b', validFrom: '2025-01-01T00:00:00Z', validTo: '2025-12-31T17:00:00Z' },
      { ...row, id: 'other', key: 'a', validFrom: '2026-01-01T00:00:00Z', validTo: null },
    ]));
    const registry = await watch();
    expect(registry.rows('k').map(({ id }) => id)).toEqual(['other', 'early', 'late']);
    expect(registry.rows('k')[2]).toEqual({ ...row, id: 'late', key: 'b', validFrom: '2025-12-31T17:00:00.000Z', validTo: null });
    expect(registry.rows('nothing')).toEqual([]);
  }, 30_000);
});

describe('changes', () => {
  test('a new device, a device that moves to another gateway, and a new parent are seen', async () => {
    const registry = await watch();
    let changes = 0;
    registry.onChange(() => changes++);
    await registerGateways(own.db, [{ id: 'gate-b', nameVi: 'B', nameEn: 'B', asset: null }]);
    await registerDevices(own.db, [device('loop-3', { gateway: 'gate' })]);
    await until(() => registry.devicesBehind('gate').has('loop-3'));
    await registerDevices(own.db, [device('loop-3', { gateway: 'gate-b' })]);
    await until(() => registry.devicesBehind('gate-b').has('loop-3'));
    expect(registry.devicesBehind('gate').has('loop-3')).toBe(false);
    await registerAssets(own.db, [asset('country', { kind: 'zone' }), asset('town', { kind: 'city', parent: 'country' })]);
    await until(() => registry.device('loop-3')?.rootAsset === 'country');
    await registerAssets(own.db, [asset('town', { kind: 'city' })]);
    await until(() => registry.device('loop-3')?.rootAsset === 'town');
    expect(changes).toBeGreaterThan(0);
  }, 60_000);

  test('a revoked client has no secret in force; a rotated one has two until the old one is ended', async () => {
    const registry = await watch();
    const [secret] = (await registerDevices(own.db, [device('loop-4')])).values();
    await until(() => registry.client('loop-4')?.secretHashes.length === 1);
    const [newer] = (await registerDevices(own.db, [device('loop-4')], { rotate: true })).values();
    await until(() => registry.client('loop-4')?.secretHashes.length === 2);
    expect(registry.client('loop-4')!.secretHashes).toEqual(expect.arrayContaining([hashOf(secret!), hashOf(newer!)]));
    await revoke(own.db, 'loop-4', { old: true });
    await until(() => registry.client('loop-4')?.secretHashes.length === 1);
    expect(registry.client('loop-4')!.secretHashes).toEqual([hashOf(newer!)]);
    await revoke(own.db, 'loop-4');
    await until(() => registry.client('loop-4')?.secretHashes.length === 0);
  }, 60_000);

  test('a third rotation ends the oldest secret; a rotation does not readmit who was revoked', async () => {
    await registerDevices(own.db, [device('loop-5')]);
    await registerDevices(own.db, [device('loop-5')], { rotate: true });
    await registerDevices(own.db, [device('loop-5')], { rotate: true });
    const [{ n }] = (await own.db.query<{ n: number }>("select count(*) as n from registry.credential where client_id = 'loop-5' and revoked_at is null")) as [{ n: number }];
    expect(n).toBe(2);
    await revoke(own.db, 'loop-5');
    expect((await registerDevices(own.db, [device('loop-5')], { rotate: true })).size).toBe(0);
    expect((await registerDevices(own.db, [device('loop-5')], { rotate: true, readmit: true })).size).toBe(1);
  }, 60_000);

  test('a device that was deleted by hand is gone, and can no longer log in', async () => {
    const registry = await watch();
    await registerDevices(own.db, [device('loop-6')]);
    await until(() => registry.client('loop-6') !== undefined);
    await own.db.query("delete from registry.device where id = 'loop-6'");
    await until(() => registry.device('loop-6') === undefined);
    expect(registry.client('loop-6')).toBeUndefined();
  }, 60_000);

  test('without NOTIFY the change is found all the same', async () => {
    const mute = await privateDatabase();
    closing.push(() => mute.drop());
    await mute.admin.query("create or replace function registry.take_change_number() returns trigger language plpgsql as 'begin update registry.change set n = n + 1; return null; end'");
    const db = openDatabase({ url: mute.urls['traffic']!, name: 'test registry', connectionsMax: 2, log: noLog });
    closing.push(() => db.close());
    const registry = await watchRegistry({ db, log: service.log, health: service.health });
    closing.push(() => registry.close());
    // Beginning to listen is a reason to look as well: only what comes after that proves anything.
    await until(async () => (await mute.admin.query("select from pg_stat_activity where query = 'listen registry_changed' and state = 'idle' and datname = current_database()")).length > 0);
    await registerAssets(mute.db, [asset('first')]);
    await until(() => registry.asset('first') !== undefined);
    await registerAssets(mute.db, [asset('street')]);
    await until(() => registry.asset('street') !== undefined);
  }, 60_000);
});

describe('without the database', () => {
  test('goes on from memory, stays ready, and takes in what changed when it is back', async () => {
    const registry = await watch();
    await door.shut();
    await until(() => service.health.ready().parts.some(({ part, detail }) => part === 'registry' && detail.includes('memory')));
    expect(service.health.ready().ok).toBe(true);
    expect(registry.client('loop-1')).toBeDefined();
    await registerDevices(own.db, [device('loop-8')]);
    expect(registry.device('loop-8')).toBeUndefined();
    await door.open();
    await until(() => registry.device('loop-8') !== undefined);
  }, 60_000);

  test('starts from the snapshot, which holds no secret and only its owner may read', async () => {
    const file = join(folder, 'snapshot');
    const first = await watch(file);
    await until(async () => (await stat(file).catch(() => null)) !== null);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, 'utf8');
    for (const secret of secrets.values()) expect(text).not.toContain(secret);
    await first.close();
    await door.shut();

    const second = await watch(file);
    expect(second.device('loop-1')).toEqual(first.device('loop-1'));
    expect(second.asset('street')).toEqual(first.asset('street'));
    expect(second.client('gate')).toEqual(first.client('gate'));
    expect([...second.devicesBehind('gate')]).toEqual([...first.devicesBehind('gate')]);
    expect(second.rows('k')).toEqual(first.rows('k'));

    await registerDevices(own.db, [device('loop-9')]);
    await door.open();
    await until(() => second.device('loop-9') !== undefined);
  }, 60_000);

  test('a snapshot is not believed when the database answers', async () => {
    const file = join(folder, 'older');
    const first = await watch(file);
    await until(async () => (await stat(file).catch(() => null)) !== null);
    await first.close();
    const lines = (await readFile(file, 'utf8')).replaceAll('loop-1', 'forged');
    await writeFile(file, lines);
    const second = await watch(file);
    expect(second.device('forged')).toBeUndefined();
    expect(second.device('loop-1')).toBeDefined();
  }, 60_000);

  test('a snapshot that was cut off is not used: the process waits for the database', async () => {
    const file = join(folder, 'cut');
    const first = await watch(file);
    await until(async () => (await stat(file).catch(() => null)) !== null);
    await first.close();
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.slice(0, text.length / 2));
    await door.shut();
    const starting = watch(file);
    await until(() => service.health.ready().parts.some(({ part, ok }) => part === 'registry' && !ok));
    await door.open();
    expect((await starting).device('loop-1')).toBeDefined();
  }, 60_000);

  test('a process that starts before api has made the registry waits for it', async () => {
    const empty = await privateDatabase();
    closing.push(() => empty.drop());
    await empty.admin.query('alter schema registry rename to not_yet');
    const db = openDatabase({ url: empty.urls['traffic']!, name: 'test registry', connectionsMax: 2, log: noLog });
    closing.push(() => db.close());
    const starting = watchRegistry({ db, log: service.log, health: service.health });
    await until(() => service.health.ready().parts.some(({ detail }) => detail === 'the registry is not there yet'));
    await empty.admin.query('alter schema not_yet rename to registry');
    const registry = await starting;
    closing.push(() => registry.close());
    expect(registry.counts.devices).toBe(0);
  }, 60_000);
});
