import { type ReadingTable, sameValues, valuesOf } from './reading-table.js';

interface Weather {
  readonly warmthC: number | null;
  readonly visitors: number | null;
  readonly sky: string | null;
}

const table: ReadingTable<Weather> = {
  schema: 'weather',
  name: 'reading',
  columns: [
    { name: 'warmth_c', type: 'real', of: (o) => o.warmthC },
    { name: 'visitors', type: 'int4', of: (o) => o.visitors },
    { name: 'sky', type: 'text', of: (o) => o.sky },
  ],
};

test('values have the 32 bits of their columns, so that a row read back equals the message sent again', () => {
  expect(valuesOf(table, { warmthC: 31.4, visitors: 16_777_217, sky: 'clear' })).toEqual([31.399999618530273, 16_777_217, 'clear']);
});

test('two numbers that one real cannot tell apart are the same value', () => {
  const [one, other] = [16_777_216, 16_777_217].map((warmthC) => valuesOf(table, { warmthC, visitors: 1, sky: null }));
  expect(sameValues(one!, other!)).toBe(true);
});

test('two whole numbers that a real could not tell apart are two values', () => {
  const [one, other] = [16_777_216, 16_777_217].map((visitors) => valuesOf(table, { warmthC: 1, visitors, sky: null }));
  expect(sameValues(one!, other!)).toBe(false);
});

test.each([
  ['nothing is not zero', [null], [0], false],
  ['nothing is not an empty text', [null], [''], false],
  ['a number is not its text', [1], ['1'], false],
  ['zero has no sign', [0], [-0], true],
  ['nothing is nothing', [null, 'a'], [null, 'a'], true],
  ['order counts', [1, 2], [2, 1], false],
  ['one more is another', [1], [1, null], false],
])('%s', (_, a, b, same) => {
  expect(sameValues(a, b)).toBe(same);
});
