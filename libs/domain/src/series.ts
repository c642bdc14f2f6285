/**
 * Which width of buckets answers a question for a series, from which level of the aggregates, and how many rows come.
 *
 * A level holds only readings whose period is not longer than its width: what is asked more finely than a channel reports
 * has no rows.
 */
import { levels } from '#timeseries';

export interface Width {
  readonly name: string;
  readonly widthS: number;
  /** The level of the aggregates that it is made of. */
  readonly level: string;
  readonly levelS: number;
}

const of = (name: string, widthS: number, level: string): Width => ({ name, widthS, level, levelS: levels.find((one) => one.name === level)!.widthS });

const hourS = 3_600;
const dayS = 86_400;

export const widths: readonly Width[] = [
  of('1m', 60, '1m'),
  of('5m', 300, '5m'),
  of('10m', 600, '5m'),
  of('15m', 900, '15m'),
  of('30m', 1_800, '15m'),
  of('1h', hourS, '1h'),
  of('2h', 2 * hourS, '1h'),
  of('3h', 3 * hourS, '1h'),
  of('6h', 6 * hourS, '1h'),
  of('12h', 12 * hourS, '1h'),
  of('1d', dayS, '1d'),
  of('7d', 7 * dayS, '1d'),
];

export const bucketNames = ['auto', 'raw', ...widths.map(({ name }) => name)] as const;

export interface Question {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** As many points for a channel at most, where `auto` finds such a width. */
  readonly points: number;
  /** The longest period that the channels report at, s. */
  readonly periodS: number;
}

/** `auto`: the rows themselves where they are few enough, else the finest width that is; weeks where none is. */
export function chooseWidth({ fromMs, toMs, points, periodS }: Question): Width | 'raw' {
  const rangeS = (toMs - fromMs) / 1_000;
  if (rangeS / periodS <= points) return 'raw';
  return widths.find(({ widthS, levelS }) => levelS >= periodS && rangeS / widthS <= points) ?? widths.at(-1)!;
}

/** Buckets of one channel that touch the range: at most this many. */
export function bucketsMax({ fromMs, toMs }: Pick<Question, 'fromMs' | 'toMs'>, { widthS }: Width): number {
  return Math.ceil((toMs - fromMs) / (widthS * 1_000)) + 1;
}
