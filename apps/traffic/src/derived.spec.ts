import { densityVehKm, flowVehH, gapM, headwayS, speedOf, stationSpeedKmh } from './derived.js';

test('12 vehicles in 30 s are 1440 an hour, 2.5 s apart', () => {
  expect(flowVehH(12, 30)).toBe(1440);
  expect(headwayS(12, 30)).toBe(2.5);
});

test('density: 10 % occupancy at the default field of 22 ft are 24 vehicles a mile', () => {
  // 5280 ft in a mile · 0.1 / 22 ft, converted; the metre figure of the row is rounded to 6.7.
  expect(densityVehKm(0.1, 22 * 0.3048)!).toBeCloseTo(24 / 1.609344, 9);
  expect(densityVehKm(0.1, 6.7)!).toBeCloseTo(14.9, 1);
});

describe('speed', () => {
  test.each([
    ['is what was measured', 31.5, 1440, 24, { speedKmh: 31.5, from: 'measured' }],
    ['else flow / density: 1440 veh/h at 24 veh/km are 60 km/h', null, 1440, 24, { speedKmh: 60, from: 'flow-and-density' }],
    ['not at 0.75 veh/km, where both are noise', null, 1440, 0.75, { speedKmh: null, from: 'none' }],
    ['nor without flow', null, null, 24, { speedKmh: null, from: 'none' }],
    ['nor where nothing passed', null, 0, 24, { speedKmh: null, from: 'none' }],
    ['nor without density', null, 1440, null, { speedKmh: null, from: 'none' }],
  ])('%s', (_, measured, flow, density, expected) => {
    expect(speedOf(measured, flow, density, 0.75)).toEqual(expected);
  });

  test('flow, density and speed agree with each other, whichever two are known', () => {
    for (const [count, periodS, occupancy] of [[12, 30, 0.25], [300, 3600, 0.04], [7, 60, 0.9]] as const) {
      const flow = flowVehH(count, periodS)!;
      const density = densityVehKm(occupancy, 6.7)!;
      expect(speedOf(null, flow, density, 0.75).speedKmh! * density).toBeCloseTo(flow, 9);
    }
  });
});

test('the gap is the way of one headway less the vehicle: at 36 km/h and 2.5 s, 25 m less 5', () => {
  expect(gapM(36, 2.5, 5)).toBeCloseTo(20, 12);
  expect(gapM(3.6, 2, 5)).toBe(0);
});

test('missing stays missing', () => {
  expect([flowVehH(null, 60), densityVehKm(null, 6.7), headwayS(null, 60), headwayS(0, 60), gapM(null, 2, 5), gapM(36, null, 5), gapM(36, 2, null)]).toEqual(Array(7).fill(null));
});

describe('the speed of a station', () => {
  const lanes = [{ count: 30, speedKmh: 40 }, { count: 10, speedKmh: 60 }, { count: 99, speedKmh: null }];

  test('is weighted by flow', () => {
    expect(stationSpeedKmh(lanes, 'time')).toBeCloseTo(45, 12); // (30·40 + 10·60) / 40
    expect(stationSpeedKmh(lanes, 'space')).toBeCloseTo(40 / (30 / 40 + 10 / 60), 12);
  });

  test('over the road is never above that past the detectors (Wardrop)', () => {
    expect(stationSpeedKmh(lanes, 'space')!).toBeLessThan(stationSpeedKmh(lanes, 'time')!);
  });

  test('with no speed known is unknown', () => {
    expect(stationSpeedKmh([{ count: 5, speedKmh: null }], 'time')).toBeNull();
    expect(stationSpeedKmh([], 'space')).toBeNull();
  });
});
