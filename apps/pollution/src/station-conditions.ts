/**
 * What a station's hours and days mean to alerts: the health condition by VN_AQI, and legal exceedance, one condition for
 * each pollutant and averaging time. Two rules, two kinds of events (pollution.md P7).
 *
 * Pure. What stands at the newest closed hour is told as live; what is found about older ones is told as `late`, and never
 * changes live state. Of a replay all is late.
 */
import { conditionId, type Condition, type PollutionRowValue, type VnLevel } from '#contracts';
import type { StoredExceedance } from './hour.js';
import type { Held } from './in-force.js';
import { conditionLevel } from './level-condition.js';
import { hourMs } from './stale-hours.js';

export const levelRuleVersion = 'air-quality-level-1';
export const legalRuleVersion = 'legal-exceedance-1';

export const levelConditionId = (asset: string): string => conditionId('pollution', 'air-quality-level', asset);
export const legalConditionId = (asset: string, key: string): string => conditionId('pollution', `legal-exceedance-${key}`, asset);

/** A change without its number, which is given in the order of changes. */
export type Finding = Omit<Condition, 'seq'>;

export interface LevelHour {
  readonly hourMs: number;
  readonly revision: number;
  readonly aqi: number | null;
  /** False: the station was of grade `reference`, for which no level stands. */
  readonly published: boolean;
  /** The level after this hour, as it was known before; undefined: the hour has just closed. */
  readonly known: VnLevel | null | undefined;
}

export type ConditionRow = Held<PollutionRowValue<'pollution.aqi-condition'>>;

/** The level after each hour, from the level before the first of them. `before`: indices of earlier hours by their start. */
export function levelsAfter(start: VnLevel | null, hours: readonly LevelHour[], before: ReadonlyMap<number, number | null>, rowAt: (atMs: number) => ConditionRow | null): Map<number, VnLevel | null> {
  const aqis = new Map([...before, ...hours.map((hour): [number, number | null] => [hour.hourMs, hour.aqi])]);
  const levels = new Map<number, VnLevel | null>();
  let level = start;
  for (const hour of hours) {
    const row = rowAt(hour.hourMs);
    if (row !== null) {
      const run = Array.from({ length: row.value.hours }, (_, index) => aqis.get(hour.hourMs - (row.value.hours - 1 - index) * hourMs) ?? null);
      level = conditionLevel(level, run, row.value);
    }
    if (!hour.published) level = null;
    levels.set(hour.hourMs, level);
  }
  return levels;
}

/** What was last told of a condition: as live, or for a replay as late. */
export interface Told {
  readonly active: boolean;
  readonly level: string;
  readonly observedAt: string;
  readonly value: number | null;
  readonly limit: number | null;
}

export interface LevelNews {
  readonly asset: string;
  readonly start: VnLevel | null;
  readonly hours: readonly LevelHour[];
  readonly levels: ReadonlyMap<number, VnLevel | null>;
  readonly told: Told | null;
  /** Whether an hour is so near the present that what stands at it is live. */
  readonly live: (hourMs: number) => boolean;
  readonly replay: boolean;
  readonly rowAt: (atMs: number) => ConditionRow | null;
}

/** Changes that are new: of older hours each transition that was not known, of the newest what now stands and was not told. */
export function levelFindings({ asset, start, hours, levels, told, live, replay, rowAt }: LevelNews): Finding[] {
  const findings: Finding[] = [];
  let before = start;
  let knownBefore: VnLevel | null = start;
  for (const [index, hour] of hours.entries()) {
    const level = levels.get(hour.hourMs)!;
    const isNewest = index === hours.length - 1;
    const wasKnown = hour.known !== undefined && hour.known === level && knownBefore === before;
    const row = rowAt(hour.hourMs);
    if (row !== null && isNewest && !replay && live(hour.hourMs)) {
      const toldLevel = told?.active === true ? told.level : null;
      if (toldLevel !== level) findings.push(levelFinding(asset, hour, toldLevel, level, row, false));
    } else if (row !== null && level !== before && !wasKnown) findings.push(levelFinding(asset, hour, before, level, row, true));
    before = level;
    knownBefore = hour.known ?? null;
  }
  return findings;
}

function levelFinding(asset: string, hour: LevelHour, from: string | null, to: VnLevel | null, row: ConditionRow, late: boolean): Finding {
  const named = to ?? from!;
  const above = row.value.levels.find(({ level }) => level === named)?.aboveIndex ?? null;
  return {
    conditionId: levelConditionId(asset),
    state: to === null ? 'clear' : 'active',
    level: named,
    observedAt: new Date(hour.hourMs).toISOString(),
    value: hour.aqi,
    limit: above === null ? null : to === null ? above - row.value.deadbandIndex : above,
    unit: 'index',
    limitRowId: row.rowId,
    ruleVersion: levelRuleVersion,
    causeId: causeOf(asset, new Date(hour.hourMs).toISOString(), hour.revision),
    late,
  };
}

/** One averaging period of one limit, as it is now and as it was known before. */
export interface LegalPeriod {
  /** `pm25-24h`. */
  readonly key: string;
  readonly startMs: number;
  readonly revision: number;
  /** Null: no mean, so nothing is said. */
  readonly ugM3: number | null;
  readonly exceedance: StoredExceedance | null;
  readonly before: StoredExceedance | null;
  /** Nothing newer of this averaging time was known. */
  readonly newest: boolean;
  /** So near the present that what stands in it is live. */
  readonly live: boolean;
  /** The limit that is kept; null: none in force. */
  readonly limit: { readonly ugM3: number; readonly rowId: string } | null;
}

/** One event for each averaging period: of the newest as the condition of now, of older ones as history. */
export function legalFinding(asset: string, period: LegalPeriod, told: Told | null, replay: boolean): Finding | null {
  const { exceedance, before, ugM3, limit } = period;
  const observedAt = new Date(period.startMs).toISOString();
  const common = { conditionId: legalConditionId(asset, period.key), level: 'exceeded', observedAt, unit: 'µg/m³', ruleVersion: legalRuleVersion, causeId: causeOf(asset, observedAt, period.revision) };
  if (period.newest && (period.live || replay)) {
    if (exceedance !== null) {
      const same = told !== null && told.active && told.observedAt === observedAt && told.value === exceedance.ugM3 && told.limit === exceedance.limitUgM3;
      return same ? null : { ...common, state: 'active', value: exceedance.ugM3, limit: exceedance.limitUgM3, limitRowId: exceedance.rowId, late: replay };
    }
    // Without a mean nothing is known, and silence is not a clear.
    if (told?.active !== true || ugM3 === null || limit === null) return null;
    return { ...common, state: 'clear', value: ugM3, limit: limit.ugM3, limitRowId: limit.rowId, late: replay };
  }
  if (exceedance !== null && (before === null || before.ugM3 !== exceedance.ugM3 || before.limitUgM3 !== exceedance.limitUgM3)) {
    return { ...common, state: 'active', value: exceedance.ugM3, limit: exceedance.limitUgM3, limitRowId: exceedance.rowId, late: true };
  }
  if (exceedance === null && before !== null) return { ...common, state: 'clear', value: ugM3, limit: before.limitUgM3, limitRowId: before.rowId, late: true };
  return null;
}

function causeOf(asset: string, at: string, revision: number): string {
  return `${asset}@${at}#${revision}`;
}
