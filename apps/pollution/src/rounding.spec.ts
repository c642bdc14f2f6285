import { roundHalfUp, truncate } from './rounding.js';

test('half goes up, also where binary lies just below it', () => {
  expect([0.5, 1.5, 2.5, 118.333, 150.49999999999997, 150.4999].map(roundHalfUp)).toEqual([1, 2, 3, 118, 151, 150]);
  expect(roundHalfUp(100 + (50 * (80.7 - 80)) / 70 + 50)).toBe(151);
});

test('every figure of one decimal survives truncation to one decimal', () => {
  for (let tenths = 0; tenths <= 10_000; tenths += 1) expect(truncate(tenths / 10, 1)).toBe(tenths / 10);
  expect([truncate(9.09, 1), truncate(-0.37, 1), truncate(0.0709, 3), truncate(154.9, 0)]).toEqual([9, -0.3, 0.07, 154]);
});
