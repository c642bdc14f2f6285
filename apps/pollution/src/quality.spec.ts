import { pollutionSeeds, type PollutionMetric, type PollutionRows } from '#contracts';
import { flagsOf, silenceMs, type StationReading } from './quality.js';

const rows: PollutionRows = (kind) => pollutionSeeds.filter((row) => row.kind === kind);
const start = Date.UTC(2026, 10, 22);
const minute = 60_000;
const reading = (atMinute: number, periodS: number, values: Partial<Record<PollutionMetric, number | null>>, channelId = 1): StationReading => ({ channelId, observedAtMs: start + atMinute * minute, periodS, flags: 0, values });
const found = (readings: StationReading[], fromMinute = 0): string[] => flagsOf(readings, rows, start + fromMinute * minute).map(({ channelId, observedAtMs, metric, flag }) => `${channelId} ${(observedAtMs - start) / minute} ${metric} ${flag}`);

describe('range', () => {
  test.each<[PollutionMetric, number, number]>([
    // pollution.md §6.
    ['pm25UgM3', -5, 1000], ['pm10UgM3', -10, 2000], ['o3UgM3', 0, 1000], ['no2UgM3', 0, 2000], ['so2UgM3', 0, 2600], ['coUgM3', 0, 150_000], ['humidityPct', 0, 100], ['temperatureC', -10, 60],
  ])('%s: %d to %d is plausible', (metric, low, high) => {
    expect(found([reading(0, 60, { [metric]: low }), reading(1, 60, { [metric]: high })])).toEqual([]);
    expect(found([reading(0, 60, { [metric]: low - 0.1 }), reading(1, 60, { [metric]: high + 0.1 })])).toEqual([`1 0 ${metric} range`, `1 1 ${metric} range`]);
  });

  test('what is missing is not out of range, and a flag names its row', () => {
    expect(flagsOf([reading(0, 60, { pm25UgM3: null }), reading(1, 60, { pm25UgM3: 1200 })], rows, start)).toEqual([{ channelId: 1, observedAtMs: start + minute, metric: 'pm25UgM3', flag: 'range', rowId: 'pollution.range.pm25UgM3.default' }]);
  });
});

describe('flatline', () => {
  const hours = (values: (number | null)[], channelId = 1): StationReading[] => values.map((pm25UgM3, hour) => reading(hour * 60, 3600, { pm25UgM3 }, channelId));

  test('three equal hours: the third is flagged, and those after it', () => {
    expect(found(hours([35, 35]))).toEqual([]);
    expect(found(hours([35, 35, 35]))).toEqual(['1 120 pm25UgM3 flatline']);
    expect(found(hours([20, 35, 35, 35, 35, 36]))).toEqual(['1 180 pm25UgM3 flatline', '1 240 pm25UgM3 flatline']);
  });

  test('60 equal minutes', () => {
    const minutes = (count: number): StationReading[] => Array.from({ length: count }, (_, at) => reading(at, 60, { pm25UgM3: 12 }));
    expect(found(minutes(59))).toEqual([]);
    expect(found(minutes(61))).toEqual(['1 59 pm25UgM3 flatline', '1 60 pm25UgM3 flatline']);
  });

  test.each([
    ['a missing value breaks the run', hours([35, 35, null, 35, 35])],
    ['so does an hour that never came', [...hours([35, 35]), reading(180, 3600, { pm25UgM3: 35 })]],
    ['and another channel is another run', [...hours([35, 35]), reading(120, 3600, { pm25UgM3: 35 }, 2)]],
    ['rain that does not fall and wind that does not turn are no fault', Array.from({ length: 6 }, (_, hour) => reading(hour * 60, 3600, { precipitationMm: 0, windDirectionDeg: 90 }))],
  ])('%s', (_, readings) => {
    expect(found(readings).filter((line) => line.endsWith('flatline'))).toEqual([]);
  });

  test('what is only looked back on is not flagged again', () => {
    expect(found(hours([35, 35, 35, 35]), 180)).toEqual(['1 180 pm25UgM3 flatline']);
  });
});

test('a gap is longer than three periods, and than five minutes', () => {
  expect([silenceMs(60, { periods: 3, minS: 300 }), silenceMs(3600, { periods: 3, minS: 300 })]).toEqual([300_000, 10_800_000]);
  const after = (silentMinutes: number, periodS: number): string[] => found([reading(0, periodS, { pm25UgM3: 1 }), reading(periodS / 60 + silentMinutes, periodS, { pm25UgM3: 2 })]);
  expect(after(5, 60)).toEqual([]);
  expect(after(6, 60)).toEqual(['1 7 * comm_gap']);
  expect(after(15, 300)).toEqual([]);
  expect(after(16, 300)).toEqual(['1 21 * comm_gap']);
});
