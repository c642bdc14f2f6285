/** Series and latest values over HTTP, on traffic's tables: against sums over the same readings in plain loops. */
import { trafficFlagBits } from '#contracts';
import { createHttpApp, createService, listenHttp, openApiModule, principalHeader, routeGuard, serviceModule, signedPrincipal, signPrincipal, type Principal } from '#service';
import { catalogue } from '../apps/traffic/src/catalogue.js';
import { rollups } from '../apps/traffic/src/tables.js';
import { seriesRoutesOf } from '../libs/domain/src/series-routes.js';
import { arrivalOf, partsOf, segmentAsset, trafficDevice, trafficStorage, type ArrivalFacts, type TrafficStorage, type TrafficStore } from './support/traffic-storage.js';

const secret = 'internal-secret-of-32-characters!!';
const day = Date.UTC(2026, 9, 24); // 25 October has 25 hours in Paris.
const hour = 3_600_000;
const minute = 60_000;

let storage: TrafficStorage;
let store: TrafficStore;
let offset = 0;
let stop: () => Promise<unknown>;
let url: string;

beforeAll(async () => {
  storage = await trafficStorage({
    assets: [segmentAsset('hanoi'), segmentAsset('paris', { timeZone: 'Europe/Paris' }), segmentAsset('lane', { parent: 'hanoi' })],
    devices: [trafficDevice('loop', 'hanoi'), trafficDevice('loop-p', 'paris'), trafficDevice('lanes', 'lane'), trafficDevice('old', 'hanoi', { replay: true }), trafficDevice('air', 'hanoi', { domain: 'pollution' }), trafficDevice('silent', 'hanoi')],
  });
  store = storage.store();
  const made = createService('traffic', 'warn', () => undefined);
  stop = () => made.stop(10_000);
  const routes = seriesRoutesOf({ domain: 'traffic', catalogue, flagBits: trafficFlagBits, rollups: rollups(trafficFlagBits.imputed), registry: storage.registry, db: storage.db });
  const app = await createHttpApp(made.service, { module: class {}, imports: [serviceModule(made.service), openApiModule({ service: 'traffic', title: 'Traffic', controllers: [routes] })], controllers: [routes] }, { body: 'json', bodyBytesMax: 1_000 });
  app.useGlobalGuards(routeGuard(signedPrincipal(secret)));
  url = `http://127.0.0.1:${await listenHttp(made.service, app, { host: '127.0.0.1', port: 0, connectionsMax: 20 })}`;
});

afterAll(async () => {
  await stop();
  await storage.drop();
});

async function stored(facts: readonly Omit<ArrivalFacts, 'offset' | 'subject'>[]): Promise<void> {
  const arrivals = facts.map((fact) => arrivalOf({ ...fact, offset: offset++, subject: null }));
  await store.store(partsOf(arrivals), arrivals, []);
}

interface Rows {
  readonly bucket: string;
  readonly series: readonly { readonly device: string; readonly channel: string; readonly asset: string; readonly rows: readonly Record<string, unknown>[] }[];
}

async function get(path: string, headers: Record<string, string> = {}, who: Partial<Principal> = {}, method = 'GET'): Promise<Response> {
  const principal = signPrincipal(secret, { person: 'lan', roles: ['viewer'], areas: [], ...who }, { method, path }, Date.now());
  return fetch(`${url}${path}`, { method, headers: { ...headers, [principalHeader]: principal } });
}

const at = (ms: number): string => new Date(ms).toISOString();

async function series(query: Record<string, string>, who: Partial<Principal> = {}): Promise<Rows> {
  const answer = await get(`/v1/traffic/series?${new URLSearchParams(query).toString()}`, {}, who);
  const body = (await answer.json()) as Rows;
  expect([answer.status, body]).toEqual([200, expect.anything()]);
  return body;
}

async function refusal(query: string, who: Partial<Principal> = {}): Promise<unknown> {
  const answer = await get(`/v1/traffic/series?${query}`, {}, who);
  const { status, field, expected } = (await answer.json()) as Record<string, unknown>;
  return [status, field, expected];
}

describe('two days of minutes', () => {
  // Minute i counts i % 7 vehicles at 30 + i % 11 km/h; every 10th is imputed; the hour from 05:00 is missing.
  const readings = Array.from({ length: 2_880 }, (_, i) => ({ atMs: day + i * minute, count: i % 7, speedKmh: 30 + (i % 11), imputed: i % 10 === 0 })).filter(({ atMs }) => atMs < day + 5 * hour || atMs >= day + 6 * hour);

  beforeAll(async () => {
    for (const device of ['loop', 'loop-p']) await stored(readings.map(({ imputed, ...rest }) => ({ ...rest, device, flags: imputed ? trafficFlagBits.imputed : 0 })));
    await storage.rollUp();
  });

  /** The second way: sums in a loop over buckets of a fixed width from `from`. */
  function summed(fromMs: number, toMs: number, widthMs: number, startOf: (ms: number) => number): Map<string, { n: number; nExcluded: number; count: number; speed: number; weight: number }> {
    const sums = new Map<string, { n: number; nExcluded: number; count: number; speed: number; weight: number }>();
    for (const { atMs, count, speedKmh, imputed } of readings) {
      const start = startOf(atMs);
      if (start + widthMs <= fromMs || start >= toMs) continue;
      const sum = sums.get(at(start)) ?? { n: 0, nExcluded: 0, count: 0, speed: 0, weight: 0 };
      sums.set(at(start), sum);
      if (imputed) sum.nExcluded++;
      else Object.assign(sum, { n: sum.n + 1, count: sum.count + count, speed: sum.speed + count * speedKmh, weight: sum.weight + count });
    }
    return sums;
  }

  const local = (ms: number, widthMs: number): number => ms + 7 * hour - ((ms + 7 * hour - Date.UTC(2001, 0, 1)) % widthMs) - 7 * hour;

  test.each<[string, number, boolean]>([
    ['1m', minute, false],
    ['5m', 5 * minute, false],
    ['10m', 10 * minute, false],
    ['1h', hour, false],
    ['3h', 3 * hour, true],
    ['12h', 12 * hour, true],
    ['1d', 24 * hour, true],
    ['7d', 7 * 24 * hour, true],
  ])('in buckets of %s, whole where they touch the range, absent where nothing was read', async (bucket, widthMs, isLocal) => {
    const startOf = isLocal ? (ms: number) => local(ms, widthMs) : (ms: number) => ms - (ms % widthMs);
    const [fromMs, toMs] = [day + 90_000, day + 40 * hour];
    const { series: [one] } = await series({ device: 'loop', from: at(fromMs), to: at(toMs), bucket, metric: 'count' });
    const expected = [...summed(fromMs, toMs, widthMs, startOf)].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(one!.rows.map(({ start, n, nExcluded, count }) => [start, n, nExcluded, count])).toEqual(expected.map(([start, sum]) => [start, sum.n, sum.nExcluded, sum.n === 0 ? null : sum.count]));
    for (const row of one!.rows) expect(row['observedPct']).toBeCloseTo(Math.round((1000 * 60_000 * Number(row['n'])) / widthMs) / 10, 5);
  });

  test('speeds are weighted by flow', async () => {
    const { series: [one] } = await series({ device: 'loop', from: at(day), to: at(day + 4 * hour), bucket: '1h', metric: 'speedKmh' });
    const sums = summed(day, day + 4 * hour, hour, (ms) => ms - (ms % hour));
    for (const { start, speedKmh } of one!.rows as readonly { start: string; speedKmh: number }[]) expect(speedKmh).toBeCloseTo(sums.get(start)!.speed / sums.get(start)!.weight, 9);
    expect(one!.rows).toHaveLength(4);
  });

  test('days of another zone, and one of 25 hours', async () => {
    const { series: [one] } = await series({ device: 'loop-p', from: at(day), to: at(day + 48 * hour), bucket: '1d', metric: 'count' });
    expect(one!.rows.map(({ start, n, observedPct }) => [start, n, observedPct])).toEqual([
      ['2026-10-23T22:00:00.000Z', 9 * 21 * 6, Math.round((1000 * 9 * 21 * 6) / 1440) / 10],
      ['2026-10-24T22:00:00.000Z', 9 * 25 * 6, 90],
      ['2026-10-25T23:00:00.000Z', 9 * 6, Math.round((1000 * 9 * 6) / 1440) / 10],
    ]);
  });

  test('auto gives the rows themselves where they are few, with their flags', async () => {
    const hourly = await series({ device: 'loop', from: at(day), to: at(day + hour), points: '60', metric: 'speedKmh' });
    expect([hourly.bucket, hourly.series[0]!.rows.length]).toEqual(['raw', 60]);
    expect(hourly.series[0]!.rows.slice(0, 2)).toEqual([
      { observedAt: at(day), periodS: 60, receivedAt: at(day + minute), revision: 0, flags: ['imputed'], speedKmh: 30 },
      { observedAt: at(day + minute), periodS: 60, receivedAt: at(day + 2 * minute), revision: 0, flags: [], speedKmh: 31 },
    ]);
    const two = await series({ device: 'loop', from: at(day), to: at(day + 48 * hour), points: '1000' });
    expect([two.bucket, two.series[0]!.rows.length]).toEqual(['5m', 576 - 12]);
  });

  test('CSV says the same as JSON', async () => {
    for (const bucket of ['raw', '15m', '1d']) {
      const query = `device=loop&device=loop-p&from=${at(day)}&to=${at(day + 30 * hour)}&bucket=${bucket}&metric=count&metric=speedKmh`;
      const answer = await get(`/v1/traffic/series?${query}`, { accept: 'text/csv' });
      expect(answer.headers.get('content-type')).toContain('text/csv');
      const [head, ...lines] = (await answer.text()).split('\r\n');
      expect(lines.pop()).toBe('');
      const { series: all } = (await (await get(`/v1/traffic/series?${query}&format=json`, { accept: 'text/csv' })).json()) as Rows;
      const expected = all.flatMap(({ device, channel, rows }) => rows.map((row): Record<string, unknown> => ({ device, channel, ...row })));
      expect(lines.map((line) => line.split(','))).toEqual(expected.map((row) => head!.split(',').map((name) => (row[name] === null ? '' : Array.isArray(row[name]) ? row[name].join(' ') : String(row[name])))));
      expect(expected.length).toBeGreaterThan(3);
    }
  });
});

describe('what aggregates do not hold yet', () => {
  const now = Math.floor(Date.now() / hour) * hour - 3 * hour;
  const loop = { device: 'lanes', channel: '1', count: 1 };

  test('is summed from the rows: the same with stale aggregates as with current ones', async () => {
    const ask = (bucket: string): Promise<Rows> => series({ device: 'lanes', from: at(now - 24 * hour), to: at(now + 4 * hour), bucket });
    await stored(Array.from({ length: 120 }, (_, i) => ({ ...loop, atMs: now + i * minute })));
    await storage.rollUp();
    await stored(Array.from({ length: 30 }, (_, i) => ({ ...loop, atMs: now + (120 + i) * minute })));
    await stored([{ ...loop, channel: '2', atMs: now, count: 5 }, { ...loop, atMs: now + 30_000, count: 100 }]);
    const buckets = ['1m', '5m', '30m', '1h', '3h', '1d', '7d'];
    const stale = await Promise.all(buckets.map(ask));
    await storage.rollUp();
    const current = await Promise.all(buckets.map(ask));
    expect(stale).toEqual(current.map((answer) => ({ ...answer, to: expect.anything() })));
    for (const { series: [one, two] } of stale) {
      expect([one!.channel, one!.rows.reduce((sum, { count }) => sum + Number(count), 0)]).toEqual(['1', 250]);
      expect([two!.channel, two!.rows.reduce((sum, { count }) => sum + Number(count), 0)]).toEqual(['2', 5]);
    }
  });

  test('one channel can be asked for alone', async () => {
    const { series: found } = await series({ device: 'lanes', channel: '2', from: at(now), bucket: 'raw' });
    expect(found.map(({ channel, rows }) => [channel, rows.length])).toEqual([['2', 1]]);
  });

  test('latest is by event time, newest first, without replays, in the areas of the caller', async () => {
    await stored([{ device: 'old', atMs: now + 3 * hour }, { device: 'loop', atMs: now - 10 * minute, flags: trafficFlagBits.gap | trafficFlagBits.imputed }]);
    const latest = async (query: string, who: Partial<Principal> = {}): Promise<Record<string, unknown>[]> => (await get(`/v1/traffic/latest${query}`, {}, who)).json() as Promise<Record<string, unknown>[]>;
    const all = await latest('');
    expect(all.map(({ device, channel }) => [device, channel])).toEqual([['lanes', '1'], ['lanes', '2'], ['loop', ''], ['loop-p', '']]);
    expect(all[2]).toEqual({ device: 'loop', channel: '', asset: 'hanoi', nameVi: 'hanoi', nameEn: 'hanoi', observedAt: at(now - 10 * minute), periodS: 60, flags: ['gap', 'imputed'], count: 10, speedKmh: 40, occupancy: null, byClass: { motorcycle: null, car: null, bus: null, truck: null, trailer: null, bicycle: null, other: null } });
    expect((await latest('', { areas: ['lane'] })).map(({ device }) => device)).toEqual(['lanes', 'lanes']);
    expect((await latest('?device=loop&device=lanes&limit=2')).map(({ device }) => device)).toEqual(['lanes', 'lanes']);
  });
});

describe('what is refused', () => {
  const range = `from=${at(day)}&to=${at(day + hour)}`;
  test.each<[string, string, unknown[]]>([
    ['no device', range, [422, 'device', 'an array, found nothing']],
    ['a device that nobody knows', `device=nobody&${range}`, [404, 'device[0]', 'a device that is registered, and in your areas']],
    ['a device of another domain', `device=air&${range}`, [404, 'device[0]', 'a device of traffic; air belongs to pollution']],
    ['a metric that does not exist', `device=loop&metric=speed&${range}`, [422, 'metric[0]', expect.stringContaining('"count" or "speedKmh"')]],
    ['no beginning', 'device=loop', [422, 'from', expect.stringContaining('a time such as')]],
    ['an end before the beginning', `device=loop&from=${at(day)}&to=${at(day)}`, [422, 'to', 'a time after `from`']],
    ['a width that nobody has', `device=loop&bucket=2m&${range}`, [422, 'bucket', expect.stringContaining('"auto" or "raw"')]],
    ['more rows than JSON holds', `device=loop&bucket=1m&from=2026-01-01T00:00:00Z&to=2026-04-01T00:00:00Z`, [422, 'bucket', expect.stringContaining('at most 100000 rows as JSON')]],
  ])('%s', async (_, query, expected) => {
    expect(await refusal(query)).toEqual(expected);
  });

  test('a device of another area', async () => {
    expect(await refusal(`device=lanes&device=loop-p&${range}`, { areas: ['hanoi'] })).toEqual([404, 'device[1]', 'a device that is registered, and in your areas']);
  });

  test('a content type that nobody makes', async () => {
    expect((await get(`/v1/traffic/series?device=loop&${range}`, { accept: 'image/png' })).status).toBe(406);
  });

  test('a device without readings is no error', async () => {
    expect(await series({ device: 'silent', from: at(day) })).toMatchObject({ series: [] });
  });

  test('whoever leaves in the middle holds no connection', async () => {
    for (let i = 0; i < 12; i++) {
      const answer = await get(`/v1/traffic/series?device=loop&from=${at(day)}&format=csv&bucket=raw`);
      await answer.body!.cancel();
    }
    expect((await get(`/v1/traffic/latest`)).status).toBe(200);
  });

  test('HEAD gives the head alone', async () => {
    const answer = await get(`/v1/traffic/series?device=loop&${range}`, {}, {}, 'HEAD');
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });
});
