import { completeness, meanWhereComplete } from './completeness.js';

const n = null;

test.each([
  ['three quarters of a minute-by-minute hour', 45, 60, { share: 0.75 }, true],
  ['one minute less', 44, 60, { share: 0.75 }, false],
  ['18 of 24 hours', 18, 24, { needed: 18, of: 24 }, true],
  ['17 of 24 hours', 17, 24, { needed: 18, of: 24 }, false],
  ['a day of 23 hours is measured by the same share', 18, 23, { needed: 18, of: 24 }, true],
  ['nothing is due', 0, 0, { share: 0.75 }, false],
])('%s', (_, found, due, rule, expected) => {
  expect(completeness(found, due, rule)).toEqual({ enough: expected, found, due });
});

test('the mean leaves out what is missing, and is nothing where too much is', () => {
  expect(meanWhereComplete([10, n, 20, 30, 30, 30, 30, n], { needed: 6, of: 8 }).mean).toBe(25);
  expect(meanWhereComplete([10, n, n, 30, 30, 30, 30, n], { needed: 6, of: 8 })).toEqual({ mean: null, completeness: { enough: false, found: 5, due: 8 } });
  expect(meanWhereComplete([], { share: 0.75 }).mean).toBeNull();
});
