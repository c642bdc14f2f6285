import { pollutionSeeds, type AqiPollutant } from '#contracts';
import { eightHourMeans, vnAqiDay, type DayRules } from './daily.js';
import { vnAqiScheme } from './vn-aqi.js';

const scheme = vnAqiScheme((kind) => pollutionSeeds.filter((row) => row.kind === kind), Date.parse('2026-11-22T00:00:00Z'))!;
const rules: DayRules = { day: { needed: 18, of: 24 }, eightHours: { needed: 6, of: 8 } };
const n = null;
const all = (value: number | null, hours = 24): (number | null)[] => Array.from({ length: hours }, () => value);
const none: Record<AqiPollutant, (number | null)[]> = { pm25: all(n), pm10: all(n), o3: all(n), no2: all(n), so2: all(n), co: all(n) };
const day = (hours: Partial<typeof none>, before: (number | null)[] = all(n, 7)) => vnAqiDay({ ...none, ...hours }, before, scheme, rules);

describe('24 eight-hour means, each ending with its hour', () => {
  test('the first reach into the day before', () => {
    const means = eightHourMeans([1, 2, 3, 4, 5, 6, 7], Array.from({ length: 24 }, (_, at) => at + 8), rules.eightHours);
    expect(means).toHaveLength(24);
    // The mean of eight numbers that follow each other lies in their middle.
    expect(means).toEqual(Array.from({ length: 24 }, (_, at) => at + 4.5));
  });

  test('without the day before the first is that of the hour 06', () => {
    const means = eightHourMeans([], all(10), rules.eightHours);
    expect(means.slice(0, 5)).toEqual([n, n, n, n, n]);
    expect(means.slice(5)).toEqual(all(10, 19));
  });

  test('only the last seven hours of the day before count', () => {
    expect(eightHourMeans([1000, 1000, ...all(8, 7)], all(8), rules.eightHours)[0]).toBe(8);
  });
});

describe('VN_AQI of a day', () => {
  test('particulate matter by its mean, gases by their highest hour', () => {
    const pm25 = [...all(20, 12), ...all(60, 12)]; // Mean 40: 80.
    const no2 = [...all(20, 23), 190]; // 50 + 50 · 90 / 100 = 95.
    expect(day({ pm25, no2 })).toMatchObject({ status: 'ok', aqi: 95, dominant: 'no2', concentrations: { pm25: 40, no2: 190, pm10: null }, completeness: { pm25: { enough: true, found: 24, due: 24 } } });
  });

  test('ozone by the larger of its highest hour and its highest eight hours', () => {
    const flat = day({ pm25: all(5), o3: all(115) }, all(115, 7));
    expect(flat.sub.o3).toBeCloseTo(87.5, 9); // Eight hours: 50 + 50 · 15 / 20; one hour would be 36.
    const peak = day({ pm25: all(5), o3: [...all(10, 12), 250, ...all(10, 11)] }, all(10, 7));
    expect(peak.sub.o3).toBe(125); // One hour of 250; eight hours have 40.
  });

  test('eight hours above 400 µg/m³ are not used; the hours alone speak', () => {
    const found = day({ pm25: all(5), o3: all(410) }, all(410, 7));
    expect(found.concentrations['o3-8h']).toBeCloseTo(410, 9);
    expect(found.sub.o3).toBe(202.5); // 200 + 100 · 10 / 400.
  });

  test('seven hours of the night before can make the day', () => {
    expect(day({ pm25: all(5), o3: [160, ...all(10, 23)] }, all(160, 7)).sub.o3).toBe(140); // 8 h of 160: 100 + 50 · 40 / 50.
  });

  test('fewer than 18 hours: insufficient, with the count', () => {
    const found = day({ pm25: [...all(30, 16), ...all(n, 8)], no2: all(50) });
    expect(found).toMatchObject({ status: 'insufficient', aqi: null, completeness: { pm25: { enough: false, found: 16, due: 24 } } });
    expect(day({ pm25: [...all(30, 18), ...all(n, 6)] }).aqi).toBe(60);
  });

  test('without particulate matter there is none for the day either', () => {
    expect(day({ no2: all(150), o3: all(100) })).toMatchObject({ status: 'insufficient', aqi: null, dominant: null });
  });
});
