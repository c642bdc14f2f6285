/**
 * Decides what becomes of readings whose identity may exist already: stored, corrected or repeated.
 *
 * Pure. The order is the order of arrival: within one round the same identity may be stored, repeated and corrected in turn.
 * Readings newer than everything a channel has need none of this; their caller knows that they are new.
 */
import type { Outcome } from '#contracts';
import { sameValues, type StoredReading } from './reading-table.js';

export interface Settlement {
  /** Beside the input, in its order. */
  readonly outcomes: Exclude<Outcome, 'dead-lettered'>[];
  /** New rows, in their final form. */
  readonly inserts: StoredReading[];
  /** Rows of the database that take new values. */
  readonly updates: StoredReading[];
  /** What was replaced, oldest first. */
  readonly replaced: StoredReading[];
}

export const revisionMax = 32_767;

/** @param existing rows of the database under the identities of `readings`. */
export function settle(readings: readonly StoredReading[], existing: readonly StoredReading[]): Settlement {
  const current = new Map(existing.map((row) => [identity(row), row]));
  const inDatabase = new Set(current.keys());
  const changed = new Set<string>();
  const replaced: StoredReading[] = [];

  const outcomes = readings.map((reading) => {
    const key = identity(reading);
    const before = current.get(key);
    if (before === undefined) {
      current.set(key, reading);
      changed.add(key);
      return 'stored';
    }
    if (sameValues(before.values, reading.values)) return 'repeated';
    replaced.push(before);
    // A device that corrects itself 32,767 times keeps the last number; the history still tells the versions apart.
    current.set(key, { ...reading, revision: Math.min(revisionMax, before.revision + 1) });
    changed.add(key);
    return 'corrected';
  });

  const inserts: StoredReading[] = [];
  const updates: StoredReading[] = [];
  for (const key of changed) (inDatabase.has(key) ? updates : inserts).push(current.get(key)!);
  return { outcomes, inserts, updates, replaced };
}

export function identity({ channelId, observedAtMs }: Pick<StoredReading, 'channelId' | 'observedAtMs'>): string {
  return `${channelId}@${observedAtMs}`;
}
