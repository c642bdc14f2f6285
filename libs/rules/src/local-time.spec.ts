import { instantOf, localDate, localDay, localHour, localHourBounds, offsetMs } from './local-time.js';

const hourMs = 3_600_000;
const at = (text: string): number => Date.parse(text);
const day = (zone: string, text: string): [string, string, number] => {
  const { startMs, endMs } = localDay(zone, at(text));
  return [new Date(startMs).toISOString(), new Date(endMs).toISOString(), (endMs - startMs) / hourMs];
};

describe('the local day', () => {
  // Changes of the clock by Directive 2000/84/EC: last Sundays of March and October, at 01:00 UTC.
  test.each([
    ['Hanoi is 7 h ahead all year', 'Asia/Ho_Chi_Minh', '2026-11-22T16:59:59.999Z', ['2026-11-21T17:00:00.000Z', '2026-11-22T17:00:00.000Z', 24]],
    ['the last moment of the day belongs to the next day from midnight on', 'Asia/Ho_Chi_Minh', '2026-11-22T17:00:00Z', ['2026-11-22T17:00:00.000Z', '2026-11-23T17:00:00.000Z', 24]],
    ['Berlin in winter', 'Europe/Berlin', '2023-03-01T12:00:00Z', ['2023-02-28T23:00:00.000Z', '2023-03-01T23:00:00.000Z', 24]],
    ['Berlin, an hour is left out', 'Europe/Berlin', '2023-03-26T12:00:00Z', ['2023-03-25T23:00:00.000Z', '2023-03-26T22:00:00.000Z', 23]],
    ['Berlin, an hour comes twice', 'Europe/Berlin', '2023-10-29T12:00:00Z', ['2023-10-28T22:00:00.000Z', '2023-10-29T23:00:00.000Z', 25]],
    ['Cairo 2023, where the clock goes from midnight to one', 'Africa/Cairo', '2023-04-28T12:00:00Z', ['2023-04-27T22:00:00.000Z', '2023-04-28T21:00:00.000Z', 23]],
  ])('%s', (_, zone, time, expected) => {
    expect(day(zone, time)).toEqual(expected);
  });

  test('days follow each other without gap or overlap for four years', () => {
    for (const zone of ['Asia/Ho_Chi_Minh', 'Europe/Berlin', 'Africa/Cairo', 'Australia/Lord_Howe', 'America/St_Johns']) {
      let { startMs, endMs } = localDay(zone, at('2023-01-01T12:00:00Z'));
      for (let count = 0; count < 1461; count += 1) {
        const next = localDay(zone, endMs);
        expect(next.startMs).toBe(endMs);
        expect(localDate(zone, endMs)).not.toBe(localDate(zone, endMs - 1));
        expect(localDay(zone, endMs - 1).startMs).toBe(startMs);
        ({ startMs, endMs } = next);
      }
    }
  });
});

describe('the local hour', () => {
  test('an hour that comes twice is two hours', () => {
    const first = localHourBounds('Europe/Berlin', at('2023-10-29T00:30:00Z'));
    const second = localHourBounds('Europe/Berlin', at('2023-10-29T01:30:00Z'));
    expect([first, second].map(({ startMs, endMs }) => [new Date(startMs).toISOString(), (endMs - startMs) / hourMs])).toEqual([
      ['2023-10-29T00:00:00.000Z', 1],
      ['2023-10-29T01:00:00.000Z', 1],
    ]);
    expect([localHour('Europe/Berlin', first.startMs), localHour('Europe/Berlin', second.startMs)]).toEqual([2, 2]);
  });

  test('a zone of half hours has its own full hours', () => {
    expect(new Date(localHourBounds('Asia/Kolkata', at('2026-01-01T00:10:00Z')).startMs).toISOString()).toBe('2025-12-31T23:30:00.000Z');
  });
});

test('what a clock shows is the time from which it shows it', () => {
  const time = (zone: string, local: string): string => new Date(instantOf(zone, at(`${local}Z`))).toISOString();
  expect(time('Europe/Berlin', '2023-10-29T02:30:00')).toBe('2023-10-29T00:30:00.000Z'); // The first of two.
  expect(time('Europe/Berlin', '2023-03-26T02:30:00')).toBe('2023-03-26T01:00:00.000Z'); // Never shown: the end of the jump.
  expect(time('Europe/Berlin', '2023-03-26T03:00:00')).toBe('2023-03-26T01:00:00.000Z');
});

test('offsets equal what the platform shows, for a thousand times', () => {
  for (const zone of ['Asia/Ho_Chi_Minh', 'Europe/Berlin', 'Australia/Lord_Howe']) {
    for (let step = 0; step < 1000; step += 1) {
      const ms = Date.UTC(2015, 0, 1) + step * 4_373_737_373 * 0.08;
      const shown = new Date(ms).toLocaleString('sv-SE', { timeZone: zone });
      expect(new Date(Math.floor((ms + offsetMs(zone, ms)) / 1000) * 1000).toISOString().slice(0, 19).replace('T', ' ')).toBe(shown);
    }
  }
});

test('an unknown zone is an error, not UTC', () => {
  expect(() => offsetMs('Asia/Hanoi2', 0)).toThrow(RangeError);
});
