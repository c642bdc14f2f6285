import { pollutionFlagBits, type PollutionFlag, type PollutionMetric } from '#contracts';
import { hourMeans } from './hour-means.js';
import type { StationReading, ValueFlag } from './quality.js';

const hour = Date.UTC(2026, 10, 22, 7);
const reading = (atS: number, periodS: number, pm25UgM3: number | null, rest: Partial<StationReading> = {}): StationReading => ({ channelId: 1, observedAtMs: hour + atS * 1000, periodS, flags: 0, values: { pm25UgM3 }, ...rest });
const excluding: PollutionFlag[] = ['range', 'calib', 'imputed', 'invalid'];
const pm25 = (readings: StationReading[], flags: ValueFlag[] = []) => hourMeans(readings, flags, hour, { share: 0.75 }, excluding).pm25;
const quarters = (values: (number | null)[], rest: Partial<StationReading> = {}): StationReading[] => values.map((value, at) => reading(at * 900, 900, value, rest));

test('the mean of equal periods is theirs, and one value stays exactly what it is', () => {
  expect(pm25(quarters([10, 20, 30, 40]))).toEqual({ ugM3: 25, coverage: 1, readings: 4, excluded: {} });
  expect(pm25([reading(0, 3600, 50.3)])!.ugM3).toBe(50.3);
});

test('periods of different length weigh as long as they are', () => {
  expect(pm25([reading(0, 2700, 10), reading(2700, 900, 50)])!.ugM3).toBe(20);
});

test('what is missing has no share: 45 of 60 minutes are enough, 44 are not', () => {
  expect(pm25(quarters([10, null, 20, 30]))).toEqual({ ugM3: 20, coverage: 0.75, readings: 3, excluded: {} });
  const minutes = (count: number): StationReading[] => Array.from({ length: count }, (_, at) => reading(at * 60, 60, 10));
  expect([pm25(minutes(45))!.ugM3, pm25(minutes(44))!.ugM3]).toEqual([10, null]);
});

test('an hour without any value has no entry, which is not 0', () => {
  expect(pm25([])).toBeUndefined();
  expect(pm25(quarters([null, null, null, null]))).toBeUndefined();
  expect(pm25(quarters([0, 0, 0, 0]))!.ugM3).toBe(0);
});

test('two sensors of a station: both values count, each moment once', () => {
  const both = [...quarters([10, 10, 10, 10]), ...quarters([20, 20, 20, 20], { channelId: 2 })];
  expect(pm25(both)).toEqual({ ugM3: 15, coverage: 1, readings: 8, excluded: {} });
  // One took over from the other: half an hour each is the whole.
  expect(pm25([reading(0, 1800, 10), reading(1800, 1800, 20, { channelId: 2 })])!.coverage).toBe(1);
  expect(pm25([reading(0, 1800, 10), reading(0, 1800, 20, { channelId: 2 })])).toMatchObject({ coverage: 0.5, ugM3: null });
});

test('what reaches beyond the hour does not cover it', () => {
  expect(pm25([reading(1800, 3600, 10)])!.coverage).toBe(0.5);
});

describe('excluded flags', () => {
  const flag = (metric: PollutionMetric | '*', name: ValueFlag['flag']): ValueFlag => ({ channelId: 1, observedAtMs: hour + 900_000, metric, flag: name, rowId: 'row' });

  test.each<[string, StationReading[], ValueFlag[], object]>([
    ['found on the value', quarters([10, 900, 10, 10]), [flag('pm25UgM3', 'range')], { ugM3: 10, coverage: 0.75, readings: 3, excluded: { range: 1 } }],
    ['found on another metric of the reading', quarters([10, 20, 10, 20]), [flag('humidityPct', 'range')], { ugM3: 15, readings: 4, excluded: {} }],
    ['found, but shown only', quarters([10, 20, 10, 20]), [flag('pm25UgM3', 'flatline'), flag('*', 'comm_gap')], { ugM3: 15, readings: 4, excluded: {} }],
    ['said by the device', quarters([10, 20, 10, 20], { flags: pollutionFlagBits.calib }), [], { ugM3: null, coverage: 0, readings: 0, excluded: { calib: 4 } }],
    ['said, but shown only', quarters([10, 20, 10, 20], { flags: pollutionFlagBits.rh_high | pollutionFlagBits.estimated_time }), [], { ugM3: 15, readings: 4 }],
    ['two at once: counted by the first of the list', quarters([10, 20, 10, 20], { flags: pollutionFlagBits.invalid | pollutionFlagBits.imputed }), [], { excluded: { imputed: 4 } }],
  ])('%s', (_, readings, flags, expected) => {
    expect(pm25(readings, flags)).toMatchObject(expected);
  });
});
