/**
 * Half a year of recorded PM2.5 through the pure rules: NowCast against the file's own column, US AQI against the file's
 * own index, VN_AQI against a second computation in whole numbers. Through the doors: air-hanoi.e2e.spec.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pollutionSeeds, type PollutionRows, type VnLevel } from '#contracts';
import { conditionLevel } from '../apps/pollution/src/level-condition.js';
import { vnAqiDay, type DayRules } from '../apps/pollution/src/daily.js';
import { inForce } from '../apps/pollution/src/in-force.js';
import { nowCast } from '../apps/pollution/src/now-cast.js';
import { usAqi } from '../apps/pollution/src/us-aqi.js';
import { vnAqiHour, vnAqiScheme } from '../apps/pollution/src/vn-aqi.js';
import { airHours } from '../apps/simulator/src/hanoi-air.js';
import { compareNowCast, nowCastCauses, secondWay, type SecondWay } from './support/air-hanoi.js';
import { recordedData } from './support/recorded-data.js';

const hourMs = 3_600_000;
const folder = recordedData('air-hanoi', 'https://www.airnow.gov/international/us-embassies-and-consulates/ (Hanoi, 2018)');
const rows: PollutionRows = (kind) => pollutionSeeds.filter((row) => row.kind === kind);

(folder === null ? describe.skip : describe)('recorded hours of Hanoi', () => {
  let second: SecondWay;
  let hours: Map<number, number | null>;

  beforeAll(() => {
    second = secondWay(folder!);
    hours = new Map(airHours(readFileSync(join(folder!, 'pm25-2018-jan-jun.csv'), 'utf8')).rows.map((row) => [row.observedAtMs, row.pm25UgM3]));
  });

  /** The twelve hours that end with this one, the newest first. */
  const window = (hour: number): (number | null)[] => Array.from({ length: 12 }, (_, age) => hours.get((hour - age) * hourMs) ?? null);
  const rule = (key: string, atMs: number) => inForce(rows, 'pollution.nowcast', key, atMs)!.value;

  test('are read as they stand in the file: what is Invalid or Missing is absent, and never 0', () => {
    expect(second.rows).toHaveLength(4103);
    expect(hours.size).toBe(4102);
    expect([...second.tenths].filter(([hour, tenths]) => (tenths === null ? null : Number(tenths) / 10) !== hours.get(hour * hourMs))).toEqual([]);
    const absent = second.rows.filter(({ status }) => status !== 'Valid');
    expect(absent).toHaveLength(271);
    for (const { hour } of absent) expect(hours.get(hour * hourMs)).toBeNull();
    // The two zeros of 2 May are measured.
    expect([...hours.values()].filter((value) => value === 0)).toHaveLength(2);
  });

  test('NowCast is within 0.1 µg/m³ of the file in at least 3,800 hours, and every other hour is explained', () => {
    const outcome = compareNowCast(second, (hour) => nowCast(window(hour), rule('epa-pm25', hour * hourMs)));
    console.table(Object.entries(outcome.counts).map(([cause, count]) => ({ hours: count, because: nowCastCauses[cause as keyof typeof nowCastCauses] })));
    expect(outcome.counts.within).toBeGreaterThanOrEqual(3_800);
    expect(outcome.unexplained).toEqual([]);
  });

  test('US AQI by the table of 2012 is the file\'s own index wherever the file has our NowCast', () => {
    let same = 0;
    for (const { hour, nowCastUgM3, aqi, label } of second.rows) {
      if (nowCastUgM3 === null) continue;
      expect({ label, aqi: usAqi('pm25-24h', nowCastUgM3, rows, hour * hourMs)!.aqi }).toEqual({ label, aqi });
      same += 1;
    }
    expect(same).toBe(3_893);
  });

  test('VN_AQI of every hour equals the second computation', () => {
    const scheme = vnAqiScheme(rows, Date.UTC(2018, 0, 1))!;
    const found = second.hours.map((hour) => [hour, vnAqiHour({ pm25: nowCast(window(hour), rule('vn', hour * hourMs)) }, scheme).aqi]);
    expect(found.filter(([hour, aqi]) => aqi !== second.vnAqi(hour!))).toEqual([]);
    expect(found.filter(([, aqi]) => aqi !== null).length).toBeGreaterThan(3_800);
  });

  test('daily VN_AQI of every day equals the second computation', () => {
    const scheme = vnAqiScheme(rows, Date.UTC(2018, 0, 1))!;
    const rules: DayRules = { day: inForce(rows, 'pollution.completeness', 'day', Date.UTC(2018, 0, 1))!.value, eightHours: inForce(rows, 'pollution.completeness', '8h', Date.UTC(2018, 0, 1))!.value };
    const none = Array.from({ length: 24 }, () => null);
    const days = second.vnAqiDays();
    for (const [date, expected] of days) {
      const startMs = Date.parse(`${date}T00:00:00+07:00`);
      const pm25 = Array.from({ length: 24 }, (_, at) => hours.get(startMs + at * hourMs) ?? null);
      expect([date, vnAqiDay({ pm25, pm10: none, o3: none, no2: none, so2: none, co: none }, [], scheme, rules).aqi]).toEqual([date, expected]);
    }
    expect([...days.values()].filter((aqi) => aqi !== null).length).toBeGreaterThan(140);
  });

  test('hours of alarm are the same as by the rule, hour by hour', () => {
    const alarms = second.alarms();
    const byLevel = [...alarms.values()].reduce<Record<string, number>>((counts, level) => ({ ...counts, [level]: (counts[level] ?? 0) + 1 }), {});
    console.log(`hours of alarm: ${JSON.stringify(byLevel)}`);
    // The same by the product's rule, hour by hour.
    const value = inForce(rows, 'pollution.aqi-condition', '', Date.UTC(2018, 0, 1))!.value;
    const aqis = new Map(second.hours.map((hour) => [hour, second.vnAqi(hour)]));
    let level: VnLevel | null = null;
    const found = new Map<number, string>();
    for (const hour of second.hours) {
      level = conditionLevel(level, [aqis.get(hour - 1) ?? null, aqis.get(hour) ?? null], value);
      if (level !== null) found.set(hour, level);
    }
    expect(found).toEqual(alarms);
    expect(alarms.size).toBeGreaterThan(100);
  });

  test('US AQI of every hour equals the second computation', () => {
    for (const hour of second.hours) {
      const mean = nowCast(window(hour), rule('epa-pm25', hour * hourMs));
      expect([hour, usAqi('pm25-24h', mean, rows, hour * hourMs)?.aqi ?? null]).toEqual([hour, second.usAqi2012(hour)]);
    }
  });
});
