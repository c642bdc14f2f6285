import { merge } from './rollups.js';

const minute = 60_000;
const note = (fromMs: number, toMs: number, channelIds: number[] | null = null) => ({ fromMs, toMs, channelIds });

test('a moment becomes the bucket that holds it', () => {
  expect(merge([note(90_000, 90_001)], minute)).toEqual([note(60_000, 120_000)]);
});

test('the end of a note is exclusive: a bucket that ends there does not touch the next', () => {
  expect(merge([note(60_000, 120_000)], minute)).toEqual([note(60_000, 120_000)]);
  expect(merge([note(60_000, 120_001)], minute)).toEqual([note(60_000, 180_000)]);
});

test('neighbours and overlaps are joined, in whatever order they come; gaps stay', () => {
  expect(merge([note(240_000, 240_001), note(0, 1), note(60_000, 60_001), note(0, 60_001)], minute)).toEqual([note(0, 120_000), note(240_000, 300_000)]);
});

test('a range inside another does not shorten it', () => {
  expect(merge([note(0, 600_000), note(60_000, 60_001)], minute)).toEqual([note(0, 600_000)]);
});

test('channels are joined each for itself, and share a range where it is the same', () => {
  expect(merge([note(0, 1, [1, 2]), note(60_000, 60_001, [2, 3]), note(0, 1, [4])], minute)).toEqual([
    note(0, 60_000, [1, 4]),
    note(0, 120_000, [2]),
    note(60_000, 120_000, [3]),
  ]);
});

test('the whole city and single channels stay apart', () => {
  expect(merge([note(0, 1), note(0, 1, [1])], minute)).toEqual([note(0, 60_000), note(0, 60_000, [1])]);
});

test('20,000 notes of one channel, as a backlog leaves them, stay 20,000 ranges', () => {
  const notes = Array.from({ length: 20_000 }, (_, n) => note(n * 2 * minute, n * 2 * minute + 1, [1]));
  expect(merge(notes, minute)).toHaveLength(20_000);
});
