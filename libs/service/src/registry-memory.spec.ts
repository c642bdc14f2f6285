/** Given parents, then the root of each asset; and what memory keeps of rows that change. */
import { RegistryMemory, rootsOf, type RowsByKind } from './registry-memory.js';

const parents = (of: Record<string, string | null>) => new Map(Object.entries(of).map(([id, parent]) => [id, { parent }]));

test.each<[string, Record<string, string | null>, Record<string, string>]>([
  ['a chain, whatever the order', { c: 'b', a: null, b: 'a' }, { a: 'a', b: 'a', c: 'a' }],
  ['a parent that is not there: the topmost known', { b: 'gone', c: 'b' }, { b: 'b', c: 'b' }],
  ['its own parent', { a: 'a' }, { a: 'a' }],
  ['a circle: its smallest id, from wherever one enters', { z: 'x', x: 'y', y: 'm', m: 'x', below: 'z' }, { z: 'm', x: 'm', y: 'm', m: 'm', below: 'm' }],
  ['two trees', { a: null, b: null, c: 'a', d: 'b' }, { a: 'a', b: 'b', c: 'a', d: 'b' }],
])('%s', (_, given, expected) => {
  expect(Object.fromEntries(rootsOf(parents(given)))).toEqual(expected);
});

test('a chain of 100,000 has a root too', () => {
  const chain = parents(Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`a${n}`, n === 0 ? null : `a${n - 1}`])));
  expect(new Set(rootsOf(chain).values())).toEqual(new Set(['a0']));
});

test('a device that moves leaves its old gateway; a credential that ends is forgotten; one without its client opens nothing', () => {
  const memory = new RegistryMemory();
  const device: RowsByKind['device'] = { id: 'd', domain: 'traffic', asset: 'a', gateway: 'g', codec: 'json', replay: false };
  const credential: RowsByKind['credential'] = { id: 1, client: 'd', kind: 'device', hash: Buffer.alloc(32).toString('base64'), revoked: false };
  memory.apply('credential', [credential]);
  expect(memory.client('d')).toBeUndefined();
  memory.apply('device', [device]);
  expect(memory.client('d')?.secretHashes).toHaveLength(1);
  memory.apply('credential', [credential]); // The same again is the same.
  expect(memory.client('d')?.secretHashes).toHaveLength(1);
  memory.apply('device', [{ ...device, gateway: null }]);
  expect([...memory.devicesBehind('g')]).toEqual([]);
  memory.apply('credential', [{ ...credential, revoked: true }]);
  expect(memory.client('d')).toEqual({ kind: 'device', secretHashes: [] });
});
