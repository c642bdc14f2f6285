/**
 * What QA/QC finds against single values (pollution.md §6): outside what is plausible, the same for too long, after a gap.
 *
 * Flags never delete or change a value: they stand beside it, each with the dated row that it rests on. What they keep out
 * of an hour is another row's to say (hour-means.ts). Spikes, drift, neighbours and pairs of sensors are not judged yet.
 */
import { concentrationMetric, pollutants, pollutionMetricNames, type PollutionFlag, type PollutionMetric, type PollutionRows, type PollutionRowValue } from '#contracts';
import { type Held, inForce } from './in-force.js';

export interface StationReading {
  readonly channelId: number;
  readonly observedAtMs: number;
  readonly periodS: number;
  /** By `pollutionFlagBits`: what the device itself said. */
  readonly flags: number;
  readonly values: Readonly<Partial<Record<PollutionMetric, number | null>>>;
}

export interface ValueFlag {
  readonly channelId: number;
  readonly observedAtMs: number;
  /** `*`: the reading as a whole. */
  readonly metric: PollutionMetric | '*';
  readonly flag: Extract<PollutionFlag, 'range' | 'flatline' | 'comm_gap'>;
  readonly rowId: string;
}

/** Rain and wind may well stay the same for hours; concentrations may not. */
const watchedForFlatline: readonly PollutionMetric[] = pollutants.map(concentrationMetric);

/**
 * Flags of the readings from `fromMs` on, in order of channel and time. Earlier ones are there to look back on: as far as
 * the longest flatline, and one reading more for gaps.
 */
export function flagsOf(readings: readonly StationReading[], rows: PollutionRows, fromMs: number): ValueFlag[] {
  const sorted = [...readings].sort((a, b) => a.channelId - b.channelId || a.observedAtMs - b.observedAtMs);
  const flags: ValueFlag[] = [];
  let before: StationReading | null = null;
  let runs = new Map<PollutionMetric, Run>();
  for (const reading of sorted) {
    if (before === null || before.channelId !== reading.channelId) {
      before = null;
      runs = new Map();
    }
    const { channelId, observedAtMs } = reading;
    const found = (metric: ValueFlag['metric'], flag: ValueFlag['flag'], rowId: string | null): void => {
      if (rowId !== null && observedAtMs >= fromMs) flags.push({ channelId, observedAtMs, metric, flag, rowId });
    };
    found('*', 'comm_gap', gap(before, reading, rows));
    for (const metric of pollutionMetricNames) found(metric, 'range', outOfRange(metric, reading, rows));
    for (const metric of watchedForFlatline) found(metric, 'flatline', flatline(metric, reading, runs, rows));
    before = reading;
  }
  return flags;
}

/** How far back a flatline may reach, ms, by the rows of that time. */
export function flatlineReachMs(rows: PollutionRows, atMs: number): number {
  return 1000 * Math.max(0, ...flatlineRows(rows, atMs).map(({ value }) => value.forS));
}

function outOfRange(metric: PollutionMetric, { values, observedAtMs }: StationReading, rows: PollutionRows): string | null {
  const value = values[metric] ?? null;
  if (value === null) return null;
  const range = inForce(rows, 'pollution.range', metric, observedAtMs);
  return range !== null && (value < range.value.min || value > range.value.max) ? range.rowId : null;
}

interface Run {
  readonly value: number;
  readonly sinceMs: number;
  readonly endMs: number;
}

function flatline(metric: PollutionMetric, { values, observedAtMs, periodS }: StationReading, runs: Map<PollutionMetric, Run>, rows: PollutionRows): string | null {
  const value = values[metric] ?? null;
  const run = runs.get(metric);
  if (value === null) {
    runs.delete(metric);
    return null;
  }
  const endMs = observedAtMs + periodS * 1000;
  // A period that is missing breaks the run.
  const goesOn = run !== undefined && run.value === value && observedAtMs - run.endMs < periodS * 1000;
  const now = { value, sinceMs: goesOn ? run.sinceMs : observedAtMs, endMs };
  runs.set(metric, now);
  if (!goesOn) return null;
  const row = flatlineRows(rows, observedAtMs).find((held) => periodS <= held.value.periodSMax);
  return row !== undefined && endMs - now.sinceMs >= row.value.forS * 1000 ? row.rowId : null;
}

function flatlineRows(rows: PollutionRows, atMs: number): Held<PollutionRowValue<'pollution.flatline'>>[] {
  const keys = [...new Set(rows('pollution.flatline').map(({ key }) => key))];
  const held = keys.flatMap((key) => inForce(rows, 'pollution.flatline', key, atMs) ?? []);
  return held.sort((a, b) => a.value.periodSMax - b.value.periodSMax);
}

function gap(before: StationReading | null, { observedAtMs }: StationReading, rows: PollutionRows): string | null {
  if (before === null) return null;
  const row = inForce(rows, 'pollution.gap', '', observedAtMs);
  if (row === null) return null;
  const silentMs = observedAtMs - (before.observedAtMs + before.periodS * 1000);
  return silentMs > silenceMs(before.periodS, row.value) ? row.rowId : null;
}

/** Without a reading for longer than this a channel is silent. */
export function silenceMs(periodS: number, { periods, minS }: PollutionRowValue<'pollution.gap'>): number {
  return 1000 * Math.max(periods * periodS, minS);
}
