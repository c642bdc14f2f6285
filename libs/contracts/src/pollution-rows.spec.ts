import { pollutionRowValues, stationGrades, usAqiColumns, usLevels, vnAqiColumns, vnLevels, type PollutionRowKind } from './pollution-rows.js';
import { pollutionSeeds } from './pollution-seeds.js';

const keysOf = (kind: PollutionRowKind): string[] => pollutionSeeds.filter((row) => row.kind === kind).map((row) => row.key);
const valuesOf = (kind: PollutionRowKind, key: string): unknown[] => pollutionSeeds.filter((row) => row.kind === kind && row.key === key).map((row) => row.value);

test.each(pollutionSeeds.map((row) => [row.id, row] as const))('%s has a value of its kind', (_, row) => {
  expect(pollutionRowValues[row.kind as PollutionRowKind].safeParse(row.value)).toMatchObject({ success: true });
});

test('every kind has a row, every column and level its own', () => {
  expect(new Set(pollutionSeeds.map((row) => row.kind))).toEqual(new Set(Object.keys(pollutionRowValues)));
  expect(new Set(keysOf('pollution.vn-aqi'))).toEqual(new Set(vnAqiColumns));
  expect(new Set(keysOf('pollution.us-aqi'))).toEqual(new Set(usAqiColumns));
  expect(new Set(keysOf('pollution.aqi-level'))).toEqual(new Set([...vnLevels.map((level) => `vn.${level}`), ...usLevels.map((level) => `us.${level}`)]));
  expect(keysOf('pollution.advice')).toEqual([...vnLevels]);
  expect(new Set(valuesOf('pollution.station-grade', 'hn-air-1'))).toEqual(new Set([stationGrades[0]]));
});

test('what nobody has compared with the text of the law is not marked as checked', () => {
  const unchecked = new Set(pollutionSeeds.filter((row) => row.verifiedBy === null).map((row) => row.kind));
  for (const kind of ['pollution.vn-aqi-rule', 'pollution.advice', 'pollution.completeness', 'pollution.age', 'pollution.range', 'pollution.hour-close', 'pollution.aqi-condition', 'pollution.station-grade']) expect(unchecked).toContain(kind);
  for (const kind of ['pollution.vn-aqi', 'pollution.limit', 'pollution.who']) expect(unchecked).not.toContain(kind);
});

test('the limit of PM2.5 over 24 hours changes at local midnight, 45 from 2026 on', () => {
  expect(pollutionSeeds.filter((row) => row.kind === 'pollution.limit' && row.key === 'pm25-24h').map(({ value, validFrom, validTo }) => [value, validFrom, validTo])).toEqual([
    [50, '2023-09-12T00:00:00+07:00', '2026-01-01T00:00:00+07:00'],
    [45, '2026-01-01T00:00:00+07:00', null],
  ]);
});

describe('rows that would make nonsense are refused', () => {
  test.each<[string, PollutionRowKind, unknown]>([
    ['breakpoints that do not rise', 'pollution.vn-aqi', { index: [0, 50, 100], ugM3: [0, 50, 50], aboveLast: 'last-index' }],
    ['more indices than breakpoints', 'pollution.vn-aqi', { index: [0, 50, 100], ugM3: [0, 50], aboveLast: 'last-index' }],
    ['a pollutant named twice among ties', 'pollution.vn-aqi-rule', { needsOneOf: ['pm25'], tieOrder: ['pm25', 'pm25', 'o3', 'no2', 'so2', 'co'], nameVi: 'x', nameEn: 'x' }],
    ['four of the newest three hours', 'pollution.nowcast', { hours: 12, newestNeeded: 4, newestOf: 3, weightFloor: 0.5, truncateDecimals: null, formVi: 'x', formEn: 'x' }],
    ['segments that overlap', 'pollution.us-aqi', { truncateDecimals: 1, aboveLast: 'extrapolate', nameVi: 'x', nameEn: 'x', segments: [{ from: 0, to: 9, indexFrom: 0, indexTo: 50 }, { from: 9, to: 35, indexFrom: 51, indexTo: 100 }] }],
    ['more hours needed than there are', 'pollution.completeness', { needed: 9, of: 8 }],
    ['a grade that the circular does not know', 'pollution.station-grade', 'good'],
  ])('%s', (_, kind, value) => {
    expect(pollutionRowValues[kind].safeParse(value).success).toBe(false);
  });
});
