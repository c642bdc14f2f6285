/** Readings of pollution on a real database: every metric comes back as it was said, corrections keep what was, hours become stale. */
import { pollutionMetricNames, type PollutionReading } from '#contracts';
import { columnOf } from '../apps/pollution/src/catalogue.js';
import { airDevice, pollutionStorage, type PollutionStorage, stationAsset } from './support/pollution-storage.js';

let storage: PollutionStorage;
const at = (minute: number): string => new Date(Date.UTC(2026, 10, 22, 7, minute)).toISOString();

beforeAll(async () => {
  storage = await pollutionStorage({ assets: [stationAsset('hn-1'), stationAsset('hn-2')], devices: [airDevice('air-1', 'hn-1'), airDevice('air-2', 'hn-2'), airDevice('old-air', 'hn-2', { replay: true })] });
});
afterAll(() => storage?.drop());
beforeEach(() => storage.database.admin.query('truncate pollution.reading, pollution.reading_history, pollution.reading_1m, pollution.reading_5m, pollution.reading_15m, pollution.reading_1h, pollution.reading_1d, pollution.invalidation, pollution.stale_hour'));

const stale = async (): Promise<unknown[]> => (await storage.db.query('select asset, hour_at, version, replay from pollution.stale_hour order by asset, hour_at')).map((row) => [row['asset'], (row['hour_at'] as Date).toISOString(), row['version'], row['replay']]);

test('every metric, what it was before conversion, flags and the network\'s own word come back as they were said', async () => {
  const values = Object.fromEntries(pollutionMetricNames.map((name, index) => [name, name === 'pressureHpa' ? 1012.4 : [50.3, 0.1, 12.34, 31.07, 89.99][index % 5]!]));
  const reading: PollutionReading = { observedAt: at(0), periodS: 60, ...values, raw: { o3UgM3: { value: 25.6, unit: 'ppb' } }, flags: ['rh_high', 'estimated_time'], status: 'Hợp lệ' };
  expect(await storage.put(storage.store(), 'air-1', [reading])).toMatchObject({ stored: 1 });
  const [row] = await storage.db.query(`select ${pollutionMetricNames.map((name) => `${columnOf(name)} as "${name}"`).join(', ')}, raw, flags, status, imputation from pollution.reading`);
  expect(row).toEqual({ ...values, raw: '{"o3UgM3":{"value":25.6,"unit":"ppb"}}', flags: 16 + 2048, status: 'Hợp lệ', imputation: null });
});

test('the same again is a repeat and makes no hour stale; other values correct the row, which keeps what it was', async () => {
  const store = storage.store();
  const first = { observedAt: at(0), periodS: 60, pm25UgM3: 43, raw: { pm25UgM3: { value: 43, unit: 'UG/M3' } } };
  expect(await storage.put(store, 'air-1', [first])).toMatchObject({ stored: 1 });
  expect(await storage.put(store, 'air-1', [first])).toMatchObject({ repeated: 1 });
  expect(await stale()).toEqual([['hn-1', '2026-11-22T07:00:00.000Z', 1, false]]);
  expect(await storage.put(store, 'air-1', [{ ...first, pm25UgM3: 44.1 }])).toMatchObject({ corrected: 1 });
  expect(await stale()).toEqual([['hn-1', '2026-11-22T07:00:00.000Z', 2, false]]);
  expect(await storage.db.query('select pm25_ug_m3, revision from pollution.reading')).toEqual([{ pm25_ug_m3: 44.1, revision: 1 }]);
  expect(await storage.db.query('select pm25_ug_m3, revision from pollution.reading_history')).toEqual([{ pm25_ug_m3: 43, revision: 0 }]);
});

test('each round notes each hour of each station once; replays are told apart', async () => {
  const minutes = [58, 59, 60, 61].map((minute) => ({ observedAt: at(minute), periodS: 60, pm25UgM3: 10 }));
  await storage.put(storage.store(), 'air-1', minutes);
  await storage.put(storage.store(), 'old-air', [{ observedAt: '2018-01-01T00:00:00Z', periodS: 3600, pm25UgM3: null, status: 'Missing' }]);
  expect(await stale()).toEqual([['hn-1', '2026-11-22T07:00:00.000Z', 1, false], ['hn-1', '2026-11-22T08:00:00.000Z', 1, false], ['hn-2', '2018-01-01T00:00:00.000Z', 1, true]]);
});

test('aggregates are means over time, without what the device itself calls no measurement, and without what is missing', async () => {
  const reading = (minute: number, rest: Partial<PollutionReading>): PollutionReading => ({ observedAt: at(minute), periodS: 60, ...rest });
  await storage.put(storage.store(), 'air-1', [
    reading(0, { pm25UgM3: 10, precipitationMm: 0.5 }), reading(1, { pm25UgM3: 20, precipitationMm: 0.5 }), reading(2, { pm25UgM3: null, no2UgM3: 7 }),
    reading(3, { pm25UgM3: 900, flags: ['calib'] }), reading(4, { pm25UgM3: 900, flags: ['imputed'], imputation: 'guess' }), reading(5, { pm25UgM3: 900, flags: ['invalid'] }),
  ]);
  await storage.rollUp();
  for (const level of ['5m', '1h', '1d']) {
    const rows = await storage.db.query(`select sum(n_observed)::int as observed, sum(n_excluded)::int as excluded, sum(pm25_ug_m3_sum) / sum(pm25_ug_m3_s) as pm25, sum(no2_ug_m3_sum) / sum(no2_ug_m3_s) as no2, sum(precipitation_mm_sum) as rain_mm from pollution.reading_${level}`);
    expect([level, rows]).toEqual([level, [{ observed: 3, excluded: 3, pm25: 15, no2: 7, rain_mm: 1 }]]);
  }
});
