import { asset, device, pollutionReading } from '#contracts';
import { airHours, readingOf, registrationOf } from './hanoi-air.js';

const header = 'Site,Parameter,Date (LT),Year,Month,Day,Hour,NowCast Conc.,AQI,AQI Category,Raw Conc.,Conc. Unit,Duration,QC Name';
const file = (...lines: string[]): string => [header, ...lines, ''].join('\n');
const line = (label: string, ymdh: string, raw: string, status: string): string => `Hanoi,PM2.5 - Principal,${label},${ymdh},68.9,158,Unhealthy,${raw},UG/M3,1 Hr,${status}`;
const startOf = (label: string, ymdh: string): string => new Date(airHours(file(line(label, ymdh, '69.2', 'Valid'))).rows[0]!.observedAtMs).toISOString();

describe('a label is the end of its hour, on the clock of Hanoi', () => {
  test.each([
    ['the first hour of the year', '2018-01-01 01:00 AM', '2018,01,01,01', '2017-12-31T17:00:00.000Z'],
    ['noon', '2018-01-01 12:00 PM', '2018,01,01,12', '2018-01-01T04:00:00.000Z'],
    ['after noon', '2018-01-01 01:00 PM', '2018,01,01,13', '2018-01-01T05:00:00.000Z'],
    ['midnight is hour 24 of the day before', '2018-01-02 12:00 AM', '2018,01,02,00', '2018-01-01T16:00:00.000Z'],
    ['the last hour of the year', '2019-01-01 12:00 AM', '2019,01,01,00', '2018-12-31T16:00:00.000Z'],
    ['no summer time', '2018-06-30 11:00 PM', '2018,06,30,23', '2018-06-30T15:00:00.000Z'],
  ])('%s', (_, label, ymdh, expected) => {
    expect(startOf(label, ymdh)).toBe(expected);
  });
});

describe('what is not valid is absent, and never 0', () => {
  const reading = (raw: string, status: string) => readingOf(airHours(file(line('2018-01-04 08:00 PM', '2018,01,04,20', raw, status))).rows[0]!);
  const known = { device: 'hanoi-us-embassy', observedAt: '2018-01-04T12:00:00.000Z', periodS: 3600 };

  test('a valid hour', () => {
    expect(reading('74.0', 'Valid')).toEqual({ ...known, pm25UgM3: 74, status: 'Valid' });
  });
  test('a real zero stays 0', () => {
    expect(reading('0.0', 'Valid')).toEqual({ ...known, pm25UgM3: 0, status: 'Valid' });
  });
  test('an invalid value is absent, and kept beside', () => {
    expect(reading('74.0', 'Invalid')).toEqual({ ...known, pm25UgM3: null, status: 'Invalid', flags: ['invalid'], raw: { pm25UgM3: { value: 74, unit: 'UG/M3' } } });
  });
  test('−999 is no value, whatever stands beside it', () => {
    expect(reading('-999.0', 'Missing')).toEqual({ ...known, pm25UgM3: null, status: 'Missing' });
    expect(reading('-999', 'Valid')).toEqual({ ...known, pm25UgM3: null, status: 'Valid' });
    expect(reading('-999.0', 'Invalid')).toEqual({ ...known, pm25UgM3: null, status: 'Invalid', flags: ['invalid'] });
  });
  test('all of them are readings of the contract', () => {
    for (const one of [reading('74.0', 'Valid'), reading('74.0', 'Invalid'), reading('-999.0', 'Missing')]) expect(pollutionReading.safeParse(one)).toMatchObject({ success: true });
  });
});

test('an hour that is there twice comes twice, in the order of the file', () => {
  const { rows } = airHours(file(line('2018-03-11 03:00 AM', '2018,03,11,03', '43.0', 'Valid'), line('2018-03-11 03:00 AM', '2018,03,11,03', '44.1', 'Valid')));
  expect(rows.map(({ observedAtMs, pm25UgM3 }) => [observedAtMs - rows[0]!.observedAtMs, pm25UgM3])).toEqual([[0, 43], [0, 44.1]]);
});

test('a line that is not as known is left out and named', () => {
  const good = line('2018-01-01 01:00 AM', '2018,01,01,01', '69.2', 'Valid');
  const { rows, bad } = airHours(file(
    good,
    good.replace('UG/M3', 'PPM'),
    good.replace('Valid', 'Suspect'),
    good.replace('69.2', 'n/a'),
    good.replace('2018-01-01 01:00 AM', '2018-01-01 13:00 PM'),
    good.replace('2018-01-01 01:00 AM', '2018-02-30 01:00 AM'),
    good.replace('2018,01,01,01', '2018,01,01,02'),
    'Hanoi,PM2.5 - Principal',
  ));
  expect(rows).toHaveLength(1);
  expect(bad.map(({ line, reason }) => `${line} ${reason.split(':')[0]}`)).toEqual(['3 Conc. Unit', '4 QC Name', '5 Raw Conc.', '6 Date (LT)', '7 Date (LT)', '8 Date (LT)', '9 expected 14 fields, found 2']);
  expect(() => airHours('a,b\n1,2\n')).toThrow('first line');
});

test('the station and its device can be registered', () => {
  const { assets, devices } = registrationOf('replay-hanoi-air');
  expect(assets.map((one) => asset.safeParse(one).success)).toEqual([true]);
  expect(devices.map((one) => device.safeParse(one).success)).toEqual([true]);
  expect(devices[0]).toMatchObject({ replay: true, domain: 'pollution' });
});
