import { Rejected, trafficFlagBits } from '#contracts';
import type { AgeLimits, Sender } from '#domain';
import { observationsFrom, type Observation } from './observation.js';

const receivedAtMs = Date.UTC(2026, 10, 22, 7, 1, 5);
const loop: Sender = { device: 'loop-0001', receivedAtMs, codec: 'json' };
const age: AgeLimits = { aheadS: 180, tooOldS: 30 * 86_400 };
const minimal = { observedAt: '2026-11-22T07:00:00.000Z', periodS: 60, count: 42 };

function from(message: unknown, sender: Partial<Sender> = {}, limits: AgeLimits | null = age): readonly (Observation | Rejected)[] {
  const payload = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
  // A message stands within a frame.
  const frame = Buffer.concat([Buffer.of(1, 2, 255), payload, Buffer.of(255, 2, 1)]);
  return observationsFrom(frame, 3, frame.length - 3, { ...loop, ...sender }, limits);
}

const one = (message: unknown, sender: Partial<Sender> = {}): Observation | Rejected => from(message, sender)[0]!;
const refusal = (message: unknown, sender: Partial<Sender> = {}): string => {
  const result = one(message, sender);
  return result instanceof Rejected ? result.message : 'taken';
};

describe('our own JSON to the internal form', () => {
  test('everything a period can say', () => {
    const reading = { device: 'loop-0001', channel: 'lane-2', ...minimal, speedKmh: 31.5, occupancy: 0.123, occupancyRaw: 221, lengthM: 4.2, countByClass: { motorcycle: 30, car: 10, bus: null }, flags: ['gap', 'undercount_motorcycle'] };
    expect(from(reading)).toEqual([
      {
        channel: 'lane-2',
        observedAtMs: Date.UTC(2026, 10, 22, 7),
        periodS: 60,
        count: 42,
        speedKmh: 31.5,
        occupancy: 0.123,
        occupancyRaw: 221,
        lengthM: 4.2,
        byClass: { motorcycle: 30, car: 10, bus: null, truck: null, trailer: null, bicycle: null, other: null },
        flags: trafficFlagBits.gap | trafficFlagBits.undercount_motorcycle,
        imputation: null,
      },
    ]);
  });

  test('what is missing is null', () => {
    expect(one(minimal)).toMatchObject({ channel: '', count: 42, speedKmh: null, occupancy: null, occupancyRaw: null, lengthM: null, byClass: null, flags: 0, imputation: null });
    expect(one({ ...minimal, count: null, speedKmh: 0 })).toMatchObject({ count: null, speedKmh: 0 });
  });

  test('where nothing passed there is no speed, but 0 vehicles', () => {
    expect(one({ ...minimal, count: 0, speedKmh: 0, occupancy: 0 })).toMatchObject({ count: 0, speedKmh: null, occupancy: 0 });
    expect(one({ ...minimal, count: 0, speedKmh: 50 })).toMatchObject({ speedKmh: null });
  });

  test('classes that add up to more than the count are kept and flagged; fewer are no contradiction', () => {
    expect(one({ ...minimal, count: 10, countByClass: { motorcycle: 8, car: 3 } })).toMatchObject({ count: 10, byClass: { motorcycle: 8, car: 3 }, flags: trafficFlagBits.classes_exceed_count });
    expect(one({ ...minimal, count: 11, countByClass: { motorcycle: 8, car: 3 } })).toMatchObject({ flags: 0 });
    expect(one({ ...minimal, count: null, countByClass: { motorcycle: 8 } })).toMatchObject({ count: null, flags: 0 });
  });

  test('a log of vehicles is one observation', () => {
    const vehicles = [
      { atMs: 100, class: 'motorcycle', speedKmh: 20, durationMs: 300 },
      { atMs: 59_999, class: 'car', speedKmh: 30, durationMs: 900, wrongWay: true },
    ];
    expect(one({ observedAt: minimal.observedAt, periodS: 60, vehicles })).toMatchObject({ count: 2, speedKmh: expect.closeTo(24, 12), occupancy: 0.02, byClass: { motorcycle: 1, car: 1, truck: 0 }, flags: trafficFlagBits.wrong_way });
    expect(one({ observedAt: minimal.observedAt, periodS: 60, vehicles: [] })).toMatchObject({ count: 0, speedKmh: null, byClass: null });
  });

  test('imputed values carry their method', () => {
    expect(one({ ...minimal, flags: ['imputed'], imputation: 'neighbour-regression' })).toMatchObject({ flags: trafficFlagBits.imputed, imputation: 'neighbour-regression' });
  });
});

describe('time', () => {
  test.each([
    ['another zone', '2026-11-22T14:00:00+07:00', '2026-11-22T07:00:00.000Z'],
    ['no fraction', '2026-11-22T07:00:00Z', '2026-11-22T07:00:00.000Z'],
    ['finer than a millisecond is cut, not rounded', '2026-11-22T07:00:00.999999Z', '2026-11-22T07:00:00.999Z'],
    ['a leap day', '2024-02-29T00:00:00.000Z', '2024-02-29T00:00:00.000Z'],
  ])('%s', (_, observedAt, expected) => {
    const [observation] = from({ ...minimal, observedAt }, {}, null) as [Observation];
    expect(new Date(observation.observedAtMs).toISOString()).toBe(expected);
  });

  test('a message without a time takes that of its receipt, to the millisecond, and says so', () => {
    expect(one({ periodS: 60, count: 1 }, { receivedAtMs: receivedAtMs + 0.75 })).toMatchObject({ observedAtMs: receivedAtMs, flags: trafficFlagBits.estimated_time });
  });

  test.each([
    ['as far ahead as allowed', '2026-11-22T07:04:05.000Z', 'taken'],
    ['further ahead', '2026-11-22T07:04:05.001Z', 'clock-ahead: observedAt: expected at most 180 s after the receipt, found 181 s after'],
    ['a clock a year ahead', '2027-11-22T07:01:05.000Z', 'clock-ahead: observedAt: expected at most 180 s after the receipt, found 31536000 s after'],
    ['a day late', '2026-11-21T07:00:00.000Z', 'taken'],
    ['too old', '2026-10-22T07:01:04.000Z', 'too-old: observedAt: expected at most 2592000 s before the receipt, found 2678401 s before'],
  ])('%s', (_, observedAt, expected) => {
    expect(refusal({ ...minimal, observedAt })).toBe(expected);
  });

  test('a device marked replay has no age limit', () => {
    expect(from({ ...minimal, observedAt: '2018-03-01T00:00:00Z' }, {}, null)[0]).toMatchObject({ observedAtMs: Date.UTC(2018, 2, 1) });
  });
});

describe('what is refused names the field and what was expected', () => {
  test.each([
    ['speed −1', { ...minimal, speedKmh: -1 }, 'invalid: speedKmh: expected 0 to 300 km/h, or null'],
    ['a count as text', { ...minimal, count: '42' }, 'invalid: count: expected a number, found a string'],
    ['half a vehicle', { ...minimal, count: 41.5 }, 'invalid: count: expected a whole number of vehicles, 0 to 1000000, or null'],
    ['occupancy in per cent', { ...minimal, occupancy: 12 }, 'invalid: occupancy: expected 0 to 1, or null'],
    ['no period', { observedAt: minimal.observedAt, count: 1 }, 'invalid: periodS: expected a number, found nothing'],
    ['a field we do not know', { ...minimal, plate: '30A-123.45' }, 'invalid: message: expected no field plate'],
    ['a class we do not know', { ...minimal, countByClass: { tank: 1 } }, 'invalid: countByClass: expected no field tank'],
    ['a class below zero', { ...minimal, countByClass: { car: -1 } }, 'invalid: countByClass.car: expected a whole number of vehicles, 0 to 1000000, or null'],
    ['a date of a month that does not have it', { ...minimal, observedAt: '2026-02-30T00:00:00Z' }, 'invalid: observedAt: expected a time of 1970 to 2199 such as 2026-11-22T07:00:00.000Z'],
    ['another device', { ...minimal, device: 'loop-0002' }, 'device-mismatch: device: expected loop-0001, found loop-0002'],
    ['not an object', 42, 'invalid: message: expected an object, found a number'],
    ['a number beyond all numbers', '{"periodS":60,"count":1e999}', 'invalid: count: expected a number, found Infinity'],
    ['a prototype', '{"periodS":60,"count":1,"__proto__":{"speedKmh":1}}', 'invalid: message: expected no field __proto__'],
    ['no JSON', '{"periodS":60,', 'undecodable: byte 14: expected a name in quotes, found the end'],
    ['imputed, but how?', { ...minimal, flags: ['imputed'] }, 'invalid: imputation: expected the method of imputation (1–64 characters), since the flag "imputed" is set'],
    ['a vehicle outside the period', { periodS: 60, vehicles: [{ atMs: 0 }, { atMs: 60_000 }] }, 'invalid: vehicles[1].atMs: expected 0 to 60000 ms, within the period'],
    ['nothing said at all', { periodS: 60 }, 'invalid: message: expected at least one of count, countByClass, speedKmh, occupancy, vehicles'],
  ])('%s', (_, message, expected) => {
    expect(refusal(message)).toBe(expected);
  });

  test('a format nobody knows', () => {
    expect(refusal(minimal, { codec: 'constructor' })).toBe('unknown-codec: codec: expected a known format, found constructor');
  });
});

test('of an array only the wrong elements are refused, each named by its place', () => {
  const results = from([minimal, { ...minimal, speedKmh: 999 }, 7, { ...minimal, device: 'x' }, { ...minimal, observedAt: '2027-01-01T00:00:00Z' }, { ...minimal, channel: 'lane-2' }]);
  expect(results.map((result) => (result instanceof Rejected ? result.message : 'taken'))).toEqual([
    'taken',
    'invalid: [1].speedKmh: expected 0 to 300 km/h, or null',
    'invalid: [2]: expected an object, found a number',
    'device-mismatch: [3].device: expected loop-0001, found x',
    'clock-ahead: [4].observedAt: expected at most 180 s after the receipt, found 3430735 s after',
    'taken',
  ]);
});

describe('messages of several kinds come to one form (T1)', () => {
  const internal = { observedAtMs: Date.UTC(2026, 10, 22, 7), periodS: 30, count: 12, speedKmh: expect.closeTo(40.2336, 9), occupancy: 0.25, flags: 0 };

  test('our own JSON', () => {
    expect(one({ observedAt: '2026-11-22T07:00:00Z', periodS: 30, count: 12, speedKmh: 40.2336, occupancy: 0.25 })).toMatchObject(internal);
  });
  test('a PeMS-like record, in mph and tenths of a per cent', () => {
    expect(from('11/22/2026 07:00:00,loop-0001,12,250,25,,,', { codec: 'pems' })).toEqual([expect.objectContaining({ ...internal, channel: 'lane-1', occupancyRaw: 250 })]);
  });
  test('IRIS-like bins, in mph and scans', () => {
    expect(one({ detector: 'loop-0001', start: '2026-11-22T07:00:00Z', periodS: 30, volume: [12], scans: [450], speed: [25] }, { codec: 'iris' })).toMatchObject({ ...internal, occupancyRaw: 450 });
  });
  test('−1 of an IRIS bin is null and never a value; another number below zero is refused', () => {
    const bins = { detector: 'loop-0001', start: '2026-11-22T07:00:00Z', periodS: 30 };
    expect(one({ ...bins, volume: [12], speed: [-1] }, { codec: 'iris' })).toMatchObject({ count: 12, speedKmh: null, occupancy: null });
    expect(refusal({ ...bins, volume: [12], speed: [-2] }, { codec: 'iris' })).toBe('invalid: speedKmh: expected 0 to 300 km/h, or null');
  });
});
