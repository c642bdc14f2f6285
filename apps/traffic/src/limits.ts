/**
 * Which limits hold for a segment or a message at a time: from the dated rows of the registry, remembered for as long
 * as the same rows are in force.
 */
import type { DatedRow } from '#contracts';
import type { Registry } from '#service';
import { z } from 'zod';
import type { CongestionLimits } from './congestion.js';
import type { AgeLimits } from './observation.js';

const ageValue = z.object({ aheadS: z.number().positive(), tooOldS: z.number().positive() });
const congestionValue = z.object({
  enterBelowShare: z.number().positive(),
  clearAboveShare: z.number().positive(),
  windows: z.array(z.object({ periodSMax: z.number().positive(), needed: z.int().positive(), of: z.int().positive() })).min(1),
});
const freeFlowValue = z.number().positive();

/** Of a segment without a road class. */
export const roadClassDefault = 'street';

interface InForce<V> {
  readonly value: V;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Limits {
  /** Null when no row in force can be read: then nothing can be judged, and the message waits as a dead letter. */
  age(atMs: number): AgeLimits | null;
  /** Null when no row is in force for the asset's road class: then it is not judged. */
  congestion(asset: string, atMs: number): CongestionLimits | null;
  /** The registry has changed. */
  forget(): void;
}

export function limitsFrom(registry: Pick<Registry, 'rows' | 'asset'>): Limits {
  let age: InForce<AgeLimits | null> | null = null;
  const congestion = new Map<string, InForce<CongestionLimits | null>>();

  return {
    age(atMs) {
      if (age === null || atMs < age.fromMs || atMs >= age.toMs) age = inForce(registry.rows('traffic.age'), '', atMs, (row) => ageValue.safeParse(row?.value).data ?? null);
      return age.value;
    },
    congestion(asset, atMs) {
      let known = congestion.get(asset);
      if (known === undefined || atMs < known.fromMs || atMs >= known.toMs) {
        known = congestionInForce(registry, asset, atMs);
        congestion.set(asset, known);
      }
      return known.value;
    },
    forget() {
      age = null;
      congestion.clear();
    },
  };
}

function congestionInForce(registry: Pick<Registry, 'rows' | 'asset'>, assetId: string, atMs: number): InForce<CongestionLimits | null> {
  const asset = registry.asset(assetId);
  const roadClass = asset?.roadClass ?? roadClassDefault;
  const freeFlow = inForce(registry.rows('traffic.free-flow'), roadClass, atMs, (row) => freeFlowValue.safeParse(row?.value).data ?? null);
  const shares = inForce(registry.rows('traffic.congestion'), roadClass, atMs, (row) => {
    const value = congestionValue.safeParse(row?.value).data;
    return row === null || value === undefined ? null : { rowId: row.id, ...value };
  });
  const freeFlowKmh = asset?.freeFlowKmh ?? freeFlow.value;
  const value = freeFlowKmh === null || shares.value === null ? null : { ...shares.value, freeFlowKmh };
  return { value, fromMs: Math.max(freeFlow.fromMs, shares.fromMs), toMs: Math.min(freeFlow.toMs, shares.toMs) };
}

/** The value in force at a time, and between which times the answer stays the same. */
function inForce<V>(rows: readonly DatedRow[], key: string, atMs: number, read: (row: DatedRow | null) => V): InForce<V> {
  let fromMs = Number.NEGATIVE_INFINITY;
  let toMs = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (row.key !== key) continue;
    const validFromMs = Date.parse(row.validFrom);
    const validToMs = row.validTo === null ? Number.POSITIVE_INFINITY : Date.parse(row.validTo);
    if (atMs >= validFromMs && atMs < validToMs) return { value: read(row), fromMs: validFromMs, toMs: validToMs };
    if (validToMs <= atMs) fromMs = Math.max(fromMs, validToMs);
    if (validFromMs > atMs) toMs = Math.min(toMs, validFromMs);
  }
  return { value: read(null), fromMs, toMs };
}
