/** Given areas, when an asset stands at or below one of them, then it is seen. */
import { seen } from './areas.js';

const parents: Record<string, string | null> = { city: null, ward: 'city', street: 'ward', other: 'city', 'round-1': 'round-2', 'round-2': 'round-1' };
const registry = { asset: (id: string) => (id in parents ? ({ parent: parents[id]!, zone: null } as never) : undefined) };

test.each<[string, string[], boolean]>([
  ['street', [], true],
  ['unknown', [], true],
  ['street', ['street'], true],
  ['street', ['ward'], true],
  ['street', ['city'], true],
  ['street', ['other'], false],
  ['street', ['other', 'ward'], true],
  ['ward', ['street'], false],
  ['unknown', ['city'], false],
  ['round-1', ['city'], false],
])('%s for %j: %s', (asset, areas, sees) => {
  expect(seen(registry, asset, areas)).toBe(sees);
});
