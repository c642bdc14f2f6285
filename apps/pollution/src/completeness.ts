/** Whether a period has enough of its parts to stand for the whole (dated rows `pollution.completeness`). */
import type { PollutionRowValue } from '#contracts';

/** "16/24 h" is found 16, due 24. */
export interface Completeness {
  readonly enough: boolean;
  readonly found: number;
  readonly due: number;
}

/** `found` and `due` in any one unit: hours of a day, seconds of an hour. A day with a changed clock has its own `due`. */
export function completeness(found: number, due: number, rule: PollutionRowValue<'pollution.completeness'>): Completeness {
  const share = 'share' in rule ? rule.share : rule.needed / rule.of;
  return { enough: due > 0 && found >= share * due - 1e-9, found, due };
}

/** The mean of what is there, when it is enough; a missing part is left out, never 0. */
export function meanWhereComplete(values: readonly (number | null)[], rule: PollutionRowValue<'pollution.completeness'>): { mean: number | null; completeness: Completeness } {
  const present = values.filter((value) => value !== null);
  const judged = completeness(present.length, values.length, rule);
  return { mean: judged.enough ? present.reduce((sum, value) => sum + value, 0) / present.length : null, completeness: judged };
}
