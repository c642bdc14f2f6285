/**
 * Enters conditions into the book of alarms: load, put in sequence, apply, keep, announce.
 *
 * May run again for the same conditions: their numbers say what was applied, and all of it is in the one transaction
 * that moves the consumed offset (or, for what a domain was asked again, that holds the same lock).
 */
import { type AlarmChange, type AlarmTransition, alarmChangesTopic, type Condition } from '#contracts';
import type { Announcement, Applied, Transaction } from '#timeseries';
import { apply, type Place } from './life.js';
import { sequence } from './sequence.js';
import { insertTransitions, loadAlarms, loadHeld, placesOf, saveAlarms, saveHeld, type Tracked } from './tables.js';

export interface Entered extends Applied {
  /** Conditions that wait for one that is missing. */
  readonly held: number;
  readonly transitions: number;
}

/** Nothing of this condition before `seq` exists any more: that is the next one due. */
export interface Skip {
  readonly conditionId: string;
  readonly seq: number;
}

/** One outcome for each condition, in their order. `at`: our clock. */
export async function enter(transaction: Transaction, conditions: readonly Condition[], topicRoot: string, at: string, skip: Skip | null = null): Promise<Entered> {
  const byId = new Map<string, Condition[]>(skip === null ? [] : [[skip.conditionId, []]]);
  for (const condition of conditions) {
    const others = byId.get(condition.conditionId);
    if (others === undefined) byId.set(condition.conditionId, [condition]);
    else others.push(condition);
  }
  const ids = [...byId.keys()].sort();
  const alarms = await loadAlarms(transaction, ids);
  const waiting = await loadHeld(transaction, ids);
  const places = await placesOf(transaction, ids.map(assetOf));

  const outcomes = new Map<Condition, Applied['outcomes'][number]>();
  const changes: AlarmChange[] = [];
  const transitions: AlarmTransition[] = [];
  const held: Condition[] = [];
  const changed: Tracked[] = [];
  for (const id of ids) {
    const before = alarms.get(id) ?? null;
    const arrived = byId.get(id)!;
    const skipped = skip?.conditionId === id ? skip.seq - 1 : 0;
    const result = sequence(Math.max(before?.conditionSeq ?? 0, skipped), arrived, waiting.get(id) ?? []);
    result.outcomes.forEach((outcome, index) => outcomes.set(arrived[index]!, outcome));
    held.push(...result.held);
    let alarm = before?.alarm ?? null;
    for (const condition of result.due) {
      const lived = apply(alarm, condition, places.get(assetOf(id)) ?? nowhere(id), at);
      alarm = lived.alarm;
      transitions.push(lived.transition);
      if (!condition.late) changes.push({ ...lived.transition, alarm });
    }
    if (result.due.length > 0) changed.push({ alarm: alarm!, conditionSeq: result.due.at(-1)!.seq });
  }
  if (changed.length > 0) await saveAlarms(transaction, changed);
  if (transitions.length > 0) await insertTransitions(transaction, transitions);
  if (held.length > 0 || waiting.size > 0) await saveHeld(transaction, ids, held);
  return { outcomes: conditions.map((condition) => outcomes.get(condition)!), announced: changes.map((change) => announcementOf(change, topicRoot)), held: held.length, transitions: transitions.length };
}

function announcementOf(change: AlarmChange, topicRoot: string): Announcement {
  return { topic: alarmChangesTopic(topicRoot), partition: 0, key: change.alarmId, payload: JSON.stringify(change) };
}

const assetOf = (id: string): string => id.slice(id.lastIndexOf('/') + 1);

/** An asset that the registry does not know (any more): only who sees the whole city sees its alarms. */
const nowhere = (id: string): Place => ({ path: [assetOf(id)], nameVi: null, nameEn: null });
