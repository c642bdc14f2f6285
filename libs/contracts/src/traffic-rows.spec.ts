import { datedRow } from './dated-row.js';
import { roadClasses, trafficRows, trafficRowValues, type TrafficRowKind } from './traffic-rows.js';

test.each(trafficRows.map((row) => [row.id, row] as const))('%s is a dated row with a value of its kind and a source', (_, row) => {
  expect(datedRow.safeParse(row).success).toBe(true);
  expect(trafficRowValues[row.kind as TrafficRowKind].safeParse(row.value).success).toBe(true);
});

test('every kind has a row', () => {
  expect(new Set(trafficRows.map((row) => row.kind))).toEqual(new Set(Object.keys(trafficRowValues)));
});

test('ids are stable: rows of the registry are found by them', () => {
  expect(trafficRows.map((row) => `${row.id}${row.verifiedBy === null ? '' : ' (checked)'}`)).toEqual([
    'traffic.pcu.30-50.2007',
    'traffic.pcu.60-up.2007',
    'traffic.los.freeway.hcm (checked)',
    'traffic.los.weaving.hcm (checked)',
    'traffic.los.merge-diverge.hcm (checked)',
    'traffic.los.signal.hcm (checked)',
    'traffic.los.no-signal.hcm (checked)',
    'traffic.los.urban-street.hcm',
    'traffic.tti-state.default',
    'traffic.speed-state.default',
    'traffic.motorcycle-street.default',
    'traffic.tti-reference.pems.pems (checked)',
    'traffic.congestion.motorway.default',
    'traffic.congestion.arterial.default',
    'traffic.congestion.street.default',
    'traffic.free-flow.motorway.default',
    'traffic.free-flow.arterial.default',
    'traffic.free-flow.street.default',
    'traffic.speed-limit.urban-divided.2024',
    'traffic.speed-limit.urban-undivided.2024',
    'traffic.age.default',
    'traffic.effective-length.iris (checked)',
    'traffic.density-min.iris (checked)',
  ]);
});

test('every road class has its free flow and its shares', () => {
  for (const kind of ['traffic.congestion', 'traffic.free-flow']) {
    expect(trafficRows.filter((row) => row.kind === kind).map((row) => row.key)).toEqual([...roadClasses]);
  }
});

test('figures that are given in two units agree', () => {
  const value = (id: string): unknown => trafficRows.find((row) => row.id === id)!.value;
  const perMile = (bounds: readonly number[]): number[] => bounds.map((bound) => Math.round(bound * 1.609344));
  expect(perMile((value('traffic.los.freeway.hcm') as { bounds: number[] }).bounds)).toEqual([11, 18, 26, 35, 45]);
  expect(perMile((value('traffic.los.weaving.hcm') as { bounds: number[] }).bounds)).toEqual([10, 20, 28, 35, 43]);
  expect(perMile((value('traffic.los.merge-diverge.hcm') as { bounds: number[] }).bounds)).toEqual([10, 20, 28, 35]);
  expect(Number(value('traffic.tti-reference.pems.pems')) / 1.609344).toBeCloseTo(60, 3);
  expect(Number(value('traffic.effective-length.iris')) / 0.3048).toBeCloseTo(22, 0);
  expect(Number(value('traffic.density-min.iris')) * 1.609344).toBeCloseTo(1.2, 1);
});

describe('congestion rows that could never decide one way are refused', () => {
  const windows = [{ periodSMax: 300, needed: 3, of: 5 }];
  const good = { enterBelowShare: 0.4, clearAboveShare: 0.56, windows };
  test.each([
    ['clear below enter', { ...good, clearAboveShare: 0.3 }],
    ['both at once possible', { ...good, windows: [{ periodSMax: 300, needed: 2, of: 4 }] }],
    ['more needed than there are', { ...good, windows: [{ periodSMax: 300, needed: 6, of: 5 }] }],
    ['more periods than are kept', { ...good, windows: [{ periodSMax: 300, needed: 9, of: 13 }] }],
    ['windows out of order', { ...good, windows: [{ periodSMax: 3600, needed: 1, of: 1 }, ...windows] }],
    ['no window', { ...good, windows: [] }],
  ])('%s', (_, value) => {
    expect(trafficRowValues['traffic.congestion'].safeParse(good).success).toBe(true);
    expect(trafficRowValues['traffic.congestion'].safeParse(value).success).toBe(false);
  });
});
