/**
 * Pollution's own JSON: what a station publishes to `city/pollution/<device>/readings`, one object or an array of them.
 *
 * All pollutants and the weather of one moment stand in one reading. Missing is null or left out, never 0 and never a
 * code such as −999: the bounds below are those beyond which a number can be no measurement. What is merely implausible
 * is taken and flagged later, since QA/QC deletes nothing. Types in the schema, ranges in one refinement, as in traffic.ts.
 */
import { z } from 'zod';
import { complaintOf, complaintText, fieldName } from './complaint.js';
import { Rejected } from './failures.js';
import { idPattern } from './ids.js';
import { instantMs } from './instant.js';
import { plainTest } from './plain-test.js';

/** Concentrations are µg/m³ at 25 °C and 760 mmHg (QCVN 05:2023/BTNMT). */
export const pollutants = ['pm25', 'pm10', 'o3', 'no2', 'so2', 'co', 'tsp', 'pb', 'benzene', 'nh3', 'h2s', 'no', 'nox', 'pm1'] as const;
export type Pollutant = (typeof pollutants)[number];

export type ConcentrationMetric = `${Pollutant}UgM3`;

export function concentrationMetric(pollutant: Pollutant): ConcentrationMetric {
  return `${pollutant}UgM3`;
}

interface Bounds {
  readonly unit: string;
  readonly low: number;
  readonly high: number;
}

/** A drifting zero gives small negative values, which are kept; CO's instruments drift by a part per million, about 1,145 µg/m³. */
const concentration: Bounds = { unit: 'µg/m³', low: -50, high: 1_000_000 };

/** Each metric with its unit and the bounds of what a message may say, in the order in which readings are stored. */
export const pollutionMetrics = {
  pm25UgM3: concentration,
  pm10UgM3: concentration,
  o3UgM3: concentration,
  no2UgM3: concentration,
  so2UgM3: concentration,
  coUgM3: { ...concentration, low: -900 },
  tspUgM3: concentration,
  pbUgM3: concentration,
  benzeneUgM3: concentration,
  nh3UgM3: concentration,
  h2sUgM3: concentration,
  noUgM3: concentration,
  noxUgM3: concentration,
  pm1UgM3: concentration,
  temperatureC: { unit: '°C', low: -90, high: 90 },
  humidityPct: { unit: '%', low: -10, high: 150 },
  pressureHpa: { unit: 'hPa', low: 300, high: 1_200 },
  windSpeedMs: { unit: 'm/s', low: 0, high: 150 },
  windDirectionDeg: { unit: '°', low: 0, high: 360 },
  precipitationMm: { unit: 'mm', low: 0, high: 2_000 },
  /** How far the sender trusts its own values. */
  reliabilityPct: { unit: '%', low: 0, high: 100 },
} as const satisfies Record<ConcentrationMetric, Bounds> & Record<string, Bounds>;

export type PollutionMetric = keyof typeof pollutionMetrics;
export const pollutionMetricNames = Object.keys(pollutionMetrics) as readonly PollutionMetric[];

/** What is known against a value: said by the device for the whole reading, or found by QA/QC for one metric. */
export const pollutionFlags = ['range', 'flatline', 'spike', 'stale', 'rh_high', 'drift', 'neighbour', 'channel_disagree', 'calib', 'comm_gap', 'imputed', 'estimated_time', 'invalid'] as const;
export type PollutionFlag = (typeof pollutionFlags)[number];

/** By bit, as a stored reading carries what its device said. Bits are never given anew. */
export const pollutionFlagBits = {
  range: 1, // Outside what is plausible.
  flatline: 2, // The same value for too long.
  spike: 4,
  stale: 8, // No reading for too long.
  rh_high: 16, // Too humid for the instrument.
  drift: 32,
  neighbour: 64, // Far from what its neighbours say.
  channel_disagree: 128, // Two sensors in one device contradict each other.
  calib: 256, // Within a calibration.
  comm_gap: 512,
  imputed: 1024,
  estimated_time: 2048, // The time is not the sensor's own: of the receipt, or estimated.
  invalid: 4096, // The device or its network calls the values invalid.
} as const satisfies Record<PollutionFlag, number>;

const metricFields = Object.fromEntries(pollutionMetricNames.map((name) => [name, z.number().nullable().optional()])) as Record<PollutionMetric, z.ZodOptional<z.ZodNullable<z.ZodNumber>>>;
const reported = z.strictObject({ value: z.number(), unit: z.string() });
const reportedFields = Object.fromEntries(pollutionMetricNames.map((name) => [name, reported.optional()])) as Record<PollutionMetric, z.ZodOptional<typeof reported>>;

const pollutionReadingShape = z.strictObject({
  device: z.string().optional(),
  channel: z.string().optional(),
  /** Start of the period, RFC 3339. Absent: the time of receipt, flagged `estimated_time`. */
  observedAt: z.string().optional(),
  periodS: z.number(),
  ...metricFields,
  /** What the device had reported before conversion, kept as it was. */
  raw: z.strictObject(reportedFields).optional(),
  flags: z.array(z.enum(pollutionFlags)).optional(),
  /** Required with the flag `imputed`: how the values were made up. */
  imputation: z.string().optional(),
  /** The device's or its network's own word on these values, such as "Valid"; kept as it was. */
  status: z.string().optional(),
});
export type PollutionReading = z.infer<typeof pollutionReadingShape>;

/** Stored as it came: no control characters, which a database cannot hold, and no half of a character. */
const textPattern = /^\P{C}{1,64}$/u;
const unitPattern = /^\P{C}{1,16}$/u;
/** All of `raw` as JSON: it is stored as one text. */
export const rawCharactersMax = 1_000;

type Complaint = readonly [path: readonly (string | number)[], expected: string];

export const pollutionReading = pollutionReadingShape.superRefine((reading, context) => {
  const wrong = complaint(reading);
  if (wrong !== null) context.addIssue({ code: 'custom', path: [...wrong[0]], message: `expected ${wrong[1]}` });
});

const isPlain = plainTest(pollutionReadingShape);

/**
 * The value as a reading, else Rejected `invalid`; `index` is its place in an array of them. Decides as
 * `pollutionReading.safeParse` does, at a fraction of its cost for a reading that is right, as almost all are.
 */
export function pollutionReadingOf(value: unknown, index: number | null): PollutionReading | Rejected {
  if (isPlain(value)) {
    const wrong = complaint(value);
    return wrong === null ? value : new Rejected('invalid', complaintText({ field: fieldName(wrong[0]), expected: `expected ${wrong[1]}` }, index));
  }
  const parsed = pollutionReading.safeParse(value);
  return parsed.success ? parsed.data : new Rejected('invalid', complaintText(complaintOf(parsed.error), index));
}

/** Times outside cannot be a reading's; the bound also keeps them within what every store of ours can hold. */
const earliestMs = Date.UTC(1970, 0, 1);
const latestMs = Date.UTC(2200, 0, 1);

function complaint(r: PollutionReading): Complaint | null {
  if (!(Number.isInteger(r.periodS) && r.periodS >= 1 && r.periodS <= 86_400)) return [['periodS'], 'a whole number of seconds, 1 to 86400'];
  if (r.observedAt !== undefined) {
    const atMs = instantMs(r.observedAt);
    if (!(atMs >= earliestMs && atMs <= latestMs)) return [['observedAt'], 'a time of 1970 to 2199 such as 2026-11-22T07:00:00.000Z'];
  }
  if (r.channel !== undefined && r.channel !== '' && !idPattern.test(r.channel)) return [['channel'], '1–64 letters, digits, ".", "_", ":" or "-"'];
  let named = false;
  for (const name of pollutionMetricNames) {
    const value = r[name];
    if (value === undefined) continue;
    named = true;
    const { low, high, unit } = pollutionMetrics[name];
    if (value !== null && !(value >= low && value <= high)) return [[name], `${low} to ${high} ${unit}, or null`];
  }
  const rawWrong = r.raw === undefined ? null : complaintAboutRaw(r, r.raw);
  if (rawWrong !== null) return rawWrong;
  if (r.imputation !== undefined && !textPattern.test(r.imputation)) return [['imputation'], '1–64 printable characters'];
  if (r.flags?.includes('imputed') === true && r.imputation === undefined) return [['imputation'], 'the method of imputation (1–64 characters), since the flag "imputed" is set'];
  if (r.status !== undefined && !textPattern.test(r.status)) return [['status'], '1–64 printable characters'];
  // Null does for a value: a station that says that it measured nothing has said something.
  if (!named) return [[], 'at least one metric, such as pm25UgM3, which may be null'];
  return null;
}

function complaintAboutRaw(r: PollutionReading, raw: NonNullable<PollutionReading['raw']>): Complaint | null {
  for (const name of pollutionMetricNames) {
    const one = raw[name];
    if (one === undefined) continue;
    if (r[name] === undefined) return [['raw', name], `${name} as well: raw is what it was before conversion`];
    if (!unitPattern.test(one.unit)) return [['raw', name, 'unit'], '1–16 printable characters'];
  }
  if (JSON.stringify(raw).length > rawCharactersMax) return [['raw'], `at most ${rawCharactersMax} characters of JSON`];
  return null;
}
