import { pollutionSeeds, type PollutionRows, type UsAqiColumn } from '#contracts';
import { highestUsAqi, usAqi } from './us-aqi.js';

const rows: PollutionRows = (kind) => pollutionSeeds.filter((row) => row.kind === kind);
const now = Date.parse('2026-11-22T00:00:00Z');
const aqi = (column: UsAqiColumn, value: number | null, atMs = now): number | null => usAqi(column, value, rows, atMs)?.aqi ?? null;

describe('the published tables, at the bounds of every segment', () => {
  /** EPA-454/B-24-002, typed here a second time as lines "low high index-low index-high". */
  const tables: Record<UsAqiColumn, string> = {
    'pm25-24h': '0.0 9.0 0 50/9.1 35.4 51 100/35.5 55.4 101 150/55.5 125.4 151 200/125.5 225.4 201 300/225.5 325.4 301 500',
    'pm10-24h': '0 54 0 50/55 154 51 100/155 254 101 150/255 354 151 200/355 424 201 300/425 604 301 500',
    'o3-8h': '.000 .054 0 50/.055 .070 51 100/.071 .085 101 150/.086 .105 151 200/.106 .200 201 300',
    'o3-1h': '.125 .164 101 150/.165 .204 151 200/.205 .404 201 300/.405 .604 301 500',
    'co-8h': '0.0 4.4 0 50/4.5 9.4 51 100/9.5 12.4 101 150/12.5 15.4 151 200/15.5 30.4 201 300/30.5 50.4 301 500',
    'so2-1h': '0 35 0 50/36 75 51 100/76 185 101 150/186 304 151 200',
    'so2-24h': '305 604 201 300/605 1004 301 500',
    'no2-1h': '0 53 0 50/54 100 51 100/101 360 101 150/361 649 151 200/650 1249 201 300/1250 2049 301 500',
  };
  test.each(Object.entries(tables) as [UsAqiColumn, string][])('%s', (column, lines) => {
    for (const line of lines.split('/')) {
      const [low, high, from, to] = line.split(' ').map(Number) as [number, number, number, number];
      expect([aqi(column, low), aqi(column, high)]).toEqual([from, to]);
    }
  });
});

test.each([
  ['35.49 is cut to 35.4, still Moderate', 'pm25-24h', 35.49, 100],
  ['35.5 is the next level', 'pm25-24h', 35.5, 101],
  ['9.09 is cut to 9.0', 'pm25-24h', 9.09, 50],
  ['154.9 is cut to 154', 'pm10-24h', 154.9, 100],
  ['0.0709 ppm is cut to 0.070', 'o3-8h', 0.0709, 100],
  ['the mean of a segment: 40.0 → 101 + 49 · 4.5 / 19.9 = 112.08', 'pm25-24h', 40, 112],
  ['an ozone of one hour below its table says nothing', 'o3-1h', 0.1249, null],
  ['above 0.200 ppm eight hours hand over to one hour', 'o3-8h', 0.201, null],
  ['above 304 ppb one hour of SO2 stays at 200', 'so2-1h', 500, 200],
  ['missing', 'pm25-24h', null, null],
  ['negative', 'pm25-24h', -0.3, null],
] as [string, UsAqiColumn, number | null, number | null][])('%s', (_, column, value, expected) => {
  expect(aqi(column, value)).toBe(expected);
});

test('beyond the table the last slope goes on and is marked', () => {
  const found = usAqi('pm25-24h', 425.4, rows, now)!;
  // 301 + 199 · 199.9 / 99.9.
  expect(found).toMatchObject({ aqi: 699, beyond: true });
  expect(usAqi('pm25-24h', 325.4, rows, now)).toMatchObject({ aqi: 500, beyond: false });
});

test('goes by its own name, that of the revision in force at the time', () => {
  expect(usAqi('pm25-24h', 12, rows, now)).toMatchObject({ nameEn: 'US AQI (EPA 2024)', aqi: 56 });
  expect(usAqi('pm25-24h', 12, rows, Date.parse('2018-03-01T00:00:00Z'))).toMatchObject({ nameEn: 'US AQI (EPA 2012)', aqi: 50 });
  expect(usAqi('pm25-24h', 12, rows, Date.parse('2012-01-01T00:00:00Z'))).toBeNull();
});

test('of several the highest, by name', () => {
  expect(highestUsAqi({ 'pm25-24h': 40, 'o3-8h': 0.09, 'no2-1h': null }, rows, now)).toMatchObject({ column: 'o3-8h', aqi: 161 });
  expect(highestUsAqi({ 'pm25-24h': null }, rows, now)).toBeNull();
});
