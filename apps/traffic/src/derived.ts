/**
 * Quantities that follow from a period's observation: flow, density, speed, headway, gap, and a station's speed.
 *
 * Missing stays missing: whatever rests on a null is null. Formulas: fundamental relation q = k·v; density from
 * occupancy after Athol (1965). Occupancy knows no lanes among motorcycles, so density is `indicative` on such streets.
 */
import { weightedHarmonicMean, weightedMean } from '#rules';

/** q, veh/h: count · 3600 / period. */
export function flowVehH(count: number | null, periodS: number): number | null {
  return count === null ? null : (count * 3600) / periodS;
}

/** k, veh/km: occupancy (0–1) / effective length (vehicle and detection zone, m → km). */
export function densityVehKm(occupancy: number | null, effectiveLengthM: number): number | null {
  return occupancy === null ? null : (occupancy * 1000) / effectiveLengthM;
}

export interface Speed {
  readonly speedKmh: number | null;
  readonly from: 'measured' | 'flow-and-density' | 'none';
}

/** v, km/h: as measured, else q / k, where the density is above `densityMinVehKm`: below it, both are noise. */
export function speedOf(measuredKmh: number | null, flow: number | null, density: number | null, densityMinVehKm: number): Speed {
  if (measuredKmh !== null) return { speedKmh: measuredKmh, from: 'measured' };
  if (flow === null || flow === 0 || density === null || density <= densityMinVehKm) return { speedKmh: null, from: 'none' };
  return { speedKmh: flow / density, from: 'flow-and-density' };
}

/** Mean time from front to front, s: period / count. */
export function headwayS(count: number | null, periodS: number): number | null {
  return count === null || count === 0 ? null : periodS / count;
}

/** Mean clear distance, m: v · headway − length, v in km/h. Never below 0: the means of one period may contradict. */
export function gapM(speedKmh: number | null, headway: number | null, lengthM: number | null): number | null {
  if (speedKmh === null || headway === null || lengthM === null) return null;
  return Math.max(0, (speedKmh / 3.6) * headway - lengthM);
}

export interface LaneSpeed {
  readonly count: number | null;
  readonly speedKmh: number | null;
}

/**
 * Speed of a station, weighted by the flow of its lanes: `time` the mean past the detectors (arithmetic), `space` that
 * over the road (harmonic). A lane without a speed has no say; one without a count weighs one vehicle.
 */
export function stationSpeedKmh(lanes: readonly LaneSpeed[], mean: 'time' | 'space'): number | null {
  const speeds = lanes.map((lane) => lane.speedKmh);
  const weights = lanes.map((lane) => lane.count ?? 1);
  return mean === 'time' ? weightedMean(speeds, weights) : weightedHarmonicMean(speeds, weights);
}
