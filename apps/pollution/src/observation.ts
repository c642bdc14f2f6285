/**
 * From the bytes of any station's message to the one internal form, in metric units.
 *
 * Missing is null, never 0. What the message says wrongly is refused with the field and what was expected; what is only
 * implausible is kept, and judged afterwards (quality.ts). A message of many readings loses only those that are wrong.
 */
import { complaintText, instantMs, pollutionFlagBits, pollutionMetricNames, pollutionReadingOf, quoted, Rejected, type PollutionMetric, type PollutionReading } from '#contracts';
import { ownElements } from '#codecs';
import { type AgeLimits, judgeAge, type Sender } from '#domain';
import { pollutionReadingsFrom } from './formats/index.js';

export interface Observation {
  readonly channel: string;
  /** Start of the period, ms since 1970. */
  readonly observedAtMs: number;
  readonly periodS: number;
  /** Null or absent: not measured. */
  readonly values: { readonly [metric in PollutionMetric]?: number | null | undefined };
  /** What the device had reported before conversion, as JSON in the order of the metrics; null: nothing was converted. */
  readonly raw: string | null;
  /** Sum of `pollutionFlagBits`: what the device said. */
  readonly flags: number;
  /** The method, where the flag `imputed` is set. */
  readonly imputation: string | null;
  /** The device's or its network's own word. */
  readonly status: string | null;
}

/** The readings of the message in payload[start, end); see ReadMessage of #domain. */
export function observationsFrom(payload: Buffer, start: number, end: number, from: Sender, age: AgeLimits | null): readonly (Observation | Rejected)[] {
  const elements = ownElements(payload, start, end, from, pollutionReadingsFrom);
  if (elements.length === 1) return [observationOf(elements[0], null, from, age)];
  return elements.map((element, index) => observationOf(element, index, from, age));
}

function observationOf(element: unknown, index: number | null, from: Sender, age: AgeLimits | null): Observation | Rejected {
  if (element instanceof Rejected) return element;
  const reading = pollutionReadingOf(element, index);
  if (reading instanceof Rejected) return reading;

  if (reading.device !== undefined && reading.device !== from.device) {
    return new Rejected('device-mismatch', complaintText({ field: 'device', expected: `expected ${from.device}, found ${quoted(reading.device)}` }, index));
  }
  const observedAtMs = reading.observedAt === undefined ? Math.floor(from.receivedAtMs) : instantMs(reading.observedAt);
  return judgeAge(observedAtMs, from.receivedAtMs, age, index) ?? internalForm(reading, observedAtMs);
}

function internalForm(reading: PollutionReading, observedAtMs: number): Observation {
  let flags = reading.observedAt === undefined ? pollutionFlagBits.estimated_time : 0;
  if (reading.flags !== undefined) for (const flag of reading.flags) flags |= pollutionFlagBits[flag];
  return {
    channel: reading.channel ?? '',
    observedAtMs,
    periodS: reading.periodS,
    values: reading,
    raw: rawText(reading.raw),
    flags,
    imputation: reading.imputation ?? null,
    status: reading.status ?? null,
  };
}

/** In one order, so that the same values sent again are a repeat however the sender orders his fields. */
function rawText(raw: PollutionReading['raw']): string | null {
  if (raw === undefined) return null;
  const reported = pollutionMetricNames.flatMap((name) => (raw[name] === undefined ? [] : [[name, { value: raw[name].value, unit: raw[name].unit }]]));
  return reported.length === 0 ? null : JSON.stringify(Object.fromEntries(reported));
}
