/**
 * The mean of each pollutant over an hour at one station: of all its channels, weighted by time.
 *
 * What carries an excluded flag has no share in it, and is counted. Too little of the hour (dated row
 * `pollution.completeness`) and there is no mean: never 0, and never a mean of minutes that stand for nothing.
 */
import { concentrationMetric, pollutants, pollutionFlagBits, pollutionFlags, type Pollutant, type PollutionFlag, type PollutionRowValue } from '#contracts';
import { completeness } from './completeness.js';
import type { StationReading, ValueFlag } from './quality.js';

export interface HourMean {
  /** Null: not enough of the hour. */
  readonly ugM3: number | null;
  /** Share of the hour for which a value counts, 0–1, to three decimals. */
  readonly coverage: number;
  /** How many readings count. */
  readonly readings: number;
  /** Readings left out, by the first flag that says so. */
  readonly excluded: Readonly<Partial<Record<PollutionFlag, number>>>;
}
/** Pollutants of which the hour has any value. */
export type HourMeans = Readonly<Partial<Record<Pollutant, HourMean>>>;

const hourS = 3_600;

/** `readings` begin within the hour at `hourMs`; their periods are at most an hour. `flags` are those found on them. */
export function hourMeans(readings: readonly StationReading[], flags: readonly ValueFlag[], hourMs: number, rule: PollutionRowValue<'pollution.completeness'>, excluding: readonly PollutionFlag[]): HourMeans {
  const foundOn = new Map<string, PollutionFlag[]>();
  for (const { channelId, observedAtMs, metric, flag } of flags) {
    const key = `${channelId}@${observedAtMs} ${metric}`;
    foundOn.set(key, [...(foundOn.get(key) ?? []), flag]);
  }
  const means: Partial<Record<Pollutant, HourMean>> = {};
  for (const pollutant of pollutants) {
    const metric = concentrationMetric(pollutant);
    const counted: { value: number; fromMs: number; toMs: number }[] = [];
    const excluded: Partial<Record<PollutionFlag, number>> = {};
    for (const reading of readings) {
      const value = reading.values[metric] ?? null;
      if (value === null) continue;
      const key = `${reading.channelId}@${reading.observedAtMs}`;
      const known = new Set([...saidBy(reading), ...(foundOn.get(`${key} ${metric}`) ?? []), ...(foundOn.get(`${key} *`) ?? [])]);
      const because = excluding.find((flag) => known.has(flag));
      if (because !== undefined) excluded[because] = (excluded[because] ?? 0) + 1;
      else counted.push({ value, fromMs: reading.observedAtMs, toMs: reading.observedAtMs + reading.periodS * 1000 });
    }
    if (counted.length === 0 && Object.keys(excluded).length === 0) continue;
    const coveredS = coveredMs(counted, hourMs + hourS * 1000) / 1000;
    const enough = completeness(coveredS, hourS, rule).enough;
    means[pollutant] = { ugM3: enough ? meanOverTime(counted) : null, coverage: Math.round((coveredS / hourS) * 1000) / 1000, readings: counted.length, excluded };
  }
  return means;
}

function saidBy({ flags }: StationReading): PollutionFlag[] {
  return flags === 0 ? [] : pollutionFlags.filter((flag) => (flags & pollutionFlagBits[flag]) !== 0);
}

/** Where all periods are equal their length does not enter, so that one value stays exactly what it is. */
function meanOverTime(counted: readonly { readonly value: number; readonly fromMs: number; readonly toMs: number }[]): number {
  const first = counted[0]!.toMs - counted[0]!.fromMs;
  const even = counted.every(({ fromMs, toMs }) => toMs - fromMs === first);
  let sum = 0;
  let weights = 0;
  for (const { value, fromMs, toMs } of counted) {
    const weight = even ? 1 : toMs - fromMs;
    sum += weight * value;
    weights += weight;
  }
  return sum / weights;
}

/** Of overlapping periods (two sensors of one station) each moment counts once; what reaches beyond the hour does not count. */
function coveredMs(periods: readonly { readonly fromMs: number; readonly toMs: number }[], endMs: number): number {
  let covered = 0;
  let reachedMs = Number.NEGATIVE_INFINITY;
  for (const { fromMs, toMs } of [...periods].sort((a, b) => a.fromMs - b.fromMs)) {
    const from = Math.max(fromMs, reachedMs);
    const to = Math.min(toMs, endMs);
    if (to > from) covered += to - from;
    reachedMs = Math.max(reachedMs, to);
  }
  return covered;
}
