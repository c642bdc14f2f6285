/**
 * Hours and days of stations on a real database (decision 27): when they close, what late, corrected and repeated readings
 * do to them, that a kill loses nothing and does nothing twice, and that a dated row changes its own time alone.
 */
import type { Condition, DatedRow, PollutionReading, PollutionRowKind } from '#contracts';
import { closeHours, type HoursContext } from '../apps/pollution/src/hours.js';
import type { HourResult } from '../apps/pollution/src/hour.js';
import type { DayResult } from '../apps/pollution/src/day.js';
import { airDevice, pollutionStorage, type PollutionStorage, type PollutionStore, stationAsset } from './support/pollution-storage.js';
import { noLog } from './support/private-database.js';

const hour = 3_600_000;
/** Midnight in Hanoi. */
const midnight = Date.parse('2026-11-21T17:00:00Z');
let storage: PollutionStorage;
let store: PollutionStore;
/** Where the clock stands: readings of an hour come when it is over. */
let nowMs: number;

beforeAll(async () => {
  storage = await pollutionStorage({
    // hn-air-1 is of regulatory grade by a dated row, hn-new has none.
    assets: [stationAsset('hn-air-1'), stationAsset('hn-air-2'), stationAsset('hn-new'), stationAsset('hanoi-us-embassy')],
    devices: [airDevice('air-1', 'hn-air-1'), airDevice('air-1b', 'hn-air-1'), airDevice('air-2', 'hn-air-2'), airDevice('low-cost', 'hn-new'), airDevice('recorded', 'hanoi-us-embassy', { replay: true })],
  });
});
afterAll(() => storage?.drop());
beforeEach(async () => {
  await storage.database.admin.query(`truncate ${['reading', 'reading_history', 'invalidation', 'stale_hour', 'station_hour', 'station_hour_history', 'station_day', 'station_day_history', 'value_flag', 'applied_row', 'condition', 'condition_change', 'outbox'].map((name) => `pollution.${name}`).join(', ')}`);
  store = storage.store();
  nowMs = midnight;
});

const context = (): HoursContext => ({ db: storage.db, zoneOf: (asset) => storage.registry.asset(asset)!.timeZone, topicRoot: 'test', log: noLog });
const close = (): ReturnType<typeof closeHours> => closeHours(context(), nowMs);

const hourly = (index: number, values: Partial<PollutionReading>, from = midnight): PollutionReading => ({ observedAt: new Date(from + index * hour).toISOString(), periodS: 3600, ...values });
/** Hour after hour as a station sends it: each when it is over, and closed by the next. */
async function live(device: string, pm25s: readonly (number | null)[], first = 0): Promise<void> {
  for (const [index, pm25] of pm25s.entries()) {
    nowMs = midnight + (first + index + 1) * hour + 60_000;
    await storage.put(store, device, [hourly(first + index, { pm25UgM3: pm25 })]);
    await close();
  }
}

interface Seen {
  readonly hour: number;
  readonly revision: number;
  readonly aqi: number | null;
}
const hoursOf = async (asset: string, from = midnight): Promise<Seen[]> =>
  (await storage.db.query('select hour_at, revision, result from pollution.station_hour where asset = $1 order by hour_at', [asset])).map((row) => ({ hour: ((row['hour_at'] as Date).getTime() - from) / hour, revision: row['revision'], aqi: (row['result'] as HourResult).vnAqi?.aqi ?? null }));
const resultAt = async (asset: string, index: number): Promise<HourResult> => (await storage.db.query('select result from pollution.station_hour where asset = $1 and hour_at = $2', [asset, new Date(midnight + index * hour)]))[0]!['result'];
const daysOf = async (asset: string): Promise<{ day: string; revision: number; result: DayResult }[]> => (await storage.db.query('select day::text as day, revision, result from pollution.station_day where asset = $1 order by day', [asset])) as never;
const conditions = async (): Promise<Condition[]> => (await storage.db.query('select payload from pollution.condition_change order by at, condition_id, seq')).map((row) => row['payload'] as Condition);
const told = async (): Promise<string[]> => (await conditions()).map(({ conditionId, seq, state, level, observedAt, value, late }) => `${conditionId.replace('pollution/', '')} ${seq} ${state} ${level} ${(Date.parse(observedAt) - midnight) / hour} ${value}${late ? ' late' : ''}`);

/** NowCast in its normalised form and the sub-index of PM2.5 below 150 µg/m³, written down a second time: pollution.md §3.2 and §3.3. */
function indexOf(newestFirst: readonly (number | null)[]): number | null {
  if (newestFirst.slice(0, 3).filter((value) => value !== null).length < 2) return null;
  const present = newestFirst.slice(0, 12).flatMap((value, age) => (value === null ? [] : [{ value, age }]));
  const weight = Math.max(0.5, Math.min(...present.map(({ value }) => value)) / Math.max(...present.map(({ value }) => value)));
  const c = present.reduce((sum, { value, age }) => sum + weight ** age * value, 0) / present.reduce((sum, { age }) => sum + weight ** age, 0);
  const [low, high, from, to] = c <= 25 ? [0, 25, 0, 50] : c <= 50 ? [25, 50, 50, 100] : c <= 80 ? [50, 80, 100, 150] : c <= 150 ? [80, 150, 150, 200] : [150, 250, 200, 300];
  return Math.floor(from! + ((to! - from!) * (c - low!)) / (high! - low!) + 0.5 + 1e-9);
}
const indices = (pm25s: readonly (number | null)[]): (number | null)[] => pm25s.map((_, at) => indexOf([...pm25s.slice(0, at + 1)].reverse()));

describe('an hour closes', () => {
  test('on a later reading of its station, and not before', async () => {
    nowMs = midnight + hour + 1;
    await storage.put(store, 'air-1', [hourly(0, { pm25UgM3: 40 })]);
    expect(await close()).toMatchObject({ hours: 0 });
    await storage.put(store, 'air-1', [{ observedAt: new Date(midnight + hour).toISOString(), periodS: 60, pm25UgM3: 41 }]);
    expect(await close()).toMatchObject({ hours: 1 });
    expect(await hoursOf('hn-air-1')).toEqual([{ hour: 0, revision: 1, aqi: null }]);
  });

  test('at its end and the grace when nothing comes any more; the next one too, whose NowCast still stands, and with the last the day', async () => {
    await live('air-1', [40, 50, 60]);
    nowMs = midnight + 3 * hour + 9 * 60_000;
    expect(await close()).toMatchObject({ hours: 0 });
    nowMs = midnight + 3 * hour + 11 * 60_000;
    expect(await close()).toMatchObject({ hours: 1 });
    nowMs = midnight + 25 * hour;
    await close();
    const hours = await hoursOf('hn-air-1');
    const expected = indices([40, 50, 60, null, null, null]);
    expect(hours.slice(0, 5).map(({ aqi }) => aqi)).toEqual(expected.slice(0, 5));
    expect(expected.slice(0, 5)).toEqual([null, indexOf([50, 40]), indexOf([60, 50, 40]), indexOf([null, 60, 50, 40]), null]);
    expect(hours.at(-1)).toEqual({ hour: 23, revision: 1, aqi: null });
    expect((await daysOf('hn-air-1')).map(({ day, revision, result }) => [day, revision, result.vnAqi?.status, result.means.pm25])).toEqual([['2026-11-22', 1, 'insufficient', { ugM3: null, enough: false, found: 3, due: 24 }]]);
  });

  test('with too few of its minutes it has no mean, and says how much there was', async () => {
    const minutes = (hourIndex: number, count: number): PollutionReading[] => Array.from({ length: count }, (_, minute) => ({ observedAt: new Date(midnight + hourIndex * hour + minute * 60_000).toISOString(), periodS: 60, pm25UgM3: 10 + minute }));
    await storage.put(store, 'air-1', [...minutes(0, 45), ...minutes(1, 44), ...minutes(2, 1)]);
    await close();
    expect((await resultAt('hn-air-1', 0)).means.pm25).toEqual({ ugM3: 32, coverage: 0.75, readings: 45, excluded: {} });
    expect((await resultAt('hn-air-1', 1)).means.pm25).toEqual({ ugM3: null, coverage: 0.733, readings: 44, excluded: {} });
  });
});

describe('after it has closed', () => {
  const day = [40, 42, 45, 50, 60, 70, 80, 90, 100, 95, 90, 80, 70, 60, 55, 50, 45, 40, 38, 36, 34, 33, 32, 31, 30, 29];

  test('a late reading makes a new revision of its hour, of the hours whose NowCast holds it, and of the day; what was is kept', async () => {
    await live('air-1', day.map((pm25, at) => (at === 5 ? null : pm25)));
    const before = await hoursOf('hn-air-1');
    expect(before.map(({ aqi }) => aqi)).toEqual(indices(day.map((pm25, at) => (at === 5 ? null : pm25))).slice(0, 25));
    expect((await daysOf('hn-air-1')).map(({ day: date, revision, result }) => [date, revision, result.means.pm25?.found])).toEqual([['2026-11-22', 1, 23]]);

    await storage.put(store, 'air-1b', [hourly(5, { pm25UgM3: 70 })], nowMs);
    await close();
    const after = await hoursOf('hn-air-1');
    expect(after.map(({ aqi }) => aqi)).toEqual(indices(day).slice(0, 25));
    expect(after.filter(({ revision }) => revision === 2).map((one) => one.hour)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    const history = await storage.db.query('select revision, result from pollution.station_hour_history where asset = $1 order by hour_at', ['hn-air-1']);
    expect(history.map((row) => [row['revision'], (row['result'] as HourResult).vnAqi!.aqi])).toEqual(before.slice(5, 17).map(({ aqi }) => [1, aqi]));
    const [today] = await daysOf('hn-air-1');
    const mean = day.slice(0, 24).reduce((sum, pm25) => sum + pm25, 0) / 24;
    expect([today!.revision, today!.result.means.pm25!.found]).toEqual([2, 24]);
    expect(today!.result.means.pm25!.ugM3).toBeCloseTo(mean, 9);
  });

  test('a corrected reading makes a new revision as well; the same again, or a job that runs again, changes nothing', async () => {
    await live('air-1', [40, 41, 42, 43, 44]);
    await storage.put(store, 'air-1', [hourly(2, { pm25UgM3: 60 })], nowMs);
    await close();
    const corrected = await hoursOf('hn-air-1');
    expect(corrected).toEqual(indices([40, 41, 60, 43]).map((aqi, at) => ({ hour: at, revision: at < 2 ? 1 : 2, aqi })));

    await storage.put(store, 'air-1', [hourly(2, { pm25UgM3: 60 }), hourly(3, { pm25UgM3: 43 })], nowMs);
    expect(await close()).toEqual({ hours: 0, days: 0, announced: 0 });
    // Another device's reading with the same mean: the hour is looked at again, and its outcome has changed only in how many readings there are.
    await storage.db.query("insert into pollution.stale_hour (asset, hour_at, replay) values ('hn-air-1', $1, false)", [new Date(midnight + 2 * hour)]);
    expect(await close()).toEqual({ hours: 0, days: 0, announced: 0 });
    expect(await hoursOf('hn-air-1')).toEqual(corrected);
  });
});

describe('exactly once', () => {
  const pm25s = [160, 170, 180, 150, 140, 60, 50];

  /** A process that dies after the n-th statement of its life. */
  const dyingAfter = (statements: number): HoursContext => {
    let left = statements;
    return { ...context(), db: { ...storage.db, transaction: (work) => storage.db.transaction((transaction) => work({ ...transaction, query: async (text, values) => {
      if (left-- <= 0) throw new Error('killed');
      return transaction.query(text, values);
    } })) } };
  };
  const everything = (): Promise<Record<string, unknown>[]> => storage.db.query(`select (select jsonb_agg(jsonb_build_array(hour_at, revision, condition_level, result) order by hour_at) from pollution.station_hour) as hours,
    (select jsonb_agg(jsonb_build_array(day, revision, result)) from pollution.station_day) as days, (select jsonb_agg(payload order by condition_id, seq) from pollution.condition_change) as changes,
    (select jsonb_agg(payload::jsonb order by key, payload::jsonb->>'seq') from pollution.outbox) as announced, (select jsonb_agg(jsonb_build_array(observed_at, metric, flag) order by observed_at) from pollution.value_flag) as flags`);

  test('a kill after any of its statements leaves nothing half done, and the next run does the rest once', async () => {
    for (const [index, pm25] of pm25s.entries()) await storage.put(store, 'air-1', [hourly(index, { pm25UgM3: pm25, no2UgM3: 250, humidityPct: 120 })]);
    nowMs = midnight + pm25s.length * hour;
    const untouched = await everything();
    let killed = 0;
    for (let done = false; !done; killed += 1) {
      try {
        await closeHours(dyingAfter(killed), nowMs);
        done = true;
      } catch (error) {
        expect(String(error)).toContain('killed');
        expect([killed, await everything()]).toEqual([killed, untouched]);
      }
    }
    expect(killed).toBeGreaterThan(15);
    expect((await hoursOf('hn-air-1')).map(({ revision }) => revision)).toEqual([1, 1, 1, 1, 1, 1]);
    const announced = await conditions();
    expect(announced.length).toBeGreaterThan(5);
    expect(await storage.db.query("select payload::jsonb as payload from pollution.outbox order by payload::jsonb->>'conditionId', (payload::jsonb->>'seq')::int")).toEqual([...announced].sort((a, b) => (a.conditionId < b.conditionId ? -1 : a.conditionId > b.conditionId ? 1 : a.seq - b.seq)).map((payload) => ({ payload })));
    expect(await close()).toEqual({ hours: 0, days: 0, announced: 0 });
  });

  test('two processes at once: one of them does it', async () => {
    for (const [index, pm25] of pm25s.entries()) await storage.put(store, 'air-1', [hourly(index, { pm25UgM3: pm25 })]);
    const results = await Promise.all([close(), close(), close()]);
    await close();
    expect(results.reduce((sum, { hours }) => sum + hours, 0)).toBeLessThanOrEqual(6);
    expect((await hoursOf('hn-air-1')).every(({ revision }) => revision === 1)).toBe(true);
  });

  test('a reading that comes while its hour is computed is not lost: its note outlives the run', async () => {
    await live('air-1', [40, 41]);
    await storage.put(store, 'air-1', [hourly(0, { pm25UgM3: 45 })], nowMs);
    let came = false;
    const busy: HoursContext = {
      ...context(),
      db: { ...storage.db, transaction: (work) => storage.db.transaction(async (transaction) => work({ ...transaction, query: async (text, values) => {
        if (!came && /delete from pollution.stale_hour/.test(text)) {
          came = true;
          await storage.put(store, 'air-1', [hourly(0, { pm25UgM3: 50 })], nowMs);
        }
        return transaction.query(text, values);
      } })) },
    };
    await closeHours(busy, nowMs);
    expect((await resultAt('hn-air-1', 0)).means.pm25!.ugM3).toBe(50);
    expect((await hoursOf('hn-air-1'))[0]!.revision).toBe(3);
  });
});

describe('conditions', () => {
  test('a level is entered after two hours above it and left after two at five points below; each legal limit is a condition of its own', async () => {
    const pm25s = [90, 90, 90, 90, 78, 76, 70, 60, 50, 40];
    await live('air-1', pm25s);
    const index = indices(pm25s);
    const levels = (await told()).filter((line) => line.startsWith('air-quality-level'));
    // By hand, from the second computation: the first two hours running above 150, the first two at or below 145.
    const entered = index.findIndex((aqi, at) => at > 0 && aqi !== null && aqi > 150 && (index[at - 1] ?? 0) > 150);
    const left = index.findIndex((aqi, at) => at > entered && aqi! <= 145 && index[at - 1]! <= 145);
    expect(levels).toEqual([`air-quality-level/hn-air-1 1 active unhealthy ${entered} ${index[entered]}`, `air-quality-level/hn-air-1 2 clear unhealthy ${left} ${index[left]}`]);
    const [row] = await storage.db.query("select active, seq, payload->>'state' as state from pollution.condition where condition_id = 'pollution/air-quality-level/hn-air-1'");
    expect(row).toEqual({ active: false, seq: 2, state: 'clear' });
  });

  test('an exceedance of the law is told once for each averaging period, and ends with the first period that keeps the limit', async () => {
    await storage.put(store, 'air-1', Array.from({ length: 25 }, (_, index) => hourly(index, { pm25UgM3: 46, no2UgM3: [150, 210, 220, 200][index] ?? 50 })));
    nowMs = midnight + 25 * hour;
    await close();
    const lines = await told();
    // All hours closed in one run, long after most of them were over: these are history.
    expect(lines.filter((line) => line.includes('no2-1h'))).toEqual(['legal-exceedance-no2-1h/hn-air-1 1 active exceeded 1 210 late', 'legal-exceedance-no2-1h/hn-air-1 2 active exceeded 2 220 late']);
    // The day's mean lies above 45, the limit since 2026, though its index stays below 100.
    expect(lines.filter((line) => line.includes('pm25-24h'))).toEqual(['legal-exceedance-pm25-24h/hn-air-1 1 active exceeded 0 46']);
    expect((await daysOf('hn-air-1'))[0]!.result.vnAqi!.sub.pm25).toBeCloseTo(92, 9);
    expect((await daysOf('hn-air-1'))[0]!.result.exceedances).toEqual([{ key: 'pm25-24h', ugM3: 46, limitUgM3: 45, excessUgM3: 1, rowId: 'pollution.limit.pm25-24h.2026' }]);
  });

  test('while it happens it is live, and the first hour that keeps the limit clears it', async () => {
    for (const [index, no2] of [150, 210, 220, 200, 50].entries()) {
      nowMs = midnight + (index + 1) * hour + 60_000;
      await storage.put(store, 'air-1', [hourly(index, { pm25UgM3: 20, no2UgM3: no2 })]);
      await close();
    }
    expect((await told()).filter((line) => line.includes('no2-1h'))).toEqual(['legal-exceedance-no2-1h/hn-air-1 1 active exceeded 1 210', 'legal-exceedance-no2-1h/hn-air-1 2 active exceeded 2 220', 'legal-exceedance-no2-1h/hn-air-1 3 clear exceeded 3 200']);
  });

  test('what a replay finds is late, all of it, and in the order of its hours', async () => {
    const from = Date.parse('2018-01-01T00:00:00Z');
    const pm25s = [90, 95, 100, 60, 50, 40, 30, 20];
    for (const [index, pm25] of pm25s.entries()) {
      await storage.put(store, 'recorded', [hourly(index, { pm25UgM3: pm25 }, from)], nowMs);
      await close();
    }
    const all = await conditions();
    expect(all.length).toBeGreaterThan(0);
    expect(all.every(({ late }) => late)).toBe(true);
    expect(all.filter(({ conditionId }) => conditionId.includes('air-quality-level')).map(({ state, observedAt }) => [state, (Date.parse(observedAt) - from) / hour])).toEqual([['active', 2], ['clear', 5]]);
    expect((await hoursOf('hanoi-us-embassy', from)).map(({ revision }) => revision)).toEqual(pm25s.slice(1).map(() => 1));
  });

  test('a backlog after an outage tells of the past as late, and of the present what now stands', async () => {
    await live('air-1', [90, 90]);
    // Nothing for a day; then all of it at once, with the level still standing.
    nowMs = midnight + 30 * hour + 120_000;
    await storage.put(store, 'air-1', Array.from({ length: 29 }, (_, index) => hourly(index + 2, { pm25UgM3: index > 10 && index < 20 ? 20 : 100 })), nowMs);
    await close();
    const levels = (await told()).filter((line) => line.startsWith('air-quality-level'));
    expect(levels.slice(0, -1).every((line) => line.endsWith('late'))).toBe(true);
    expect(levels.at(-1)).toMatch(/^air-quality-level\/hn-air-1 \d+ active unhealthy 29 \d+$/);
  });
});

describe('grades, flags and rows', () => {
  test('a reference station has concentrations alone: no index, no statement of law, no condition', async () => {
    await live('low-cost', [120, 130, 140, 150]);
    const results = await storage.db.query("select result from pollution.station_hour where asset = 'hn-new' order by hour_at");
    expect(results.map((row) => { const { grade, vnAqi, usAqi, exceedances, means } = row['result'] as HourResult; return [grade, vnAqi, usAqi, exceedances, means.pm25!.ugM3]; })).toEqual([120, 130, 140].map((pm25) => ['reference', null, null, [], pm25]));
    expect(JSON.stringify(results)).not.toContain('"aqi"');
    expect(await conditions()).toEqual([]);
  });

  test('an implausible value is flagged with its row, has no share in the mean, and stays as it is', async () => {
    const minutes = Array.from({ length: 60 }, (_, minute): PollutionReading => ({ observedAt: new Date(midnight + minute * 60_000).toISOString(), periodS: 60, pm25UgM3: minute === 30 ? 1200 : minute === 31 ? -6 : 20 + (minute % 2), humidityPct: 80 }));
    await storage.put(store, 'air-1', [...minutes, hourly(1, { pm25UgM3: 20 })]);
    await close();
    expect((await resultAt('hn-air-1', 0)).means.pm25).toEqual({ ugM3: 20.5, coverage: 0.967, readings: 58, excluded: { range: 2 } });
    expect((await resultAt('hn-air-1', 0)).flags).toEqual({ range: 2 });
    expect(await storage.db.query('select metric, flag, row_id from pollution.value_flag order by observed_at')).toEqual(Array(2).fill({ metric: 'pm25UgM3', flag: 'range', row_id: 'pollution.range.pm25UgM3.default' }));
    expect(await storage.db.query('select pm25_ug_m3 from pollution.reading where pm25_ug_m3 > 1000')).toEqual([{ pm25_ug_m3: 1200 }]);
    // Corrected, it counts: the flag goes with what it was found on.
    await storage.put(store, 'air-1', [{ ...minutes[30]!, pm25UgM3: 20 }], nowMs);
    await close();
    expect((await resultAt('hn-air-1', 0)).means.pm25!.readings).toBe(59);
    expect(await storage.db.query('select count(*)::int as n from pollution.value_flag')).toEqual([{ n: 1 }]);
  });

  test('a station that loses its grade says no more: its conditions are over', async () => {
    await live('air-2', [160, 170, 180, 190]);
    expect((await told()).map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual(['air-quality-level/hn-air-2 1 active']);
    await storage.database.db.query("update registry.dated_row set valid_to = $1 where id = 'pollution.station-grade.hn-air-2.demonstration'", [new Date(midnight + 4 * hour)]);
    await live('air-2', [190, 190], 4);
    expect((await told()).map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual(['air-quality-level/hn-air-2 1 active', 'air-quality-level/hn-air-2 2 clear']);
    expect((await resultAt('hn-air-2', 4)).vnAqi).toBeNull();
  });

  const changedRow = (kind: PollutionRowKind, key: string, rest: Partial<DatedRow>): DatedRow => ({ id: `${kind}.${key}.test`, kind, key, legalBasis: 'test', article: '', validFrom: '', validTo: null, value: 0, unit: 'µg/m³', source: 'a test', verifiedBy: null, ...rest });

  test('a new dated row changes the results of its own time, and nothing before (P13)', async () => {
    const pm25s = Array.from({ length: 50 }, (_, index) => 44 + (index % 2));
    for (const [index, pm25] of pm25s.entries()) await storage.put(store, 'air-1', [hourly(index, { pm25UgM3: pm25, so2UgM3: 300 })]);
    nowMs = midnight + 50 * hour;
    await close();
    const before = await storage.db.query('select hour_at, revision, result from pollution.station_hour order by hour_at');
    expect((await daysOf('hn-air-1')).map(({ day, result }) => [day, result.exceedances.map(({ key, rowId }) => `${key} ${rowId}`)])).toEqual([['2026-11-22', ['so2-24h pollution.limit.so2-24h.2023']], ['2026-11-23', ['so2-24h pollution.limit.so2-24h.2023']]]);

    // From the second day on the limit over 24 hours is 40 and that of SO2 over an hour 290; the old rows end there.
    const from = new Date(midnight + 24 * hour).toISOString();
    await storage.database.db.query("update registry.dated_row set valid_to = $1 where id in ('pollution.limit.pm25-24h.2026', 'pollution.limit.so2-1h.2023')", [from]);
    await storage.addRow(changedRow('pollution.limit', 'pm25-24h', { validFrom: from, value: 40 }));
    await storage.addRow(changedRow('pollution.limit', 'so2-1h', { validFrom: from, value: 290 }));
    await close();
    const days = await daysOf('hn-air-1');
    expect(days.map(({ day, revision, result }) => [day, revision, result.exceedances.map(({ rowId }) => rowId).sort()])).toEqual([
      ['2026-11-22', 1, ['pollution.limit.so2-24h.2023']],
      ['2026-11-23', 2, ['pollution.limit.pm25-24h.test', 'pollution.limit.so2-24h.2023']],
    ]);
    const after = await storage.db.query('select hour_at, revision, result from pollution.station_hour order by hour_at');
    expect(after.slice(0, 24)).toEqual(before.slice(0, 24));
    expect(after.slice(24).map((row) => [row['revision'], (row['result'] as HourResult).exceedances.map(({ rowId }) => rowId)])).toEqual(after.slice(24).map(() => [2, ['pollution.limit.so2-1h.test']]));
  });
});
