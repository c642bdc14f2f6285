/**
 * Alarms: what alerts makes of the conditions that domains announce, and what operators are shown.
 *
 * An alarm is named by its condition and lives as long as that; each time its condition comes anew is an *occurrence*
 * with a number of its own. States after ISA-18.2 / IEC 62682. All that happens to an alarm is an immutable *transition*.
 */
import { z } from 'zod';
import { condition, conditionStates } from './condition.js';
import { domainNames, type Domain } from './domains.js';
import { id, instant } from './ids.js';

/** The first three are in use; the others come with the full life cycle. */
export const alarmStates = [
  'NORMAL', // Condition clear, acknowledged.
  'UNACK_ACTIVE', // Condition present, nobody has acknowledged.
  'RTN_UNACK', // Condition gone before acknowledgement.
  'ACK_ACTIVE', // Condition present, acknowledged by a person.
  'LATCHED_UNACK', // Condition gone, waits for acknowledgement and reset.
  'LATCHED_ACK',
  'SHELVED', // Hidden by an operator for a limited time, with reason.
  'SUPPRESSED_BY_DESIGN', // Hidden by configured logic.
  'OUT_OF_SERVICE', // Removed for maintenance, authorised.
] as const;
export type AlarmState = (typeof alarmStates)[number];

/** `bad`: the input is lost. The state stays what it was: silence is not a clear. */
export const alarmQualities = ['good', 'bad'] as const;
export type AlarmQuality = (typeof alarmQualities)[number];

const { conditionId: alarmId, level, value, limit, unit, limitRowId, ruleVersion, causeId } = condition.shape;

export const alarm = z
  .strictObject({
    alarmId,
    /** How often the condition has come; 0: never, the alarm knows only of the past. */
    occurrence: z.int().nonnegative(),
    /** Number of the last transition. */
    seq: z.int().positive(),
    domain: z.enum(domainNames as [Domain, ...Domain[]]),
    type: z.string(),
    asset: id,
    /** The asset and all that it lies in, by parent and by zone, when it last changed: rights by area. */
    path: z.array(id).min(1),
    /** Of the asset; null where the registry does not know it. */
    nameVi: z.string().nullable(),
    nameEn: z.string().nullable(),
    state: z.enum(alarmStates),
    quality: z.enum(alarmQualities),
    level, value, limit, unit, limitRowId, ruleVersion, causeId,
    /** Event times: when the condition last came, last went (null while it is there), and was last heard of. */
    raisedAt: instant.nullable(),
    clearedAt: instant.nullable(),
    changedAt: instant,
  })
  .meta({ id: 'Alarm' });
export type Alarm = z.infer<typeof alarm>;

/**
 * One event of an alarm. `at` is the time of the event, `recordedAt` ours; `from` = `to` where only level, value or
 * quality changed. A `late` one is placed by its own time and has not changed the state: it rewrites nothing that an
 * operator saw.
 */
export const alarmTransition = z
  .strictObject({
    alarmId,
    occurrence: z.int().nonnegative(),
    /** Grows by 1 for each alarm. */
    seq: z.int().positive(),
    from: z.enum(alarmStates),
    to: z.enum(alarmStates),
    quality: z.enum(alarmQualities),
    at: instant,
    recordedAt: instant,
    /** A person, or `system`. */
    by: z.string().min(1).max(64),
    reason: z.string().max(1_000),
    late: z.boolean(),
    /** What the domain said; null for what a person did. */
    condition: z.strictObject({ seq: z.int().positive(), state: z.enum(conditionStates), level, value, limit, unit, limitRowId, ruleVersion, causeId }).nullable(),
  })
  .meta({ id: 'AlarmTransition' });
export type AlarmTransition = z.infer<typeof alarmTransition>;

/**
 * A transition as it is published, with the alarm that it led to. Late ones are not published, so `seq` may skip. After
 * a crash a change may be published again: with the same `seq`, which tells the receiver.
 */
export const alarmChange = alarmTransition.extend({ alarm }).meta({ id: 'AlarmChange' });
export type AlarmChange = z.infer<typeof alarmChange>;

/** One partition: an offset in it is a place in the one order in which all operators see changes. */
export const alarmChangesTopic = (root: string): string => `${root}.alarms.changes.v1`;
