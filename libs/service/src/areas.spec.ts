/** Who sees what, case by case. */
import { sees } from './areas.js';
import type { KnownAsset } from './registry-memory.js';

const asset = (id: string, parent: string | null, zone: string | null): [string, KnownAsset] => [id, { id, parent, zone } as KnownAsset];
const assets = new Map([
  asset('hanoi', null, null),
  asset('ba-dinh', 'hanoi', null),
  asset('tay-ho', 'hanoi', null),
  asset('street', null, 'ba-dinh'), // As ways of OpenStreetMap are imported: no parent, the ward stands in zone.
  asset('lane', 'street', null),
  asset('elsewhere', null, 'a name that is no asset'),
  asset('egg', 'hen', null),
  asset('hen', 'egg', null),
]);
const registry = { asset: (id: string) => assets.get(id) };

test.each<[string[], string, boolean]>([
  [[], 'lane', true],
  [[], 'unknown', true],
  [['ba-dinh'], 'ba-dinh', true],
  [['ba-dinh'], 'street', true],
  [['ba-dinh'], 'lane', true],
  [['hanoi'], 'lane', true],
  [['ba-dinh'], 'hanoi', false],
  [['ba-dinh'], 'tay-ho', false],
  [['tay-ho'], 'lane', false],
  [['tay-ho', 'street'], 'lane', true],
  [['hanoi'], 'elsewhere', false],
  [['hanoi'], 'egg', false],
  [['unknown'], 'unknown', false],
])('whoever has %j sees %s: %s', (areas, id, expected) => {
  expect(sees(registry, { areas }, id)).toBe(expected);
});
