/**
 * Traffic's own JSON: what a device publishes to `city/traffic/<device>/readings`, one object or an array of them.
 *
 * Types in the schema, ranges in one refinement: checking each field in the schema costs four times as much per
 * reading. The refinement names the first field that is wrong and what was expected.
 */
import { z } from 'zod';
import { complaintOf, complaintText, fieldName } from './complaint.js';
import { Rejected } from './failures.js';
import { idPattern } from './ids.js';
import { instantMs } from './instant.js';
import { plainTest } from './plain-test.js';

export const vehicleClasses = ['motorcycle', 'car', 'bus', 'truck', 'trailer', 'bicycle', 'other'] as const;
export type VehicleClass = (typeof vehicleClasses)[number];

export const trafficFlags = ['gap', 'wrong_way', 'imputed', 'estimated_time', 'undercount_motorcycle'] as const;
export type TrafficFlag = (typeof trafficFlags)[number];

/** Flags that a stored reading can carry, by bit: what the device said, and what we found. Bits are never given anew. */
export const trafficFlagBits = {
  gap: 1, // Vehicles may have been missed within the period.
  wrong_way: 2,
  imputed: 4,
  estimated_time: 8, // The time is not the sensor's own: of a server, of the receipt, or estimated.
  undercount_motorcycle: 16,
  classes_exceed_count: 32, // Found: the classes add up to more than the count. Both are kept as they came.
} as const satisfies Record<TrafficFlag | 'classes_exceed_count', number>;

const countByClass = z.object(Object.fromEntries(vehicleClasses.map((name) => [name, z.number().nullable().optional()])) as Record<VehicleClass, z.ZodOptional<z.ZodNullable<z.ZodNumber>>>).strict();

const vehicle = z.strictObject({
  /** ms after `observedAt`. */
  atMs: z.number(),
  class: z.enum(vehicleClasses).optional(),
  lengthM: z.number().nullable().optional(),
  speedKmh: z.number().nullable().optional(),
  /** How long the detector was covered. */
  durationMs: z.number().nullable().optional(),
  wrongWay: z.boolean().optional(),
  /** Vehicles may have been missed just before this one. */
  gap: z.boolean().optional(),
  /** Whose clock gave `atMs`; absent: the sensor's. */
  timeMode: z.enum(['sensor', 'server', 'estimated']).optional(),
});
export type LoggedVehicle = z.infer<typeof vehicle>;

const trafficReadingShape = z.strictObject({
  device: z.string().optional(),
  channel: z.string().optional(),
  /** Start of the period, RFC 3339. Absent: the time of receipt, flagged `estimated_time`. */
  observedAt: z.string().optional(),
  periodS: z.number(),
  count: z.number().nullable().optional(),
  countByClass: countByClass.optional(),
  speedKmh: z.number().nullable().optional(),
  /** Share of the period for which the detector was covered, 0–1. */
  occupancy: z.number().nullable().optional(),
  /** Mean length of vehicles. */
  lengthM: z.number().nullable().optional(),
  /** What the device itself had sent before conversion to 0–1, kept as it was. */
  occupancyRaw: z.number().nullable().optional(),
  flags: z.array(z.enum(trafficFlags)).optional(),
  /** Required with the flag `imputed`: how the value was made up. */
  imputation: z.string().optional(),
  /** A log of single vehicles instead of sums; never a plate. */
  vehicles: z.array(vehicle).optional(),
});
export type TrafficReading = z.infer<typeof trafficReadingShape>;

export const vehiclesPerReadingMax = 10_000;

/** Stored as it came: no control characters, which a database cannot hold, and no half of a character. */
const methodPattern = /^\P{C}{1,64}$/u;

type Complaint = readonly [path: readonly (string | number)[], expected: string];

export const trafficReading = trafficReadingShape.superRefine((reading, context) => {
  const wrong = complaint(reading);
  if (wrong !== null) context.addIssue({ code: 'custom', path: [...wrong[0]], message: `expected ${wrong[1]}` });
});

const isPlain = plainTest(trafficReadingShape);

/**
 * The value as a reading, else Rejected `invalid`; `index` is its place in an array of them. Decides as
 * `trafficReading.safeParse` does, at a third of its cost for a reading that is right, as almost all are.
 */
export function trafficReadingOf(value: unknown, index: number | null): TrafficReading | Rejected {
  if (isPlain(value)) {
    const wrong = complaint(value);
    return wrong === null ? value : new Rejected('invalid', complaintText({ field: fieldName(wrong[0]), expected: `expected ${wrong[1]}` }, index));
  }
  const parsed = trafficReading.safeParse(value);
  return parsed.success ? parsed.data : new Rejected('invalid', complaintText(complaintOf(parsed.error), index));
}

/** Times outside cannot be a reading's; the bound also keeps them within what every store of ours can hold. */
const earliestMs = Date.UTC(1970, 0, 1);
const latestMs = Date.UTC(2200, 0, 1);

function outside(value: number | null | undefined, low: number, high: number): boolean {
  return value !== null && value !== undefined && !(value >= low && value <= high);
}

function complaint(r: TrafficReading): Complaint | null {
  if (!(Number.isInteger(r.periodS) && r.periodS >= 1 && r.periodS <= 86_400)) return [['periodS'], 'a whole number of seconds, 1 to 86400'];
  if (r.observedAt !== undefined && outside(instantMs(r.observedAt), earliestMs, latestMs)) return [['observedAt'], 'a time of 1970 to 2199 such as 2026-11-22T07:00:00.000Z'];
  if (r.channel !== undefined && r.channel !== '' && !idPattern.test(r.channel)) return [['channel'], '1–64 letters, digits, ".", "_", ":" or "-"'];
  if (outside(r.count, 0, 1_000_000) || (typeof r.count === 'number' && !Number.isInteger(r.count))) return [['count'], 'a whole number of vehicles, 0 to 1000000, or null'];
  if (outside(r.speedKmh, 0, 300)) return [['speedKmh'], '0 to 300 km/h, or null'];
  if (outside(r.occupancy, 0, 1)) return [['occupancy'], '0 to 1, or null'];
  if (outside(r.lengthM, 0.5, 60)) return [['lengthM'], '0.5 to 60 m, or null'];
  if (outside(r.occupancyRaw, 0, 1_000_000)) return [['occupancyRaw'], '0 to 1000000, or null'];
  if (r.countByClass !== undefined) {
    for (const name of vehicleClasses) {
      const count = r.countByClass[name];
      if (outside(count, 0, 1_000_000) || (typeof count === 'number' && !Number.isInteger(count))) return [['countByClass', name], 'a whole number of vehicles, 0 to 1000000, or null'];
    }
  }
  if (r.imputation !== undefined && !methodPattern.test(r.imputation)) return [['imputation'], '1–64 printable characters'];
  if (r.flags?.includes('imputed') === true && r.imputation === undefined) return [['imputation'], 'the method of imputation (1–64 characters), since the flag "imputed" is set'];
  if (r.vehicles !== undefined) return complaintAboutVehicles(r);
  if ((r.count ?? null) === null && r.countByClass === undefined && (r.speedKmh ?? null) === null && (r.occupancy ?? null) === null) return [[], 'at least one of count, countByClass, speedKmh, occupancy, vehicles'];
  return null;
}

function complaintAboutVehicles(r: TrafficReading): Complaint | null {
  const vehicles = r.vehicles!;
  if (vehicles.length > vehiclesPerReadingMax) return [['vehicles'], `at most ${vehiclesPerReadingMax} vehicles`];
  if (r.count !== undefined || r.countByClass !== undefined || r.speedKmh !== undefined || r.occupancy !== undefined) return [['vehicles'], 'either a log of vehicles or count, countByClass, speedKmh and occupancy, not both'];
  for (const [index, v] of vehicles.entries()) {
    if (!(v.atMs >= 0 && v.atMs < r.periodS * 1000)) return [['vehicles', index, 'atMs'], `0 to ${r.periodS * 1000} ms, within the period`];
    if (outside(v.lengthM, 0.5, 60)) return [['vehicles', index, 'lengthM'], '0.5 to 60 m, or null'];
    if (outside(v.speedKmh, 0, 300)) return [['vehicles', index, 'speedKmh'], '0 to 300 km/h, or null'];
    if (outside(v.durationMs, 0, r.periodS * 1000)) return [['vehicles', index, 'durationMs'], 'ms within the period, or null'];
  }
  return null;
}
