/**
 * Which messages make a round fail for a fault of ours: found by halving, in trials that are rolled back.
 *
 * A message is blamed only when it fails a second time, alone: what passes by harms no message.
 */
import { OffsetGap, Rejected } from '#contracts';
import type { Origin } from './arrival.js';
import type { DeadLetter } from './consumed.js';
import { isUnavailable, type Log } from './database.js';

/** The process stops when everything fails, and it is this much from this many: then the release is at fault. */
const allFailMessagesMin = 20;
const allFailDevicesMin = 5;

/** Thrown at the end of a trial, to have it rolled back. */
export class DryRun extends Error {}

export interface Storing<M extends Origin, R> {
  /** Stores these messages for good, or with `dry` does all of it and throws `DryRun`. */
  attempt(messages: readonly M[], dead: readonly DeadLetter[], dry: boolean): Promise<R>;
  letterOf(message: M, details: string): DeadLetter;
  readonly log: Log;
  /** The release is at fault: called when everything fails, before the error is thrown. */
  readonly onOurFault: (error: unknown) => void;
}

/** Stores messages; those that make our own code fail become dead letters `our-fault`. Throws what is the world's fault. */
export async function storeInnocent<M extends Origin, R>(messages: readonly M[], dead: readonly DeadLetter[], { attempt, letterOf, log, onOurFault }: Storing<M, R>): Promise<R> {
  const trial = async (some: readonly M[]): Promise<unknown> => {
    try {
      await attempt(some, [], true);
      return null;
    } catch (error) {
      if (error instanceof DryRun) return null;
      if (isUnavailable(error)) throw error;
      return error;
    }
  };
  let innocent = messages;
  const refused = [...dead];
  for (;;) {
    try {
      return await attempt(innocent, refused, false);
    } catch (error) {
      if (isUnavailable(error) || error instanceof OffsetGap) throw error;
      log.error({ error: describe(error), messages: innocent.length }, 'storing a round failed, looking for the culprits');
      const culprits = await findCulprits(innocent, error, trial);
      if (culprits.size === 0) throw error; // It was something passing; trying again is all that can be done.
      if (culprits.size === innocent.length && innocent.length >= allFailMessagesMin && new Set(innocent.map(({ device }) => device)).size >= allFailDevicesMin) {
        onOurFault(error);
        throw error;
      }
      innocent = innocent.filter((message) => !culprits.has(message));
      for (const [message, fault] of culprits) {
        log.error({ device: message.device, offset: message.offset, error: describe(fault) }, 'message cannot be processed, dead-lettered');
        refused.push(letterOf(message, describe(fault)));
      }
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Rejected ? error.message : error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Tries some messages for nothing; the error they fail with, or null when they pass. */
export type Trial<M> = (messages: readonly M[]) => Promise<unknown>;

/** Each culprit with its error; none when the failure has passed. `whole` is what all of them together failed with. */
export async function findCulprits<M>(messages: readonly M[], whole: unknown, trial: Trial<M>): Promise<Map<M, unknown>> {
  const found = new Map<M, unknown>();
  if (messages.length > 0) await search(messages, whole, trial, found);
  if (found.size > 0) return found;
  // Halves may pass where the whole fails: then the message is to blame with which the round begins to fail.
  const breaking = messages.length === 0 ? null : await breakingMessage(messages, trial);
  return breaking === null ? found : new Map([[breaking, whole]]);
}

async function search<M>(suspects: readonly M[], error: unknown, trial: Trial<M>, found: Map<M, unknown>): Promise<void> {
  if (suspects.length === 1) {
    if ((await trial(suspects)) !== null) found.set(suspects[0]!, error);
    return;
  }
  const middle = suspects.length >> 1;
  for (const half of [suspects.slice(0, middle), suspects.slice(middle)]) {
    const fault = await trial(half);
    if (fault !== null) await search(half, fault, trial, found);
  }
}

/** The last message of the shortest beginning that fails; null when the whole does not fail any more. */
async function breakingMessage<M>(messages: readonly M[], trial: Trial<M>): Promise<M | null> {
  if ((await trial(messages)) === null) return null;
  let [passes, fails] = [0, messages.length];
  while (fails - passes > 1) {
    const middle = (passes + fails) >> 1;
    if ((await trial(messages.slice(0, middle))) === null) passes = middle;
    else fails = middle;
  }
  return messages[fails - 1]!;
}
