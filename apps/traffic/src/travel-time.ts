/**
 * Travel time index, delay and the state that people are shown.
 *
 * Index: how many times longer than at the reference speed (free flow in the city, 60 mph in PeMS). Delay: hours lost
 * by all vehicles together against that speed (PeMS). A road that is faster than its reference has no negative delay.
 */
import { trafficRowValues, type DatedRow } from '#contracts';
import { percentile, rowAt } from '#rules';

export interface TravelTime {
  /** t / t of the reference = reference speed / speed. */
  readonly index: number;
  readonly travelTimeS: number;
  /** Vehicle-hours lost in the period; null where the count is missing. */
  readonly delayVehH: number | null;
  /** 0–100; passed through. */
  readonly observedPercent: number;
}

export interface TravelTimeInput {
  readonly lengthM: number;
  readonly speedKmh: number | null;
  readonly referenceKmh: number;
  /** Vehicles that went through in the period. */
  readonly count: number | null;
  readonly observedPercent: number;
}

/** Null without a speed above 0: a standing queue has no travel time yet. Delay = F · (L/V − L/V_ref), at least 0. */
export function travelTime({ lengthM, speedKmh, referenceKmh, count, observedPercent }: TravelTimeInput): TravelTime | null {
  if (speedKmh === null || speedKmh <= 0) return null;
  const lengthKm = lengthM / 1000;
  const lostH = Math.max(0, lengthKm / speedKmh - lengthKm / referenceKmh);
  return { index: referenceKmh / speedKmh, travelTimeS: (lengthKm / speedKmh) * 3600, delayVehH: count === null ? null : count * lostH, observedPercent };
}

/** Free flow of the city: the 85th percentile of speeds at night; null below `speedsMin` of them. */
export function freeFlowKmh(nightSpeedsKmh: readonly number[], speedsMin: number): number | null {
  return nightSpeedsKmh.length < speedsMin ? null : percentile(nightSpeedsKmh, 0.85);
}

export const trafficStates = ['free', 'light', 'moderate', 'heavy'] as const;
export type TrafficState = (typeof trafficStates)[number];

/** What people read; the glossary has the same. */
export const trafficStateNames: Readonly<Record<TrafficState, { readonly vi: string; readonly en: string }>> = {
  free: { vi: 'thông thoáng', en: 'free' },
  light: { vi: 'đông', en: 'light' },
  moderate: { vi: 'chậm', en: 'moderate' },
  heavy: { vi: 'ùn tắc', en: 'heavy' },
};

export interface StateFound {
  readonly state: TrafficState;
  readonly rowId: string;
  readonly verified: boolean;
}

/** By the index; null where no row of kind `traffic.tti-state` that can be read holds. */
export function stateByIndex(index: number, rows: readonly DatedRow[], observedAtMs: number): StateFound | null {
  const row = rowAt(rows, '', observedAtMs);
  const value = trafficRowValues['traffic.tti-state'].safeParse(row?.value).data;
  if (row === null || value === undefined) return null;
  const { lightFrom, moderateFrom, heavyAbove } = value;
  const state = index > heavyAbove ? 'heavy' : index >= moderateFrom ? 'moderate' : index >= lightFrom ? 'light' : 'free';
  return { state, rowId: row.id, verified: row.verifiedBy !== null };
}

/** By speed / free flow; null where no row of kind `traffic.speed-state` that can be read holds. */
export function stateByShare(shareOfFreeFlow: number, rows: readonly DatedRow[], observedAtMs: number): StateFound | null {
  const row = rowAt(rows, '', observedAtMs);
  const value = trafficRowValues['traffic.speed-state'].safeParse(row?.value).data;
  if (row === null || value === undefined) return null;
  const { freeAbove, lightAbove, moderateAbove } = value;
  const state = shareOfFreeFlow > freeAbove ? 'free' : shareOfFreeFlow > lightAbove ? 'light' : shareOfFreeFlow > moderateAbove ? 'moderate' : 'heavy';
  return { state, rowId: row.id, verified: row.verifiedBy !== null };
}
