/**
 * The second way of computing what the recorded hours of Hanoi come to: straight from the file, in whole numbers.
 *
 * It shares nothing with the replay or with pollution's rules. Times come from the columns Year to Hour, not from the
 * label; concentrations are tenths as BigInt, so NowCast and VN_AQI are exact fractions and "half up" is a division; the
 * table of the Decision is typed here again; and alarms are a pattern in a text of letters, not a fold.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** N / D µg/m³ · 10. */
export interface Tenths {
  readonly of: bigint;
  readonly by: bigint;
}

export interface FileRow {
  /** Start of the hour, hours since 1970. */
  readonly hour: number;
  readonly label: string;
  readonly status: string;
  /** Tenths of µg/m³; null: not valid. */
  readonly tenths: bigint | null;
  /** Whether there is a figure at all, valid or not. */
  readonly reported: boolean;
  /** The file's own figures; null where it has −999. */
  readonly nowCastUgM3: number | null;
  readonly aqi: number | null;
}

export interface SecondWay {
  /** In the order of the file. */
  readonly rows: readonly FileRow[];
  /** By hour: the later line has the last word. */
  readonly tenths: ReadonlyMap<number, bigint | null>;
  /** Every hour from the first of the file to eleven after the last valid one. */
  readonly hours: readonly number[];
  nowCast(hour: number): Tenths | null;
  /** 0–500; null: too few hours. */
  vnAqi(hour: number): number | null;
  /** Daily VN_AQI by the date on a calendar in Hanoi, for every date of the file; null: fewer than 18 hours. */
  vnAqiDays(): ReadonlyMap<string, number | null>;
  /** US AQI of EPA's NowCast by the table of 2012; null: too few hours. */
  usAqi2012(hour: number): number | null;
  /** By hour, the highest level whose alarm is on; hours without alarm are not there. */
  alarms(): ReadonlyMap<number, string>;
}

const zoneHours = 7;
const hourMs = 3_600_000;
/** Some gaps are longer, but no mean looks further back. */
const window = 12;

export function secondWay(folder: string): SecondWay {
  const [, ...lines] = readFileSync(join(folder, 'pm25-2018-jan-jun.csv'), 'utf8').trim().split(/\r?\n/);
  return secondWayOf(lines.map(fileRow));
}

/** The same over any rows, for trying another reading of them. */
export function secondWayOf(rows: readonly FileRow[]): SecondWay {
  const tenths = new Map(rows.map((row) => [row.hour, row.tenths]));
  const hours = allHours([...tenths.keys()]);
  const nowCast = (hour: number): Tenths | null => nowCastOf(Array.from({ length: window }, (_, age) => tenths.get(hour - age) ?? null));
  const vnAqi = (hour: number): number | null => vnAqiOf(nowCast(hour));
  return { rows, tenths, hours, nowCast, vnAqi, vnAqiDays: () => vnAqiDaysOf(tenths), usAqi2012: (hour) => usAqiOf(nowCast(hour)), alarms: () => alarmsOf(hours, hours.map(vnAqi)) };
}

/** How a NowCast compares with the file's own, hour by hour. */
export interface NowCastComparison {
  readonly counts: Readonly<Record<keyof typeof nowCastCauses, number>>;
  /** Hours that differ for no known cause, at most 20. */
  readonly unexplained: readonly object[];
}

export const nowCastCauses = {
  within: 'within 0.1 µg/m³ of the file',
  bothNone: 'neither has one: fewer than two of the newest three hours',
  beforeTheFile: 'the hours before are of December 2017, or of the second half of 2018: the maker of the file had them, the file has not',
  carriedOn: 'after its last one the file repeats a NowCast for up to three hours, although fewer than two of three are there',
  summerTime: 'the line 03:00 of 11 March that comes first is the hour 02:00, pushed on by a clock with American summer time',
  rounding: 'the EPA cuts off, the file rounds: not cut off, ours is within 0.1',
} as const;

const tolerance = 0.1 + 1e-9;
/** Beyond it the file has not a gap, but another time of the year. */
const longestGapHours = 1_000;

/** `found`: the NowCast to be compared, µg/m³, by hour. Every hour is counted once, by the first cause that holds. */
export function compareNowCast(second: SecondWay, found: (hour: number) => number | null): NowCastComparison {
  const counts = { within: 0, bothNone: 0, beforeTheFile: 0, carriedOn: 0, summerTime: 0, rounding: 0 };
  const unexplained: object[] = [];
  const first = Math.min(...second.tenths.keys());
  const shifted = secondWayOf(asHappened(second.rows));
  second.rows.forEach((row, at) => {
    const { hour, nowCastUgM3: theirs } = row;
    const ours = found(hour);
    const near = (value: number | null): boolean => value !== null && theirs !== null && Math.abs(value - theirs) <= tolerance;
    const exactly = second.nowCast(hour);
    // Hours of the window that the file does not hold, but its maker had.
    const unknown = hour - first < window - 1 || hour - second.rows[at - 1]!.hour > longestGapHours;
    const carried = (): boolean => [1, 2, 3].some((back) => second.rows[at - back]?.nowCastUgM3 === theirs && second.nowCast(second.rows[at - back]!.hour) !== null);
    if (near(ours)) counts.within += 1;
    else if (ours === null && theirs === null) counts.bothNone += 1;
    else if (unknown) counts.beforeTheFile += 1;
    else if (ours === null && carried()) counts.carriedOn += 1;
    else if (near(rounded(exactly))) counts.rounding += 1;
    else if (near(rounded(shifted.nowCast(shifted.rows[at]!.hour)))) counts.summerTime += 1;
    else if (unexplained.length < 20) unexplained.push({ label: row.label, theirs, ours });
  });
  return { counts, unexplained };
}

/** The file's rows with the first of the two lines 03:00 of 11 March an hour earlier, where it belongs. */
function asHappened(rows: readonly FileRow[]): FileRow[] {
  return rows.map((row, at) => (rows[at + 1]?.hour === row.hour ? { ...row, hour: row.hour - 1 } : row));
}

function rounded(mean: Tenths | null): number | null {
  return mean === null ? null : Number((2n * mean.of + mean.by) / (2n * mean.by)) / 10;
}

function fileRow(line: string): FileRow {
  const [, , label, year, month, day, hour, nowCast, aqi, , raw, , , status] = line.split(',') as string[];
  const value = (text: string): number | null => (Number(text) === -999 ? null : Number(text));
  const endMs = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour));
  const valid = status === 'Valid' && value(raw!) !== null;
  return {
    // The label is the end of the hour: the file of a year begins at 01 of its first day, and ends at 00 of the next year's.
    hour: endMs / hourMs - zoneHours - 1,
    label: label!,
    status: status!,
    reported: value(raw!) !== null,
    tenths: valid ? BigInt(raw!.replace(/^(-?\d+)(?:\.(\d))?$/, (_, whole: string, tenth: string | undefined) => `${whole}${tenth ?? '0'}`)) : null,
    nowCastUgM3: value(nowCast!),
    aqi: value(aqi!),
  };
}

function allHours(known: readonly number[]): number[] {
  const hours = new Set(known.flatMap((hour) => Array.from({ length: window }, (_, age) => hour + age)));
  return [...hours].sort((a, b) => a - b);
}

/**
 * With w = least / most both sums are multiplied by most^11, so that Σ least^i · most^(11−i) · c_i stays whole; where
 * least is under half of most, 1 and 2 stand in their place.
 */
function nowCastOf(hours: readonly (bigint | null)[]): Tenths | null {
  if (hours.slice(0, 3).filter((one) => one !== null).length < 2) return null;
  const present = hours.filter((one) => one !== null).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const [least, most] = [present[0]!, present.at(-1)!];
  if (most === 0n) return { of: 0n, by: 1n };
  const [numerator, denominator] = 2n * least < most ? [1n, 2n] : [least, most];
  let [of, by] = [0n, 0n];
  hours.forEach((value, age) => {
    if (value === null) return;
    const weight = numerator ** BigInt(age) * denominator ** BigInt(window - 1 - age);
    of += weight * value;
    by += weight;
  });
  return { of, by };
}

/** Decision 1459/QĐ-TCMT, Bảng 2, PM2.5: index and tenths of µg/m³. */
const pm25 = [[0n, 0n], [50n, 250n], [100n, 500n], [150n, 800n], [200n, 1500n], [300n, 2500n], [400n, 3500n], [500n, 5000n]] as const;

function vnAqiOf(mean: Tenths | null): number | null {
  if (mean === null) return null;
  const { of, by } = mean;
  for (let at = 1; at < pm25.length; at += 1) {
    const [[lowI, lowC], [highI, highC]] = [pm25[at - 1]!, pm25[at]!];
    if (of > highC * by) continue;
    // I = lowI + (highI − lowI) · (of / by − lowC) / (highC − lowC), as a fraction.
    const below = by * (highC - lowC);
    const above = lowI * below + (highI - lowI) * (of - lowC * by);
    return Number((2n * above + below) / (2n * below));
  }
  return 500;
}

/** Hours needed for a mean of the day, by default of the house. */
const hoursOfDayMin = 18;

function vnAqiDaysOf(tenths: ReadonlyMap<number, bigint | null>): Map<string, number | null> {
  const values = new Map<string, bigint[]>();
  for (const [hour, value] of tenths) {
    // The hour labelled 00:00 began on the day before.
    const date = new Date((hour + zoneHours) * hourMs).toISOString().slice(0, 10);
    values.set(date, [...(values.get(date) ?? []), ...(value === null ? [] : [value])]);
  }
  return new Map([...values].map(([date, of]) => [date, of.length < hoursOfDayMin ? null : vnAqiOf({ of: of.reduce((sum, value) => sum + value, 0n), by: BigInt(of.length) })]));
}

/** 78 FR 3086: concentrations in tenths, cut off, then interpolated and rounded. */
const us2012 = [[0n, 120n, 0n, 50n], [121n, 354n, 51n, 100n], [355n, 554n, 101n, 150n], [555n, 1504n, 151n, 200n], [1505n, 2504n, 201n, 300n], [2505n, 3504n, 301n, 400n], [3505n, 5004n, 401n, 500n]] as const;

function usAqiOf(mean: Tenths | null): number | null {
  if (mean === null) return null;
  const cut = mean.of / mean.by;
  const segment = us2012.find(([, to]) => cut <= to);
  if (segment === undefined) throw new Error('no hour of this file is beyond the table');
  const [from, to, lowI, highI] = segment;
  return Number((2n * (lowI * (to - from) + (highI - lowI) * (cut - from)) + (to - from)) / (2n * (to - from)));
}

/** alarms.md: over the level for two consecutive hours, off after two at least five points below it. */
const alarmLevels = [['unhealthy', 150], ['very-unhealthy', 200], ['hazardous', 300]] as const;
const deadband = 5;

/** For each level a text with a letter for each hour: A above it, B below its deadband, m between, - nothing known. */
function alarmsOf(hours: readonly number[], aqis: readonly (number | null)[]): Map<number, string> {
  const on = new Map<number, string>();
  for (const [level, above] of alarmLevels) {
    const letter = (aqi: number | null): string => (aqi === null ? '-' : aqi > above ? 'A' : aqi <= above - deadband ? 'B' : 'm');
    // A hole between two hours is an hour of which nothing is known.
    const places = hours.flatMap((hour, at) => [...(at > 0 && hour - hours[at - 1]! > 1 ? [{ hour: null, letter: '-' }] : []), { hour, letter: letter(aqis[at] ?? null) }]);
    for (const match of places.map((place) => place.letter).join('').matchAll(/AA(?:(?!BB).)*(BB)?/g)) {
      // On with the second A; of the two B that end it the second is off already.
      for (const { hour } of places.slice(match.index + 1, match.index + match[0].length - (match[1] === undefined ? 0 : 1))) if (hour !== null) on.set(hour, level);
    }
  }
  return on;
}
