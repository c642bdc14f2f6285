import { seedRows } from '#contracts';
import { freeFlowKmh, stateByIndex, stateByShare, travelTime } from './travel-time.js';

const atMs = Date.UTC(2026, 10, 22, 7);
const rows = (kind: string) => seedRows.filter((row) => row.kind === kind);

describe('travel time', () => {
  test('2 km at 20 instead of 60 km/h: index 3, 6 minutes, and 100 vehicles lose 100·(2/20 − 2/60) h', () => {
    expect(travelTime({ lengthM: 2000, speedKmh: 20, referenceKmh: 60, count: 100, observedPercent: 80 })).toEqual({ index: 3, travelTimeS: expect.closeTo(360, 9), delayVehH: expect.closeTo(100 * (0.1 - 1 / 30), 9), observedPercent: 80 });
  });

  test('the index of PeMS, 60 mph / (VMT / VHT), by miles and hours', () => {
    const referenceKmh = Number(rows('traffic.tti-reference')[0]!.value);
    const [vehicleMiles, vehicleHours] = [1200, 40]; // 30 mph
    const speedKmh = (vehicleMiles / vehicleHours) * 1.609344;
    expect(travelTime({ lengthM: 1000, speedKmh, referenceKmh, count: 1, observedPercent: 100 })!.index).toBeCloseTo(60 / (vehicleMiles / vehicleHours), 3);
  });

  test('faster than the reference there is an index below 1 and no delay', () => {
    expect(travelTime({ lengthM: 1000, speedKmh: 80, referenceKmh: 60, count: 10, observedPercent: 100 })).toMatchObject({ index: 0.75, delayVehH: 0 });
  });

  test('without a count the delay is unknown, without a speed all is', () => {
    expect(travelTime({ lengthM: 1000, speedKmh: 30, referenceKmh: 60, count: null, observedPercent: 100 })).toMatchObject({ index: 2, delayVehH: null });
    expect(travelTime({ lengthM: 1000, speedKmh: null, referenceKmh: 60, count: 1, observedPercent: 100 })).toBeNull();
    expect(travelTime({ lengthM: 1000, speedKmh: 0, referenceKmh: 60, count: 1, observedPercent: 100 })).toBeNull();
  });

  test('free flow is the 85th percentile of speeds at night, of enough of them', () => {
    expect(freeFlowKmh([41, 42, 43, 44, 45, 46, 47, 48, 49, 50], 10)).toBeCloseTo(48.65, 9); // R: quantile(41:50, 0.85)
    expect(freeFlowKmh([50], 10)).toBeNull();
  });
});

describe('what people are shown', () => {
  test.each([
    [1, 'free'], [1.2499, 'free'], [1.25, 'light'], [1.4999, 'light'], [1.5, 'moderate'], [2, 'moderate'], [2.0001, 'heavy'], [9, 'heavy'],
  ])('index %d is %s', (index, state) => {
    expect(stateByIndex(index, rows('traffic.tti-state'), atMs)).toEqual({ state, rowId: 'traffic.tti-state.default', verified: false });
  });

  test.each([
    [1.1, 'free'], [0.81, 'free'], [0.8, 'light'], [0.61, 'light'], [0.6, 'moderate'], [0.41, 'moderate'], [0.4, 'heavy'], [0, 'heavy'],
  ])('share %d of free flow is %s', (share, state) => {
    expect(stateByShare(share, rows('traffic.speed-state'), atMs)).toEqual({ state, rowId: 'traffic.speed-state.default', verified: false });
  });

  test('without a row nothing is claimed', () => {
    expect([stateByIndex(3, [], atMs), stateByShare(0.1, [], atMs)]).toEqual([null, null]);
    const unreadable = (kind: string) => rows(kind).map((row) => ({ ...row, value: null }));
    expect([stateByIndex(3, unreadable('traffic.tti-state'), atMs), stateByShare(0.1, unreadable('traffic.speed-state'), atMs)]).toEqual([null, null]);
  });
});
