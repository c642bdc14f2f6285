import type { StoredReading } from './reading-table.js';
import { revisionMax, settle } from './settle.js';

/** Channel, minute and one value are all that matters here. */
const reading = (channelId: number, minute: number, value: number, revision = 0): StoredReading => ({
  channelId,
  observedAtMs: minute * 60_000,
  receivedAtMs: 1_000_000 + value,
  publisherId: null,
  revision,
  values: [value],
});

const given = (rows: StoredReading[]) => ({ when: (...readings: StoredReading[]) => settle(readings, rows) });

test('what is unknown is stored as it came', () => {
  expect(given([]).when(reading(1, 0, 10), reading(1, 1, 11))).toEqual({ outcomes: ['stored', 'stored'], inserts: [reading(1, 0, 10), reading(1, 1, 11)], updates: [], replaced: [] });
});

test('the same moment of two channels are two readings', () => {
  expect(given([reading(1, 0, 10)]).when(reading(2, 0, 10)).outcomes).toEqual(['stored']);
});

describe('a row that exists', () => {
  test('with equal values is a repeat: nothing is written', () => {
    expect(given([reading(1, 0, 10, 3)]).when(reading(1, 0, 10))).toEqual({ outcomes: ['repeated'], inserts: [], updates: [], replaced: [] });
  });

  test('with equal values is a repeat, although it was received at another time by another way', () => {
    expect(given([reading(1, 0, 10)]).when({ ...reading(1, 0, 10), receivedAtMs: 5, publisherId: 7 }).outcomes).toEqual(['repeated']);
  });

  test('with other values is corrected: the next revision, and the old row is kept', () => {
    expect(given([reading(1, 0, 10, 3)]).when(reading(1, 0, 20))).toEqual({ outcomes: ['corrected'], inserts: [], updates: [reading(1, 0, 20, 4)], replaced: [reading(1, 0, 10, 3)] });
  });

  test('whose value becomes unknown is corrected', () => {
    const unknown = { ...reading(1, 0, 0), values: [null] };
    expect(given([reading(1, 0, 10)]).when(unknown).outcomes).toEqual(['corrected']);
    expect(given([unknown]).when(reading(1, 0, 0)).outcomes).toEqual(['corrected']);
  });
});

describe('a chain within one round', () => {
  test('stored, then repeated, then corrected: one new row in its last form', () => {
    expect(given([]).when(reading(1, 0, 10), reading(1, 0, 10), reading(1, 0, 20))).toEqual({
      outcomes: ['stored', 'repeated', 'corrected'],
      inserts: [reading(1, 0, 20, 1)],
      updates: [],
      replaced: [reading(1, 0, 10)],
    });
  });

  test('corrected twice: one update, and both old forms in their order', () => {
    expect(given([reading(1, 0, 10)]).when(reading(1, 0, 20), reading(1, 0, 30))).toEqual({
      outcomes: ['corrected', 'corrected'],
      inserts: [],
      updates: [reading(1, 0, 30, 2)],
      replaced: [reading(1, 0, 10), reading(1, 0, 20, 1)],
    });
  });

  test('corrected and back to the first value: two corrections, for what was published in between had a number', () => {
    expect(given([reading(1, 0, 10)]).when(reading(1, 0, 20), reading(1, 0, 10))).toEqual({
      outcomes: ['corrected', 'corrected'],
      inserts: [],
      updates: [reading(1, 0, 10, 2)],
      replaced: [reading(1, 0, 10), reading(1, 0, 20, 1)],
    });
  });

  test('a repeat is told from a correction by the newest form, not by the first', () => {
    expect(given([reading(1, 0, 10)]).when(reading(1, 0, 20), reading(1, 0, 20)).outcomes).toEqual(['corrected', 'repeated']);
  });

  test('chains of several moments do not mix', () => {
    const { outcomes, inserts, updates } = given([reading(1, 0, 10)]).when(reading(1, 1, 10), reading(1, 0, 20), reading(2, 0, 10), reading(1, 1, 30));
    expect(outcomes).toEqual(['stored', 'corrected', 'stored', 'corrected']);
    expect(inserts).toEqual([reading(1, 1, 30, 1), reading(2, 0, 10)]);
    expect(updates).toEqual([reading(1, 0, 20, 1)]);
  });
});

test('the last revision that the column can hold stays', () => {
  expect(given([reading(1, 0, 10, revisionMax)]).when(reading(1, 0, 20)).updates).toEqual([reading(1, 0, 20, revisionMax)]);
});
