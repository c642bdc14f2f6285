/**
 * Flow in passenger car units: what a motorcycle, a bus or a lorry takes of a road, by the dated row of the time.
 *
 * Classes come first: what no class is known of has no PCU and is told apart, never taken for cars.
 */
import { trafficRowValues, vehicleClasses, type DatedRow } from '#contracts';
import { rowAt } from '#rules';
import { classifiedCount, type ClassCounts } from './observation.js';

export interface PcuFlow {
  /** Σ over classes count · PCU · 3600 / period. */
  readonly pcuH: number;
  /** Vehicles in the count that have no class, and so are not in the flow. */
  readonly unclassified: number;
  readonly unit: 'PCU/h';
  /** The row that was used. */
  readonly rowId: string;
  readonly verified: boolean;
}

/**
 * Which PCU row a road uses: the tables go by design speed, for which free flow stands in. Between 50 and 60 km/h the
 * tables say nothing; the slower road's values hold there.
 */
export function pcuKey(freeFlowKmh: number): string {
  return freeFlowKmh >= 60 ? '60-up' : '30-50';
}

/** Null where no row of kind `traffic.pcu` that can be read holds for that key and time. */
export function pcuFlow(byClass: ClassCounts, count: number | null, periodS: number, rows: readonly DatedRow[], key: string, observedAtMs: number): PcuFlow | null {
  const row = rowAt(rows, key, observedAtMs);
  const units = trafficRowValues['traffic.pcu'].safeParse(row?.value).data;
  if (row === null || units === undefined) return null;
  let pcu = 0;
  for (const name of vehicleClasses) pcu += (byClass[name] ?? 0) * units[name];
  const unclassified = count === null ? 0 : Math.max(0, count - classifiedCount(byClass));
  return { pcuH: (pcu * 3600) / periodS, unclassified, unit: 'PCU/h', rowId: row.id, verified: row.verifiedBy !== null };
}
