/**
 * The whole life of an alarm after ISA-18.2 / IEC 62682: what is kept of it, and what happens to it.
 *
 * Hiding (shelf, suppression, out of service) lies over the *live* state, which goes on underneath. A transition bears all
 * that is needed to come to the same life again from the log alone.
 */
import { z } from 'zod';
import { alarmQualities, alarmStates, alarmTransition } from './alarm.js';
import { condition, conditionIdPattern } from './condition.js';
import { instant } from './ids.js';

/** What is true of the condition and of those who have seen it, whether it is shown or hidden. */
export const liveStates = ['NORMAL', 'UNACK_ACTIVE', 'ACK_ACTIVE', 'RTN_UNACK', 'LATCHED_UNACK', 'LATCHED_ACK'] as const;
export type LiveState = (typeof liveStates)[number];

/** Ascending. */
export const alarmPriorities = ['low', 'medium', 'high', 'critical'] as const;
export type AlarmPriority = (typeof alarmPriorities)[number];

export const alarmActions = [
  'trip', // The condition has come, and was held for the on-delay.
  'clear', // It has gone, and was held for the off-delay.
  'rise', // An acknowledged alarm became more important: it asks for attention anew.
  'update', // The condition said something that changes no state: level, value, a delay begins or is given up.
  'input-lost',
  'late', // A finding about the past: history alone.
  'ack', 'reset',
  'shelve', 'unshelve', 'shelf-ended',
  'suppress', 'release',
  'remove', 'return', 'overdue',
  'assign', 'comment',
] as const;
export type AlarmAction = (typeof alarmActions)[number];

const { level, value, limit, unit, limitRowId, ruleVersion, causeId } = condition.shape;
const alarmId = z.string().regex(conditionIdPattern);
const person = z.string().min(1).max(64);
const text = z.string().min(1).max(1_000);

/** A change of the condition that must hold until `dueAt`, by our clock, before it counts. */
export const pendingChange = z.strictObject({ to: z.enum(['active', 'clear']), level, observedAt: instant, sinceAt: instant, dueAt: instant });
export type PendingChange = z.infer<typeof pendingChange>;

export const alarmLife = z.strictObject({
  alarmId,
  occurrence: z.int().nonnegative(),
  /** Number of the last transition; 0: nothing has happened yet. */
  seq: z.int().nonnegative(),
  /** What is shown: the live state, or what hides it. */
  state: z.enum(alarmStates),
  live: z.enum(liveStates),
  quality: z.enum(alarmQualities),
  priority: z.enum(alarmPriorities),
  level, value, limit, unit, limitRowId, ruleVersion, causeId,
  raisedAt: instant.nullable(),
  clearedAt: instant.nullable(),
  changedAt: instant.nullable(),
  /** Of the occurrence at hand; null while nobody has. */
  ackedAt: instant.nullable(),
  ackedBy: person.nullable(),
  assignedTo: person.nullable(),
  pending: pendingChange.nullable(),
  shelf: z.strictObject({ by: person, reason: text, sinceAt: instant, until: instant }).nullable(),
  /** Shelves one soon after the other, and when the last of them ended (null: it goes on, or there was none). */
  shelvesRunning: z.int().nonnegative(),
  shelfEndedAt: instant.nullable(),
  /** The configured relations that hold now, with the alarm that each hides this one under. */
  suppressions: z.array(z.strictObject({ relation: z.string().min(1).max(128), causeAlarmId: alarmId.nullable(), sinceAt: instant })).max(64),
  outOfService: z.strictObject({ by: person, second: person.nullable(), permit: z.string().min(1).max(128), sinceAt: instant, until: instant, overdue: z.boolean() }).nullable(),
});
export type AlarmLife = z.infer<typeof alarmLife>;

export const lifeTransition = alarmTransition.extend({
  action: z.enum(alarmActions),
  liveFrom: z.enum(liveStates),
  liveTo: z.enum(liveStates),
  /** After the transition. */
  priority: z.enum(alarmPriorities),
  pending: pendingChange.nullable(),
  /** Id of the master record in force. */
  masterRowId: z.string().max(64),
  /** End of a shelf or of a time out of service. */
  until: instant.nullable(),
  /** What a suppression or removal rests on: the relation, or the permit. Empty would be an unauthorised one. */
  warrant: z.string().max(128).nullable(),
  /** Suppressed: the alarm under which this one is counted. */
  causeAlarmId: alarmId.nullable(),
  /** Of a shelf: how many run one soon after the other, with this one. */
  shelvesRunning: z.int().positive().nullable(),
  /** The second person of a removal; the one to whom the alarm was assigned. */
  otherPerson: person.nullable(),
});
export type LifeTransition = z.infer<typeof lifeTransition>;
