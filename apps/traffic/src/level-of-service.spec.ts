import { seedRows, type DatedRow } from '#contracts';
import { indicativeFor, levelOfService, tableFor, type Facility, type Service, type ServiceInput } from './level-of-service.js';

const rows = seedRows.filter((row) => row.kind === 'traffic.los');
const atMs = Date.UTC(2026, 10, 22, 7);
const input = (facility: Facility, value: number | null, more: Partial<ServiceInput> = {}): ServiceInput => ({ facility, value, observedAtMs: atMs, countedIn: 'PCU', volumeByCapacity: null, indicative: false, observedPercent: 97.5, ...more });
const levels = (facility: Facility, values: readonly number[]): string => values.map((value) => levelOfService(input(facility, value), rows)!.level).join('');
const perKm = (perMile: number): number => perMile / 1.609344;

describe('the tables of the Highway Capacity Manual', () => {
  test.each<[string, Facility, readonly number[], string]>([
    ['freeway by pc/mi/ln 10, 12, 17, 19, 25, 27, 34, 36, 44, 46', 'freeway', [10, 12, 17, 19, 25, 27, 34, 36, 44, 46].map(perKm), 'ABBCCDDEEF'],
    ['freeway at the published metric bounds', 'freeway', [6.8, 11.2, 16.2, 21.7, 28, 28.01], 'ABCDEF'],
    ['weaving by pc/mi/ln', 'weaving', [9.9, 10.3, 19.7, 20.3, 27.7, 28.3, 34.7, 35.3, 42.7, 43.3].map(perKm), 'ABBCCDDEEF'],
    ['merge and diverge: beyond 35 pc/mi/ln it is E, and F by v/c alone', 'merge-diverge', [9.9, 19.7, 27.7, 34.7, 35.3, 99].map(perKm), 'ABCDEE'],
    ['signal, by s of delay', 'signal', [10, 10.1, 20, 35, 55, 80, 80.1], 'ABBCDEF'],
    ['no signal, by s of delay', 'no-signal', [10, 15, 25, 35, 50, 51], 'ABCDEF'],
    ['urban street, by share of free flow: the bound itself belongs below', 'urban-street', [1.1, 0.81, 0.8, 0.68, 0.67, 0.51, 0.5, 0.41, 0.4, 0.31, 0.3, 0], 'AABBCCDDEEFF'],
  ])('%s', (_, facility, values, expected) => {
    expect(levels(facility, values)).toBe(expected);
  });

  test('above capacity it is F, whatever the table says', () => {
    expect(levelOfService(input('merge-diverge', 5, { volumeByCapacity: 1.01 }), rows)?.level).toBe('F');
    expect(levelOfService(input('freeway', 5, { volumeByCapacity: 1 }), rows)?.level).toBe('A');
  });
});

test('the result says with which row, in what, and from how much observed data (T11)', () => {
  expect(levelOfService(input('urban-street', 0.55, { countedIn: 'vehicles', indicative: true }), rows)).toEqual<Service>({
    level: 'C',
    measure: 'shareOfFreeFlow',
    value: 0.55,
    countedIn: 'vehicles',
    indicative: true,
    observedPercent: 97.5,
    rowId: 'traffic.los.urban-street.hcm',
    verified: false,
  });
  expect(levelOfService(input('freeway', 5), rows)).toMatchObject({ rowId: 'traffic.los.freeway.hcm', verified: true });
});

test('a changed row changes later periods only', () => {
  const old = rows.find((row) => row.key === 'urban-street')!;
  const changed: DatedRow[] = [{ ...old, validTo: '2027-01-01T00:00:00Z' }, { ...old, id: 'new', validFrom: '2027-01-01T00:00:00Z', value: { measure: 'shareOfFreeFlow', bounds: [0.85, 0.67, 0.5, 0.4, 0.3] } }];
  expect(levelOfService(input('urban-street', 0.82), changed)).toMatchObject({ level: 'A', rowId: old.id });
  expect(levelOfService(input('urban-street', 0.82, { observedAtMs: Date.UTC(2027, 0, 1) }), changed)).toMatchObject({ level: 'B', rowId: 'new' });
});

test('what is missing has no level', () => {
  expect(levelOfService(input('freeway', null), rows)).toBeNull();
  expect(levelOfService(input('freeway', 5), [])).toBeNull();
  expect(levelOfService(input('freeway', 5), rows.map((row) => ({ ...row, value: 7 })))).toBeNull();
});

test('on a street of motorcycles the level is indicative, and wherever nobody knows', () => {
  const street = seedRows.filter((row) => row.kind === 'traffic.motorcycle-street');
  const classes = { motorcycle: 0, car: 0, bus: 0, truck: 0, trailer: 0, bicycle: 0, other: null };
  expect(indicativeFor({ ...classes, motorcycle: 50, car: 50 }, street, atMs)).toBe(true);
  expect(indicativeFor({ ...classes, motorcycle: 49, car: 51 }, street, atMs)).toBe(false);
  expect(indicativeFor({ ...classes, motorcycle: null, car: 51 }, street, atMs)).toBe(false);
  expect(indicativeFor(classes, street, atMs)).toBe(true);
  expect(indicativeFor(null, street, atMs)).toBe(true);
  expect(indicativeFor({ ...classes, car: 51 }, [], atMs)).toBe(true);
  expect(indicativeFor({ ...classes, car: 51 }, street.map((row) => ({ ...row, value: 'half' })), atMs)).toBe(true);
});

describe('the table of a road', () => {
  const use = { roadClass: 'motorway', lanes: 2, speedKmh: 80, freeFlowKmh: 100, pcuH: 3200 };

  test('a motorway goes by density: 3200 PCU/h on 2 lanes at 80 km/h are 20 PCU/km/lane, level D', () => {
    const table = tableFor(use);
    expect(table).toEqual({ facility: 'freeway', value: 20, countedIn: 'PCU' });
    expect(levelOfService(input(table.facility, table.value), rows)?.level).toBe('D');
  });

  test('any other road by its share of free flow', () => {
    expect(tableFor({ ...use, roadClass: 'arterial' })).toEqual({ facility: 'urban-street', value: 0.8, countedIn: 'vehicles' });
    expect(tableFor({ ...use, roadClass: null, lanes: null, pcuH: null })).toEqual({ facility: 'urban-street', value: 0.8, countedIn: 'vehicles' });
  });

  test.each([
    ['lanes', { lanes: null }],
    ['classes', { pcuH: null }],
    ['speed', { speedKmh: null }],
    ['speed above 0', { speedKmh: 0 }],
  ])('without %s a motorway has no value', (_, missing) => {
    expect(tableFor({ ...use, ...missing }).value).toBeNull();
  });

  test('without a speed or free flow no road has', () => {
    expect(tableFor({ ...use, roadClass: 'street', speedKmh: null }).value).toBeNull();
    expect(tableFor({ ...use, roadClass: 'street', freeFlowKmh: null }).value).toBeNull();
  });
});
