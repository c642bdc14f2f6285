/** Means and percentiles. A value that is missing (null) is left out with its weight; of no values there is no mean. */

/** Σ wᵢ·vᵢ / Σ wᵢ. */
export function weightedMean(values: readonly (number | null)[], weights: readonly number[]): number | null {
  let sum = 0;
  let weightSum = 0;
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    sum += value * weights[index]!;
    weightSum += weights[index]!;
  }
  return weightSum === 0 ? null : sum / weightSum;
}

/** Σ wᵢ / Σ (wᵢ / vᵢ): of speeds, the mean over the road (space mean). Only values above 0 count: no time is infinite. */
export function weightedHarmonicMean(values: readonly (number | null)[], weights: readonly number[]): number | null {
  let inverseSum = 0;
  let weightSum = 0;
  for (const [index, value] of values.entries()) {
    if (value === null || value <= 0) continue;
    inverseSum += weights[index]! / value;
    weightSum += weights[index]!;
  }
  return weightSum === 0 ? null : weightSum / inverseSum;
}

/**
 * The value below which a share (0–1) of the values lies, interpolated between ranks: definition 7 of Hyndman and Fan
 * 1996, which is that of NumPy, R and PostgreSQL's percentile_cont.
 */
export function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const rank = (sorted.length - 1) * share;
  const below = Math.floor(rank);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (rank - below) * (high - low);
}
