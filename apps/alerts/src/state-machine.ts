/**
 * The states of an alarm and every way between them, after ISA-18.2 / IEC 62682: what an event does now, or why not.
 *
 * Hiding (shelf, suppression, out of service) lies over the live state, which goes on underneath: whatever ends the hiding
 * shows what is true then. Delays and ends that have passed count first, with their own time, however late the clock that
 * should have told them: an event finds the alarm as it truly stands.
 */
import { alarmPriorities, type AlarmLife, type AlarmPriority, type Condition, type LifeTransition, type LiveState } from '#contracts';
import type { Role } from '#service';
import { evolve } from './alarm-log.js';
import type { Refusal } from './refusals.js';

export type PersonAction = 'ack' | 'reset' | 'shelve' | 'unshelve' | 'suppress' | 'release' | 'remove' | 'return' | 'assign' | 'comment';

export interface Person {
  readonly name: string;
  readonly role: Role;
  /** Whether the asset of the alarm lies in the areas of this person. */
  readonly inArea: boolean;
}

export type AlarmEvent =
  | { readonly kind: 'condition'; readonly condition: Omit<Condition, 'conditionId'> }
  /** Nothing but time has passed. */
  | { readonly kind: 'due' }
  | { readonly kind: 'ack'; readonly by: Person; readonly comment: string }
  | { readonly kind: 'reset'; readonly by: Person; readonly comment: string }
  | { readonly kind: 'shelve'; readonly by: Person; readonly reason: string; readonly until: string }
  | { readonly kind: 'unshelve'; readonly by: Person; readonly comment: string }
  /** `by` null: the configured logic itself. `causeAlarmId`: the alarm under which this one is counted. */
  | { readonly kind: 'suppress'; readonly by: Person | null; readonly relation: string; readonly causeAlarmId: string | null; readonly reason: string }
  | { readonly kind: 'release'; readonly by: Person | null; readonly relation: string; readonly reason: string }
  | { readonly kind: 'remove'; readonly by: Person; readonly second: Person | null; readonly permit: string; readonly reason: string; readonly until: string }
  | { readonly kind: 'return'; readonly by: Person; readonly comment: string }
  | { readonly kind: 'assign'; readonly by: Person; readonly to: string; readonly comment: string }
  | { readonly kind: 'comment'; readonly by: Person; readonly comment: string };

/** The settings in force for the type of this alarm. */
export interface AlarmRules {
  /** Id of the dated row that they stand in; each transition keeps it. */
  readonly masterRowId: string;
  /** Where a level names none of its own. */
  readonly priority: AlarmPriority;
  readonly priorityByLevel: Readonly<Record<string, AlarmPriority>>;
  readonly onDelayS: number;
  readonly offDelayS: number;
  readonly latching: boolean;
  /** A shelf that begins less than `restS` after the last one ended runs on from it. */
  readonly shelving: { readonly longestS: number; readonly runningMax: number; readonly restS: number; readonly never: readonly AlarmPriority[] };
  readonly outOfService: { readonly longestS: number; readonly secondPersonFor: readonly AlarmPriority[] };
  /** The least role that may do this to an alarm of this priority. */
  readonly leastRole: Readonly<Record<PersonAction, Readonly<Record<AlarmPriority, Role>>>>;
}

export interface Stepped {
  readonly alarm: AlarmLife;
  readonly transitions: readonly LifeTransition[];
}
export interface Refused {
  readonly refused: Refusal;
}

/** A refused event changes nothing at all. `now`: our clock, RFC 3339. */
export function step(alarm: AlarmLife, event: AlarmEvent, now: string, rules: AlarmRules): Stepped | Refused {
  const settled = settle(alarm, now, rules);
  if (event.kind === 'due') return settled;
  const facts = event.kind === 'condition' ? told(settled.alarm, event.condition, now, rules) : done(settled.alarm, event, now, rules);
  if (typeof facts === 'string') return { refused: facts };
  const after = follow(settled, facts, now, rules);
  return breaksShelf(after.alarm, rules) ? follow(after, [{ action: 'unshelve', at: now, by: 'system', reason: 'priority-never-shelved' }], now, rules) : after;
}

/** When `due` has something to do next; null: never, as things stand. */
export function nextDueAt({ pending, shelf, outOfService }: Pick<AlarmLife, 'pending' | 'shelf' | 'outOfService'>): string | null {
  const ends = [pending?.dueAt, shelf?.until, outOfService === null || outOfService.overdue ? undefined : outOfService.until].filter((end) => end !== undefined);
  return ends.sort((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null;
}

/** What an event comes to: a transition without what follows from the alarm itself. */
interface Fact extends Partial<Omit<LifeTransition, 'alarmId' | 'seq' | 'from' | 'to' | 'liveFrom' | 'recordedAt' | 'masterRowId'>> {
  readonly action: LifeTransition['action'];
  readonly at: string;
  readonly by: string;
  readonly reason: string;
}

function follow(before: Stepped, facts: readonly Fact[], now: string, { masterRowId }: AlarmRules): Stepped {
  let { alarm } = before;
  const transitions = [...before.transitions];
  for (const fact of facts) {
    const { alarmId, occurrence, seq, state, live, quality, priority, pending } = alarm;
    const transition: LifeTransition = {
      occurrence, from: state, to: state, liveFrom: live, liveTo: live, quality, priority, pending, late: false, condition: null,
      until: null, warrant: null, causeAlarmId: null, shelvesRunning: null, otherPerson: null, ...fact, alarmId, seq: seq + 1, recordedAt: now, masterRowId,
    };
    alarm = evolve(alarm, transition);
    transitions.push({ ...transition, to: alarm.state });
  }
  return { alarm, transitions };
}

/** Everything whose time has come, in the order of those times. */
function settle(alarm: AlarmLife, now: string, rules: AlarmRules): Stepped {
  let settled: Stepped = { alarm, transitions: [] };
  for (let at = nextDueAt(alarm); at !== null && Date.parse(at) <= Date.parse(now); at = nextDueAt(settled.alarm)) {
    settled = follow(settled, [dueFact(settled.alarm, at, rules)], now, rules);
    if (breaksShelf(settled.alarm, rules)) settled = follow(settled, [{ action: 'unshelve', at, by: 'system', reason: 'priority-never-shelved' }], now, rules);
  }
  return settled;
}

function dueFact({ live, pending, shelf, occurrence, outOfService }: AlarmLife, at: string, rules: AlarmRules): Fact {
  const common = { at, by: 'system' };
  if (pending?.dueAt === at) {
    if (pending.to === 'clear') return { ...common, action: 'clear', reason: 'off-delay-over', liveTo: cleared(live, rules), pending: null };
    return { ...common, action: 'trip', reason: 'on-delay-over', liveTo: 'UNACK_ACTIVE', occurrence: occurrence + 1, priority: priorityOf(rules, pending.level), pending: null };
  }
  if (shelf?.until === at) return { ...common, action: 'shelf-ended', reason: 'shelf-over' };
  return { ...common, action: 'overdue', reason: 'not-returned', until: outOfService!.until, warrant: outOfService!.permit };
}

/** What the domain says of the condition. */
function told(alarm: AlarmLife, said: Omit<Condition, 'conditionId'>, now: string, rules: AlarmRules): Fact[] {
  const { live, pending, occurrence } = alarm;
  const { observedAt, late, ...condition } = said;
  const fact = { at: observedAt, by: 'system', reason: `condition-${said.state}`, condition };
  // Placed by its own time, and seen by nobody as something of now.
  if (late) return [{ ...fact, action: 'late', late }];
  // Silence is no clear, and no holding either: a delay that was running begins anew with the next good word.
  if (said.state === 'bad') return [{ ...fact, action: 'input-lost', quality: 'bad', pending: null }];
  const heard = { ...fact, quality: 'good' as const, pending: null };
  const held = (to: 'active' | 'clear', delayS: number) => ({
    to, level: said.level, ...(pending?.to === to ? { observedAt: pending.observedAt, sinceAt: pending.sinceAt, dueAt: pending.dueAt } : { observedAt, sinceAt: now, dueAt: new Date(Date.parse(now) + delayS * 1_000).toISOString() }),
  });
  const priority = priorityOf(rules, said.level);
  if (said.state === 'active' && !present(live)) {
    if (rules.onDelayS > 0) return [{ ...heard, action: 'update', pending: held('active', rules.onDelayS) }];
    return [{ ...heard, action: 'trip', liveTo: 'UNACK_ACTIVE', occurrence: occurrence + 1, priority }];
  }
  if (said.state === 'active') {
    const rises = live === 'ACK_ACTIVE' && rank(priority) > rank(alarm.priority);
    return [rises ? { ...heard, action: 'rise', liveTo: 'UNACK_ACTIVE', priority } : { ...heard, action: 'update', priority }];
  }
  if (!present(live)) return [{ ...heard, action: 'update' }];
  if (rules.offDelayS > 0) return [{ ...heard, action: 'update', pending: held('clear', rules.offDelayS) }];
  return [{ ...heard, action: 'clear', liveTo: cleared(live, rules) }];
}

/** What a person, or the logic of suppression, does. */
function done(alarm: AlarmLife, event: Exclude<AlarmEvent, { kind: 'condition' | 'due' }>, now: string, rules: AlarmRules): Fact[] | Refusal {
  if (event.by !== null) {
    if (!event.by.inArea) return 'outside-area';
    if (!mayDo(event.by, event.kind, alarm.priority, rules)) return 'not-allowed';
  }
  const common = { at: now, by: event.by?.name ?? 'system' };
  switch (event.kind) {
    case 'ack':
      return acknowledge(alarm, { ...common, action: 'ack', reason: event.comment });
    case 'reset':
      return reset(alarm, { ...common, action: 'reset', reason: event.comment });
    case 'shelve':
      return shelve(alarm, event, { ...common, action: 'shelve', reason: event.reason }, rules);
    case 'unshelve':
      if (alarm.shelf === null) return 'not-shelved';
      return alarm.state === 'SHELVED' ? [{ ...common, action: 'unshelve', reason: event.comment }] : 'hidden';
    case 'suppress':
      if (event.relation === '') return 'relation-missing';
      if (alarm.suppressions.some(({ relation }) => relation === event.relation)) return 'already-suppressed';
      if (alarm.suppressions.length >= relationsMax) return 'too-many-relations';
      return [{ ...common, action: 'suppress', reason: event.reason, warrant: event.relation, causeAlarmId: event.causeAlarmId }];
    case 'release':
      if (!alarm.suppressions.some(({ relation }) => relation === event.relation)) return 'not-suppressed';
      return [{ ...common, action: 'release', reason: event.reason, warrant: event.relation }];
    case 'remove':
      return remove(alarm, event, { ...common, action: 'remove', reason: event.reason }, rules);
    case 'return':
      return alarm.outOfService === null ? 'not-out-of-service' : [{ ...common, action: 'return', reason: event.comment, warrant: alarm.outOfService.permit }];
    case 'assign':
      return event.to === '' ? 'assignee-missing' : [{ ...common, action: 'assign', reason: event.comment, otherPerson: event.to }];
    case 'comment':
      return blank(event.comment) ? 'comment-missing' : [{ ...common, action: 'comment', reason: event.comment }];
    default:
      return event satisfies never;
  }
}

/** As many as the contract of an alarm's life takes. */
const relationsMax = 64;

function acknowledge({ state }: AlarmLife, fact: Fact): Fact[] | Refusal {
  switch (state) {
    case 'UNACK_ACTIVE':
      return [{ ...fact, liveTo: 'ACK_ACTIVE' }];
    case 'RTN_UNACK':
      return [{ ...fact, liveTo: 'NORMAL' }];
    case 'LATCHED_UNACK':
      return [{ ...fact, liveTo: 'LATCHED_ACK' }];
    case 'ACK_ACTIVE':
    case 'LATCHED_ACK':
      return 'already-acknowledged';
    case 'NORMAL':
      return 'nothing-to-acknowledge';
    case 'SHELVED':
    case 'SUPPRESSED_BY_DESIGN':
    case 'OUT_OF_SERVICE':
      return 'hidden';
    default:
      return state satisfies never;
  }
}

function reset({ state, quality, pending }: AlarmLife, fact: Fact): Fact[] | Refusal {
  if (state === 'LATCHED_UNACK') return 'acknowledge-first';
  if (state === 'SHELVED' || state === 'SUPPRESSED_BY_DESIGN' || state === 'OUT_OF_SERVICE') return 'hidden';
  if (state !== 'LATCHED_ACK') return 'not-latched';
  // Lost input, or a condition that is coming back: nobody can say that it is clear.
  return quality === 'bad' || pending !== null ? 'not-surely-clear' : [{ ...fact, liveTo: 'NORMAL' }];
}

function shelve(alarm: AlarmLife, { reason, until }: { readonly reason: string; readonly until: string }, fact: Fact, { shelving }: AlarmRules): Fact[] | Refusal {
  if (alarm.state === 'SHELVED') return 'already-shelved';
  if (alarm.state === 'SUPPRESSED_BY_DESIGN' || alarm.state === 'OUT_OF_SERVICE') return 'hidden';
  if (shelving.never.includes(alarm.priority)) return 'priority-never-shelved';
  if (blank(reason)) return 'reason-missing';
  const wrongEnd = checkEnd(until, fact.at, shelving.longestS);
  if (wrongEnd !== null) return wrongEnd;
  const rests = alarm.shelfEndedAt === null || Date.parse(fact.at) - Date.parse(alarm.shelfEndedAt) >= shelving.restS * 1_000;
  const shelvesRunning = (rests ? 0 : alarm.shelvesRunning) + 1;
  return shelvesRunning > shelving.runningMax ? 'shelved-too-often' : [{ ...fact, until: utc(until), shelvesRunning }];
}

function remove(alarm: AlarmLife, event: Extract<AlarmEvent, { kind: 'remove' }>, fact: Fact, rules: AlarmRules): Fact[] | Refusal {
  const { by, second, permit, reason, until } = event;
  if (alarm.outOfService !== null) return 'already-out-of-service';
  if (blank(permit)) return 'permit-missing';
  if (blank(reason)) return 'reason-missing';
  const wrongEnd = checkEnd(until, fact.at, rules.outOfService.longestS);
  if (wrongEnd !== null) return wrongEnd;
  // Out of service hides whatever may come, so the highest priority that may come decides.
  const highest = [rules.priority, alarm.priority, ...Object.values(rules.priorityByLevel)].reduce((a, b) => (rank(b) > rank(a) ? b : a));
  if (second === null && rules.outOfService.secondPersonFor.includes(highest)) return 'second-person-missing';
  if (second !== null) {
    if (second.name === by.name) return 'second-person-is-the-first';
    if (!second.inArea || !mayDo(second, 'remove', highest, rules)) return 'second-person-not-allowed';
  }
  return [{ ...fact, until: utc(until), warrant: permit, otherPerson: second?.name ?? null }];
}

function checkEnd(until: string, now: string, longestS: number): Refusal | null {
  const aheadMs = Date.parse(until) - Date.parse(now);
  if (!(aheadMs > 0)) return 'until-not-ahead';
  return aheadMs > longestS * 1_000 ? 'until-too-far' : null;
}

/** A shelf must not outlive the rise to a priority that may never be shelved. */
function breaksShelf({ shelf, priority, live }: AlarmLife, { shelving }: AlarmRules): boolean {
  return shelf !== null && present(live) && shelving.never.includes(priority);
}

function mayDo({ role }: Person, action: PersonAction, priority: AlarmPriority, { leastRole }: AlarmRules): boolean {
  return ascending.indexOf(role) >= ascending.indexOf(leastRole[action][priority]);
}

const ascending: readonly Role[] = ['viewer', 'operator', 'supervisor', 'admin'];

const priorityOf = ({ priority, priorityByLevel }: AlarmRules, level: string): AlarmPriority => (Object.hasOwn(priorityByLevel, level) ? priorityByLevel[level]! : priority);
const rank = (priority: AlarmPriority): number => alarmPriorities.indexOf(priority);
const present = (live: LiveState): boolean => live === 'UNACK_ACTIVE' || live === 'ACK_ACTIVE';
const cleared = (live: LiveState, { latching }: AlarmRules): LiveState => (live === 'ACK_ACTIVE' ? (latching ? 'LATCHED_ACK' : 'NORMAL') : latching ? 'LATCHED_UNACK' : 'RTN_UNACK');
const blank = (text: string): boolean => text.trim() === '';
const utc = (time: string): string => new Date(time).toISOString();
