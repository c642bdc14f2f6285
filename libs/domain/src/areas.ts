/**
 * Rights by area: somebody with areas sees the assets at and below them, by parent or by zone, and what stands there;
 * without areas, the whole city. From memory: `sees` of #service.
 */
import { type Principal, problem } from '#service';

/** SQL: whether the asset in `column` may be seen; `parameter` holds the areas as an array of text. */
export function seenSql(column: string, parameter: string): string {
  return `(cardinality(${parameter}::text[]) = 0 or ${column} in (select registry.within_areas(${parameter}::text[])))`;
}

/** For what belongs to no place, such as messages that could not be read. */
export function needWholeCity({ areas }: Principal): void {
  if (areas.length > 0) throw problem(403, 'areas', { detail: 'expected somebody whose areas are not limited' });
}
