/**
 * What one closed day of a station comes to: means of 24 hours, daily VN_AQI, US AQI, legal exceedance over the day.
 *
 * The day is that of the station's zone; the Decision's labels 01:00 … 00:00 are the hours that begin on it. Pure, and by
 * the rows of the day's own beginning; grade as in hour.ts.
 */
import { aqiPollutants, type AqiPollutant, pollutants, type Pollutant, type PollutionRows, type StationGrade } from '#contracts';
import { meanWhereComplete } from './completeness.js';
import { eightHourMeans, vnAqiDay } from './daily.js';
import { type EightHours, exceeded, highestUs, type IndexFound, levelOf, rowsUsed, type StoredExceedance, type StoredUsAqi } from './hour.js';
import type { HourMeans } from './hour-means.js';
import { inForce } from './in-force.js';
import { gradeOf, mayPublishVnAqi } from './station-grade.js';
import { vnAqiScheme } from './vn-aqi.js';

export interface DayResult {
  readonly grade: StationGrade;
  /** Of the hours of the day, with how many of them there are. */
  readonly means: Readonly<Partial<Record<Pollutant, EightHours>>>;
  readonly vnAqi: IndexFound | null;
  readonly usAqi: StoredUsAqi | null;
  readonly exceedances: readonly StoredExceedance[];
  readonly rowIds: readonly string[];
}

export interface DayInput {
  readonly station: string;
  readonly startMs: number;
  /** Means of the hours of the day, in order of time; null: no such hour. */
  readonly hours: readonly (HourMeans | null)[];
  /** The last seven hours of the day before. */
  readonly before: readonly (HourMeans | null)[];
}

export function dayResult({ station, startMs, hours, before }: DayInput, rows: PollutionRows): DayResult {
  const used = new Set<string>();
  const { grade, rowId } = gradeOf(station, rows, startMs);
  if (rowId !== null) used.add(rowId);
  const day = inForce(rows, 'pollution.completeness', 'day', startMs);
  const eightHours = inForce(rows, 'pollution.completeness', '8h', startMs);
  for (const row of [day, eightHours]) if (row !== null) used.add(row.rowId);

  const of = (pollutant: Pollutant, from: readonly (HourMeans | null)[]): (number | null)[] => from.map((means) => means?.[pollutant]?.ugM3 ?? null);
  const means: Partial<Record<Pollutant, EightHours>> = {};
  if (day !== null) {
    for (const pollutant of pollutants) {
      const values = of(pollutant, hours);
      if (values.every((value) => value === null)) continue;
      const { mean, completeness } = meanWhereComplete(values, day.value);
      means[pollutant] = { ugM3: mean, ...completeness };
    }
  }
  const publish = mayPublishVnAqi(grade) && day !== null && eightHours !== null;
  const rules = publish ? { day: day.value, eightHours: eightHours.value } : null;
  const highest = (pollutant: Pollutant): number | null => (means[pollutant]?.enough === true ? highestOf(of(pollutant, hours)) : null);
  const highest8h = (pollutant: Pollutant): number | null => (rules === null || means[pollutant]?.enough !== true ? null : highestOf(eightHourMeans(of(pollutant, before), of(pollutant, hours), rules.eightHours)));
  return {
    grade,
    means,
    vnAqi: rules === null ? null : vnAqi({ startMs, hours, before }, of, rules, rows, used),
    usAqi: rules === null ? null : highestUs(
      { 'pm25-24h': means.pm25?.ugM3 ?? null, 'pm10-24h': means.pm10?.ugM3 ?? null },
      { 'o3-1h': highest('o3'), 'o3-8h': highest8h('o3'), 'co-8h': highest8h('co'), 'so2-1h': highest('so2'), 'so2-24h': means.so2?.ugM3 ?? null, 'no2-1h': highest('no2') },
      rows, startMs, used,
    ),
    exceedances: publish ? exceeded(pollutants.map((pollutant) => ({ key: `${pollutant}-24h`, ugM3: means[pollutant]?.ugM3 ?? null })), rows, startMs, used) : [],
    rowIds: rowsUsed(used),
  };
}

function vnAqi({ startMs, hours, before }: Omit<DayInput, 'station'>, of: (pollutant: Pollutant, from: readonly (HourMeans | null)[]) => (number | null)[], rules: Parameters<typeof vnAqiDay>[3], rows: PollutionRows, used: Set<string>): IndexFound {
  const scheme = vnAqiScheme(rows, startMs);
  if (scheme === null) return { status: 'insufficient', aqi: null, dominant: null, sub: {}, level: null, concentrations: {} };
  const byPollutant = Object.fromEntries(aqiPollutants.map((name) => [name, of(name, hours)])) as Record<AqiPollutant, (number | null)[]>;
  const { rowIds, verified: _, completeness: __, ...found } = vnAqiDay(byPollutant, of('o3', before), scheme, rules);
  for (const id of rowIds) used.add(id);
  return { ...found, level: levelOf(found.aqi, rows, startMs, used) };
}

function highestOf(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>((most, value) => (value !== null && (most === null || value > most) ? value : most), null);
}
