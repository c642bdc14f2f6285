import { trafficFlagBits } from '#contracts';
import { sumsOf } from './vehicle-log.js';

test('a log of vehicles becomes one observation', () => {
  const sums = sumsOf(
    [
      { atMs: 1_000, class: 'motorcycle', speedKmh: 40, lengthM: 2, durationMs: 200 },
      { atMs: 9_000, class: 'car', speedKmh: 60, lengthM: 4, durationMs: 400 },
      { atMs: 30_000, speedKmh: null, lengthM: null, durationMs: 600 },
    ],
    60,
  );
  expect(sums).toEqual({
    count: 3,
    byClass: { motorcycle: 1, car: 1, bus: 0, truck: 0, trailer: 0, bicycle: 0, other: 0 },
    speedKmh: expect.closeTo(48, 12), // 40 there and 60 back: 48, not 50.
    occupancy: 0.02, // 1.2 s of 60.
    lengthM: 3,
    flags: 0,
  });
});

test.each([
  ['no vehicle is a count of 0, with no speed', [], { count: 0, byClass: null, speedKmh: null, occupancy: 0, lengthM: null }],
  ['classes nobody told are not zero but unknown', [{ atMs: 0, speedKmh: 30 }], { count: 1, byClass: null, speedKmh: 30 }],
  ['one vehicle of unknown duration makes the occupancy unknown', [{ atMs: 0, durationMs: 100 }, { atMs: 1 }], { occupancy: null }],
  ['speed 0 was not measured', [{ atMs: 0, speedKmh: 0 }, { atMs: 1, speedKmh: 20 }], { count: 2, speedKmh: 20 }],
  ['only speeds of 0: no speed', [{ atMs: 0, speedKmh: 0 }], { speedKmh: null }],
  ['the last vehicle still stands there: covered all the time, not more', [{ atMs: 0, durationMs: 59_000 }, { atMs: 59_500, durationMs: 5_000 }], { occupancy: 1 }],
  ['one going the wrong way flags the period', [{ atMs: 0, wrongWay: true }, { atMs: 1, wrongWay: false }], { flags: trafficFlagBits.wrong_way }],
  ['a gap and a time of the server do too', [{ atMs: 0, gap: true }, { atMs: 1, timeMode: 'server' as const }], { flags: trafficFlagBits.gap | trafficFlagBits.estimated_time }],
  ['the sensor’s own time does not', [{ atMs: 0, timeMode: 'sensor' as const }], { flags: 0 }],
])('%s', (_, vehicles, expected) => {
  expect(sumsOf(vehicles, 60)).toMatchObject(expected);
});
