/**
 * NowCast: the weighted mean of the last hours that stands for particulate matter in an hourly index.
 *
 * Declared form: both sums run over the hours that are present. The Decision writes Σ (1/2)^i · c_i for the smallest
 * weight, which equals this only when all hours are there, and falls far below the real concentration with gaps. The
 * EPA's form is the same (1 − (max − min) / max = min / max) and then truncated; the row says so.
 */
import type { PollutionRowValue } from '#contracts';
import { truncate } from './rounding.js';

/**
 * `hours`: hourly means, µg/m³, the newest first; null is missing. Null when too few of the newest are there.
 * w = max(Cmin / Cmax, floor); Σ w^(i−1) · c_i / Σ w^(i−1).
 */
export function nowCast(hours: readonly (number | null)[], rule: PollutionRowValue<'pollution.nowcast'>): number | null {
  const window = hours.slice(0, rule.hours);
  if (window.slice(0, rule.newestOf).filter((value) => value !== null).length < rule.newestNeeded) return null;
  const present = window.filter((value) => value !== null);
  const [least, most] = [Math.min(...present), Math.max(...present)];
  if (most === 0 && least === 0) return 0;
  // Means may be a little negative around a clean zero; their ratio says nothing.
  const weight = most <= 0 ? rule.weightFloor : Math.max(least / most, rule.weightFloor);

  let sum = 0;
  let weights = 0;
  for (const [age, value] of window.entries()) {
    if (value === null) continue;
    sum += weight ** age * value;
    weights += weight ** age;
  }
  const mean = sum / weights;
  return rule.truncateDecimals === null ? mean : truncate(mean, rule.truncateDecimals);
}
