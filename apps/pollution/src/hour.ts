/**
 * What one closed hour of a station comes to: means, NowCast, VN_AQI, US AQI, legal exceedance; with every dated row used.
 *
 * Pure: from the means of this hour and of those before, and the rows of the hour's own time. A station of grade
 * `reference` has concentrations alone: no index of any kind, and no statement of law.
 */
import { aqiPollutants, type AqiPollutant, pollutants, type Pollutant, type PollutionRows, type StationGrade, type UsAqiColumn, type VnLevel } from '#contracts';
import { type Completeness, meanWhereComplete } from './completeness.js';
import { type Exceedance, exceedances } from './exceedance.js';
import { ppbFromUgM3 } from './gas-units.js';
import type { HourMeans } from './hour-means.js';
import { inForce } from './in-force.js';
import { adviceFor, vnLevelOf } from './levels.js';
import { nowCast } from './now-cast.js';
import { hourMs as anHourMs } from './stale-hours.js';
import { gradeOf, mayPublishVnAqi } from './station-grade.js';
import { highestUsAqi, type UsAqi } from './us-aqi.js';
import { vnAqiHour, vnAqiScheme, type VnAqi } from './vn-aqi.js';

/** Hours after a changed one that may change with it: the longest window, of NowCast. */
export const windowHours = 12;

export interface IndexFound extends Omit<VnAqi, 'rowIds' | 'verified'> {
  readonly level: VnLevel | null;
  /** What the sub-indices rest on, µg/m³. */
  readonly concentrations: Readonly<Partial<Record<AqiPollutant | 'o3-8h', number | null>>>;
}

/** Whether a row is verified may change without a change of the outcome: it is told with the answer, from the row. */
export type StoredUsAqi = Omit<UsAqi, 'verified'>;
export type StoredExceedance = Omit<Exceedance, 'verified'>;

export interface EightHours extends Completeness {
  readonly ugM3: number | null;
}

export interface HourResult {
  readonly grade: StationGrade;
  readonly means: HourMeans;
  /** Of the eight hours that end with this one; for pollutants that have any. */
  readonly eightHours: Readonly<Partial<Record<Pollutant, EightHours>>>;
  /** Null: not for this station to publish. */
  readonly vnAqi: IndexFound | null;
  readonly usAqi: StoredUsAqi | null;
  readonly exceedances: readonly StoredExceedance[];
  /** How many values carry which flag, found and said. */
  readonly flags: Readonly<Record<string, number>>;
  readonly excludedFlags: readonly string[];
  /** Every dated row that this result rests on. Whether somebody has verified them is told with the answer (answers.ts). */
  readonly rowIds: readonly string[];
}

export interface HourInput {
  readonly station: string;
  readonly hourMs: number;
  /** Means of this hour and the eleven before, the newest first; null: no such hour. */
  readonly means: readonly (HourMeans | null)[];
  readonly flags: Readonly<Record<string, number>>;
  readonly excludedFlags: readonly string[];
  /** Rows that the means rest on. */
  readonly rowIds: readonly string[];
}

export function hourResult({ station, hourMs, means, flags, excludedFlags, rowIds }: HourInput, rows: PollutionRows): HourResult {
  const used = new Set(rowIds);
  const { grade, rowId } = gradeOf(station, rows, hourMs);
  if (rowId !== null) used.add(rowId);
  const series = (pollutant: Pollutant): (number | null)[] => Array.from({ length: windowHours }, (_, age) => means[age]?.[pollutant]?.ugM3 ?? null);

  const eightHours = eightHourMeans(series, rows, hourMs, used);
  const publish = mayPublishVnAqi(grade);
  return {
    grade,
    means: means[0] ?? {},
    eightHours,
    vnAqi: publish ? vnAqi(series, rows, hourMs, used) : null,
    usAqi: publish ? usAqi(series, eightHours, rows, hourMs, used) : null,
    exceedances: publish ? legal(series, eightHours, rows, hourMs, used) : [],
    flags,
    excludedFlags,
    rowIds: rowsUsed(used),
  };
}

type Series = (pollutant: Pollutant) => readonly (number | null)[];

function vnAqi(series: Series, rows: PollutionRows, hourMs: number, used: Set<string>): IndexFound {
  const scheme = vnAqiScheme(rows, hourMs);
  const rule = inForce(rows, 'pollution.nowcast', 'vn', hourMs);
  const concentrations: Partial<Record<AqiPollutant, number | null>> = {};
  for (const pollutant of aqiPollutants) {
    const values = series(pollutant);
    concentrations[pollutant] = pollutant !== 'pm25' && pollutant !== 'pm10' ? values[0]! : rule === null ? null : nowCast(values, rule.value);
  }
  if (scheme === null) return { status: 'insufficient', aqi: null, dominant: null, sub: {}, level: null, concentrations };
  const { rowIds, verified: _, ...found } = vnAqiHour(concentrations, scheme);
  for (const id of rowIds) used.add(id);
  if (rule !== null) used.add(rule.rowId);
  return { ...found, level: levelOf(found.aqi, rows, hourMs, used), concentrations };
}

/** The level's row and that of its advice count as used: both are published with the figure. */
export function levelOf(aqi: number | null, rows: PollutionRows, atMs: number, used: Set<string>): VnLevel | null {
  const found = aqi === null ? null : vnLevelOf(aqi, rows, atMs);
  if (found === null) return null;
  used.add(found.rowId);
  const advice = adviceFor(found.level, rows, atMs);
  if (advice !== null) used.add(advice.rowId);
  return found.level;
}

/** Particulate matter by the EPA's own NowCast; of eight hours and of one as its columns ask. */
function usAqi(series: Series, eightHours: HourResult['eightHours'], rows: PollutionRows, hourMs: number, used: Set<string>): StoredUsAqi | null {
  const epa = (pollutant: 'pm25' | 'pm10'): number | null => {
    const rule = inForce(rows, 'pollution.nowcast', `epa-${pollutant}`, hourMs);
    return rule === null ? null : nowCast(series(pollutant), rule.value);
  };
  return highestUs({ 'pm25-24h': epa('pm25'), 'pm10-24h': epa('pm10') }, { 'o3-1h': series('o3')[0]!, 'o3-8h': eightHours.o3?.ugM3 ?? null, 'co-8h': eightHours.co?.ugM3 ?? null, 'so2-1h': series('so2')[0]!, 'no2-1h': series('no2')[0]! }, rows, hourMs, used);
}

/** `gases` in µg/m³: their columns are in parts per million (ozone, CO) or billion. */
export function highestUs(particles: Partial<Record<UsAqiColumn, number | null>>, gases: Partial<Record<UsAqiColumn, number | null>>, rows: PollutionRows, atMs: number, used: Set<string>): StoredUsAqi | null {
  const values: Partial<Record<UsAqiColumn, number | null>> = { ...particles };
  for (const [column, ugM3] of Object.entries(gases) as [UsAqiColumn, number | null][]) {
    const gas = column.slice(0, column.indexOf('-'));
    const molar = inForce(rows, 'pollution.molar-mass', gas, atMs);
    if (ugM3 === null || molar === null) continue;
    used.add(molar.rowId);
    const ppb = ppbFromUgM3(ugM3, molar.value);
    values[column] = gas === 'o3' || gas === 'co' ? ppb / 1000 : ppb;
  }
  const found = highestUsAqi(values, rows, atMs);
  if (found === null) return null;
  used.add(found.rowId);
  const { verified: _, ...kept } = found;
  return kept;
}

function eightHourMeans(series: Series, rows: PollutionRows, hourMs: number, used: Set<string>): HourResult['eightHours'] {
  const rule = inForce(rows, 'pollution.completeness', '8h', hourMs);
  if (rule === null) return {};
  used.add(rule.rowId);
  const found: Partial<Record<Pollutant, EightHours>> = {};
  for (const pollutant of pollutants) {
    const values = series(pollutant).slice(0, 8);
    if (values.every((value) => value === null)) continue;
    const { mean, completeness: judged } = meanWhereComplete(values, rule.value);
    found[pollutant] = { ugM3: mean, ...judged };
  }
  return found;
}

/** The time of the mean's own beginning selects the limit. */
function legal(series: Series, eightHours: HourResult['eightHours'], rows: PollutionRows, hourMs: number, used: Set<string>): StoredExceedance[] {
  const over1h = pollutants.map((pollutant) => ({ key: `${pollutant}-1h`, ugM3: series(pollutant)[0]! }));
  const over8h = pollutants.map((pollutant) => ({ key: `${pollutant}-8h`, ugM3: eightHours[pollutant]?.ugM3 ?? null }));
  const start8hMs = hourMs - 7 * anHourMs;
  return [...exceeded(over1h, rows, hourMs, used), ...exceeded(over8h, rows, start8hMs, used)];
}

/** A limit that was kept is a row used as well. */
export function exceeded(means: readonly { readonly key: string; readonly ugM3: number | null }[], rows: PollutionRows, atMs: number, used: Set<string>): StoredExceedance[] {
  for (const { key, ugM3 } of means) {
    const limit = ugM3 === null ? null : inForce(rows, 'pollution.limit', key, atMs);
    if (limit !== null) used.add(limit.rowId);
  }
  return exceedances(means, rows, atMs).map(({ verified: _, ...kept }) => kept);
}

/** In a fixed order, so that the same outcome is the same text. */
export function rowsUsed(used: ReadonlySet<string>): readonly string[] {
  return [...used].sort();
}
