import { percentile, weightedHarmonicMean, weightedMean } from './means.js';

test('the weighted mean leaves out what is missing, with its weight', () => {
  expect(weightedMean([30, null, 60], [1, 100, 2])).toBe(50);
  expect(weightedMean([null, null], [1, 1])).toBeNull();
  expect(weightedMean([30], [0])).toBeNull();
  expect(weightedMean([], [])).toBeNull();
});

test('over one road, out at 40 and back at 60 km/h, the mean is 48, not 50', () => {
  expect(weightedHarmonicMean([40, 60], [1, 1])).toBeCloseTo(48, 12);
  expect(weightedHarmonicMean([40, 0, null, 60], [1, 9, 9, 1])).toBeCloseTo(48, 12);
  expect(weightedHarmonicMean([0], [1])).toBeNull();
});

describe('percentiles by definition 7', () => {
  test.each([
    ['R: quantile(1:10, 0.85)', [10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 0.85, 8.65],
    ['NumPy: percentile([[10, 7, 4], [3, 2, 1]], 50)', [10, 7, 4, 3, 2, 1], 0.5, 3.5],
    ['the least', [3, 1, 2], 0, 1],
    ['the greatest', [3, 1, 2], 1, 3],
    ['of one value', [7], 0.85, 7],
    ['numbers are ordered as numbers', [100, 20, 3], 0.5, 20],
  ])('%s', (_, values, share, expected) => {
    expect(percentile(values, share)).toBeCloseTo(expected, 12);
  });

  test('of no values there is none', () => {
    expect(percentile([], 0.5)).toBeNull();
  });
});
