import { liveMs, notesFor } from './invalidation.js';

const noon = Date.UTC(2026, 10, 22, 12);
const minuteOf = (atMs: number) => atMs - (atMs % 60_000);
const live = (channelId: number, atMs: number) => ({ channelId, observedAtMs: atMs, receivedAtMs: minuteOf(atMs) + liveMs - 1 });
const late = (channelId: number, atMs: number) => ({ channelId, observedAtMs: atMs, receivedAtMs: minuteOf(atMs) + liveMs });

test('nothing stored, nothing stale', () => {
  expect(notesFor([])).toEqual([]);
});

test('a live minute is noted once for the whole city', () => {
  expect(notesFor([live(1, noon), live(2, noon + 30_000), live(3, noon + 59_999)])).toEqual([{ fromMs: noon, toMs: noon + 59_999, channelIds: null }]);
});

test('a reading on the edge belongs to the minute that it begins', () => {
  expect(notesFor([live(1, noon + 60_000)])).toEqual([{ fromMs: noon + 60_000, toMs: noon + 119_999, channelIds: null }]);
});

test('a clock that is ahead is live', () => {
  expect(notesFor([{ channelId: 1, observedAtMs: noon, receivedAtMs: noon - 60_000 }])).toEqual([{ fromMs: noon, toMs: noon + 59_999, channelIds: null }]);
});

test('what is late is noted for its channel alone, from its first to its last moment, in whatever order they come', () => {
  expect(notesFor([late(7, noon + 500), late(7, noon), late(7, noon + 90_000), late(7, noon + 100)])).toEqual([{ fromMs: noon, toMs: noon + 90_000, channelIds: [7] }]);
});

test('channels that are late by the same range share a note', () => {
  expect(notesFor([late(7, noon), late(8, noon), late(9, noon + 1)])).toEqual([
    { fromMs: noon, toMs: noon, channelIds: [7, 8] },
    { fromMs: noon + 1, toMs: noon + 1, channelIds: [9] },
  ]);
});

test('a correction is noted for its channel although it is live, since what it leaves behind must be looked for', () => {
  expect(notesFor([{ ...live(7, noon), corrected: true }])).toEqual([{ fromMs: noon, toMs: noon, channelIds: [7] }]);
});
