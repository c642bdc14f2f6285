/**
 * The kinds of dated rows that pollution uses, and what a value of each looks like; its seeds are in pollution-seeds.ts.
 *
 * No limit, breakpoint or wording of a law is in the rules themselves: they take these rows, and the time of the event
 * selects them.
 */
import { z } from 'zod';
import type { DatedRow } from './dated-row.js';
import { pollutionFlags } from './pollution.js';

/** Columns of table 2 of Decision 1459/QĐ-TCMT, as keys of `pollution.vn-aqi`. */
export const vnAqiColumns = ['pm25', 'pm10', 'o3-1h', 'o3-8h', 'no2', 'so2', 'co'] as const;
export type VnAqiColumn = (typeof vnAqiColumns)[number];

/** The pollutants that make a VN_AQI. */
export const aqiPollutants = ['pm25', 'pm10', 'o3', 'no2', 'so2', 'co'] as const;
export type AqiPollutant = (typeof aqiPollutants)[number];

/** Columns of the US table, as keys of `pollution.us-aqi`; values in the unit of the row. */
export const usAqiColumns = ['pm25-24h', 'pm10-24h', 'o3-8h', 'o3-1h', 'co-8h', 'so2-1h', 'so2-24h', 'no2-1h'] as const;
export type UsAqiColumn = (typeof usAqiColumns)[number];

export const vnLevels = ['good', 'moderate', 'poor', 'unhealthy', 'very-unhealthy', 'hazardous'] as const;
export type VnLevel = (typeof vnLevels)[number];
export const usLevels = ['good', 'moderate', 'unhealthy-sensitive', 'unhealthy', 'very-unhealthy', 'hazardous'] as const;
export type UsLevel = (typeof usLevels)[number];

export const stationGrades = ['regulatory', 'reference'] as const;
export type StationGrade = (typeof stationGrades)[number];

const positive = z.number().positive();
const text = z.string().min(1).max(600);
const index = z.int().min(0).max(500);
const ascending = (values: readonly number[]): boolean => values.every((value, at) => at === 0 || value > values[at - 1]!);

/** What a value above the last breakpoint gets: the last index, none, or the last slope goes on. */
const aboveLast = z.enum(['last-index', 'not-used', 'extrapolate']);

/** The value of a dated row by its kind; a row with another value cannot be used. */
export const pollutionRowValues = {
  /** Breakpoints of one column, µg/m³, with the index at each; segments touch. */
  'pollution.vn-aqi': z
    .strictObject({ index: z.array(index).min(2).max(20), ugM3: z.array(z.number().min(0)).min(2).max(20), aboveLast: z.enum(['last-index', 'not-used']) })
    .refine((value) => value.index.length === value.ugM3.length && ascending(value.index) && ascending(value.ugM3), 'expected as many breakpoints as indices, both ascending'),
  'pollution.vn-aqi-rule': z.strictObject({
    /** Without any of these there is no VN_AQI. */
    needsOneOf: z.array(z.enum(aqiPollutants)).min(1),
    /** Of equal sub-indices the first named here is dominant. */
    tieOrder: z.array(z.enum(aqiPollutants)).length(aqiPollutants.length).refine((order) => new Set(order).size === order.length, 'expected each pollutant once'),
    nameVi: text,
    nameEn: text,
  }),
  /** Key: vn, epa-pm25, epa-pm10. */
  'pollution.nowcast': z
    .strictObject({ hours: z.int().min(2).max(24), newestNeeded: z.int().positive(), newestOf: z.int().positive(), weightFloor: z.number().min(0).max(1), truncateDecimals: z.int().min(0).max(3).nullable(), formVi: text, formEn: text })
    .refine((value) => value.newestNeeded <= value.newestOf && value.newestOf <= value.hours, 'expected newestNeeded ≤ newestOf ≤ hours'),
  /** Key: vn.<level>, us.<level>; both bounds belong to the level. `toIndex` null: without end. */
  'pollution.aqi-level': z.strictObject({ fromIndex: z.int().min(0), toIndex: z.int().positive().nullable(), nameVi: text, nameEn: text, colourVi: text, colourEn: text, rgb: z.tuple([z.int().min(0).max(255), z.int().min(0).max(255), z.int().min(0).max(255)]) }),
  /** Key: level of VN_AQI. */
  'pollution.advice': z.strictObject({ generalVi: text, generalEn: text, sensitiveVi: text, sensitiveEn: text }),
  'pollution.us-aqi': z
    .strictObject({
      /** Digits that are kept before the table is asked. */
      truncateDecimals: z.int().min(0).max(3),
      segments: z.array(z.strictObject({ from: z.number().min(0), to: positive, indexFrom: index, indexTo: index })).min(1).max(10),
      aboveLast,
      nameVi: text,
      nameEn: text,
    })
    .refine(({ segments }) => ascending(segments.flatMap(({ from, to }) => [from, to])), 'expected segments in ascending order'),
  /** µg/m³; key: pollutant and averaging time, such as pm25-24h. */
  'pollution.limit': positive,
  /** µg/m³, from the loosest target to the guideline; a target that WHO does not name is left out. */
  'pollution.who': z.strictObject({ it1: positive.exactOptional(), it2: positive.exactOptional(), it3: positive.exactOptional(), it4: positive.exactOptional(), aqg: positive }),
  /** Key: hour, 8h, day, month, year. Of what is due, at least so many, or at least this share. */
  'pollution.completeness': z.union([z.strictObject({ share: positive.max(1) }), z.strictObject({ needed: z.int().positive(), of: z.int().positive() }).refine(({ needed, of }) => needed <= of, 'expected needed ≤ of')]),
  /** g/mol, and litres of one mol at the state that limits are written for; key: gas. */
  'pollution.molar-mass': z.strictObject({ gMol: positive, litresMol: positive }),
  /** Key: id of the station's asset. */
  'pollution.station-grade': z.enum(stationGrades),
  /** How far a reading's time may be ahead of, or behind, its receipt. */
  'pollution.age': z.strictObject({ aheadS: positive, tooOldS: positive }),
  /** Outside it a value is flagged `range`; key: metric with its unit, such as pm25UgM3. */
  'pollution.range': z.strictObject({ min: z.number(), max: z.number() }).refine(({ min, max }) => min < max, 'expected min below max'),
  /** The same value for so long is flagged `flatline`; for readings of a period up to `periodSMax` (the smallest that fits). */
  'pollution.flatline': z.strictObject({ forS: positive, periodSMax: positive }),
  /** No reading for the larger of these is `stale` now, and `comm_gap` afterwards. */
  'pollution.gap': z.strictObject({ periods: positive, minS: positive }),
  /** Values with one of these flags have no share in the means of hours. */
  'pollution.excluded-flags': z.array(z.enum(pollutionFlags)),
  /** After the end of an hour, when no later reading of the station closes it. */
  'pollution.hour-close': z.strictObject({ graceS: positive }),
  /** Health condition of a station: on after so many hours running above the level, off when as many lie at or below level − deadband. */
  'pollution.aqi-condition': z.strictObject({ levels: z.array(z.strictObject({ level: z.enum(vnLevels), aboveIndex: index })).min(1), deadbandIndex: z.number().min(0), hours: z.int().positive().max(12) }),
} as const satisfies Record<string, z.ZodType>;

export type PollutionRowKind = keyof typeof pollutionRowValues;
export type PollutionRowValue<K extends PollutionRowKind> = z.output<(typeof pollutionRowValues)[K]>;

/** Rows by kind: what the registry answers. */
export type PollutionRows = (kind: PollutionRowKind) => readonly DatedRow[];
