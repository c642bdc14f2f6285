/**
 * How traffic flows on a stretch at a moment: demand of the hour, what the road can carry, and the queue between them.
 *
 * Pure and without memory. The queue of any moment is the most by which demand has exceeded capacity over any span
 * ending now (Reich's formula of 1958), so congestion grows in the rush hour, outlives it, and clears by itself.
 */
import { chance, normal, seedOf } from './chance.js';

/** What the flow depends on; part of a `Stretch` of the town. */
export interface FlowOf {
  readonly id: string;
  readonly roadClass: 'motorway' | 'arterial' | 'street';
  readonly lanes: number;
  readonly freeFlowKmh: number;
  readonly load: number;
  readonly inbound: boolean;
  readonly number: number;
}

export const simulatedClasses = ['motorcycle', 'car', 'bus', 'truck', 'bicycle'] as const;
export type SimulatedClass = (typeof simulatedClasses)[number];

export interface Flow {
  /** Vehicles per hour, of all classes. */
  readonly flowVehH: number;
  readonly flowPcuH: number;
  readonly speedKmh: number;
  /** PCU per km of one lane. */
  readonly densityPcuKmLane: number;
  /** Shares of vehicles; they add up to 1. */
  readonly shares: Readonly<Record<SimulatedClass, number>>;
  readonly queueMinutes: number; // How long the last one in the queue has to wait.
  readonly rain: number; // 0 dry to 1 heavy.
  readonly accident: boolean;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const slotMs = 5 * 60_000;
const slotsPerDay = dayMs / slotMs;
const queueMemorySlots = 36; // A queue older than 3 h has cleared, or another has taken its place.

// Vietnam is 7 h ahead of UTC all year; it has had no summer time since 1975.
const zoneMs = 7 * hourMs;

// PCU an hour and lane over a city's stop lines, and on a road without any: plausible for a simulation.
const capacityPcuHLane = { motorway: 1900, arterial: 1150, street: 950 } as const;
// TCXDVN 104:2007 at 30–50 km/h; the simulator's own, the system has its dated rows.
const pcu: Readonly<Record<SimulatedClass, number>> = { motorcycle: 0.25, car: 1, bus: 2.5, truck: 2.5, bicycle: 0.3 };

/** The stretch that may have the accident of an evening, and how bad it is. */
export interface Accident {
  readonly number: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly capacityLeft: number;
}

/** The first half of the named stretches, since these have detectors however small the fleet. */
export const accidentStretches = 72;

/** Every evening has one accident somewhere in the town: it begins between 17:15 and 18:45 and blocks lanes for 40 to 75 minutes. */
export function accidentOf(localDay: number, seed: number): Accident {
  const at = (which: number) => chance(seed, localDay, 7001, which);
  const startMs = localDay * dayMs - zoneMs + 17.25 * hourMs + at(1) * 1.5 * hourMs;
  return { number: Math.floor(at(0) * accidentStretches), startMs, endMs: startMs + (40 + 35 * at(2)) * 60_000, capacityLeft: 0.3 + 0.15 * at(3) };
}

/** Flow on `stretch` at `timeMs` (UTC). The same arguments always give the same flow. */
export function trafficAt(stretch: FlowOf, timeMs: number, seed: number): Flow {
  const own = seedOf(stretch.id, seed);
  const slot = Math.floor((timeMs + zoneMs) / slotMs);
  const localDay = Math.floor(slot / slotsPerDay);
  const rain = rainAt(slot, seed);
  const accidents = [accidentOf(localDay - 1, seed), accidentOf(localDay, seed)].filter((one) => one.number === stretch.number);

  const demandShare = demandAt(stretch, own, slot, rain);
  const capacityShare = capacityAt(slot, rain, accidents);
  const intoSlot = (timeMs + zoneMs) / slotMs - slot;
  const queueHours = queueAt(stretch, own, slot, seed, accidents, (demandShare - capacityShare) * intoSlot) / capacityShare;

  const capacityPcuH = capacityPcuHLane[stretch.roadClass] * stretch.lanes;
  const freeKmh = stretch.freeFlowKmh * (1 - 0.12 * rain);
  const unsteady = 1 + 0.03 * normal(own, Math.floor(timeMs / 60_000), 31);
  // Above capacity a road carries less than its capacity (capacity drop, about 7 %), and more slowly the longer the queue.
  const queued = queueHours > 0 || demandShare >= capacityShare;
  const flowShare = queued ? capacityShare * 0.93 : demandShare;
  const speedKmh = Math.max(3, (queued ? queuedSpeed(freeKmh, queueHours) : freeSpeed(freeKmh, demandShare / capacityShare)) * unsteady);

  const flowPcuH = capacityPcuH * flowShare;
  const shares = sharesAt(stretch, own, slot, rain);
  const pcuPerVehicle = simulatedClasses.reduce((sum, name) => sum + shares[name] * pcu[name], 0);
  return {
    flowVehH: flowPcuH / pcuPerVehicle,
    flowPcuH,
    speedKmh,
    densityPcuKmLane: flowPcuH / speedKmh / stretch.lanes,
    shares,
    queueMinutes: queueHours * 60,
    rain,
    accident: accidents.some((one) => timeMs >= one.startMs && timeMs < one.endMs),
  };
}

/** Upper branch of Greenshields' parabola (1935): from free flow down to half of it at capacity. */
function freeSpeed(freeKmh: number, shareOfCapacity: number): number {
  return (freeKmh * (1 + Math.sqrt(1 - Math.min(1, shareOfCapacity)))) / 2;
}

function queuedSpeed(freeKmh: number, queueHours: number): number {
  return freeKmh / 2 / (1 + 20 * queueHours);
}

/** Hours of full capacity that wait before the stretch; `excessNow`: of the slot that has begun, in slots. */
function queueAt(stretch: FlowOf, own: number, slot: number, seed: number, accidents: readonly Accident[], excessNow: number): number {
  let excess = excessNow;
  let longest = Math.max(0, excess);
  for (let back = 1; back <= queueMemorySlots; back++) {
    const rain = rainAt(slot - back, seed);
    excess += demandAt(stretch, own, slot - back, rain) - capacityAt(slot - back, rain, accidents);
    if (excess > longest) longest = excess;
  }
  return (longest * slotMs) / hourMs;
}

/** What wants to pass, as a share of the stretch's full capacity. */
function demandAt(stretch: FlowOf, own: number, slot: number, rain: number): number {
  const localDay = Math.floor(slot / slotsPerDay);
  // Day 0 of the epoch was a Thursday.
  const weekday = (localDay + 4) % 7;
  const profile = weekday === 0 || weekday === 6 ? weekend : stretch.inbound ? weekdayInbound : weekdayOutbound;
  const shape = profile[slot - localDay * slotsPerDay]!;
  const dayFactor = 1 + 0.06 * (chance(own, localDay, 11) - 0.5) + (weekday === 5 ? 0.02 : 0);
  return stretch.load * shape * dayFactor * (1 + 0.05 * wander(own, slot)) * (1 - 0.12 * rain);
}

function capacityAt(slot: number, rain: number, accidents: readonly Accident[]): number {
  const middleMs = slot * slotMs - zoneMs + slotMs / 2;
  const blocked = accidents.find((one) => middleMs >= one.startMs && middleMs < one.endMs);
  return (1 - 0.15 * rain) * (blocked?.capacityLeft ?? 1);
}

/** Between −1 and 1, changing smoothly over half hours. */
function wander(own: number, slot: number): number {
  const knot = Math.floor(slot / 6);
  const share = slot / 6 - knot;
  const smooth = share * share * (3 - 2 * share);
  return (chance(own, knot, 21) * (1 - smooth) + chance(own, knot + 1, 21) * smooth) * 2 - 1;
}

/** Rain over the whole town: on three days of ten one spell of one to three hours, most often in the afternoon. */
export function rainAt(slot: number, seed: number): number {
  const localDay = Math.floor(slot / slotsPerDay);
  if (chance(seed, localDay, 41) >= 0.3) return 0;
  const hour = ((slot - localDay * slotsPerDay) * slotMs) / hourMs;
  const start = 11 + 8 * chance(seed, localDay, 42);
  const hours = 1 + 2 * chance(seed, localDay, 43);
  const edge = Math.min(hour - start, start + hours - hour) * 4; // Full strength after a quarter of an hour.
  return Math.max(0, Math.min(1, edge)) * (0.3 + 0.7 * chance(seed, localDay, 44));
}

function sharesAt(stretch: FlowOf, own: number, slot: number, rain: number): Record<SimulatedClass, number> {
  const hour = ((slot % slotsPerDay) * slotMs) / hourMs;
  // Lorries are kept out of the inner city by day and come at night.
  const night = hour >= 21 || hour < 6;
  const truck = night ? 0.05 : 0.012;
  const bus = night ? 0.004 : 0.014;
  // Motorcycles may not use the elevated ring road.
  if (stretch.roadClass === 'motorway') return { motorcycle: 0, car: 1 - (truck + bus) * 4, bus: bus * 4, truck: truck * 4, bicycle: 0 };
  const motorcycle = 0.74 + 0.08 * chance(own, 51) + 0.02 * wander(own ^ 1, slot) - 0.015 * rain;
  const bicycle = night ? 0.002 : 0.006;
  return { motorcycle, car: 1 - motorcycle - bus - truck - bicycle, bus, truck, bicycle };
}

/** Shapes of a day in steps of 5 minutes; 1 is the busiest moment of a working day. */
function shapeOf(base: number, peaks: readonly (readonly [hour: number, widthHours: number, height: number])[]): readonly number[] {
  const raw = Array.from({ length: slotsPerDay }, (_, slot) => {
    const hour = (slot * slotMs) / hourMs;
    return base + peaks.reduce((sum, [at, width, height]) => sum + height * Math.exp(-0.5 * (circularHours(hour - at) / width) ** 2), 0);
  });
  return raw;
}

function circularHours(hours: number): number {
  return ((hours + 36) % 24) - 12;
}

// Rush hours 7–9 and 16:30–19, a lull in the siesta, hardly anybody between 1 and 4.
const weekdayInbound = shapeOf(0.04, [[7.8, 0.85, 0.85], [10.3, 1.8, 0.4], [14.5, 1.8, 0.42], [17.7, 1.05, 0.68], [20.3, 1.5, 0.25]]);
const weekdayOutbound = shapeOf(0.04, [[7.8, 0.85, 0.62], [10.3, 1.8, 0.38], [14.5, 1.8, 0.4], [17.7, 1.05, 0.84], [20.3, 1.5, 0.28]]);
const weekend = shapeOf(0.04, [[9.5, 1.9, 0.5], [15, 2.2, 0.4], [18.2, 1.4, 0.4], [20.8, 1.5, 0.3]]);
