/**
 * Rights by area: somebody with areas sees the assets at and below them, by parent or by zone, and what stands there;
 * without areas, the whole city.
 */
import { type Principal, problem, type Registry, sees } from '#service';

/** SQL: whether the asset in `column` may be seen; `parameter` holds the areas as an array of text. */
export function seenSql(column: string, parameter: string): string {
  return `(cardinality(${parameter}::text[]) = 0 or ${column} in (select registry.within_areas(${parameter}::text[])))`;
}

/** The same from memory, for one asset. */
export function seen(registry: Pick<Registry, 'asset'>, asset: string, areas: readonly string[]): boolean {
  return sees(registry, { areas }, asset);
}

/** For what belongs to no place, such as messages that could not be read. */
export function needWholeCity({ areas }: Principal): void {
  if (areas.length > 0) throw problem(403, 'areas', { detail: 'expected somebody whose areas are not limited' });
}
