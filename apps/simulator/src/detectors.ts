/**
 * What a detector makes of the flow before it: cameras count classes, loops feel lanes, radars log single vehicles.
 *
 * Pure: the same detector, period and seed give the same reading, so a backlog sent twice changes nothing.
 */
import type { TrafficReading } from '#contracts';
import { chance, normal, seedOf } from './chance.js';
import type { Stretch } from './hanoi.js';
import { simulatedClasses, trafficAt, type Flow, type SimulatedClass } from './traffic.js';

export type DetectorKind = 'camera' | 'loop' | 'radar';

export interface Detector {
  readonly id: string;
  readonly kind: DetectorKind;
  readonly stretch: Stretch;
}

/** One detector for each stretch: mostly cameras, on every fifth a loop in each lane, and radars on a few narrow roads. */
export function detectorOn(stretch: Stretch, index: number): Detector {
  const kind: DetectorKind = stretch.lanes <= 2 && index % 2 === 0 ? 'radar' : index % 5 === 3 ? 'loop' : 'camera';
  return { id: `${kind}-${stretch.id.slice('hn-'.length)}`, kind, stretch };
}

/**
 * The readings of one period that starts at `startMs`: one, or for loops one for each lane.
 * `backlog`: what the detector still has of the past; a radar keeps sums only, single vehicles do not fit its memory.
 */
export function readingsOf(detector: Detector, startMs: number, periodS: number, seed: number, backlog: boolean): TrafficReading[] {
  const flow = trafficAt(detector.stretch, startMs + (periodS * 1000) / 2, seed);
  const own = seedOf(detector.id, seed);
  const period = Math.floor(startMs / 1000);
  switch (detector.kind) {
    case 'camera':
      return [sums(detector, flow, own, period, periodS)];
    case 'radar':
      return [backlog ? sums(detector, flow, own, period, periodS) : vehicleLog(detector, flow, own, period, periodS)];
    case 'loop':
      return Array.from({ length: detector.stretch.lanes }, (_, lane) => laneReading(detector, flow, own, period, periodS, lane + 1));
    default:
      return detector.kind satisfies never;
  }
}

function sums(detector: Detector, flow: Flow, own: number, period: number, periodS: number): TrafficReading {
  const byClass = countsOf(flow, own, period, periodS);
  const count = simulatedClasses.reduce((sum, name) => sum + byClass[name], 0);
  return {
    device: detector.id,
    observedAt: instantOf(period),
    periodS,
    count,
    countByClass: byClass,
    // Nothing passed, so nothing had a speed: null, never 0.
    speedKmh: count === 0 ? null : tenth(flow.speedKmh * (1 + 0.02 * normal(own, period, 61))),
    lengthM: count === 0 ? null : tenth(meanLengthM(byClass, count)),
  };
}

/** Loops miss most motorcycles, which pass beside and between them; they say so themselves. */
function laneReading(detector: Detector, flow: Flow, own: number, period: number, periodS: number, lane: number): TrafficReading {
  const lanes = detector.stretch.lanes;
  const felt = flow.shares.motorcycle * 0.35 + (1 - flow.shares.motorcycle);
  // Lane 1 lies at the kerb, where motorcycles ride and cars are fewer.
  const count = poisson((flow.flowVehH * felt * periodS) / 3600 / lanes * (1.15 - (0.3 * lane) / lanes), own, period, 70 + lane);
  const raw = Math.round(Math.min(1000, flow.densityPcuKmLane * loopLengthKm * 1000 * (1 + 0.05 * normal(own, period, 80 + lane))));
  const speedKmh = flow.speedKmh * (0.92 + (0.16 * lane) / lanes) * (1 + 0.03 * normal(own, period, 90 + lane));
  return {
    device: detector.id,
    channel: `lane-${lane}`,
    observedAt: instantOf(period),
    periodS,
    count,
    speedKmh: count === 0 ? null : tenth(Math.max(1, speedKmh)),
    occupancy: Math.max(0, raw) / 1000,
    occupancyRaw: Math.max(0, raw),
    flags: ['undercount_motorcycle'],
  };
}

function vehicleLog(detector: Detector, flow: Flow, own: number, period: number, periodS: number): TrafficReading {
  const byClass = countsOf(flow, own, period, periodS);
  const classes = simulatedClasses.flatMap((name) => Array.from({ length: byClass[name] }, () => name));
  const vehicles = classes
    .map((name, index) => ({
      atMs: Math.floor(chance(own, period, 100, index) * periodS * 1000),
      class: name,
      lengthM: lengthsM[name],
      speedKmh: tenth(Math.max(1, flow.speedKmh * (1 + 0.12 * normal(own, period, 101, index)))),
    }))
    .sort((a, b) => a.atMs - b.atMs);
  return { device: detector.id, observedAt: instantOf(period), periodS, vehicles };
}

function countsOf(flow: Flow, own: number, period: number, periodS: number): Record<SimulatedClass, number> {
  const vehicles = (flow.flowVehH * periodS) / 3600;
  return Object.fromEntries(simulatedClasses.map((name, index) => [name, poisson(vehicles * flow.shares[name], own, period, 60 + index)])) as Record<SimulatedClass, number>;
}

// Field of 6.7 m, see effective length in the rule of density.
const loopLengthKm = 0.0067;

const lengthsM: Readonly<Record<SimulatedClass, number>> = { motorcycle: 1.9, car: 4.4, bus: 11, truck: 7.5, bicycle: 1.7 };

function meanLengthM(byClass: Readonly<Record<SimulatedClass, number>>, count: number): number {
  return simulatedClasses.reduce((sum, name) => sum + byClass[name] * lengthsM[name], 0) / count;
}

/** Poisson by counting (Knuth) up to 12, above that by its normal approximation. */
function poisson(mean: number, own: number, period: number, which: number): number {
  if (mean > 12) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(own, period, which)));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = chance(own, period, which); product > limit; product *= chance(own, period, which, count)) count++;
  return count;
}

function instantOf(period: number): string {
  return new Date(period * 1000).toISOString();
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
