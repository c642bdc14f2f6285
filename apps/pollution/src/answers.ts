/**
 * What is published of an hour or a day of a station (pollution.md §3.6), in both languages: from its stored result, which
 * holds figures and the ids of dated rows, and from those rows, which hold the words.
 *
 * Pure. A station of grade `reference` has no index in its result, so there is none to publish here.
 */
import { aqiPollutants, type Pollutant, pollutants, type PollutionFlag, type PollutionRows, stationGrades, usAqiColumns, usLevels, vnLevels } from '#contracts';
import { z } from 'zod';
import type { DayResult } from './day.js';
import type { HourResult, IndexFound, StoredExceedance, StoredUsAqi } from './hour.js';
import { inForce } from './in-force.js';
import { usLevelOf } from './levels.js';
import { type Averaging, averagings, averagingTexts, badges, flagTexts, gradeTexts, pollutantTexts, statusTexts } from './texts.js';

const instant = z.string().meta({ format: 'date-time' });
const named = { nameVi: z.string(), nameEn: z.string() };
const ugM3 = z.number().nullable().describe('µg/m³ at 25 °C and 760 mmHg; null: not enough readings');
const rgb = z.array(z.int().min(0).max(255)).length(3);

const usedRow = z.object({ id: z.string(), verified: z.boolean(), badgeVi: z.string(), badgeEn: z.string(), legalBasis: z.string(), article: z.string(), source: z.string() }).meta({ id: 'UsedRow' });
const level = z.object({ ...named, colourVi: z.string(), colourEn: z.string(), rgb });
const vnAqi = z
  .object({
    status: z.enum(['ok', 'insufficient']), statusVi: z.string(), statusEn: z.string(),
    aqi: z.int().min(0).max(500).nullable().describe('Null where there is not enough data, never 0 for it'),
    level: level.extend({ level: z.enum(vnLevels) }).nullable(),
    dominant: z.object({ pollutant: z.enum(aqiPollutants), ...named }).nullable(),
    sub: z.partialRecord(z.enum(aqiPollutants), z.number()).describe('Sub-indices, not rounded'),
    concentrations: z.partialRecord(z.enum([...aqiPollutants, 'o3-8h']), ugM3).describe('What the sub-indices rest on: of particulate matter NowCast, of gases means'),
    adviceVi: z.string().nullable(), adviceEn: z.string().nullable(), sensitiveAdviceVi: z.string().nullable(), sensitiveAdviceEn: z.string().nullable(),
    methodVi: z.string(), methodEn: z.string(), noteVi: z.string(), noteEn: z.string(),
    completenessPct: z.number().min(0).max(100).nullable().describe('Of the dominant pollutant, else of the particulate matter that has most'),
  })
  .meta({ id: 'VnAqi' });
const usAqi = z.object({ ...named, aqi: z.int().min(0), column: z.enum(usAqiColumns), beyond: z.boolean().describe('Above the table: beyond the AQI'), level: level.extend({ level: z.enum(usLevels) }).nullable() }).meta({ id: 'UsAqi' });
const exceedance = z
  .object({ pollutant: z.enum(pollutants), ...named, averaging: z.enum(averagings), averagingVi: z.string(), averagingEn: z.string(), ugM3: z.number(), limitUgM3: z.number(), excessUgM3: z.number(), rowId: z.string(), verified: z.boolean() })
  .meta({ id: 'Exceedance' });
const flagged = z.object({ flag: z.enum(Object.keys(flagTexts) as [PollutionFlag, ...PollutionFlag[]]), ...named, values: z.int().min(0), excluded: z.boolean().describe('Values with it have no share in the means') }).meta({ id: 'FlagCount' });
const mean = z.object({ pollutant: z.enum(pollutants), ...named, ugM3, unit: z.literal('µg/m³'), completenessPct: z.number().min(0).max(100), found: z.number().min(0), due: z.number().min(0), of: z.enum(['s', 'h']) }).meta({ id: 'ConcentrationMean' });

const published = {
  revision: z.int().min(1), computedAt: instant,
  grade: z.enum(stationGrades), gradeVi: z.string(), gradeEn: z.string(),
  means: z.array(mean), vnAqi: vnAqi.nullable(), usAqi: usAqi.nullable(), exceedances: z.array(exceedance),
  rows: z.array(usedRow).describe('Every dated row that the figures rest on'), verified: z.boolean().describe('Every one of them has been compared with its source'),
};
export const hourAnswer = z
  .object({ from: instant, to: instant, label: z.string().describe('End of the hour on a clock of the station, as the Decision labels it'), ...published, eightHours: z.array(mean), flags: z.array(flagged) })
  .meta({ id: 'AirHour' });
export const dayAnswer = z.object({ day: z.iso.date(), from: instant, ...published }).meta({ id: 'AirDay' });
export type HourAnswer = z.output<typeof hourAnswer>;
export type DayAnswer = z.output<typeof dayAnswer>;

export interface Revision<R> {
  readonly revision: number;
  readonly computedAt: Date;
  readonly result: R;
}

const hourMs = 3_600_000;

/** `label` as the station's clock shows the end of the hour: `2026-11-22 08:00`. */
export function answerOfHour(atMs: number, label: string, { revision, computedAt, result }: Revision<HourResult>, rows: PollutionRows): HourAnswer {
  return {
    from: new Date(atMs).toISOString(),
    to: new Date(atMs + hourMs).toISOString(),
    label,
    ...publishedOf(revision, computedAt, result, atMs, rows),
    means: pollutants.flatMap((pollutant) => {
      const found = result.means[pollutant];
      return found === undefined ? [] : [{ pollutant, ...pollutantTexts[pollutant], ugM3: found.ugM3, unit: 'µg/m³' as const, completenessPct: percent(found.coverage), found: Math.round(found.coverage * 3600), due: 3600, of: 's' as const }];
    }),
    vnAqi: result.vnAqi === null ? null : vnAqiAnswer(result.vnAqi, (pollutant) => coverageOf(result, pollutant), true, atMs, rows),
    eightHours: meansInHours(result.eightHours),
    flags: Object.entries(result.flags).map(([flag, values]) => ({ flag: flag as PollutionFlag, ...flagTexts[flag as PollutionFlag], values, excluded: result.excludedFlags.includes(flag) })),
  };
}

export function answerOfDay(day: string, startMs: number, { revision, computedAt, result }: Revision<DayResult>, rows: PollutionRows): DayAnswer {
  const coverage = (pollutant: Pollutant): number | null => {
    const found = result.means[pollutant];
    return found === undefined ? null : found.found / found.due;
  };
  return {
    day,
    from: new Date(startMs).toISOString(),
    ...publishedOf(revision, computedAt, result, startMs, rows),
    means: meansInHours(result.means),
    vnAqi: result.vnAqi === null ? null : vnAqiAnswer(result.vnAqi, coverage, false, startMs, rows),
  };
}

function publishedOf(revision: number, computedAt: Date, result: HourResult | DayResult, atMs: number, rows: PollutionRows) {
  const used = result.rowIds.map((id) => usedRowOf(id, rows));
  return {
    revision,
    computedAt: computedAt.toISOString(),
    grade: result.grade,
    gradeVi: gradeTexts[result.grade].nameVi,
    gradeEn: gradeTexts[result.grade].nameEn,
    usAqi: result.usAqi === null ? null : usAqiAnswer(result.usAqi, atMs, rows),
    exceedances: result.exceedances.map((one) => exceedanceAnswer(one, rows)),
    rows: used,
    verified: used.every(({ verified }) => verified),
  };
}

/** A row that the registry has no more is not verified, whatever it was. */
export function usedRowOf(id: string, rows: PollutionRows): z.output<typeof usedRow> {
  const kind = id.split('.', 2).join('.') as Parameters<PollutionRows>[0];
  const row = rows(kind).find((one) => one.id === id);
  const verified = row !== undefined && row.verifiedBy !== null;
  const badge = badges[verified ? 'verified' : 'unverified'];
  return { id, verified, badgeVi: badge.nameVi, badgeEn: badge.nameEn, legalBasis: row?.legalBasis ?? '', article: row?.article ?? '', source: row?.source ?? '' };
}

export function exceedanceAnswer({ key, ugM3: value, limitUgM3, excessUgM3, rowId }: StoredExceedance, rows: PollutionRows): z.output<typeof exceedance> {
  const cut = key.lastIndexOf('-');
  const pollutant = key.slice(0, cut) as Pollutant;
  const averaging = key.slice(cut + 1) as Averaging;
  return { pollutant, ...pollutantTexts[pollutant], averaging, averagingVi: averagingTexts[averaging].nameVi, averagingEn: averagingTexts[averaging].nameEn, ugM3: value, limitUgM3, excessUgM3, rowId, verified: usedRowOf(rowId, rows).verified };
}

function vnAqiAnswer(found: IndexFound, coverageOfPollutant: (pollutant: Pollutant) => number | null, ofHour: boolean, atMs: number, rows: PollutionRows): z.output<typeof vnAqi> {
  const { status, aqi, dominant, sub, concentrations } = found;
  const levelRow = found.level === null ? null : inForce(rows, 'pollution.aqi-level', `vn.${found.level}`, atMs);
  const advice = found.level === null ? null : inForce(rows, 'pollution.advice', found.level, atMs);
  const method = inForce(rows, 'pollution.vn-aqi-rule', '', atMs);
  const nowCast = ofHour ? inForce(rows, 'pollution.nowcast', 'vn', atMs) : null;
  const coverage = dominant === null ? highest(coverageOfPollutant('pm25'), coverageOfPollutant('pm10')) : coverageOfPollutant(dominant);
  return {
    status, statusVi: statusTexts[status].nameVi, statusEn: statusTexts[status].nameEn,
    aqi,
    level: found.level === null || levelRow === null ? null : { level: found.level, ...levelTexts(levelRow.value) },
    dominant: dominant === null ? null : { pollutant: dominant, ...pollutantTexts[dominant] },
    sub, concentrations,
    adviceVi: advice?.value.generalVi ?? null, adviceEn: advice?.value.generalEn ?? null, sensitiveAdviceVi: advice?.value.sensitiveVi ?? null, sensitiveAdviceEn: advice?.value.sensitiveEn ?? null,
    methodVi: method?.value.nameVi ?? '', methodEn: method?.value.nameEn ?? '', noteVi: nowCast?.value.formVi ?? '', noteEn: nowCast?.value.formEn ?? '',
    completenessPct: coverage === null ? null : percent(coverage),
  };
}

function usAqiAnswer({ aqi, column, beyond, nameVi, nameEn }: StoredUsAqi, atMs: number, rows: PollutionRows): z.output<typeof usAqi> {
  const found = usLevelOf(aqi, rows, atMs);
  return { nameVi, nameEn, aqi, column, beyond, level: found === null ? null : { level: found.level, ...levelTexts(found.value) } };
}

function levelTexts({ nameVi, nameEn, colourVi, colourEn, rgb: colour }: { nameVi: string; nameEn: string; colourVi: string; colourEn: string; rgb: readonly number[] }) {
  return { nameVi, nameEn, colourVi, colourEn, rgb: [...colour] };
}

function meansInHours(means: HourResult['eightHours']): z.output<typeof mean>[] {
  return pollutants.flatMap((pollutant) => {
    const found = means[pollutant];
    return found === undefined ? [] : [{ pollutant, ...pollutantTexts[pollutant], ugM3: found.ugM3, unit: 'µg/m³' as const, completenessPct: percent(found.found / found.due), found: found.found, due: found.due, of: 'h' as const }];
  });
}

function coverageOf(result: HourResult, pollutant: Pollutant): number | null {
  return result.means[pollutant]?.coverage ?? null;
}

function highest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

/** To one decimal. */
function percent(share: number): number {
  return Math.round(share * 1000) / 10;
}
