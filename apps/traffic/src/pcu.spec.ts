import { seedRows, type DatedRow } from '#contracts';
import type { ClassCounts } from './observation.js';
import { pcuFlow, pcuKey } from './pcu.js';

const rows = seedRows.filter((row) => row.kind === 'traffic.pcu');
const atMs = Date.UTC(2026, 10, 22, 7);
const classes = (counts: Partial<ClassCounts>): ClassCounts => ({ motorcycle: null, car: null, bus: null, truck: null, trailer: null, bicycle: null, other: null, ...counts });

test('a Hanoi minute by the table of TCXDVN 104:2007 for 30–50 km/h', () => {
  // 30·0.25 + 10·1 + 1·3 + 1·2.5 + 4·0.3 = 24.2 PCU in a minute.
  expect(pcuFlow(classes({ motorcycle: 30, car: 10, bus: 1, truck: 1, bicycle: 4 }), 46, 60, rows, '30-50', atMs)).toEqual({ pcuH: expect.closeTo(24.2 * 60, 9), unclassified: 0, unit: 'PCU/h', rowId: 'traffic.pcu.30-50.2007', verified: false });
});

test('on faster roads a motorcycle takes more room, a lorry less', () => {
  expect(pcuFlow(classes({ motorcycle: 4, trailer: 1 }), 5, 3600, rows, pcuKey(80), atMs)).toMatchObject({ pcuH: 5, rowId: 'traffic.pcu.60-up.2007' });
  expect([30, 50, 59.9, 60, 90].map(pcuKey)).toEqual(['30-50', '30-50', '30-50', '60-up', '60-up']);
});

test('vehicles without a class are told apart, not taken for cars', () => {
  expect(pcuFlow(classes({ car: 10 }), 25, 3600, rows, '30-50', atMs)).toMatchObject({ pcuH: 10, unclassified: 15 });
  expect(pcuFlow(classes({ car: 10 }), null, 3600, rows, '30-50', atMs)).toMatchObject({ unclassified: 0 });
  expect(pcuFlow(classes({ car: 10 }), 8, 3600, rows, '30-50', atMs)).toMatchObject({ pcuH: 10, unclassified: 0 });
});

test('a changed row changes later periods only (T4)', () => {
  const changeAt = '2027-01-01T00:00:00+07:00';
  const old = rows.find((row) => row.key === '30-50')!;
  const changed: DatedRow[] = [{ ...old, validTo: changeAt }, { ...old, id: 'traffic.pcu.30-50.2027', validFrom: changeAt, value: { ...(old.value as object), motorcycle: 0.3 } }];
  const flow = (observedAtMs: number, from: DatedRow[]): unknown => pcuFlow(classes({ motorcycle: 100 }), 100, 3600, from, '30-50', observedAtMs);
  const changeMs = Date.parse(changeAt);

  expect(flow(changeMs - 1, changed)).toEqual(flow(changeMs - 1, [old]));
  expect(flow(changeMs - 1, changed)).toMatchObject({ pcuH: 25, rowId: 'traffic.pcu.30-50.2007' });
  expect(flow(changeMs, changed)).toMatchObject({ pcuH: expect.closeTo(30, 9), rowId: 'traffic.pcu.30-50.2027' });
});

test('before any row held there is no PCU flow', () => {
  expect(pcuFlow(classes({ car: 1 }), 1, 60, rows, '30-50', Date.UTC(1990, 0, 1))).toBeNull();
  expect(pcuFlow(classes({ car: 1 }), 1, 60, rows, '20-down', atMs)).toBeNull();
  expect(pcuFlow(classes({ car: 1 }), 1, 60, rows.map((row) => ({ ...row, value: { car: 'one' } })), '30-50', atMs)).toBeNull();
});
