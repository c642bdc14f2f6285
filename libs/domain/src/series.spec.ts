/** Given a range and a number of points, when the width is to be chosen, then it is the finest that gives no more points. */
import { bucketsMax, chooseWidth, widths } from './series.js';

const from = Date.parse('2026-01-01T00:00:00Z');
const hour = 3_600_000;
const day = 24 * hour;

test.each<[string, number, number, number, string]>([
  ['an hour of minutes: the rows themselves', hour, 1_000, 60, 'raw'],
  ['1,000 minutes are 1,000 points', 1_000 * 60_000, 1_000, 60, 'raw'],
  ['a minute more, and 5 minutes it is', 1_001 * 60_000, 1_000, 60, '5m'],
  ['a day of seconds', day, 1_000, 1, '5m'],
  ['a day of seconds, for a small picture', day, 100, 1, '15m'],
  ['a week of minutes', 7 * day, 1_000, 60, '15m'],
  ['a month of minutes', 31 * day, 1_000, 60, '1h'],
  ['a year of minutes', 365 * day, 1_000, 60, '12h'],
  ['a year of hours', 365 * day, 1_000, 3_600, '12h'],
  ['a month of hours: the rows themselves', 31 * day, 1_000, 3_600, 'raw'],
  ['a year of periods of three hours: hours have none of them', 365 * day, 1_000, 3 * 3_600, '1d'],
  ['a century', 36_525 * day, 1_000, 60, '7d'],
])('%s', (_, rangeMs, points, periodS, expected) => {
  const width = chooseWidth({ fromMs: from, toMs: from + rangeMs, points, periodS });
  expect(width === 'raw' ? 'raw' : width.name).toBe(expected);
});

test('every width is made of whole buckets of its level', () => {
  for (const { name, widthS, levelS } of widths) expect([name, widthS % levelS]).toEqual([name, 0]);
});

test('a range that begins within a bucket touches one more', () => {
  const minute = widths[0]!;
  expect(bucketsMax({ fromMs: from + 30_000, toMs: from + 90_000 }, minute)).toBeGreaterThanOrEqual(2);
  expect(bucketsMax({ fromMs: from, toMs: from + 60_000 }, minute)).toBeLessThanOrEqual(2);
});
