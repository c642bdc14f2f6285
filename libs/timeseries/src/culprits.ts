/**
 * Which messages make a round fail for a fault of ours: found by halving, in trials that are rolled back.
 *
 * A message is blamed only when it fails a second time, alone: what passes by harms no message.
 */

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
