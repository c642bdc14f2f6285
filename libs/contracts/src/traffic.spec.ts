import { z } from 'zod';
import { complaintOf, complaintText, fieldName } from './complaint.js';
import { Rejected } from './failures.js';
import { plainTest } from './plain-test.js';
import { trafficReading, trafficReadingOf, type TrafficReading } from './traffic.js';

const full: TrafficReading = {
  device: 'loop-0001',
  channel: 'lane-2',
  observedAt: '2026-11-22T07:00:00.000Z',
  periodS: 60,
  count: 42,
  countByClass: { motorcycle: 30, car: 10, bus: 1, truck: 1, trailer: 0, bicycle: 0, other: null },
  speedKmh: 31.5,
  occupancy: 0.123,
  occupancyRaw: 221,
  lengthM: 4.2,
  flags: ['gap', 'imputed'],
  imputation: 'profile',
};
const log: TrafficReading = { periodS: 60, vehicles: [{ atMs: 0, class: 'car', lengthM: 4, speedKmh: 30, durationMs: 400, wrongWay: false, gap: true, timeMode: 'server' }, { atMs: 59_999 }] };

const complaintAbout = (value: unknown): string => {
  const reading = trafficReadingOf(value, null);
  return reading instanceof Rejected ? reading.details : 'taken';
};

describe('ranges', () => {
  test.each<[field: keyof TrafficReading, taken: readonly unknown[], refused: readonly unknown[]]>([
    ['periodS', [1, 86_400], [0, 86_401, 1.5, null, '60']],
    ['count', [0, 1_000_000, null], [-1, 1_000_001, 0.5, true, '1']],
    ['speedKmh', [0, 300, null], [-1, -0.001, 300.1, Infinity, NaN, [30]]],
    ['occupancy', [0, 1, null], [-0.1, 1.01, 12]],
    ['occupancyRaw', [0, 1_000_000, null], [-1, 1_000_001]],
    ['lengthM', [0.5, 60, null], [0.49, 60.1, 0]],
    ['channel', ['', 'lane-1'], ['lane 1', '-1', 'x'.repeat(65), null, 1]],
    ['observedAt', ['1970-01-01T00:00:00Z', '2199-12-31T23:59:59.999Z'], ['1969-12-31T23:59:59.999Z', '2200-01-01T00:00:00.001Z', '2026-02-30T00:00:00Z', 'now', '', null, 1_795_330_800_000]],
    ['countByClass', [{}, { car: 0 }, { motorcycle: null }], [{ car: -1 }, { car: 0.5 }, { car: '1' }, { tank: 1 }, [], null]],
    ['flags', [[], ['wrong_way', 'gap', 'undercount_motorcycle', 'estimated_time']], [['classes_exceed_count'], ['GAP'], 'gap', [1]]],
    ['device', ['loop-0001', 'anything: the domain compares it with the sender'], [1, null]],
  ])('%s', (field, taken, refused) => {
    const plain = { periodS: 60, count: 1, countByClass: {} };
    for (const value of taken) expect([value, complaintAbout({ ...plain, [field]: value })]).toEqual([value, 'taken']);
    for (const value of refused) expect([value, complaintAbout({ ...plain, [field]: value }).startsWith(field)]).toEqual([value, true]);
  });
});

describe('the compiled test and the schema agree', () => {
  const others = [undefined, null, true, -1, 0, 1, 0.5, 61, 1e9, Infinity, NaN, '', 'car', '60', [], [null], ['gap'], {}, { car: 1 }, { __proto__: null, car: 1 }, [{ atMs: 1 }], [{ atMs: 1, plate: 'x' }], new Date(0), () => 1];

  test('on every reading with one field changed, left out or added, and on what is no reading', () => {
    const candidates: unknown[] = [full, log, ...others];
    for (const reading of [full, log]) {
      for (const name of [...Object.keys(full), 'vehicles', 'plate', 'toString']) {
        for (const value of others) candidates.push({ ...reading, [name]: value });
        candidates.push(Object.fromEntries(Object.entries(reading).filter(([key]) => key !== name)));
      }
    }
    candidates.push(JSON.parse('{"periodS":60,"count":1,"__proto__":{"speedKmh":1}}'), Object.create({ periodS: 60, count: 1 }));
    for (const candidate of candidates) {
      const bySchema = trafficReading.safeParse(candidate);
      const byTest = trafficReadingOf(candidate, 3);
      if (bySchema.success) expect(byTest).toEqual(bySchema.data);
      else expect(byTest).toEqual(new Rejected('invalid', complaintText(complaintOf(bySchema.error), 3)));
    }
    expect(candidates.length).toBeGreaterThan(500);
  });

  test('a reading that is right comes back as it is, and not as a copy', () => {
    expect(trafficReadingOf(full, null)).toBe(full);
    expect(trafficReadingOf(log, null)).toBe(log);
  });

  test('schemas that it cannot be sure of are refused at start', () => {
    for (const schema of [z.string().min(1), z.number().optional().default(1), z.object({ a: z.number() }), z.strictObject({ 'a b': z.string() }), z.union([z.string(), z.number()])]) {
      expect(() => plainTest(schema as z.ZodType)).toThrow(TypeError);
    }
  });
});

describe('complaints', () => {
  test('name the field as a sender would write it', () => {
    expect(fieldName(['vehicles', 3, 'atMs'])).toBe('vehicles[3].atMs');
    expect(fieldName([])).toBe('');
    expect(fieldName(['a b\n'])).toBe('"a b\\n"');
    expect(complaintText({ field: 'periodS', expected: 'expected a number' }, 7)).toBe('[7].periodS: expected a number');
    expect(complaintText({ field: '', expected: 'expected an object' }, 7)).toBe('[7]: expected an object');
    expect(complaintText({ field: '', expected: 'expected an object' })).toBe('message: expected an object');
  });

  test('stay short and on one line, whatever the sender calls his fields', () => {
    const text = complaintAbout({ periodS: 60, ['x'.repeat(100_000)]: 1, '\n\u001b[31m': 2 });
    expect(text.length).toBeLessThan(200);
    expect([...text].every((sign) => sign >= ' ')).toBe(true);
  });

  test('the first fault is told', () => {
    expect(complaintAbout({ periodS: 60, count: 'x', speedKmh: 'y' })).toBe('count: expected a number, found a string');
    expect(complaintAbout({ periodS: 60, flags: ['gap', 'x'] })).toMatch(/^flags\[1\]: expected "gap" or "wrong_way"/);
    expect(complaintAbout({ periodS: 60, vehicles: [], count: 0 })).toBe('vehicles: expected either a log of vehicles or count, countByClass, speedKmh and occupancy, not both');
  });
});
