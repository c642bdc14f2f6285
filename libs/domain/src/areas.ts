/**
 * Rights by area: somebody with areas sees the assets at and below them, and what stands there; without areas, the whole
 * city.
 */
import { type Principal, problem, type Registry } from '#service';

/** SQL: whether the asset in `column` may be seen; `parameter` holds the areas as an array of text. */
export function seenSql(column: string, parameter: string): string {
  return `(cardinality(${parameter}::text[]) = 0 or ${column} in (
    with recursive area as (select id from registry.asset where id = any(${parameter}::text[]) union select below.id from registry.asset below join area on below.parent = area.id)
    select id from area))`;
}

/** The same from memory, for one asset. */
export function seen(registry: Pick<Registry, 'asset'>, asset: string, areas: readonly string[]): boolean {
  if (areas.length === 0) return true;
  // Parents may form a circle until somebody mends it.
  const met = new Set<string>();
  for (let at: string | null = asset; at !== null && !met.has(at); at = registry.asset(at)?.parent ?? null) {
    if (areas.includes(at)) return true;
    met.add(at);
  }
  return false;
}

/** For what belongs to no place, such as messages that could not be read. */
export function needWholeCity({ areas }: Principal): void {
  if (areas.length > 0) throw problem(403, 'areas', { detail: 'expected somebody whose areas are not limited' });
}
