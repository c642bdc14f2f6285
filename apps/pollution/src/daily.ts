/**
 * VN_AQI of a day at one station: PM as means of 24 hours, ozone as the larger of its highest hour and its highest
 * eight hours, other gases as their highest hour. Never a mean over stations, and never one of indices.
 *
 * The Decision labels hours by their end, 01:00 … 00:00 of the next day: these are the hours that begin on that day.
 */
import { aqiPollutants, type AqiPollutant, type PollutionRowValue } from '#contracts';
import { completeness, meanWhereComplete, type Completeness } from './completeness.js';
import { subIndex, vnAqiOf, type VnAqi, type VnAqiScheme } from './vn-aqi.js';

type Hours = readonly (number | null)[];

export interface DayRules {
  readonly day: PollutionRowValue<'pollution.completeness'>;
  readonly eightHours: PollutionRowValue<'pollution.completeness'>;
}

export interface VnAqiDay extends VnAqi {
  /** What the sub-indices rest on, µg/m³; null: not enough hours. */
  readonly concentrations: Readonly<Record<AqiPollutant | 'o3-8h', number | null>>;
  /** Hours with a mean, of those of the day. */
  readonly completeness: Readonly<Record<AqiPollutant, Completeness>>;
}

const hoursBefore = 7;

/** Hourly means of the local day by pollutant, µg/m³, in order of time; `o3Before`: the last seven hours of the day before. */
export function vnAqiDay(hours: Readonly<Record<AqiPollutant, Hours>>, o3Before: Hours, scheme: VnAqiScheme, rules: DayRules): VnAqiDay {
  const judged = Object.fromEntries(aqiPollutants.map((name) => [name, completeness(hours[name].filter((value) => value !== null).length, hours[name].length, rules.day)])) as Record<AqiPollutant, Completeness>;
  const mean = (name: AqiPollutant): number | null => meanWhereComplete(hours[name], rules.day).mean;
  const highest = (name: AqiPollutant): number | null => (judged[name].enough ? highestOf(hours[name]) : null);
  const concentrations = {
    pm25: mean('pm25'),
    pm10: mean('pm10'),
    o3: highest('o3'),
    no2: highest('no2'),
    so2: highest('so2'),
    co: highest('co'),
    'o3-8h': judged.o3.enough ? highestOf(eightHourMeans(o3Before, hours.o3, rules.eightHours)) : null,
  };
  const found = vnAqiOf((name) => (name === 'o3' ? [subIndex(concentrations.o3, 'o3-1h', scheme), subIndex(concentrations['o3-8h'], 'o3-8h', scheme)] : [subIndex(concentrations[name], name, scheme)]), scheme);
  return { ...found, concentrations, completeness: judged };
}

/** For each hour of the day the mean of the eight that end with it; the first ones reach into the day before. */
export function eightHourMeans(before: Hours, day: Hours, rule: PollutionRowValue<'pollution.completeness'>): (number | null)[] {
  const missing = Array.from({ length: Math.max(0, hoursBefore - before.length) }, () => null);
  const all = [...missing, ...before.slice(-hoursBefore), ...day];
  return day.map((_, at) => meanWhereComplete(all.slice(at, at + hoursBefore + 1), rule).mean);
}

function highestOf(values: Hours): number | null {
  return values.reduce<number | null>((most, value) => (value !== null && (most === null || value > most) ? value : most), null);
}
