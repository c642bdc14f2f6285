import { asset, seedRows, type DatedRow } from '#contracts';
import { segmentMeasures, type SegmentSums } from './segment-measures.js';

const street = asset.parse({ id: 'hn-1', kind: 'segment', nameVi: 'Cầu Giấy', nameEn: 'Cau Giay', roadClass: 'street', lanes: 2, lengthM: 500, freeFlowKmh: 48 });
const motorway = asset.parse({ id: 'hn-2', kind: 'segment', nameVi: 'Pháp Vân', nameEn: 'Phap Van', roadClass: 'motorway', lanes: 2, lengthM: 2000 });
const bare = asset.parse({ id: 'hn-3', kind: 'segment', nameVi: 'Ngõ 1', nameEn: 'Lane 1' });

const city = (rows: readonly DatedRow[] = seedRows): Parameters<typeof segmentMeasures>[1] => ({
  rows: (kind) => rows.filter((row) => row.kind === kind),
  asset: (id) => [street, motorway, bare].find((one) => one.id === id) as ReturnType<Parameters<typeof segmentMeasures>[1]['asset']>,
});

const classes = { motorcycle: null, car: null, bus: null, truck: null, trailer: null, bicycle: null, other: null };
const sums: SegmentSums = { asset: 'hn-1', bucketMs: Date.UTC(2026, 10, 22, 7), bucketS: 900, channels: 2, observedS: 1620, imputedS: 90, count: 400, speedKmh: 20, byClass: { ...classes, motorcycle: 320, car: 60, bus: 5 } };

test('a street of motorcycles in a quarter of an hour (T11)', () => {
  expect(segmentMeasures(sums, city())).toEqual({
    asset: 'hn-1',
    nameVi: 'Cầu Giấy',
    nameEn: 'Cau Giay',
    from: '2026-11-22T07:00:00.000Z',
    bucketS: 900,
    observedPercent: 90, // 1620 of 2 · 900 s.
    imputedPercent: 5,
    flowVehH: 1600,
    flowPcu: { pcuH: (320 * 0.25 + 60 + 5 * 3) * 4, unclassified: 15, unit: 'PCU/h', rowId: 'traffic.pcu.30-50.2007', verified: false },
    speedKmh: 20,
    freeFlowKmh: 48,
    // 20 of 48 km/h are 41.7 %: above 40 %, so D.
    levelOfService: { level: 'D', measure: 'shareOfFreeFlow', value: 20 / 48, countedIn: 'vehicles', indicative: true, observedPercent: 90, rowId: 'traffic.los.urban-street.hcm', verified: false },
    travelTimeIndex: 2.4,
    delayVehH: expect.closeTo(400 * (0.5 / 20 - 0.5 / 48), 9),
    state: { state: 'heavy', rowId: 'traffic.tti-state.default', verified: false, nameVi: 'ùn tắc', nameEn: 'heavy' },
  });
});

test('a motorway goes by density in PCU per lane, with the free flow of its class', () => {
  const measures = segmentMeasures({ ...sums, asset: 'hn-2', speedKmh: 75, count: 500, byClass: { ...classes, motorcycle: 0, car: 450, bus: 0, truck: 50 } }, city());
  // (450 + 50 · 2) · 4 = 2200 PCU/h over 75 km/h and 2 lanes: 14.67 PCU/km/lane, C.
  expect(measures).toMatchObject({ freeFlowKmh: 80, flowPcu: { pcuH: 2200, rowId: 'traffic.pcu.60-up.2007' }, levelOfService: { level: 'C', value: expect.closeTo(2200 / 150, 9), countedIn: 'PCU', indicative: false, verified: true } });
});

test('what is not known is null, and nothing is made up for it', () => {
  expect(segmentMeasures({ ...sums, asset: 'hn-3' }, city())).toMatchObject({ freeFlowKmh: 50, delayVehH: null, travelTimeIndex: 2.5 }); // No length.
  expect(segmentMeasures({ ...sums, speedKmh: null }, city())).toMatchObject({ speedKmh: null, levelOfService: null, travelTimeIndex: null, delayVehH: null, state: null, flowVehH: 1600 });
  expect(segmentMeasures({ ...sums, count: null, byClass: classes }, city())).toMatchObject({ flowVehH: null, flowPcu: null, delayVehH: null, levelOfService: { indicative: true } });
  expect(segmentMeasures(sums, city([]))).toMatchObject({ flowPcu: null, levelOfService: null, state: null, travelTimeIndex: 2.4 });
  expect(segmentMeasures({ ...sums, asset: 'gone' }, city())).toMatchObject({ nameVi: 'gone', freeFlowKmh: 50 });
});
