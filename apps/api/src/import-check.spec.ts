/** Given rows that hold each for itself, then whether they hold together and with what is registered. */
import type { Asset, Device, Gateway } from '#contracts';
import { checkPlan, type Plan, type Registered } from './import-check.js';
import { sentence, type Row } from './import-row.js';

let line = 1;
const row = <T>(value: T): Row<T> => ({ value, place: { file: 'f', at: `line ${++line}` } });
const asset = (id: string, parent: string | null = null) => row({ id, parent } as Asset);
const device = (id: string, asset: string, gateway: string | null = null) => row({ id, asset, gateway } as Device);
const gateway = (id: string) => row({ id, asset: null } as Gateway);
const nothing: Registered = { parents: new Map(), gateways: new Set(), devices: new Set() };

function check(plan: Partial<Plan>, registered: Partial<Registered> = {}): { said: string[]; left: string[] } {
  const { plan: left, problems } = checkPlan({ assets: [], gateways: [], devices: [], ...plan }, { ...nothing, ...registered });
  return { said: problems.map(sentence), left: [...left.assets, ...left.gateways, ...left.devices].map(({ value }) => value.id) };
}

beforeEach(() => {
  line = 1;
});

test('a child may stand before its parent, and a parent may be registered already', () => {
  expect(check({ assets: [asset('a', 'b'), asset('b', 'old')] }, { parents: new Map([['old', null]]) })).toEqual({ said: [], left: ['a', 'b'] });
});

test('an id twice: the second is named, with the place of the first', () => {
  expect(check({ assets: [asset('a'), asset('a')] })).toEqual({ said: ['f, line 3, id: expected each id once, found a again (f, line 2)'], left: ['a'] });
});

test('an unknown parent, and then what rested on it', () => {
  const { said, left } = check({ assets: [asset('a', 'nowhere'), asset('b', 'a'), asset('c')], devices: [device('d', 'b'), device('e', 'c')] });
  expect(said).toEqual(['f, line 2, parent: expected the id of an asset, found nowhere', 'f, line 3, parent: expected the id of an asset, found a', 'f, line 5, asset: expected the id of an asset, found b']);
  expect(left).toEqual(['c', 'e']);
});

test.each<[string, Row<Asset>[], [string, string | null][], string[]]>([
  ['of one', [asset('a', 'a'), asset('z')], [], ['z']],
  ['of three, with one below', [asset('a', 'b'), asset('b', 'c'), asset('c', 'a'), asset('below', 'a'), asset('z')], [], ['z']],
  ['that closes through what is registered', [asset('b', 'a')], [['a', 'b'], ['b', null]], []],
])('a circle of parents %s', (_, assets, registered, left) => {
  expect(check({ assets }, { parents: new Map(registered) }).left).toEqual(left);
});

test('more levels than allowed; as many as allowed', () => {
  const chain = Array.from({ length: 33 }, (_, n) => asset(`a${n}`, n === 0 ? null : `a${n - 1}`));
  expect(check({ assets: chain }).left).toHaveLength(32);
});

test('a chain of 200,000 is refused without running out of stack', () => {
  const chain = Array.from({ length: 200_000 }, (_, n) => asset(`a${n}`, n === 199_999 ? null : `a${n + 1}`));
  expect(check({ assets: chain }).left).toHaveLength(32);
});

test('one name is one client: a device cannot be named as a gateway, be it in the files or registered', () => {
  expect(check({ assets: [asset('a')], gateways: [gateway('g')], devices: [device('g', 'a')] }).said).toEqual(['f, line 4, id: expected an id that no gateway has, found g']);
  expect(check({ gateways: [gateway('d')] }, { devices: new Set(['d']) }).said).toEqual(['f, line 5, id: expected an id that no device has, found d']);
  expect(check({ devices: [device('g', 'a')] }, { gateways: new Set(['g']), parents: new Map([['a', null]]) }).said).toHaveLength(1);
});

test('devices need their asset and gateway', () => {
  expect(check({ assets: [asset('a')], devices: [device('d', 'b'), device('e', 'a', 'g')] }).said).toEqual(['f, line 3, asset: expected the id of an asset, found b', 'f, line 4, gateway: expected the id of a gateway, found g']);
});
