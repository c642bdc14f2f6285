import { instantMs } from './instant.js';

describe('a time of the wire', () => {
  test.each([
    ['2026-11-22T07:00:00.000Z', '2026-11-22T07:00:00.000Z'],
    ['2026-11-22T07:00:00Z', '2026-11-22T07:00:00.000Z'],
    ['2026-11-22t07:00:00.5z', '2026-11-22T07:00:00.500Z'],
    ['2026-11-22T14:00:00.000+07:00', '2026-11-22T07:00:00.000Z'],
    ['2026-11-21T23:30:00-07:30', '2026-11-22T07:00:00.000Z'],
    ['2026-11-22T06:59:59.999999999Z', '2026-11-22T06:59:59.999Z'],
    ['2024-02-29T23:59:59.999Z', '2024-02-29T23:59:59.999Z'],
    ['2000-02-29T00:00:00.000Z', '2000-02-29T00:00:00.000Z'],
    ['0001-01-01T00:00:00.000Z', '0001-01-01T00:00:00.000Z'],
    ['0099-12-31T00:00:00.000Z', '0099-12-31T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('%s', (text, expected) => {
    expect(new Date(instantMs(text)).toISOString()).toBe(expected);
  });

  test.each([
    ['of a day that the month does not have', '2026-02-29T00:00:00.000Z'],
    ['of a century that is no leap year', '1900-02-29T00:00:00.000Z'],
    ['of day 0', '2026-11-00T00:00:00.000Z'],
    ['of month 13', '2026-13-01T00:00:00.000Z'],
    ['of hour 24', '2026-11-22T24:00:00.000Z'],
    ['of minute 60', '2026-11-22T07:60:00.000Z'],
    ['of a leap second', '2026-06-30T23:59:60.000Z'],
    ['without a zone', '2026-11-22T07:00:00.000'],
    ['with a zone that nobody has', '2026-11-22T07:00:00+24:00'],
    ['with a blank for the T', '2026-11-22 07:00:00.000Z'],
    ['with other signs between the digits', '2026/11/22T07:00:00.000Z'],
    ['with another sign after the hour', '2026-11-22T07-00:00.000Z'],
    ['with another sign after the minute', '2026-11-22T07:00-00.000Z'],
    ['with another sign after the second', '2026-11-22T07:00:00,000Z'],
    ['with a letter among the digits', '2026-11-22T07:00:0x.000Z'],
    ['with a letter among the thousandths', '2026-11-22T07:00:00.00xZ'],
    ['with more digits than a ns', '2026-11-22T07:00:00.0000000001Z'],
    ['with a date only', '2026-11-22'],
    ['in words', 'Sun, 22 Nov 2026 07:00:00 GMT'],
    ['as a number', '1795330800000'],
    ['of nothing', ''],
    ['with something behind it', '2026-11-22T07:00:00.000Z '],
  ])('is none %s', (_, text) => {
    expect(instantMs(text)).toBeNaN();
  });

  test('is what the platform reads, for 20,000 moments and in both forms', () => {
    for (let step = 0; step < 20_000; step += 1) {
      const ms = -2_000_000_000_000 + step * 399_999_937;
      const text = new Date(ms).toISOString();
      expect(instantMs(text)).toBe(ms);
      if (step % 50 === 0) expect(instantMs(`${text.slice(0, 23)}+00:00`)).toBe(ms);
    }
  });
});
