/**
 * From the log of transitions to the life of an alarm: `evolve` takes one, `replay` all of them.
 *
 * No setting is asked here and no clock: what was decided stands in the transition, so an old log leads to the same life
 * whatever the settings are today.
 */
import type { AlarmLife, AlarmPriority, AlarmState, LifeTransition } from '#contracts';

/** An alarm of which nothing has been heard. `priority`: what is shown until its condition names a level. */
export function fresh(alarmId: string, priority: AlarmPriority): AlarmLife {
  return {
    alarmId, occurrence: 0, seq: 0, state: 'NORMAL', live: 'NORMAL', quality: 'good', priority,
    level: '', value: null, limit: null, unit: '', limitRowId: '', ruleVersion: '', causeId: '',
    raisedAt: null, clearedAt: null, changedAt: null, ackedAt: null, ackedBy: null, assignedTo: null,
    pending: null, shelf: null, shelvesRunning: 0, shelfEndedAt: null, suppressions: [], outOfService: null,
  };
}

export function replay(alarmId: string, priority: AlarmPriority, log: readonly LifeTransition[]): AlarmLife {
  return log.reduce(evolve, fresh(alarmId, priority));
}

/** The life after the next transition of its log. */
export function evolve(before: AlarmLife, transition: LifeTransition): AlarmLife {
  const { seq, occurrence, liveTo: live, quality, priority, pending, at } = transition;
  if (transition.late) return { ...before, seq };
  const after = { ...before, seq, occurrence, live, quality, priority, pending, changedAt: at, ...measuredBy(transition), ...changedBy(before, transition) };
  return { ...after, state: shownState(after), assignedTo: live === 'NORMAL' && before.live !== 'NORMAL' ? null : after.assignedTo };
}

/** What hides more strongly is shown: maintenance before logic, logic before an operator's shelf. */
export function shownState({ live, shelf, suppressions, outOfService }: Pick<AlarmLife, 'live' | 'shelf' | 'suppressions' | 'outOfService'>): AlarmState {
  if (outOfService !== null) return 'OUT_OF_SERVICE';
  if (suppressions.length > 0) return 'SUPPRESSED_BY_DESIGN';
  return shelf !== null ? 'SHELVED' : live;
}

/** Of a sensor that has fallen silent the last values are shown. */
function measuredBy({ condition }: LifeTransition): Partial<AlarmLife> {
  if (condition === null || condition.state === 'bad') return {};
  const { value, limit, unit, limitRowId, ruleVersion, causeId } = condition;
  return { value, limit, unit, limitRowId, ruleVersion, causeId };
}

function changedBy(before: AlarmLife, { action, at, by, reason, condition, until, warrant, causeAlarmId, otherPerson, shelvesRunning }: LifeTransition): Partial<AlarmLife> {
  // What a delay has made true was observed when the delay began.
  const told = condition === null ? before.pending : { level: condition.level, observedAt: at };
  switch (action) {
    case 'trip':
      return { level: told!.level, raisedAt: told!.observedAt, clearedAt: null, ackedAt: null, ackedBy: null };
    case 'rise':
      return { level: told!.level, ackedAt: null, ackedBy: null };
    case 'clear':
      // The level stays: it says what the alarm was about.
      return { clearedAt: told!.observedAt };
    case 'update':
      return condition?.state === 'active' && (before.live === 'UNACK_ACTIVE' || before.live === 'ACK_ACTIVE') ? { level: condition.level } : {};
    case 'ack':
      return { ackedAt: at, ackedBy: by };
    case 'shelve':
      return { shelf: { by, reason, sinceAt: at, until: until! }, shelvesRunning: shelvesRunning!, shelfEndedAt: null };
    case 'unshelve':
    case 'shelf-ended':
      return { shelf: null, shelfEndedAt: at };
    case 'suppress':
      return { suppressions: [...before.suppressions, { relation: warrant!, causeAlarmId, sinceAt: at }] };
    case 'release':
      return { suppressions: before.suppressions.filter(({ relation }) => relation !== warrant) };
    case 'remove':
      return { outOfService: { by, second: otherPerson, permit: warrant!, sinceAt: at, until: until!, overdue: false } };
    case 'return':
      return { outOfService: null };
    case 'overdue':
      return { outOfService: { ...before.outOfService!, overdue: true } };
    case 'assign':
      return { assignedTo: otherPerson };
    case 'input-lost':
    case 'late':
    case 'reset':
    case 'comment':
      return {};
    default:
      return action satisfies never;
  }
}
