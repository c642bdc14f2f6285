import { pollutionSeeds, type PollutionRows } from '#contracts';
import { exceedances } from './exceedance.js';
import { vnLevelOf } from './levels.js';
import { vnAqiHour, vnAqiScheme } from './vn-aqi.js';

const rows: PollutionRows = (kind) => pollutionSeeds.filter((row) => row.kind === kind);
/** The start of a local day. */
const day = (date: string): number => Date.parse(`${date}T00:00:00+07:00`);

describe('PM2.5 over 24 hours: 50 until the end of 2025, 45 from 2026 on, by data alone', () => {
  test.each([
    ['the last day of the old limit', '2025-12-31', 48, []],
    ['the last day of the old limit, above it', '2025-12-31', 50.5, [[50, 'pollution.limit.pm25-24h.2023']]],
    ['the first day of the new limit', '2026-01-01', 48, [[45, 'pollution.limit.pm25-24h.2026']]],
    ['at the limit it is kept', '2026-01-01', 45, []],
    ['before the regulation there is no row, so nothing is said', '2018-01-01', 200, []],
    ['missing', '2026-01-01', null, []],
  ] as [string, string, number | null, [number, string][]][])('%s', (_, date, ugM3, expected) => {
    expect(exceedances([{ key: 'pm25-24h', ugM3 }], rows, day(date)).map(({ limitUgM3, rowId }) => [limitUgM3, rowId])).toEqual(expected);
  });

  test('the change is at midnight of the place, not of UTC', () => {
    const at = (text: string): number => exceedances([{ key: 'pm25-24h', ugM3: 48 }], rows, Date.parse(text)).length;
    expect([at('2025-12-31T16:59:59.999Z'), at('2025-12-31T17:00:00Z')]).toEqual([0, 1]);
  });
});

test('says by how much', () => {
  expect(exceedances([{ key: 'no2-1h', ugM3: 230 }, { key: 'so2-1h', ugM3: 349 }, { key: 'unknown-1h', ugM3: 1e6 }], rows, day('2026-11-22'))).toEqual([
    { key: 'no2-1h', ugM3: 230, limitUgM3: 200, excessUgM3: 30, rowId: 'pollution.limit.no2-1h.2023', verified: true },
  ]);
});

test('is another question than the level: 48 µg/m³ breaks the law of 2026 at a Moderate index', () => {
  const { aqi } = vnAqiHour({ pm25: 48 }, vnAqiScheme(rows, day('2026-01-01'))!);
  expect(vnLevelOf(aqi!, rows, day('2026-01-01'))!.level).toBe('moderate');
  expect(exceedances([{ key: 'pm25-24h', ugM3: 48 }], rows, day('2026-01-01'))).toHaveLength(1);
});
