/** What stations publish, over HTTP from a real database: every field of pollution.md §3.6, in both languages, by area and grade. */
import type { PollutionReading } from '#contracts';
import { createHttpApp, createService, listenHttp, principalHeader, routeGuard, serviceModule, signedPrincipal, signPrincipal, type Principal } from '#service';
import { z } from 'zod';
import { dayAnswer, hourAnswer } from '../apps/pollution/src/answers.js';
import { closeHours } from '../apps/pollution/src/hours.js';
import { PollutionRoutes, routeOptions } from '../apps/pollution/src/routes.js';
import { airDevice, pollutionStorage, type PollutionStorage, stationAsset } from './support/pollution-storage.js';
import { noLog } from './support/private-database.js';

const hour = 3_600_000;
const midnight = Date.parse('2026-11-21T17:00:00Z');
const secret = 'internal-secret-of-32-characters!!';
let storage: PollutionStorage;
let url: string;
let stop: () => Promise<unknown>;

const zoneOf = (): string => 'Asia/Ho_Chi_Minh';
const hourly = (index: number, values: Partial<PollutionReading>): PollutionReading => ({ observedAt: new Date(midnight + index * hour).toISOString(), periodS: 3600, ...values });

beforeAll(async () => {
  storage = await pollutionStorage({
    assets: [stationAsset('ward-1', { kind: 'zone', geometry: null }), stationAsset('hn-air-1', { parent: 'ward-1' }), stationAsset('hn-new'), stationAsset('hanoi-us-embassy')],
    devices: [airDevice('air-1', 'hn-air-1'), airDevice('low-cost', 'hn-new'), airDevice('recorded', 'hanoi-us-embassy', { replay: true })],
  });
  const rows = (kind: string) => storage.registry.rows(kind);
  const close = () => closeHours({ db: storage.db, zoneOf, topicRoot: 'test', log: noLog }, midnight + 27 * hour);
  const store = storage.store();
  await storage.put(store, 'air-1', Array.from({ length: 26 }, (_, index) => hourly(index, { pm25UgM3: 61, no2UgM3: 138, so2UgM3: index === 3 ? 400 : 20, o3UgM3: 90, coUgM3: 900, humidityPct: index === 4 ? 120 : 80, temperatureC: 25 })));
  await storage.put(store, 'low-cost', Array.from({ length: 3 }, (_, index) => hourly(index, { pm25UgM3: 300 })));
  await storage.put(store, 'recorded', Array.from({ length: 3 }, (_, index) => hourly(index, { pm25UgM3: 20 })));
  await close();
  // What came too late: hour 2 has two revisions.
  await storage.put(store, 'air-1', [hourly(2, { pm25UgM3: 71 })], midnight + 26 * hour);
  await close();

  const made = createService('test', 'silent', () => undefined);
  stop = () => made.stop(10_000);
  class TestModule {}
  const app = await createHttpApp(made.service, { module: TestModule, imports: [serviceModule(made.service)], controllers: [PollutionRoutes], providers: [{ provide: routeOptions, useValue: { db: storage.db, registry: storage.registry, rows, zoneOf } }] }, { bodyBytesMax: 1_000, body: 'json' });
  app.useGlobalGuards(routeGuard(signedPrincipal(secret)));
  url = `http://127.0.0.1:${await listenHttp(made.service, app, { host: '127.0.0.1', port: 0, connectionsMax: 20 })}`;
});
afterAll(async () => {
  await stop?.();
  await storage?.drop();
});

async function ask(path: string, caller: Partial<Principal> = {}): Promise<{ status: number; body: any }> { // eslint-disable-line @typescript-eslint/no-explicit-any
  const header = signPrincipal(secret, { person: 'test', roles: ['viewer'], areas: [], ...caller }, { method: 'GET', path }, Date.now());
  const answer = await fetch(`${url}${path}`, { headers: { [principalHeader]: header } });
  return { status: answer.status, body: await answer.json() };
}
const at = (index: number): string => new Date(midnight + index * hour).toISOString();

/** Every text of the answer: a field that ends in Vi has one that ends in En beside it, and both say something. */
function pairs(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((one, index) => pairs(one, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    if (name.endsWith('Vi')) {
      const other = (value as Record<string, unknown>)[`${name.slice(0, -2)}En`];
      return [typeof inner === 'string' && inner !== '' && typeof other === 'string' && other !== '' ? 'both' : `${path}.${name}`];
    }
    if (name.endsWith('En') && !(`${name.slice(0, -2)}Vi` in value)) return [`${path}.${name} alone`];
    return pairs(inner, `${path}.${name}`);
  });
}

test('air quality now: everything that is published with a value, in one answer', async () => {
  const { status, body } = await ask('/v1/pollution/air-quality?station=hn-air-1');
  expect(status).toBe(200);
  const [{ station, source, stale, hour: now }] = body;
  expect(station).toEqual({ id: 'hn-air-1', nameVi: 'Trạm hn-air-1', nameEn: 'Station hn-air-1', longitude: 105.85, latitude: 21.03 });
  expect(source).toMatchObject({ replay: false });
  expect(stale === null || stale.forS > 0).toBe(true);
  expect(z.array(hourAnswer).safeParse([now]).success).toBe(true);
  expect(now).toMatchObject({
    from: at(25), to: at(26), label: '2026-11-23 02:00', grade: 'regulatory',
    // The worked example 1 of the page: NowCast 61.0 and NO2 138 give 118, Kém / Poor, PM2.5.
    vnAqi: { status: 'ok', aqi: 118, level: { level: 'poor', nameVi: 'Kém', nameEn: 'Poor', colourVi: 'Da cam', colourEn: 'Orange', rgb: [255, 126, 0] }, dominant: { pollutant: 'pm25' }, methodVi: 'VN_AQI, QĐ 1459/QĐ-TCMT', noteVi: 'NowCast chuẩn hoá theo tổng trọng số', noteEn: 'NowCast normalised by the sum of weights', completenessPct: 100 },
    usAqi: { nameEn: 'US AQI (EPA 2024)' },
    exceedances: [],
  });
  expect(now.vnAqi.sub).toMatchObject({ no2: 69 });
  expect(now.vnAqi.sub.pm25).toBeCloseTo(100 + (50 / 30) * 11, 6);
  expect(now.rows.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining(['pollution.vn-aqi.pm25.1459', 'pollution.completeness.hour.default', 'pollution.advice.poor.1459']));
  // A default that nobody has checked carries its badge, and so does what rests on it.
  expect(now.rows.find(({ id }: { id: string }) => id === 'pollution.completeness.hour.default')).toMatchObject({ verified: false, badgeVi: 'chưa kiểm chứng', badgeEn: 'not verified' });
  expect(now.rows.find(({ id }: { id: string }) => id === 'pollution.vn-aqi.pm25.1459')).toMatchObject({ verified: true });
  expect(now.verified).toBe(false);
});

test('a station of grade reference has concentrations and no index anywhere', async () => {
  const { body } = await ask('/v1/pollution/air-quality?station=hn-new');
  expect(body[0].hour).toMatchObject({ grade: 'reference', gradeVi: 'Trạm tham khảo: chỉ công bố nồng độ', vnAqi: null, usAqi: null, exceedances: [], means: [{ pollutant: 'pm25', ugM3: 300 }] });
  expect(JSON.stringify(body)).not.toMatch(/"aqi":\d/);
});

test('living stations and replays have lists of their own', async () => {
  const ids = async (query: string): Promise<string[]> => (await ask(`/v1/pollution/air-quality${query}`)).body.map(({ station }: { station: { id: string } }) => station.id);
  expect(await ids('')).toEqual(['hn-air-1', 'hn-new']);
  expect(await ids('?replay=true')).toEqual(['hanoi-us-embassy']);
});

test('hours and days with their revisions', async () => {
  const { body: hours } = await ask(`/v1/pollution/stations/hn-air-1/hours?from=${at(0)}&to=${at(26)}`);
  expect(z.array(hourAnswer).safeParse(hours).success).toBe(true);
  expect(hours.map(({ from, revision }: { from: string; revision: number }) => [from, revision])).toEqual(Array.from({ length: 26 }, (_, index) => [at(index), index >= 2 && index <= 13 ? 2 : 1]));
  expect(hours[4].flags).toEqual([{ flag: 'range', nameVi: 'Ngoài khoảng hợp lý', nameEn: 'Outside the plausible range', values: 1, excluded: true }]);

  const { body: revisions } = await ask(`/v1/pollution/stations/hn-air-1/hours/${at(2)}/revisions`);
  expect(revisions.map(({ revision, means }: { revision: number; means: { ugM3: number }[] }) => [revision, means[0]!.ugM3])).toEqual([[2, 71], [1, 61]]);

  const { body: days } = await ask('/v1/pollution/stations/hn-air-1/days?from=2026-11-01&to=2026-11-30');
  expect(z.array(dayAnswer).safeParse(days).success).toBe(true);
  expect(days).toMatchObject([{ day: '2026-11-22', revision: 2, vnAqi: { dominant: { pollutant: 'pm25' } }, exceedances: [{ pollutant: 'pm25', averaging: '24h', limitUgM3: 45, rowId: 'pollution.limit.pm25-24h.2026' }, { pollutant: 'no2', averaging: '24h', ugM3: 138, limitUgM3: 100 }] }]);
  const { body: dayHistory } = await ask('/v1/pollution/stations/hn-air-1/days/2026-11-22/revisions');
  expect(dayHistory.map(({ revision }: { revision: number }) => revision)).toEqual([2, 1]);
});

test('exceedances of the law, flags on values, and the guideline of WHO beside them', async () => {
  const { body } = await ask(`/v1/pollution/exceedances?from=${at(0)}&to=${at(27)}`);
  const found = body.map(({ station, from, exceedance }: any) => [station, from, exceedance.pollutant, exceedance.averaging]); // eslint-disable-line @typescript-eslint/no-explicit-any
  expect(found).toContainEqual(['hn-air-1', at(3), 'so2', '1h']);
  expect(found).toContainEqual(['hn-air-1', at(0), 'pm25', '24h']);
  expect(found.every(([station]: string[]) => station === 'hn-air-1')).toBe(true);

  const { body: flags } = await ask(`/v1/pollution/stations/hn-air-1/flags?from=${at(0)}&to=${at(27)}`);
  expect(flags).toEqual([{ device: 'air-1', channel: '', observedAt: at(4), metric: 'humidityPct', metricVi: 'Độ ẩm tương đối', metricEn: 'Relative humidity', flag: 'range', nameVi: 'Ngoài khoảng hợp lý', nameEn: 'Outside the plausible range', rowId: 'pollution.range.humidityPct.default' }, ...flags.slice(1)]);

  const { body: who } = await ask('/v1/pollution/stations/hn-air-1/who?from=2026-11-22&to=2026-11-22');
  expect(who.find(({ key }: { key: string }) => key === 'pm25-24h')).toMatchObject({ guidelineUgM3: 15, meets: 'it1', values: 1, verified: true, rowId: 'pollution.who.pm25-24h.2021' });
  expect(who.find(({ key }: { key: string }) => key === 'no2-24h')).toMatchObject({ meets: null });
});

test('every text stands in both languages (P14)', async () => {
  for (const path of ['/v1/pollution/air-quality', '/v1/pollution/air-quality?replay=true', `/v1/pollution/stations/hn-air-1/hours?from=${at(0)}&to=${at(27)}`, '/v1/pollution/stations/hn-air-1/days?from=2026-11-01&to=2026-11-30', `/v1/pollution/exceedances?from=${at(0)}&to=${at(27)}`, `/v1/pollution/stations/hn-air-1/flags?from=${at(0)}&to=${at(27)}`, '/v1/pollution/stations/hn-air-1/who?from=2026-11-22&to=2026-11-22']) {
    const { status, body } = await ask(path);
    const found = pairs(body).filter((one) => !/advice|noteVi/i.test(one));
    expect([path, status, new Set(found)]).toEqual([path, 200, new Set(['both'])]);
  }
});

describe('who may see what', () => {
  test('people with areas see the stations in them, and no sign of others', async () => {
    const caller = { areas: ['ward-1'] };
    expect((await ask('/v1/pollution/air-quality', caller)).body.map(({ station }: { station: { id: string } }) => station.id)).toEqual(['hn-air-1']);
    for (const path of [`/v1/pollution/stations/hn-new/hours?from=${at(0)}&to=${at(1)}`, '/v1/pollution/stations/nowhere/days?from=2026-11-01&to=2026-11-30', '/v1/pollution/stations/hn-new/who?from=2026-11-22&to=2026-11-22']) expect((await ask(path, caller)).status).toBe(404);
    expect((await ask(`/v1/pollution/exceedances?from=${at(0)}&to=${at(27)}`, { areas: ['hn-new'] })).body).toEqual([]);
  });

  test.each([
    ['a span that is too long', `/v1/pollution/stations/hn-air-1/hours?from=2026-01-01T00:00:00Z&to=2026-11-22T00:00:00Z`, 'to'],
    ['an end before its beginning', `/v1/pollution/stations/hn-air-1/hours?from=${at(2)}&to=${at(1)}`, 'to'],
    ['a date that is none', '/v1/pollution/stations/hn-air-1/days?from=2026-02-30&to=2026-11-22', 'from'],
    ['a year that no calendar of ours has', '/v1/pollution/stations/hn-air-1/days?from=0000-01-01&to=2026-11-22', 'from'],
    ['an id that is none', '/v1/pollution/stations/a%00b/days?from=2026-11-01&to=2026-11-22', 'station'],
    ['a field that we do not know', '/v1/pollution/air-quality?city=hn', ''],
  ])('refused: %s', async (_, path, field) => {
    const { status, body } = await ask(path);
    expect([status, body.field]).toEqual([422, field]);
  });

  test('an hour and a day that have never closed are not there', async () => {
    expect((await ask(`/v1/pollution/stations/hn-air-1/hours/${at(500)}/revisions`)).status).toBe(404);
    expect((await ask('/v1/pollution/stations/hn-air-1/days/2020-01-01/revisions')).status).toBe(404);
  });
});
