/** A station's means over a time, against the guideline of WHO 2021 and its interim targets (pollution.md P8). No law, no alarm. */
import { type Pollutant, pollutants, type PollutionRows } from '#contracts';
import { percentile } from '#rules';
import { completeness } from './completeness.js';
import { inForce } from './in-force.js';
import { compareWithWho, type WhoComparison } from './who.js';

/** Means by pollutant over the hours, the eight hours and the days of a time. */
export interface ReportInput {
  readonly fromMs: number;
  /** Hours that the time has. */
  readonly hoursDue: number;
  readonly hours: readonly Readonly<Partial<Record<Pollutant, { readonly ugM3: number | null }>>>[];
  /** Eight-hour means by pollutant, of the same hours. */
  readonly eightHours: readonly Readonly<Partial<Record<Pollutant, { readonly ugM3: number | null }>>>[];
  readonly days: readonly Readonly<Partial<Record<Pollutant, { readonly ugM3: number | null }>>>[];
}

export interface ReportLine extends WhoComparison {
  readonly pollutant: Pollutant;
  /** Means that the figure rests on. */
  readonly values: number;
  /** False: too little of the time for the figure to stand for it; it is shown all the same. */
  readonly enough: boolean;
}

/** The WHO's short-term guideline is a 99th percentile: 3 to 4 days of a year may exceed it. */
const percentileOfDays = 0.99;

/** By averaging time: the mean of all (`year`), the 99th percentile of days (`24h`), the highest of the others. */
export function whoReport({ fromMs, hoursDue, hours, eightHours, days }: ReportInput, rows: PollutionRows): ReportLine[] {
  const rule = inForce(rows, 'pollution.completeness', 'year', fromMs);
  const values = (of: ReportInput['hours'], pollutant: Pollutant): number[] => of.flatMap((means) => means[pollutant]?.ugM3 ?? []);
  return pollutants.flatMap((pollutant) => {
    const hourly = values(hours, pollutant);
    const figures: [key: string, ugM3: number | null, values: number, due: number][] = [
      ['year', hourly.length === 0 ? null : hourly.reduce((sum, value) => sum + value, 0) / hourly.length, hourly.length, hoursDue],
      ['24h', percentile(values(days, pollutant), percentileOfDays), values(days, pollutant).length, hoursDue / 24],
      ['8h', most(values(eightHours, pollutant)), values(eightHours, pollutant).length, hoursDue],
      ['1h', most(hourly), hourly.length, hoursDue],
    ];
    return figures.flatMap(([averaging, ugM3, count, due]) => {
      const compared = compareWithWho(`${pollutant}-${averaging}`, ugM3, rows, fromMs);
      if (compared === null) return [];
      return [{ ...compared, pollutant, values: count, enough: rule !== null && completeness(count, due, rule.value).enough }];
    });
  });
}

function most(values: readonly number[]): number | null {
  return values.reduce<number | null>((highest, value) => (highest === null || value > highest ? value : highest), null);
}
