/**
 * Which limits hold for a segment or a message at a time: from the dated rows of the registry, remembered for as long
 * as the same rows are in force.
 */
import { trafficRowValues } from '#contracts';
import { type AgeLimits, ageLimits, type Kept } from '#domain';
import { inForceAt } from '#rules';
import type { Registry } from '#service';
import type { CongestionLimits } from './congestion.js';

/** Of a segment without a road class. */
export const roadClassDefault = 'street';

type Rows = Pick<Registry, 'rows' | 'asset'>;

/** A row whose value cannot be read is as good as none: null, and nothing is judged by it. */
export interface Limits {
  /** Null: no message can be judged, and it waits as a dead letter. */
  age(atMs: number): AgeLimits | null;
  /** Null: the asset is not judged. */
  congestion(asset: string, atMs: number): CongestionLimits | null;
  /** The registry has changed. */
  forget(): void;
}

export function limitsFrom(registry: Rows): Limits {
  const age = ageLimits(registry, 'traffic.age');
  const congestion = new Map<string, Kept<CongestionLimits>>();

  return {
    age: (atMs) => age.at(atMs),
    congestion(asset, atMs) {
      let known = congestion.get(asset);
      if (known === undefined || atMs < known.fromMs || atMs >= known.toMs) {
        known = congestionInForce(registry, asset, atMs);
        congestion.set(asset, known);
      }
      return known.value;
    },
    forget() {
      age.forget();
      congestion.clear();
    },
  };
}

function congestionInForce(registry: Rows, assetId: string, atMs: number): Kept<CongestionLimits> {
  const roadClass = registry.asset(assetId)?.roadClass ?? roadClassDefault;
  const freeFlow = freeFlowInForce(registry, assetId, atMs);
  const { row, fromMs, toMs } = inForceAt(registry.rows('traffic.congestion'), roadClass, atMs);
  const shares = trafficRowValues['traffic.congestion'].safeParse(row?.value).data;
  const value = freeFlow.value === null || row === null || shares === undefined ? null : { rowId: row.id, ...shares, freeFlowKmh: freeFlow.value };
  return { value, fromMs: Math.max(freeFlow.fromMs, fromMs), toMs: Math.min(freeFlow.toMs, toMs) };
}

/** The asset's own free flow, else that of its road class. */
export function freeFlowInForce(registry: Rows, assetId: string, atMs: number): Kept<number> {
  const asset = registry.asset(assetId);
  const { row, fromMs, toMs } = inForceAt(registry.rows('traffic.free-flow'), asset?.roadClass ?? roadClassDefault, atMs);
  return { value: asset?.freeFlowKmh ?? trafficRowValues['traffic.free-flow'].safeParse(row?.value).data ?? null, fromMs, toMs };
}
