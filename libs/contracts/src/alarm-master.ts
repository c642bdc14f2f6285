/**
 * The master record of an alarm type, and the other settings of alarms: dated rows, so that each change has an author, a
 * reason and an approval, and each transition names the row that it was made by.
 *
 * An alarm is something that needs an operator's response in time: a record without a response in both languages is
 * refused. Priority is not entered but follows from what happens if nobody acts, and how soon somebody must.
 */
import { z } from 'zod';
import { alarmPriorities, type AlarmPriority } from './alarm-life.js';
import type { Condition } from './condition.js';
import type { DatedRow } from './dated-row.js';

/** What happens if nobody acts, the worst first. */
export const alarmSeverities = [
  'life', // Life, or a wide area.
  'major', // Health, a legal limit, a main road, readings or alarms that are lost.
  'service', // Loss of a service; an action level.
  'care', // Needs care; an alert level.
] as const;
export type AlarmSeverity = (typeof alarmSeverities)[number];

/** Why one alarm may hide another: both are about … */
export const alarmRelations = [
  'gateway-of-device', // … a device, and the gateway that it publishes through.
  'same-city', // … anything, and what all of the city's processes need.
] as const;
export type AlarmRelation = (typeof alarmRelations)[number];

/** Alarms of one group are told in one notification. */
export const alarmGroups = ['site', 'gateway', 'road-section', 'station', 'process', 'channel'] as const;

const text = (of: string) => z.string(`expected ${of}`).trim().min(3, `expected ${of}`).max(600);
const seconds = z.int().min(0).max(86_400);
/** What can wait longer than 8 hours is a report, not an alarm. */
const respondWithinS = z.int().min(0).max(8 * 3_600, 'expected at most 28800 s: what can wait longer is a report, not an alarm');
const severity = z.enum(alarmSeverities);
/** `<domain>/<type>`, or `system/<type>` for what the city's own processes raise. */
export const alarmTypePattern = /^[a-z]+\/[a-z][a-z0-9-]*$/;
const alarmType = z.string().max(128).regex(alarmTypePattern, 'expected <domain>/<type>');

const told = {
  nameVi: text('the name in Vietnamese'), nameEn: text('the name in English'),
  causeVi: text('the likely causes in Vietnamese'), causeEn: text('the likely causes in English'),
  consequenceVi: text('in Vietnamese, what happens if nobody acts'), consequenceEn: text('in English, what happens if nobody acts'),
  responseVi: text('in Vietnamese, what the operator does: without a response it is no alarm'), responseEn: text('in English, what the operator does: without a response it is no alarm'),
  ownerVi: text('in Vietnamese, who maintains this alarm'), ownerEn: text('in English, who maintains this alarm'),
};
const pairs = ['name', 'cause', 'consequence', 'response', 'owner'] as const;

export const alarmMaster = z
  .strictObject({
    ...told,
    severity,
    respondWithinS,
    /** Where a level of the condition has another consequence or leaves another time. Every level that is raised has its name here. */
    levels: z.record(z.string().min(1).max(32), z.strictObject({ nameVi: text('the name of the level in Vietnamese'), nameEn: text('the name of the level in English'), severity, respondWithinS })),
    /** Kind of the dated row that holds the limit, and where in its value the deadband stands; null: it has none. Domains count it, by event time. */
    limitRowKind: z.string().min(1).max(64).nullable(),
    deadbandField: z.string().min(1).max(64).nullable(),
    /** By our clock, on top of what the domain has counted; 0 for conditions made from readings. */
    onDelayS: seconds,
    offDelayS: seconds,
    /** Gone, it stays until a person has reset it. */
    latching: z.boolean(),
    groupKey: z.enum(alarmGroups),
    suppressedBy: z.array(z.strictObject({ alarmType, relation: z.enum(alarmRelations) })).max(16),
    /** The day by which its owner looks at it again. */
    reviewDate: z.iso.date(),
  })
  .superRefine((record, issues) => {
    for (const pair of pairs) if (record[`${pair}Vi`] === record[`${pair}En`]) issues.addIssue({ code: 'custom', path: [`${pair}En`], message: `expected another text than ${pair}Vi: one of them is not translated` });
    if (record.deadbandField !== null && record.limitRowKind === null) issues.addIssue({ code: 'custom', path: ['deadbandField'], message: 'expected null: there is no limit row that it could stand in' });
  });
export type AlarmMaster = z.output<typeof alarmMaster>;

const priority = z.enum(alarmPriorities);
const role = z.enum(['viewer', 'operator', 'supervisor', 'admin']);
const byPriority = z.strictObject({ low: role, medium: role, high: role, critical: role });
const count = z.int().positive();

/** The value of a dated row by its kind; a row with another value cannot be used. */
export const alarmRowValues = {
  /** Key: `<domain>/<type>`. */
  'alarm.master': alarmMaster,
  /** Key: severity. The first that the time to respond fits into; later ones are longer. */
  'alarm.priority': z.array(z.strictObject({ respondWithinS, priority })).min(1).max(8).refine((steps) => steps.every((one, at) => at === 0 || one.respondWithinS > steps[at - 1]!.respondWithinS), 'expected ascending respondWithinS'),
  /** Key: priority. How it is shown; colour is never the only sign. */
  'alarm.priority-sign': z.strictObject({ nameVi: text('the name in Vietnamese'), nameEn: text('the name in English'), sign: z.string().min(1).max(4), rgb: z.tuple([z.int().min(0).max(255), z.int().min(0).max(255), z.int().min(0).max(255)]), sound: z.enum(['continuous', 'once', 'none']) }),
  'alarm.handling': z.strictObject({
    /** A shelf that begins less than `restS` after the last one ended runs on from it. */
    shelving: z.strictObject({ longestS: count, runningMax: count, restS: seconds, never: z.array(priority) }),
    outOfService: z.strictObject({ longestS: count, secondPersonFor: z.array(priority) }),
    /** The least role that may do it to an alarm of this priority. */
    leastRole: z.strictObject({ ack: byPriority, reset: byPriority, shelve: byPriority, unshelve: byPriority, suppress: byPriority, release: byPriority, remove: byPriority, return: byPriority, assign: byPriority, comment: byPriority }),
  }),
  'alarm.kpi': z
    .strictObject({
      periodS: count, floodAbove: count, floodEndsBelow: count, chatteringOccurrences: count, chatteringWithinS: count, fleetingWithinS: count, staleAfterS: count,
      aims: z.strictObject({ perPeriod: z.number(), perPeriodMax: z.number(), floodShare: z.number(), badPeriodShare: z.number(), topTenShare: z.number(), staleAtOnce: count, priorityMix: z.partialRecord(priority, z.number()) }),
    })
    .refine(({ floodAbove, floodEndsBelow }) => floodEndsBelow <= floodAbove, 'expected floodEndsBelow at most floodAbove'),
  /** Key: `<domain>/<type>`. Enter above, leave below or at. */
  'alarm.limit': z.array(z.strictObject({ level: z.string().min(1).max(32), enterAbove: z.number(), leaveBelow: z.number() }).refine(({ enterAbove, leaveBelow }) => leaveBelow <= enterAbove, 'expected leaveBelow at most enterAbove')).min(1).max(8),
  /** Key: domain. A device is silent after so many of its periods, and not before `minS`. */
  'alarm.silence': z.strictObject({ periods: count, minS: count, backPeriods: z.int().min(0) }),
} as const satisfies Record<string, z.ZodType>;

export type AlarmRowKind = keyof typeof alarmRowValues;
export type AlarmRowValue<K extends AlarmRowKind> = z.output<(typeof alarmRowValues)[K]>;

/** The key of an alarm's master record, from the alarm's name `<domain>/<type>/<asset>`. */
export function alarmTypeOf(alarmId: Condition['conditionId']): string {
  return alarmId.slice(0, alarmId.lastIndexOf('/'));
}

/** Priority from consequence × time to respond. `steps`: value of the row `alarm.priority` of this severity. */
export function alarmPriority(respondWithinS: number, steps: AlarmRowValue<'alarm.priority'>): AlarmPriority {
  return (steps.find((step) => respondWithinS <= step.respondWithinS) ?? steps.at(-1)!).priority;
}

/** A seed of the house: `verifiedBy` stays empty until somebody has looked at it. */
export function alarmSeed<K extends AlarmRowKind>(kind: K, key: string, value: AlarmRowValue<K>, unit = '', source = 'default of the house'): DatedRow {
  const id = [kind, ...(key === '' ? [] : [key.replace('/', '.')]), 'default'].join('.');
  return { id, kind, key, legalBasis: '', article: '', validFrom: '2000-01-01T00:00:00Z', validTo: null, value, unit, source, verifiedBy: null };
}
