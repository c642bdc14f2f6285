/**
 * Closes hours and days of stations, and computes them again after late or corrected readings (decision 27).
 *
 * An hour closes on a later reading of its station, or at its end plus a grace: that is revision 1. Each time its outcome
 * changes afterwards it gets the next revision, and what it was is kept. Everything that an hour leads to (results, flags,
 * days, conditions and their announcements) is in one transaction with the removal of the notes that asked for it, so a
 * process may be killed at any moment. Any one process does it, under a lock.
 */
import { type PollutionFlag, pollutionFlagBits, type PollutionRowKind, type PollutionRows, type VnLevel } from '#contracts';
import { announcementOf } from '#domain';
import { localDate, localDay } from '#rules';
import { announce, type Database, type Log, type Transaction } from '#timeseries';
import { isDeepStrictEqual } from 'node:util';
import { saveFindings, toldOf } from './condition-tables.js';
import { dayResult, type DayResult } from './day.js';
import { hourResult, type HourResult, windowHours } from './hour.js';
import { datedRows, newestHourMs, removeNotes, saveConditionLevels, saveDays, saveFlags, saveHours, type StaleNote, staleNotes, stationReadings, storedDays, type StoredDay, storedHours, type StoredHour } from './hour-tables.js';
import { hourMeans, type HourMeans } from './hour-means.js';
import { inForce } from './in-force.js';
import { flagsOf, flatlineReachMs, type StationReading, type ValueFlag } from './quality.js';
import { applyRows } from './row-changes.js';
import { hourMs, noteStale, startOfHour } from './stale-hours.js';
import { type Finding, legalConditionId, legalFinding, levelConditionId, levelFindings, levelsAfter, type LevelHour } from './station-conditions.js';
import { schema } from './tables.js';

export interface HoursContext {
  readonly db: Database;
  /** Of the station, by IANA name. */
  readonly zoneOf: (asset: string) => string;
  readonly topicRoot: string;
  readonly log: Log;
}

export interface HoursResult {
  readonly hours: number;
  readonly days: number;
  readonly announced: number;
}

const notesMax = 100_000;
/** Of one transaction: what lies further apart waits for the next. */
const spanMs = 240 * hourMs;
/** A backlog comes in pieces: what is past its grace waits until nothing has come for so long. */
const settleMs = 5_000;

const endOfTimeMs = Date.UTC(2200, 0, 1);

/** Computes whatever has closed or become stale. `nowMs` decides about graces; 0 hours also when another process is at it. */
export async function closeHours(context: HoursContext, nowMs: number): Promise<HoursResult> {
  const total = { hours: 0, days: 0, announced: 0 };
  const rows = await inTurn(context, async (transaction, now) => {
    await applyRows(transaction, now);
    return now;
  });
  if (rows === null) return total;
  for (let progress = true; progress; ) {
    progress = false;
    const ripe = (await staleNotes(context.db, notesMax)).filter((note) => hasClosed(note, rows, nowMs));
    for (const notes of grouped(ripe, ({ asset }) => asset).values()) {
      const first = notes.filter((note) => note.hourMs < notes[0]!.hourMs + spanMs);
      const result = await inTurn(context, (transaction, now) => computeStation({ ...context, rows: now }, transaction, first, nowMs));
      if (result === null) return total;
      total.hours += result.hours;
      total.days += result.days;
      total.announced += result.announced;
      progress = true;
    }
  }
  return total;
}

/** With the rows of the database itself: of two processes one may know of a changed row before the other. */
async function inTurn<T>({ db }: HoursContext, work: (transaction: Transaction, rows: PollutionRows) => Promise<T>): Promise<T | null> {
  return db.transaction(async (transaction) => {
    const [lock] = await transaction.query('select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as held', [`hours:${schema}`]);
    return lock!['held'] === true ? work(transaction, await datedRows(transaction)) : null;
  });
}

interface StationContext extends HoursContext {
  readonly rows: PollutionRows;
}

/** By a later reading, or by the clock. A replay has no clock: its hours wait for the grace after they were noted. */
function hasClosed({ hourMs: startMs, computed, latestAtMs, notedAtMs, replay }: StaleNote, rows: PollutionRows, nowMs: number): boolean {
  const endMs = startMs + hourMs;
  if (computed || (latestAtMs !== null && latestAtMs >= endMs)) return true;
  const graceMs = graceOf(rows, startMs);
  const sinceNoteMs = nowMs - notedAtMs;
  return replay ? sinceNoteMs >= graceMs : nowMs >= endMs + graceMs && (sinceNoteMs >= settleMs || sinceNoteMs < 0);
}

function graceOf(rows: PollutionRows, atMs: number): number {
  return (inForce(rows, 'pollution.hour-close', '', atMs)?.value.graceS ?? 600) * 1000;
}

/** One station in one transaction: `notes` are of hours that have closed. */
async function computeStation(context: StationContext, transaction: Transaction, notes: readonly StaleNote[], nowMs: number): Promise<HoursResult> {
  const { asset } = notes[0]!;
  const { rows } = context;
  const replay = notes.some((note) => note.replay);
  const stale = new Set(notes.map((note) => note.hourMs));
  const firstMs = Math.min(...stale);
  const lastMs = Math.max(...stale);
  const reachMs = Math.ceil(flatlineReachMs(rows, firstMs) / hourMs) * hourMs;
  const endMs = lastMs + reachMs + windowHours * hourMs;
  const newestBefore = await newestHourMs(transaction, asset);
  const stored = new Map((await storedHours(transaction, asset, firstMs - windowHours * hourMs, endMs)).map((hour) => [hour.hourMs, hour]));
  const isWithin = (atMs: number, aheadMs: number): boolean => [...stale].some((noted) => atMs >= noted && atMs < noted + aheadMs);
  /** Hours whose readings are judged again, since a flatline reaches into them, and hours whose window holds one of these. */
  const judged = [...new Set([...stale, ...[...stored.keys()].filter((atMs) => isWithin(atMs, reachMs + hourMs))])].sort((a, b) => a - b);
  const affected = [...new Set([...judged, ...[...stored.keys()].filter((atMs) => isWithin(atMs, reachMs + windowHours * hourMs))])].sort((a, b) => a - b);

  const fresh = await judgeHours(context, transaction, asset, judged, stored);
  const meansAt = (atMs: number): HourMeans | null => fresh.get(atMs)?.means ?? stored.get(atMs)?.result.means ?? null;
  const changed: (StoredHour & { readonly before: StoredHour | undefined })[] = [];
  for (const atMs of affected) {
    const before = stored.get(atMs);
    const { flags, excludedFlags, rowIds } = fresh.get(atMs) ?? { ...before!.result, rowIds: before!.result.rowIds.filter(isOfMeans) };
    const means = Array.from({ length: windowHours }, (_, age) => meansAt(atMs - age * hourMs));
    const result = plain(hourResult({ station: asset, hourMs: atMs, means, flags, excludedFlags, rowIds }, rows));
    if (before !== undefined && isDeepStrictEqual(before.result, result)) continue;
    changed.push({ hourMs: atMs, revision: (before?.revision ?? 0) + 1, conditionLevel: before?.conditionLevel ?? null, result, before });
  }
  await saveHours(transaction, asset, changed);

  const liveFrom = (afterEndMs: number, startMs: number): boolean => afterEndMs + hourMs + graceOf(rows, startMs) >= nowMs;
  const days = await computeDays(context, transaction, asset, affected);
  const findings = [
    ...(await levels(context, transaction, asset, changed, { replay, live: (atMs) => liveFrom(atMs + hourMs, atMs) })),
    ...(await legal(context, transaction, asset, { hours: changed, days, newestBefore, replay, live: liveFrom })),
  ];
  const conditions = await saveFindings(transaction, asset, findings, replay);
  if (conditions.length > 0) await announce(transaction, schema, conditions.map((condition) => announcementOf(condition, context.topicRoot)));
  // In the order of time, as rounds note their hours: neither then waits for the other in a circle.
  await removeNotes(transaction, notes);
  await noteFollowing(context, transaction, asset, affected, meansAt, replay);
  return { hours: changed.length, days: days.length, announced: conditions.length };
}

/** JSON and back: as the database will give it. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

interface JudgedHour {
  readonly means: HourMeans;
  readonly flags: Readonly<Record<string, number>>;
  readonly excludedFlags: readonly PollutionFlag[];
  readonly rowIds: readonly string[];
}

const kindsOfMeans: readonly PollutionRowKind[] = ['pollution.range', 'pollution.flatline', 'pollution.gap', 'pollution.excluded-flags'];

/** Rows that the means of an hour rest on, told by their ids, which begin with their kind. */
function isOfMeans(rowId: string): boolean {
  return rowId.startsWith('pollution.completeness.hour.') || kindsOfMeans.some((kind) => rowId.startsWith(`${kind}.`));
}

/** Flags and means of these hours from their readings. An hour whose readings are gone by retention keeps what it had. */
async function judgeHours({ rows }: StationContext, transaction: Transaction, asset: string, hours: readonly number[], stored: ReadonlyMap<number, StoredHour>): Promise<Map<number, JudgedHour>> {
  const fromMs = hours[0]!;
  const toMs = hours.at(-1)! + hourMs;
  const readings = await stationReadings(transaction, asset, fromMs - flatlineReachMs(rows, fromMs), toMs);
  const flags = flagsOf(readings, rows, fromMs);
  await saveFlags(transaction, asset, fromMs, toMs, flags);
  const readingsByHour = grouped(readings, ({ observedAtMs }) => startOfHour(observedAtMs));
  const flagsByHour = grouped(flags, ({ observedAtMs }) => startOfHour(observedAtMs));
  const judged = new Map<number, JudgedHour>();
  for (const atMs of hours) {
    const ofHour = readingsByHour.get(atMs) ?? [];
    const had = stored.get(atMs)?.result.means ?? {};
    if (ofHour.length === 0 && Object.keys(had).length > 0) continue;
    judged.set(atMs, judgeHour(ofHour, flagsByHour.get(atMs) ?? [], atMs, rows));
  }
  return judged;
}

function judgeHour(readings: readonly StationReading[], flags: readonly ValueFlag[], atMs: number, rows: PollutionRows): JudgedHour {
  const complete = inForce(rows, 'pollution.completeness', 'hour', atMs);
  const excluded = inForce(rows, 'pollution.excluded-flags', '', atMs);
  const excludedFlags = excluded?.value ?? [];
  const counts: Record<string, number> = {};
  for (const { flag } of flags) counts[flag] = (counts[flag] ?? 0) + 1;
  for (const reading of readings) {
    for (const [flag, bit] of Object.entries(pollutionFlagBits)) if ((reading.flags & bit) !== 0) counts[flag] = (counts[flag] ?? 0) + 1;
  }
  return {
    means: complete === null ? {} : hourMeans(readings, flags, atMs, complete.value, excludedFlags),
    flags: counts,
    excludedFlags,
    rowIds: [...(complete === null ? [] : [complete.rowId]), ...(excluded === null ? [] : [excluded.rowId]), ...new Set(flags.map(({ rowId }) => rowId))],
  };
}

interface ComputedDay extends StoredDay {
  readonly startMs: number;
  readonly endMs: number;
  readonly before: DayResult | undefined;
  readonly newest: boolean;
}

/** Days whose hours have all closed and that hold an affected hour, or whose first eight-hour means do. */
async function computeDays({ rows, zoneOf }: StationContext, transaction: Transaction, asset: string, affected: readonly number[]): Promise<ComputedDay[]> {
  const zone = zoneOf(asset);
  const newest = (await newestHourMs(transaction, asset))!;
  const dates = new Map<string, { startMs: number; endMs: number }>();
  for (const atMs of affected) for (const touched of [atMs, atMs + 7 * hourMs]) dates.set(localDate(zone, touched), localDay(zone, touched));
  const closed = [...dates].filter(([, { endMs }]) => newest >= endMs - hourMs).sort(([a], [b]) => (a < b ? -1 : 1));
  if (closed.length === 0) return [];
  const stored = new Map((await storedDays(transaction, asset, closed.map(([day]) => day))).map((one) => [one.day, one]));
  const hours = new Map((await storedHours(transaction, asset, closed[0]![1].startMs - 7 * hourMs, closed.at(-1)![1].endMs)).map((hour) => [hour.hourMs, hour.result.means]));
  const between = (fromMs: number, toMs: number): (HourMeans | null)[] => Array.from({ length: Math.round((toMs - fromMs) / hourMs) }, (_, index) => hours.get(fromMs + index * hourMs) ?? null);
  const changed: ComputedDay[] = [];
  for (const [day, { startMs, endMs }] of closed) {
    const before = stored.get(day);
    const result = plain(dayResult({ station: asset, startMs, hours: between(startMs, endMs), before: between(startMs - 7 * hourMs, startMs) }, rows));
    // A day of which no hour was ever there is no day of this station.
    if (before === undefined && between(startMs, endMs).every((means) => means === null)) continue;
    if (before !== undefined && isDeepStrictEqual(before.result, result)) continue;
    const nextEndMs = localDay(zone, endMs).endMs;
    changed.push({ day, startMs, endMs, revision: (before?.revision ?? 0) + 1, result, before: before?.result, newest: newest < nextEndMs - hourMs });
  }
  await saveDays(transaction, asset, changed);
  return changed;
}

interface Presence {
  readonly replay: boolean;
  readonly live: (hourMs: number) => boolean;
}

/** The health condition, followed anew from the first changed hour to the newest. */
async function levels({ rows }: StationContext, transaction: Transaction, asset: string, changed: readonly StoredHour[], { replay, live }: Presence): Promise<Finding[]> {
  if (changed.length === 0) return [];
  const firstMs = changed[0]!.hourMs;
  const all = await storedHours(transaction, asset, firstMs - windowHours * hourMs, endOfTimeMs);
  const isNew = new Map(changed.map((hour) => [hour.hourMs, hour.revision === 1]));
  const earlier = all.filter((hour) => hour.hourMs < firstMs);
  const hours = all.filter((hour) => hour.hourMs >= firstMs).map(({ hourMs: atMs, revision, result, conditionLevel }): LevelHour => ({ hourMs: atMs, revision, aqi: result.vnAqi?.aqi ?? null, published: result.vnAqi !== null, known: isNew.get(atMs) === true ? undefined : conditionLevel }));
  const rowAt = (atMs: number) => inForce(rows, 'pollution.aqi-condition', '', atMs);
  const start: VnLevel | null = earlier.at(-1)?.conditionLevel ?? null;
  const after = levelsAfter(start, hours, new Map(earlier.map((hour) => [hour.hourMs, hour.result.vnAqi?.aqi ?? null])), rowAt);
  await saveConditionLevels(transaction, asset, new Map(hours.filter((hour) => hour.known === undefined || hour.known !== after.get(hour.hourMs)).map((hour) => [hour.hourMs, after.get(hour.hourMs)!])));
  const told = (await toldOf(transaction, [levelConditionId(asset)], replay)).get(levelConditionId(asset)) ?? null;
  return levelFindings({ asset, start, hours, levels: after, told, live, replay, rowAt });
}

interface LegalNews {
  readonly hours: readonly (StoredHour & { readonly before: StoredHour | undefined })[];
  readonly days: readonly ComputedDay[];
  readonly newestBefore: number | null;
  readonly replay: boolean;
  /** Whether a period that ended then and began then is near the present. */
  readonly live: (endMs: number, startMs: number) => boolean;
}

/** In order of time, each averaging time for itself; what was told is remembered from one period to the next. */
async function legal({ rows }: StationContext, transaction: Transaction, asset: string, { hours, days, newestBefore, replay, live }: LegalNews): Promise<Finding[]> {
  const periods = [
    ...hours.flatMap((hour) => (['1h', '8h'] as const).map((averaging) => {
      const back = averaging === '1h' ? 0 : 7 * hourMs;
      const mean = (pollutant: string): number | null => (averaging === '1h' ? hour.result.means[pollutant as 'pm25']?.ugM3 : hour.result.eightHours[pollutant as 'pm25']?.ugM3) ?? null;
      return { averaging, startMs: hour.hourMs - back, endMs: hour.hourMs + hourMs, revision: hour.revision, mean, result: hour.result as HourResult | DayResult, before: hour.before?.result as HourResult | DayResult | undefined, newest: newestBefore === null || hour.hourMs >= newestBefore };
    })),
    ...days.map((day) => ({ averaging: '24h' as const, startMs: day.startMs, endMs: day.endMs, revision: day.revision, mean: (pollutant: string): number | null => day.result.means[pollutant as 'pm25']?.ugM3 ?? null, result: day.result as HourResult | DayResult, before: day.before as HourResult | DayResult | undefined, newest: day.newest || replay })),
  ];
  const keys = [...new Set(rows('pollution.limit').map(({ key }) => key))];
  const told = await toldOf(transaction, keys.map((key) => legalConditionId(asset, key)), replay);
  const findings: Finding[] = [];
  for (const { averaging, startMs, endMs, revision, mean, result, before, newest } of periods) {
    for (const key of keys) {
      if (!key.endsWith(`-${averaging}`)) continue;
      const limit = inForce(rows, 'pollution.limit', key, startMs);
      const of = (from: HourResult | DayResult | undefined) => from?.exceedances.find((one) => one.key === key) ?? null;
      // A station that has lost its grade says nothing more of the law but that the condition is over.
      if (result.grade !== 'regulatory' && of(before) === null && told.get(legalConditionId(asset, key))?.active !== true) continue;
      const finding = legalFinding(asset, {
        key, startMs, revision, ugM3: mean(key.slice(0, key.lastIndexOf('-'))), exceedance: of(result), before: of(before), newest, live: live(endMs, startMs),
        limit: limit === null ? null : { ugM3: limit.value, rowId: limit.rowId },
      }, told.get(legalConditionId(asset, key)) ?? null, replay);
      if (finding === null) continue;
      findings.push(finding);
      if (finding.late === replay) told.set(finding.conditionId, { active: finding.state === 'active', level: finding.level, observedAt: finding.observedAt, value: finding.value, limit: finding.limit });
    }
  }
  return findings;
}

/**
 * Hours that must close although nothing may come any more: the one after, while its NowCast could still stand on the
 * hours before, and the last of the day, with which the day closes.
 */
async function noteFollowing({ zoneOf }: HoursContext, transaction: Transaction, asset: string, affected: readonly number[], meansAt: (atMs: number) => HourMeans | null, replay: boolean): Promise<void> {
  const has = (atMs: number): boolean => Object.keys(meansAt(atMs) ?? {}).length > 0;
  const following = affected.filter((atMs) => has(atMs) || has(atMs - hourMs)).flatMap((atMs) => [atMs + hourMs, localDay(zoneOf(asset), atMs).endMs - hourMs]);
  const wanted = [...new Set(following)];
  if (wanted.length === 0) return;
  const known = new Set((await storedHours(transaction, asset, Math.min(...wanted), Math.max(...wanted) + 1)).map((hour) => hour.hourMs));
  const missing = wanted.filter((atMs) => !known.has(atMs));
  if (missing.length > 0) await noteStale(transaction, missing.map((atMs) => ({ asset, hourMs: atMs, replay })), true);
}

function grouped<V, K>(values: readonly V[], keyOf: (value: V) => K): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}
