import { capRowValues, capRows, rowValues, seedRows, type DatedRow } from '#contracts';
import { approvalsNeeded, publicClassOf } from './public-class.js';

const classes = capRows.filter(({ kind }) => kind === 'alarm.cap');
const approvals = capRows.filter(({ kind }) => kind === 'alarm.cap-approval');
const atMs = Date.UTC(2026, 0, 1);
const level = (name: string, regulatory = true) => publicClassOf({ domain: 'pollution', type: 'air-quality-level', level: name }, atMs, classes, regulatory);

test('the rows are among the seeds, each with a value of its kind, none verified', () => {
  for (const row of capRows) {
    expect(seedRows).toContain(row);
    expect(rowValues[row.kind]).toBe(capRowValues[row.kind as keyof typeof capRowValues]);
    expect([row.id, rowValues[row.kind]!.safeParse(row.value).success, row.verifiedBy]).toEqual([row.id, true, null]);
  }
});

// alarms.md §9, "Our alarm".
test.each([
  ['good', null], ['moderate', null], ['poor', null],
  ['unhealthy', 'Moderate'], ['very-unhealthy', 'Severe'], ['hazardous', 'Extreme'],
])('VN_AQI %s is %s', (name, severity) => {
  expect(level(name)).toEqual(severity === null ? null : { severity, urgency: 'Immediate', certainty: 'Observed', category: ['Env', 'Health'], aroundKm: 5, rowId: 'alarm.cap.pollution.air-quality-level.default' });
});

test('only regulatory stations speak to the public about air; a road has no grade', () => {
  expect(level('hazardous', false)).toBeNull();
  expect(publicClassOf({ domain: 'traffic', type: 'congestion', level: 'congested' }, atMs, classes, false)).toMatchObject({ category: ['Transport'], urgency: 'Immediate' });
});

test('dust beyond its limit is Env and past; what has no row is not for the public', () => {
  expect(publicClassOf({ domain: 'pollution', type: 'legal-exceedance-pm10-24h', level: 'exceeded' }, atMs, classes, true)).toMatchObject({ category: ['Env'], severity: 'Minor', urgency: 'Past' });
  expect(publicClassOf({ domain: 'pollution', type: 'device-offline', level: 'offline' }, atMs, classes, true)).toBeNull();
  expect(level('constructor')).toBeNull();
});

test('the time of the event selects the row', () => {
  const [old] = classes;
  const value = { ...(old!.value as object), levels: { poor: { severity: 'Minor', urgency: 'Expected', certainty: 'Likely' } } };
  const rows: DatedRow[] = [{ ...old!, validTo: '2025-01-01T00:00:00Z' }, { ...old!, id: 'new', validFrom: '2025-01-01T00:00:00Z', value } as DatedRow];
  const poor = (at: string) => publicClassOf({ domain: 'pollution', type: 'air-quality-level', level: 'poor' }, Date.parse(at), rows, true);
  expect([poor('2024-12-31T23:59:59Z'), poor('2025-01-01T00:00:00Z')?.rowId]).toEqual([null, 'new']);
});

test('one person approves, two for Severe and Extreme; by the most severe; without a row nobody can', () => {
  const needed = (...severities: ('Extreme' | 'Severe' | 'Moderate' | 'Minor' | 'Unknown')[]) => approvalsNeeded({ info: severities.map((severity) => ({ severity })) as never }, atMs, approvals);
  expect([needed('Minor'), needed('Moderate'), needed('Severe'), needed('Extreme'), needed('Minor', 'Extreme'), needed('Unknown'), needed()]).toEqual([1, 1, 2, 2, 2, 2, 2]);
  expect(approvalsNeeded({ info: [] }, atMs, [])).toBeNull();
});
