/**
 * How well alarms serve operators: the figures of EEMUA 191 and IEC 62682, computed from the transitions alone.
 *
 * What operators live through (rate, flood, time to acknowledge) goes by our clock, what the condition does (chattering,
 * time to clear, stale) by event time. Exercises and findings about the past are left out. A figure of nothing is null,
 * "no data", and never 0.
 */
import { alarmPriorities, alarmTypeOf, type AlarmPriority, type AlarmRowValue, type LifeTransition } from '#contracts';
import { percentile } from '#rules';

export interface CountedTransition extends LifeTransition {
  /** The asset of the alarm and all that it lies in. */
  readonly path: readonly string[];
  /** Of a drill or a test. */
  readonly exercise: boolean;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface KpiScope extends Span {
  /** Assets whose subtrees count; empty: the whole city. */
  readonly areas: readonly string[];
  /** When the operator in question was on duty, ascending, without overlap; null: always. */
  readonly onDuty: readonly Span[] | null;
  /** How many share these alarms; 1 for one operator. */
  readonly operators: number;
}

export type KpiSettings = Omit<AlarmRowValue<'alarm.kpi'>, 'aims'>;

export interface Spread {
  readonly count: number;
  readonly p50S: number;
  readonly p95S: number;
}

export interface Kpis {
  /** Alarms that began to ask for attention: tripped, risen, or shown again unacknowledged. */
  readonly newAlarms: number | null;
  /** Per operator and `periodS`. */
  readonly rate: { readonly mean: number; readonly max: number } | null;
  readonly flood: { readonly share: number; readonly minutes: number } | null;
  /** Share of the periods with more than `floodAbove` new alarms per operator. */
  readonly badPeriodShare: number | null;
  readonly topTen: { readonly share: number; readonly types: readonly { readonly type: string; readonly count: number }[] } | null;
  /** Alarms with so many occurrences in so short a time, and how often. */
  readonly chattering: readonly { readonly alarmId: string; readonly count: number }[] | null;
  /** Occurrences that went by themselves within seconds, by alarm. */
  readonly fleeting: readonly { readonly alarmId: string; readonly count: number }[] | null;
  /** `now`: at the end of the period. */
  readonly stale: { readonly now: readonly string[]; readonly mostAtOnce: number } | null;
  readonly timeToAcknowledge: Readonly<Record<AlarmPriority, { readonly acknowledged: Spread | null; readonly notAcknowledged: number }>> | null;
  readonly timeToClear: Readonly<Record<string, Spread>> | null;
  readonly priorityMix: Readonly<Record<AlarmPriority, number>> | null;
  readonly shelved: Hidden | null;
  readonly outOfService: Hidden | null;
  /** `unauthorised`: suppressed without a relation, or removed without a permit, in the period. */
  readonly suppressed: { readonly now: number; readonly begun: number; readonly unauthorised: number } | null;
  /** 1 − alarms shown / trips. */
  readonly reduction: number | null;
}

export interface Hidden {
  /** At the end of the period. */
  readonly now: number;
  readonly overdue: number;
  readonly begun: number;
}

/**
 * `transitions`: of every alarm in the order of its numbers, and from so far back that the last 24 h and 10 min, every
 * flood and every alarm that stood at `fromMs` are whole; what lies after the period is left out here.
 */
export function kpis(transitions: readonly CountedTransition[], scope: KpiScope, settings: KpiSettings): Kpis {
  const known = transitions.filter((one) => !one.exercise && !one.late && recordedMs(one) < scope.toMs && (scope.areas.length === 0 || one.path.some((asset) => scope.areas.includes(asset))));
  const spans = onDuty(scope);
  const inScope = (one: LifeTransition): boolean => spans.some(({ fromMs, toMs }) => recordedMs(one) >= fromMs && recordedMs(one) < toMs);
  const within = known.filter(inScope);
  const byAlarm = [...grouped(known, ({ alarmId }) => alarmId).values()];
  const occurrences = byAlarm.flatMap(occurrencesOf);
  const allCalls = known.filter(calls);
  const news = within.filter(calls);
  const trips = within.filter(({ action }) => action === 'trip');
  const someTrips = trips.length > 0;
  const some = within.length > 0;
  return {
    newAlarms: some ? news.length : null,
    ...(some ? load(news, allCalls, spans, scope.operators, settings) : { rate: null, flood: null, badPeriodShare: null }),
    topTen: news.length > 0 ? topTen(news) : null,
    chattering: someTrips ? counted(occurrences.filter((one, at) => inScope(one.trip) && chatters(occurrences, at, settings)).map(({ trip }) => trip.alarmId)) : null,
    fleeting: someTrips ? counted(occurrences.filter((one) => inScope(one.trip) && fleets(one, settings)).map(({ trip }) => trip.alarmId)) : null,
    stale: some ? stale(occurrences, spans, scope, settings) : null,
    timeToAcknowledge: news.length > 0 ? timeToAcknowledge(byAlarm, inScope) : null,
    timeToClear: someTrips ? timeToClear(occurrences.filter(({ trip }) => inScope(trip))) : null,
    priorityMix: news.length > 0 ? perPriority((priority) => news.filter((one) => one.priority === priority).length / news.length) : null,
    shelved: some ? hidden(byAlarm, within, 'shelve', ['unshelve', 'shelf-ended'], scope.toMs) : null,
    outOfService: some ? hidden(byAlarm, within, 'remove', ['return'], scope.toMs) : null,
    suppressed: some ? suppressed(byAlarm, within) : null,
    reduction: someTrips ? 1 - trips.filter(calls).length / trips.length : null,
  };
}

const recordedMs = ({ recordedAt }: LifeTransition): number => Date.parse(recordedAt);
const eventMs = ({ at }: LifeTransition): number => Date.parse(at);
const calls = ({ from, to }: LifeTransition): boolean => to === 'UNACK_ACTIVE' && from !== 'UNACK_ACTIVE';
const perPriority = <T>(of: (priority: AlarmPriority) => T) => Object.fromEntries(alarmPriorities.map((priority) => [priority, of(priority)])) as Record<AlarmPriority, T>;

function grouped<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}

function onDuty({ fromMs, toMs, onDuty: duty }: KpiScope): Span[] {
  return (duty ?? [{ fromMs, toMs }]).map((span) => ({ fromMs: Math.max(span.fromMs, fromMs), toMs: Math.min(span.toMs, toMs) })).filter((span) => span.fromMs < span.toMs);
}

function load(news: readonly LifeTransition[], allCalls: readonly LifeTransition[], spans: readonly Span[], operators: number, settings: KpiSettings) {
  const periodMs = settings.periodS * 1_000;
  const times = news.map(recordedMs).sort((a, b) => a - b);
  // Periods begin with the duty; the last one of a duty may be shorter.
  const counts = spans.flatMap(({ fromMs, toMs }) => {
    const periods = new Array<number>(Math.ceil((toMs - fromMs) / periodMs)).fill(0);
    for (const ms of times) if (ms >= fromMs && ms < toMs) periods[Math.floor((ms - fromMs) / periodMs)]! += 1;
    return periods.map((count) => count / operators);
  });
  const dutyMs = lengthMs(spans);
  const floodMs = lengthMs(floods(allCalls.map(recordedMs), operators, settings).flatMap((flood) => spans.map((span) => common(flood, span))));
  return {
    rate: { mean: times.length / operators / (dutyMs / periodMs), max: counts.reduce((a, b) => Math.max(a, b), 0) },
    flood: { share: floodMs / dutyMs, minutes: floodMs / 60_000 },
    badPeriodShare: counts.filter((count) => count > settings.floodAbove).length / counts.length,
  };
}

const lengthMs = (spans: readonly Span[]): number => spans.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, toMs - fromMs), 0);
const common = (a: Span, b: Span): Span => ({ fromMs: Math.max(a.fromMs, b.fromMs), toMs: Math.min(a.toMs, b.toMs) });

/**
 * A flood begins once more than `floodAbove` alarms per operator are new in the last `periodS`, and ends once fewer than
 * `floodEndsBelow` are. `timesMs`: in any order. The last span ends by what is known, as if nothing came after.
 */
export function floods(timesMs: readonly number[], operators: number, { periodS, floodAbove, floodEndsBelow }: Pick<KpiSettings, 'periodS' | 'floodAbove' | 'floodEndsBelow'>): Span[] {
  const steps = timesMs.flatMap((ms): [number, number][] => [[ms, 1], [ms + periodS * 1_000, -1]]).sort((a, b) => a[0] - b[0]);
  const found: Span[] = [];
  let count = 0;
  let sinceMs: number | null = null;
  for (const [at, [ms, change]] of steps.entries()) {
    count += change;
    // Judged once all of this moment is counted.
    if (steps[at + 1]?.[0] === ms) continue;
    if (sinceMs === null && count > floodAbove * operators) sinceMs = ms;
    else if (sinceMs !== null && count < floodEndsBelow * operators) {
      found.push({ fromMs: sinceMs, toMs: ms });
      sinceMs = null;
    }
  }
  return found;
}

function topTen(news: readonly LifeTransition[]) {
  const types = [...grouped(news, ({ alarmId }) => alarmTypeOf(alarmId))].map(([type, { length: count }]) => ({ type, count })).sort((a, b) => b.count - a.count || (a.type < b.type ? -1 : 1)).slice(0, 10);
  return { share: types.reduce((sum, { count }) => sum + count, 0) / news.length, types };
}

/** One coming of a condition: from the trip to the clear, shown or hidden. */
interface Occurrence {
  readonly trip: LifeTransition;
  /** Null: it is there still. */
  readonly clear: LifeTransition | null;
  /** Whether a person did anything in between. */
  readonly touched: boolean;
}

function occurrencesOf(ofAlarm: readonly LifeTransition[]): Occurrence[] {
  return [...grouped(ofAlarm, ({ occurrence }) => occurrence).values()].flatMap((events) => {
    const trip = events.find(({ action }) => action === 'trip');
    if (trip === undefined) return [];
    const clear = events.find(({ action }) => action === 'clear') ?? null;
    return [{ trip, clear, touched: events.some(({ by, seq }) => by !== 'system' && seq > trip.seq && (clear === null || seq < clear.seq)) }];
  });
}

/** Whether this occurrence is the one that makes it too many. `occurrences`: of one alarm stand together, in order. */
function chatters(occurrences: readonly Occurrence[], at: number, { chatteringOccurrences, chatteringWithinS }: KpiSettings): boolean {
  const first = occurrences[at - chatteringOccurrences + 1]?.trip;
  const last = occurrences[at]!.trip;
  return first !== undefined && first.alarmId === last.alarmId && eventMs(last) - eventMs(first) <= chatteringWithinS * 1_000;
}

function fleets({ trip, clear, touched }: Occurrence, { fleetingWithinS }: KpiSettings): boolean {
  return clear !== null && !touched && eventMs(clear) - eventMs(trip) <= fleetingWithinS * 1_000;
}

function counted(alarmIds: readonly string[]) {
  return [...grouped(alarmIds, (alarmId) => alarmId)].map(([alarmId, { length: count }]) => ({ alarmId, count })).sort((a, b) => b.count - a.count || (a.alarmId < b.alarmId ? -1 : 1));
}

function stale(occurrences: readonly Occurrence[], spans: readonly Span[], { toMs }: KpiScope, { staleAfterS }: KpiSettings) {
  const standing = occurrences.map(({ trip, clear }) => ({ alarmId: trip.alarmId, fromMs: eventMs(trip) + staleAfterS * 1_000, toMs: clear === null ? Number.POSITIVE_INFINITY : eventMs(clear) })).filter((one) => one.fromMs < Math.min(one.toMs, toMs));
  const parts = spans.flatMap((span) => standing.map((one) => common(one, span)).filter((part) => part.fromMs < part.toMs));
  // The most stand at once at the moment when one of them becomes stale, or the duty begins.
  const mostAtOnce = parts.reduce((most, { fromMs: ms }) => Math.max(most, parts.filter((part) => part.fromMs <= ms && ms < part.toMs).length), 0);
  return { now: [...new Set(standing.filter((one) => one.toMs >= toMs).map(({ alarmId }) => alarmId))].sort(), mostAtOnce };
}

/** From the moment when an alarm asks for attention; one that is put away, or asks anew, was not acknowledged. */
function timeToAcknowledge(byAlarm: readonly (readonly LifeTransition[])[], inScope: (one: LifeTransition) => boolean) {
  const asked = byAlarm.flatMap((ofAlarm) => ofAlarm.flatMap((call, at) => {
    if (!calls(call) || !inScope(call)) return [];
    const answer = ofAlarm.slice(at + 1).find((one) => one.action === 'ack' || one.action === 'trip' || !['UNACK_ACTIVE', 'RTN_UNACK', 'LATCHED_UNACK'].includes(one.to));
    return [{ priority: call.priority, seconds: answer?.action === 'ack' ? (recordedMs(answer) - recordedMs(call)) / 1_000 : null }];
  }));
  return perPriority((priority) => {
    const seconds = asked.filter((one) => one.priority === priority).map((one) => one.seconds);
    return { acknowledged: spread(seconds.filter((one) => one !== null)), notAcknowledged: seconds.filter((one) => one === null).length };
  });
}

function timeToClear(occurrences: readonly Occurrence[]): Record<string, Spread> {
  const byType = grouped(occurrences.filter(({ clear }) => clear !== null), ({ trip }) => alarmTypeOf(trip.alarmId));
  return Object.fromEntries([...byType].map(([type, ofType]) => [type, spread(ofType.map(({ trip, clear }) => (eventMs(clear!) - eventMs(trip)) / 1_000))!]));
}

function spread(seconds: readonly number[]): Spread | null {
  return seconds.length === 0 ? null : { count: seconds.length, p50S: percentile(seconds, 0.5)!, p95S: percentile(seconds, 0.95)! };
}

function hidden(byAlarm: readonly (readonly LifeTransition[])[], within: readonly LifeTransition[], begins: LifeTransition['action'], ends: readonly LifeTransition['action'][], toMs: number): Hidden {
  const last = byAlarm.map((ofAlarm) => ofAlarm.findLast(({ action }) => action === begins || ends.includes(action))).filter((one) => one?.action === begins);
  return { now: last.length, overdue: last.filter((one) => Date.parse(one!.until!) < toMs).length, begun: within.filter(({ action }) => action === begins).length };
}

function suppressed(byAlarm: readonly (readonly LifeTransition[])[], within: readonly LifeTransition[]) {
  const now = byAlarm.filter((ofAlarm) => {
    const relations = new Set<string>();
    for (const { action, warrant } of ofAlarm) {
      if (action === 'suppress') relations.add(warrant ?? '');
      if (action === 'release') relations.delete(warrant ?? '');
    }
    return relations.size > 0;
  }).length;
  const begun = within.filter(({ action }) => action === 'suppress');
  const unauthorised = within.filter(({ action, warrant }) => (action === 'suppress' || action === 'remove') && (warrant ?? '').trim() === '').length;
  return { now, begun: begun.length, unauthorised };
}
