/**
 * From the bytes of any detector message to the one internal form, in metric units.
 *
 * Missing is null, never 0 or −1. What the message itself says wrongly is refused with the field and what was expected;
 * what only contradicts itself is kept and flagged. A message that holds many readings loses only those that are wrong.
 */
import { complaintText, instantMs, quoted, Rejected, trafficFlagBits, trafficReadingOf, vehicleClasses, type TrafficReading, type VehicleClass } from '#contracts';
import { ownElements } from '#codecs';
import { type AgeLimits, judgeAge, type Sender } from '#domain';
import { trafficReadingsFrom } from './formats/index.js';
import { sumsOf } from './vehicle-log.js';

export type ClassCounts = Readonly<Record<VehicleClass, number | null>>;

export interface Observation {
  readonly channel: string;
  /** Start of the period, ms since 1970. */
  readonly observedAtMs: number;
  readonly periodS: number;
  readonly count: number | null;
  readonly speedKmh: number | null;
  /** 0–1. */
  readonly occupancy: number | null;
  /** As the device had it before conversion. */
  readonly occupancyRaw: number | null;
  readonly lengthM: number | null;
  readonly byClass: ClassCounts | null;
  /** Sum of `trafficFlagBits`. */
  readonly flags: number;
  /** The method, where the flag `imputed` is set. */
  readonly imputation: string | null;
}

/**
 * The readings of the message in payload[start, end), one result each, in their order; a single `Rejected` when the
 * message as a whole cannot be read. Ages are judged against the receipt, so that a repeat is judged alike.
 */
export function observationsFrom(payload: Buffer, start: number, end: number, from: Sender, age: AgeLimits | null): readonly (Observation | Rejected)[] {
  const elements = ownElements(payload, start, end, from, trafficReadingsFrom);
  if (elements.length === 1) return [observationOf(elements[0], null, from, age)];
  return elements.map((element, index) => observationOf(element, index, from, age));
}

function observationOf(element: unknown, index: number | null, from: Sender, age: AgeLimits | null): Observation | Rejected {
  if (element instanceof Rejected) return element;
  const reading = trafficReadingOf(element, index);
  if (reading instanceof Rejected) return reading;

  if (reading.device !== undefined && reading.device !== from.device) {
    return new Rejected('device-mismatch', complaintText({ field: 'device', expected: `expected ${from.device}, found ${quoted(reading.device)}` }, index));
  }
  const observedAtMs = reading.observedAt === undefined ? Math.floor(from.receivedAtMs) : instantMs(reading.observedAt);
  return judgeAge(observedAtMs, from.receivedAtMs, age, index) ?? internalForm(reading, observedAtMs);
}

function internalForm(reading: TrafficReading, observedAtMs: number): Observation {
  const sums = reading.vehicles === undefined ? null : sumsOf(reading.vehicles, reading.periodS);
  const count = sums === null ? (reading.count ?? null) : sums.count;
  const byClass = sums === null ? classCounts(reading.countByClass) : sums.byClass;
  let flags = sums === null ? 0 : sums.flags;
  if (reading.flags !== undefined) for (const flag of reading.flags) flags |= trafficFlagBits[flag];
  if (reading.observedAt === undefined) flags |= trafficFlagBits.estimated_time;
  if (count !== null && byClass !== null && classifiedCount(byClass) > count) flags |= trafficFlagBits.classes_exceed_count;
  return {
    channel: reading.channel ?? '',
    observedAtMs,
    periodS: reading.periodS,
    count,
    // Nothing passed, so nothing had a speed, whatever the device puts there.
    speedKmh: count === 0 ? null : sums === null ? (reading.speedKmh ?? null) : sums.speedKmh,
    occupancy: sums === null ? (reading.occupancy ?? null) : sums.occupancy,
    occupancyRaw: reading.occupancyRaw ?? null,
    lengthM: (sums === null ? reading.lengthM : sums.lengthM) ?? null,
    byClass,
    flags,
    imputation: reading.imputation ?? null,
  };
}

/** Written out, since one literal per reading is several times quicker than filling an object name by name. */
function classCounts(counts: TrafficReading['countByClass']): ClassCounts | null {
  if (counts === undefined) return null;
  return {
    motorcycle: counts.motorcycle ?? null,
    car: counts.car ?? null,
    bus: counts.bus ?? null,
    truck: counts.truck ?? null,
    trailer: counts.trailer ?? null,
    bicycle: counts.bicycle ?? null,
    other: counts.other ?? null,
  };
}

/** Vehicles whose class is known. */
export function classifiedCount(byClass: ClassCounts): number {
  let sum = 0;
  for (const name of vehicleClasses) sum += byClass[name] ?? 0;
  return sum;
}
