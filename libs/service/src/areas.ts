/**
 * Who sees what: a person with areas sees the assets at or below them, by parent or by zone (the ward in which a street
 * lies); one without areas sees the whole city. In SQL the same is `registry.within_areas(text[])`.
 */
import type { Registry } from './registry.js';

/** Whether the asset lies in one of the person's areas. What is not known lies in none. */
export function sees(registry: Pick<Registry, 'asset'>, { areas }: { readonly areas: readonly string[] }, asset: string): boolean {
  if (areas.length === 0) return true;
  const climbed = new Set<string>();
  const next = [asset];
  for (let id = next.pop(); id !== undefined; id = next.pop()) {
    if (climbed.has(id)) continue; // Two ways lead up, and a circle is nobody's way.
    climbed.add(id);
    const at = registry.asset(id);
    if (at === undefined) continue;
    if (areas.includes(id)) return true;
    for (const above of [at.parent, at.zone]) if (above !== null) next.push(above);
  }
  return false;
}

/** Whether the person has the whole city: for what belongs to no place, such as people and limits of law. */
export function seesAll({ areas }: { readonly areas: readonly string[] }): boolean {
  return areas.length === 0;
}
