import { asset, seedRows, type Asset, type DatedRow } from '#contracts';
import { limitsFrom } from './limits.js';

const one = (id: string, more: Partial<Asset>): Asset => ({ ...asset.parse({ id, kind: 'segment', nameVi: id, nameEn: id }), ...more });

function limits(assets: readonly Asset[], rows: readonly DatedRow[] = seedRows): ReturnType<typeof limitsFrom> {
  const registry = { rows: (kind: string) => rows.filter((row) => row.kind === kind), asset: (id: string) => assets.find((each) => each.id === id) };
  return limitsFrom(registry as Parameters<typeof limitsFrom>[0]);
}

const nowMs = Date.UTC(2026, 10, 22, 7);

test('an asset is judged by its own free flow, else by that of its road class', () => {
  const found = limits([one('a', { roadClass: 'arterial', freeFlowKmh: 45 }), one('b', { roadClass: 'arterial' }), one('c', {})]);
  expect(found.congestion('a', nowMs)).toMatchObject({ rowId: 'traffic.congestion.arterial.default', freeFlowKmh: 45 });
  expect(found.congestion('b', nowMs)).toMatchObject({ freeFlowKmh: 60 });
  expect(found.congestion('c', nowMs)).toMatchObject({ rowId: 'traffic.congestion.street.default', freeFlowKmh: 50 });
});

test('a road class without rows is not judged', () => {
  expect(limits([one('a', { roadClass: 'ferry' })]).congestion('a', nowMs)).toBeNull();
});

test('a changed row holds from its day on, in whatever order times are asked for', () => {
  const changeMs = Date.UTC(2027, 0, 1);
  const rows = seedRows.flatMap((row) => {
    if (row.id !== 'traffic.congestion.street.default') return [row];
    return [{ ...row, validTo: '2027-01-01T00:00:00Z' }, { ...row, id: 'new', validFrom: '2027-01-01T00:00:00Z', value: { ...(row.value as object), enterBelowShare: 0.3 } }];
  });
  const found = limits([one('a', {})], rows);
  const seen = [changeMs - 1, changeMs, nowMs, changeMs + 1, changeMs - 1].map((ms) => found.congestion('a', ms)?.enterBelowShare);
  expect(seen).toEqual([0.4, 0.3, 0.4, 0.3, 0.4]);
});

test('a row that cannot be read is as good as none', () => {
  const broken = seedRows.map((row) => (row.kind === 'traffic.congestion' ? { ...row, value: { enterBelowShare: 0.9, clearAboveShare: 0.1, windows: [] } } : row.kind === 'traffic.age' ? { ...row, value: 'a week' } : row));
  const found = limits([one('a', {})], broken);
  expect([found.congestion('a', nowMs), found.age(nowMs)]).toEqual([null, null]);
});

test('ages hold by the time of the receipt', () => {
  expect(limits([]).age(nowMs)).toEqual({ aheadS: 180, tooOldS: 2_592_000 });
  expect(limits([]).age(Date.UTC(1999, 0, 1))).toBeNull();
});

test('what the registry has changed counts after it is forgotten', () => {
  const assets = [one('a', { freeFlowKmh: 45 })];
  const found = limits(assets);
  expect(found.congestion('a', nowMs)?.freeFlowKmh).toBe(45);
  assets[0] = one('a', { freeFlowKmh: 40 });
  found.forget();
  expect(found.congestion('a', nowMs)?.freeFlowKmh).toBe(40);
});
