import { aqiPollutants, pollutionSeeds, vnAqiColumns, type AqiPollutant, type PollutionRows, type VnAqiColumn } from '#contracts';
import { subIndex, vnAqiHour, vnAqiScheme, type VnAqiScheme } from './vn-aqi.js';

const seeds: PollutionRows = (kind) => pollutionSeeds.filter((row) => row.kind === kind);
const atMs = Date.parse('2026-11-22T00:00:00Z');
const scheme = vnAqiScheme(seeds, atMs)!;
const index = (ugM3: number | null, column: VnAqiColumn, of: VnAqiScheme = scheme): number | null => subIndex(ugM3, column, of)?.index ?? null;

/** Table 2 of the Decision, typed here a second time: index, O3 1 h, O3 8 h, CO, SO2, NO2, PM10, PM2.5. */
const table2 = [
  [0, 0, 0, 0, 0, 0, 0, 0],
  [50, 160, 100, 10000, 125, 100, 50, 25],
  [100, 200, 120, 30000, 350, 200, 150, 50],
  [150, 300, 170, 45000, 550, 700, 250, 80],
  [200, 400, 210, 60000, 800, 1200, 350, 150],
  [300, 800, 400, 90000, 1600, 2350, 420, 250],
  [400, 1000, null, 120000, 2100, 3100, 500, 350],
  [500, 1200, null, 150000, 2630, 3850, 600, 500],
] as const;
const inTable: readonly VnAqiColumn[] = ['o3-1h', 'o3-8h', 'co', 'so2', 'no2', 'pm10', 'pm25'];

describe('sub-index of one pollutant', () => {
  test.each(inTable.map((column, at) => [column, table2.map((line) => [line[0], line[at + 1]] as const)] as const))('%s: at each breakpoint the index of the table, from both sides', (column, lines) => {
    for (const [expected, ugM3] of lines) {
      if (ugM3 === null || ugM3 === undefined) continue;
      expect(index(ugM3, column)).toBe(expected);
      const near = 1e-9 * Math.max(1, ugM3);
      if (ugM3 > 0) expect(index(ugM3 - near, column)).toBeCloseTo(expected, 5);
      const above = index(ugM3 + near, column);
      if (above !== null) expect(above).toBeCloseTo(expected, 5);
    }
  });

  test('ozone of eight hours above 400 µg/m³ is not used; every other column stops at 500', () => {
    expect(index(400, 'o3-8h')).toBe(300);
    expect(index(400.0001, 'o3-8h')).toBeNull();
    for (const column of vnAqiColumns) if (column !== 'o3-8h') expect(index(1e6, column)).toBe(500);
  });

  test('missing and negative means have none; a clean zero has 0', () => {
    expect([index(null, 'pm25'), index(-0.1, 'pm25'), index(NaN, 'pm25'), index(0, 'pm25')]).toEqual([null, null, null, 0]);
  });

  test('never falls with the concentration, never jumps, never leaves 0–500', () => {
    for (const column of vnAqiColumns) {
      const top = scheme.columns.get(column)!.value.ugM3.at(-1)!;
      let before = 0;
      for (let step = 0; step <= 20_000; step += 1) {
        const found = index((step / 20_000) * top, column)!;
        expect(found >= before && found <= 500 && found - before < 0.2).toBe(true);
        before = found;
      }
    }
  });
});

describe('VN_AQI of an hour', () => {
  test('worked example: PM2.5 61.0 and NO2 138 give 118, Poor, by PM2.5', () => {
    const found = vnAqiHour({ pm25: 61, no2: 138 }, scheme);
    expect(found).toMatchObject({ status: 'ok', aqi: 118, dominant: 'pm25', verified: false, rowIds: ['pollution.vn-aqi.pm25.1459', 'pollution.vn-aqi.no2.1459', 'pollution.vn-aqi-rule.1459'] });
    expect(found.sub.pm25).toBeCloseTo(118.333333, 6);
    expect(found.sub.no2).toBe(69);
  });

  test.each([
    ['neither PM2.5 nor PM10', { no2: 138, o3: 90, so2: 10, co: 900 }],
    ['only negative ones', { pm25: -1, pm10: -3, no2: 138 }],
    ['nothing at all', {}],
    ['all null', { pm25: null, pm10: null, o3: null }],
  ])('%s: insufficient, and no number', (_, concentrations) => {
    expect(vnAqiHour(concentrations, scheme)).toMatchObject({ status: 'insufficient', aqi: null, dominant: null });
  });

  test('either PM2.5 or PM10 is enough, also where a gas is worse', () => {
    expect(vnAqiHour({ pm10: 50 }, scheme)).toMatchObject({ aqi: 50, dominant: 'pm10' });
    expect(vnAqiHour({ pm25: 5, o3: 250 }, scheme)).toMatchObject({ aqi: 125, dominant: 'o3' });
  });

  test('of equal sub-indices the first in the order of ties is dominant, whatever the order given', () => {
    const at100: Record<AqiPollutant, number> = { co: 30_000, so2: 350, no2: 200, o3: 200, pm10: 150, pm25: 50 };
    const order = ['pm25', 'pm10', 'o3', 'no2', 'so2', 'co'] as const;
    for (let from = 0; from < 2; from += 1) {
      const left = Object.fromEntries(order.slice(from).map((name) => [name, at100[name]]));
      expect(vnAqiHour(left, scheme)).toMatchObject({ aqi: 100, dominant: order[from] });
    }
    // Without a condition of particulate matter the rest of the order shows.
    const free: VnAqiScheme = { ...scheme, rule: { ...scheme.rule, value: { ...scheme.rule.value, needsOneOf: [...aqiPollutants] } } };
    for (let from = 0; from < order.length; from += 1) expect(vnAqiHour(Object.fromEntries(order.slice(from).map((name) => [name, at100[name]])), free).dominant).toBe(order[from]);
    expect(vnAqiHour({ pm25: 900, pm10: 900 }, scheme)).toMatchObject({ aqi: 500, dominant: 'pm25' });
  });

  test.each([
    ['25.25 is 50.5 exactly', 25.25, 51],
    ['25.2 is 50.4', 25.2, 50],
    ['80.7 is 150.5 by hand; binary falls a little beside it', 80.7, 151],
    ['82.1 is 151.5 by hand', 82.1, 152],
    ['150.5 is 200.5', 150.5, 201],
    ['0.25 is 0.5', 0.25, 1],
    ['50.2 is 100.33', 50.2, 100],
    ['600 is above the table', 600, 500],
  ])('rounds half up, once, at the end: %s', (_, pm25, expected) => {
    expect(vnAqiHour({ pm25 }, scheme).aqi).toBe(expected);
  });

  test('is the largest of its sub-indices, rounded, for any concentrations', () => {
    for (let seed = 1; seed <= 2_000; seed += 1) {
      const some = (at: number, most: number): number => (((seed * 7919 + at * 104_729) % 10_007) / 10_007) * most;
      const concentrations = { pm25: some(1, 600), pm10: some(2, 700), o3: some(3, 1300), no2: some(4, 4000), so2: some(5, 2700), co: some(6, 160_000) };
      const found = vnAqiHour(concentrations, scheme);
      expect(found.aqi).toBe(Math.round(Math.max(...Object.values(found.sub))));
      expect(found.sub[found.dominant!]).toBe(Math.max(...Object.values(found.sub)));
      expect(found.aqi! >= 0 && found.aqi! <= 500 && Number.isInteger(found.aqi)).toBe(true);
    }
  });
});

describe('the rows decide', () => {
  test('a new row changes results from its first day only', () => {
    const changed: PollutionRows = (kind) => seeds(kind).flatMap((row) => (row.kind !== 'pollution.vn-aqi' || row.key !== 'pm25' ? [row] : [
      { ...row, validTo: '2026-06-01T00:00:00+07:00' },
      { ...row, id: 'stricter', validFrom: '2026-06-01T00:00:00+07:00', verifiedBy: null, value: { index: [0, 50, 100], ugM3: [0, 10, 20], aboveLast: 'last-index' as const } },
    ]));
    const at = (text: string): number | null => vnAqiHour({ pm25: 20 }, vnAqiScheme(changed, Date.parse(text))!).aqi;
    expect([at('2026-05-31T16:59:59Z'), at('2026-05-31T17:00:00Z')]).toEqual([40, 100]);
  });

  test('without a rule there is no scheme, without a column no sub-index; a row that cannot be read is none', () => {
    expect(vnAqiScheme(() => [], atMs)).toBeNull();
    const broken = vnAqiScheme((kind) => seeds(kind).map((row) => (row.key === 'pm25' ? { ...row, value: 'nonsense' } : row)), atMs)!;
    expect(vnAqiHour({ pm25: 61, pm10: 40 }, broken)).toMatchObject({ aqi: 40, dominant: 'pm10' });
  });
});
