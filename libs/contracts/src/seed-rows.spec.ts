import { datedRow } from './dated-row.js';
import { seedRows } from './seed-rows.js';

test('ids are unique, and every seed is a dated row with a source', () => {
  expect(new Set(seedRows.map((row) => row.id)).size).toBe(seedRows.length);
  for (const row of seedRows) expect(datedRow.safeParse(row)).toMatchObject({ success: true });
});

test('no two rows hold at once for one key', () => {
  const byKey = new Map<string, typeof seedRows>();
  for (const row of seedRows) byKey.set(`${row.kind} ${row.key}`, [...(byKey.get(`${row.kind} ${row.key}`) ?? []), row]);
  for (const [key, rows] of byKey) {
    const spans = rows.map(({ validFrom, validTo }) => [Date.parse(validFrom), validTo === null ? Infinity : Date.parse(validTo)] as const).sort((a, b) => a[0] - b[0]);
    spans.forEach(([from, to], at) => expect({ key, ordered: from < to && (at === 0 || spans[at - 1]![1] <= from) }).toEqual({ key, ordered: true }));
  }
});
