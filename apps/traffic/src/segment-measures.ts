/**
 * What an operator wants to know of a segment over one aggregate: flow in vehicles and PCU, speed, level of service,
 * travel time index, delay and state, each with the row that was used and how much of it was observed.
 */
import type { VehicleClass } from '#contracts';
import type { Registry } from '#service';
import { indicativeFor, levelOfService, type Service, tableFor } from './level-of-service.js';
import { freeFlowInForce } from './limits.js';
import type { ClassCounts } from './observation.js';
import { pcuFlow, type PcuFlow, pcuKey } from './pcu.js';
import { flowVehH } from './derived.js';
import { stateByIndex, type StateFound, trafficStateNames, travelTime } from './travel-time.js';

/** Sums over all channels of an asset in one bucket, as tables.ts reads them. */
export interface SegmentSums {
  readonly asset: string;
  readonly bucketMs: number;
  readonly bucketS: number;
  readonly channels: number;
  readonly observedS: number;
  readonly imputedS: number;
  readonly count: number | null;
  readonly speedKmh: number | null;
  readonly byClass: Readonly<Record<VehicleClass, number | null>>;
}

export interface SegmentMeasures {
  readonly asset: string;
  readonly nameVi: string;
  readonly nameEn: string;
  readonly from: string;
  readonly bucketS: number;
  /** 0–100, of all channels' time. */
  readonly observedPercent: number;
  readonly imputedPercent: number;
  readonly flowVehH: number | null;
  readonly flowPcu: PcuFlow | null;
  readonly speedKmh: number | null;
  readonly freeFlowKmh: number | null;
  readonly levelOfService: Service | null;
  readonly travelTimeIndex: number | null;
  readonly delayVehH: number | null;
  readonly state: (StateFound & { readonly nameVi: string; readonly nameEn: string }) | null;
}

/** Length taken where an asset has none: index and state do not depend on it, delay is left out. */
const anyLengthM = 1_000;

export function segmentMeasures(sums: SegmentSums, registry: Pick<Registry, 'rows' | 'asset'>): SegmentMeasures {
  const { asset: id, bucketMs: atMs, bucketS, count, speedKmh } = sums;
  const asset = registry.asset(id);
  const freeFlowKmh = freeFlowInForce(registry, id, atMs).value;
  const observedPercent = percentOf(sums.observedS, sums);
  const byClass: ClassCounts | null = Object.values(sums.byClass).every((n) => n === null) ? null : sums.byClass;
  const flowPcu = byClass === null || freeFlowKmh === null ? null : pcuFlow(byClass, count, bucketS, registry.rows('traffic.pcu'), pcuKey(freeFlowKmh), atMs);
  const time = freeFlowKmh === null ? null : travelTime({ lengthM: asset?.lengthM ?? anyLengthM, speedKmh, referenceKmh: freeFlowKmh, count, observedPercent });
  const state = time === null ? null : stateByIndex(time.index, registry.rows('traffic.tti-state'), atMs);

  return {
    asset: id,
    nameVi: asset?.nameVi ?? id,
    nameEn: asset?.nameEn ?? id,
    from: new Date(atMs).toISOString(),
    bucketS,
    observedPercent,
    imputedPercent: percentOf(sums.imputedS, sums),
    flowVehH: flowVehH(count, bucketS),
    flowPcu,
    speedKmh,
    freeFlowKmh,
    levelOfService: levelOfService(
      {
        ...tableFor({ roadClass: asset?.roadClass ?? null, lanes: asset?.lanes ?? null, speedKmh, freeFlowKmh, pcuH: flowPcu?.pcuH ?? null }),
        observedAtMs: atMs,
        volumeByCapacity: null,
        indicative: indicativeFor(byClass, registry.rows('traffic.motorcycle-street'), atMs),
        observedPercent,
      },
      registry.rows('traffic.los'),
    ),
    travelTimeIndex: time?.index ?? null,
    delayVehH: (asset?.lengthM ?? null) === null ? null : (time?.delayVehH ?? null),
    state: state === null ? null : { ...state, nameVi: trafficStateNames[state.state].vi, nameEn: trafficStateNames[state.state].en },
  };
}

/** Never above 100: periods of one channel may overlap. */
function percentOf(seconds: number, { channels, bucketS }: SegmentSums): number {
  return Math.min(100, Math.round((1000 * seconds) / (channels * bucketS)) / 10);
}
