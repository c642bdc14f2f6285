import { complaintOf, complaintText } from './complaint.js';
import { Rejected } from './failures.js';
import { concentrationMetric, pollutants, pollutionFlagBits, pollutionFlags, pollutionMetricNames, pollutionMetrics, pollutionReading, pollutionReadingOf, type PollutionReading } from './pollution.js';

const full: PollutionReading = {
  device: 'air-001',
  channel: 'sensor-a',
  observedAt: '2026-11-22T07:00:00.000Z',
  periodS: 60,
  ...Object.fromEntries(pollutionMetricNames.map((name, index) => [name, 10 + index])),
  pressureHpa: 1012.4,
  raw: { o3UgM3: { value: 21.4, unit: 'ppb' }, coUgM3: { value: 0.6, unit: 'mg/m³' } },
  flags: ['calib', 'imputed'],
  imputation: 'neighbours',
  status: 'Valid',
};

const complaintAbout = (value: unknown): string => {
  const reading = pollutionReadingOf(value, null);
  return reading instanceof Rejected ? reading.details : 'taken';
};

test('a reading that is right comes back as it is, and not as a copy', () => {
  expect(pollutionReadingOf(full, null)).toBe(full);
});

test('metrics, pollutants and bits of flags are stored in rows and named by other systems', () => {
  expect(pollutionMetricNames).toEqual([
    'pm25UgM3', 'pm10UgM3', 'o3UgM3', 'no2UgM3', 'so2UgM3', 'coUgM3', 'tspUgM3', 'pbUgM3', 'benzeneUgM3', 'nh3UgM3', 'h2sUgM3', 'noUgM3', 'noxUgM3', 'pm1UgM3',
    'temperatureC', 'humidityPct', 'pressureHpa', 'windSpeedMs', 'windDirectionDeg', 'precipitationMm', 'reliabilityPct',
  ]);
  expect(pollutants.map(concentrationMetric)).toEqual(pollutionMetricNames.slice(0, pollutants.length));
  expect(pollutionFlagBits).toEqual({ range: 1, flatline: 2, spike: 4, stale: 8, rh_high: 16, drift: 32, neighbour: 64, channel_disagree: 128, calib: 256, comm_gap: 512, imputed: 1024, estimated_time: 2048, invalid: 4096 });
  expect(Object.keys(pollutionFlagBits)).toEqual([...pollutionFlags]);
  expect(Object.values(pollutionFlagBits).reduce((sum, bit) => sum + bit, 0)).toBeLessThan(32_768); // They share an int2.
});

describe('ranges', () => {
  test.each(pollutionMetricNames)('%s: its bounds are in, what lies beyond them and what is no number is not', (name) => {
    const { low, high, unit } = pollutionMetrics[name];
    for (const value of [low, high, null, 0.001 + low]) expect([value, complaintAbout({ periodS: 60, [name]: value })]).toEqual([value, 'taken']);
    for (const value of [low - 0.001, high + 0.001, -999, -9999]) expect(complaintAbout({ periodS: 60, [name]: value })).toBe(`${name}: expected ${low} to ${high} ${unit}, or null`);
    for (const value of ['12', [12], true, Infinity, NaN, {}]) expect(complaintAbout({ periodS: 60, [name]: value })).toMatch(new RegExp(`^${name}: expected a number, found `));
  });

  test.each<[field: keyof PollutionReading, taken: readonly unknown[], refused: readonly unknown[]]>([
    ['periodS', [1, 3600, 86_400], [0, 86_401, 1.5, null, '60']],
    ['channel', ['', 'sensor-a'], ['sensor a', '-1', 'x'.repeat(65), null, 1]],
    ['observedAt', ['1970-01-01T00:00:00Z', '2018-01-01T01:00:00+07:00'], ['1969-12-31T23:59:59.999Z', '2200-01-01T00:00:00.001Z', '2018-01-01 01:00 AM', '', null, 1_795_330_800_000]],
    ['flags', [[], ['range', 'invalid', 'estimated_time']], [['RANGE'], 'range', [1], ['gap']]],
    ['raw', [{}, { pm25UgM3: { value: -3, unit: 'ug/m3' } }], [{ o3UgM3: { value: 1, unit: 'ppb' } }, { pm25UgM3: { value: 1, unit: '' } }, { pm25UgM3: { value: 1, unit: 'a\u0000b' } }, { pm25UgM3: 1 }, { pm25UgM3: { value: null, unit: 'x' } }, { pm25UgM3: { value: 1 } }, { pm25: { value: 1, unit: 'x' } }, null]],
    ['imputation', ['mean'], ['', 'x'.repeat(65), 'a\nb', null]],
    ['status', ['Valid', 'Hợp lệ'], ['', 'x'.repeat(65), 'a\u0007b', null, 1]],
    ['device', ['air-001', 'anything: the domain compares it with the sender'], [1, null]],
  ])('%s', (field, taken, refused) => {
    const plain = { periodS: 60, pm25UgM3: 12.5 };
    for (const value of taken) expect([value, complaintAbout({ ...plain, [field]: value })]).toEqual([value, 'taken']);
    for (const value of refused) expect([value, complaintAbout({ ...plain, [field]: value }).startsWith(field)]).toEqual([value, true]);
  });
});

describe('complaints', () => {
  test.each([
    ['nothing measured is said by a null, not by silence', { periodS: 60 }, 'message: expected at least one metric, such as pm25UgM3, which may be null'],
    ['a status alone measures nothing', { periodS: 60, status: 'Missing', flags: [] }, 'message: expected at least one metric, such as pm25UgM3, which may be null'],
    ['a misspelt pollutant must not be lost in silence', { periodS: 60, pm25: 1 }, 'message: expected no field pm25'],
    ['a value before conversion without the one after', { periodS: 60, pm25UgM3: 1, raw: { o3UgM3: { value: 20, unit: 'ppb' } } }, 'raw.o3UgM3: expected o3UgM3 as well: raw is what it was before conversion'],
    ['an unnamed unit', { periodS: 60, o3UgM3: 1, raw: { o3UgM3: { value: 20, unit: '' } } }, 'raw.o3UgM3.unit: expected 1–16 printable characters'],
    ['imputed, without the method', { periodS: 60, o3UgM3: 1, flags: ['imputed'] }, 'imputation: expected the method of imputation (1–64 characters), since the flag "imputed" is set'],
  ])('%s', (_, value, details) => {
    expect(complaintAbout(value)).toBe(details);
  });

  test('a station that measured nothing may say so', () => {
    expect(complaintAbout({ periodS: 3600, pm25UgM3: null, status: 'Missing' })).toBe('taken');
  });

  test('all of raw is bounded, since it is stored as one text', () => {
    const long = { value: 1234567.123456789, unit: 'x'.repeat(16) };
    const raw = Object.fromEntries(pollutionMetricNames.map((name) => [name, long]));
    const metrics = Object.fromEntries(pollutionMetricNames.map((name) => [name, null]));
    expect(complaintAbout({ periodS: 60, ...metrics, raw })).toBe('raw: expected at most 1000 characters of JSON');
  });
});

test('the compiled test and the schema agree on every reading with one field changed, left out or added', () => {
  const others = [undefined, null, true, -1000, -1, 0, 1, 0.5, 61, 1e9, Infinity, NaN, '', 'calib', '60', [], [null], ['calib'], {}, { pm25UgM3: { value: 1, unit: 'x' } }, { pm25UgM3: { value: '1', unit: 'x' } }, { __proto__: null }, new Date(0), () => 1];
  const candidates: unknown[] = [full, ...others];
  for (const name of [...Object.keys(full), 'vehicles', 'toString']) {
    for (const value of others) candidates.push({ ...full, [name]: value }, { periodS: 60, pm25UgM3: 1, [name]: value });
    candidates.push(Object.fromEntries(Object.entries(full).filter(([key]) => key !== name)));
  }
  candidates.push(JSON.parse('{"periodS":60,"pm25UgM3":1,"__proto__":{"pm10UgM3":1}}'), Object.create({ periodS: 60, pm25UgM3: 1 }));
  for (const candidate of candidates) {
    const bySchema = pollutionReading.safeParse(candidate);
    const byTest = pollutionReadingOf(candidate, 3);
    if (bySchema.success) expect(byTest).toEqual(bySchema.data);
    else expect(byTest).toEqual(new Rejected('invalid', complaintText(complaintOf(bySchema.error), 3)));
  }
  expect(candidates.length).toBeGreaterThan(1_000);
});
