/**
 * What a condition does to its alarm: the part of ISA-18.2's state machine that needs no person.
 *
 * A late finding is an event of the past: it is kept, and changes nothing of what operators see. Lost input makes the
 * quality bad and leaves the state: a silent sensor has not said that all is well.
 */
import type { Alarm, AlarmState, AlarmTransition, Condition, Domain } from '#contracts';
import assert from 'node:assert/strict';

export interface Place {
  /** The asset and all that it lies in, by parent and by zone, the nearest first. */
  readonly path: readonly string[];
  readonly nameVi: string | null;
  readonly nameEn: string | null;
}

export interface Lived {
  readonly alarm: Alarm;
  readonly transition: AlarmTransition;
}

/** `alarm` null: this is the first that is heard of it. `place` is where its asset stands now. */
export function apply(alarm: Alarm | null, condition: Condition, place: Place, recordedAt: string): Lived {
  const { seq, state, level, value, limit, unit, limitRowId, ruleVersion, causeId, observedAt: at, late } = condition;
  const before = alarm ?? unheardOf(condition, place);
  const measured = { value, limit, unit, limitRowId, ruleVersion, causeId };
  const after = late ? { ...before, seq: before.seq + 1 } : live(before, condition, place);
  const transition: AlarmTransition = {
    alarmId: before.alarmId,
    occurrence: after.occurrence,
    seq: after.seq,
    from: before.state,
    to: after.state,
    quality: after.quality,
    at,
    recordedAt,
    by: 'system',
    reason: `condition-${state}`,
    late,
    condition: { seq, state, level, ...measured },
  };
  return { alarm: after, transition };
}

/** Numbers count from 1: the transition to come is its first. */
function unheardOf({ conditionId, level, value, limit, unit, limitRowId, ruleVersion, causeId, observedAt }: Condition, place: Place): Alarm {
  const [domain, type, asset] = conditionId.split('/') as [Domain, string, string];
  return {
    alarmId: conditionId, occurrence: 0, seq: 0, domain, type, asset, path: [...place.path], nameVi: place.nameVi, nameEn: place.nameEn,
    state: 'NORMAL', quality: 'good', level, value, limit, unit, limitRowId, ruleVersion, causeId, raisedAt: null, clearedAt: null, changedAt: observedAt,
  };
}

function live(before: Alarm, condition: Condition, place: Place): Alarm {
  const { state, level, value, limit, unit, limitRowId, ruleVersion, causeId, observedAt } = condition;
  const heard = { ...before, seq: before.seq + 1, path: [...place.path], nameVi: place.nameVi, nameEn: place.nameEn, changedAt: observedAt };
  // The last values are what is known of a sensor that has fallen silent.
  if (state === 'bad') return { ...heard, quality: 'bad' };
  const measured = { ...heard, quality: 'good' as const, value, limit, unit, limitRowId, ruleVersion, causeId };
  if (state === 'clear') {
    const to = cleared(before.state);
    // The level stays: it says what the alarm was about.
    return { ...measured, state: to, clearedAt: to === before.state ? before.clearedAt : observedAt };
  }
  const to = tripped(before.state);
  // Active again while it is there (another level, another value) is the same occurrence.
  return to === before.state ? { ...measured, level } : { ...measured, level, state: to, occurrence: before.occurrence + 1, raisedAt: observedAt, clearedAt: null };
}

function tripped(state: AlarmState): AlarmState {
  switch (state) {
    case 'NORMAL':
    case 'RTN_UNACK':
    case 'LATCHED_UNACK':
    case 'LATCHED_ACK':
      return 'UNACK_ACTIVE';
    case 'UNACK_ACTIVE':
    case 'ACK_ACTIVE':
      return state;
    case 'SHELVED':
    case 'SUPPRESSED_BY_DESIGN':
    case 'OUT_OF_SERVICE':
      return assert.fail(`nobody can have brought an alarm into ${state} yet`);
    default:
      return state satisfies never;
  }
}

function cleared(state: AlarmState): AlarmState {
  switch (state) {
    case 'UNACK_ACTIVE':
      return 'RTN_UNACK';
    case 'ACK_ACTIVE':
      return 'NORMAL';
    case 'NORMAL':
    case 'RTN_UNACK':
    case 'LATCHED_UNACK':
    case 'LATCHED_ACK':
      return state;
    case 'SHELVED':
    case 'SUPPRESSED_BY_DESIGN':
    case 'OUT_OF_SERVICE':
      return assert.fail(`nobody can have brought an alarm into ${state} yet`);
    default:
      return state satisfies never;
  }
}
