import type { DatedRow } from '#contracts';
import { inForceAt, rowAt, rowFinder } from './dated-rows.js';

const empty = { kind: 'limit', legalBasis: '', article: '', unit: '', source: 'test', verifiedBy: null };
const row = (id: string, key: string, validFrom: string, validTo: string | null): DatedRow => ({ ...empty, id, key, validFrom, validTo, value: id });

const rows = [
  row('a1', 'a', '2020-01-01T00:00:00+07:00', '2022-01-01T00:00:00+07:00'),
  row('a2', 'a', '2022-01-01T00:00:00+07:00', '2024-01-01T00:00:00Z'),
  row('a3', 'a', '2025-01-01T00:00:00Z', null),
  row('b1', 'b', '2021-06-01T00:00:00Z', null),
];

describe('the time of the event selects the row', () => {
  test.each([
    ['before all', 'a', '2019-12-31T16:59:59.999Z', undefined],
    ['at the first moment, in the zone of the law', 'a', '2019-12-31T17:00:00Z', 'a1'],
    ['just before a change', 'a', '2021-12-31T16:59:59.999Z', 'a1'],
    ['at the change: the end is exclusive', 'a', '2021-12-31T17:00:00Z', 'a2'],
    ['in a year without a row', 'a', '2024-06-01T00:00:00Z', undefined],
    ['in a row without end', 'a', '2199-01-01T00:00:00Z', 'a3'],
    ['of another key', 'b', '2021-12-31T17:00:00Z', 'b1'],
    ['of a key that no row has', 'constructor', '2021-12-31T17:00:00Z', undefined],
  ])('%s', (_, key, at, expected) => {
    const find = rowFinder(rows);
    expect(rowAt(rows, key, Date.parse(at))?.id).toBe(expected);
    expect(find(key, Date.parse(at))?.id).toBe(expected);
    expect(find(key, Date.parse(at))?.id).toBe(expected); // From what it kept.
  });

  test('an answer says how long it stays the same, also where no row holds', () => {
    const gap = inForceAt(rows, 'a', Date.parse('2024-06-01T00:00:00Z'));
    expect(gap).toEqual({ row: null, fromMs: Date.parse('2024-01-01T00:00:00Z'), toMs: Date.parse('2025-01-01T00:00:00Z') });
  });

  test('a kept answer never outlives its row: any order of times gives what a plain search gives', () => {
    const find = rowFinder(rows);
    for (let step = 0; step < 500; step += 1) {
      const atMs = Date.UTC(2019, 0, 1) + ((step * 7919) % 2600) * 86_400_000;
      const expected = rows.find((one) => one.key === 'a' && Date.parse(one.validFrom) <= atMs && (one.validTo === null || atMs < Date.parse(one.validTo)));
      expect(find('a', atMs)).toBe(expected ?? null);
    }
  });
});
