/**
 * Decides which conditions of one alarm are due.
 *
 * A domain numbers the changes of a condition one by one. What comes twice is known by its number, what comes too early
 * waits until the missing one is there: applying it at once would show an operator a state that never was.
 */
import type { Condition } from '#contracts';

export interface Sequenced {
  /** One for each that arrived, in their order; `stored`: applied or held. */
  readonly outcomes: readonly ('stored' | 'repeated')[];
  /** To be applied now, in their order. */
  readonly due: readonly Condition[];
  /** To be held until what lies between has come, in their order. */
  readonly held: readonly Condition[];
}

/** `lastSeq`: of the last condition applied, 0 before the first; `held`: what has been waiting. */
export function sequence(lastSeq: number, arrived: readonly Condition[], held: readonly Condition[]): Sequenced {
  const waiting = new Map(held.map((one) => [one.seq, one]));
  const outcomes = arrived.map((one) => {
    if (one.seq <= lastSeq || waiting.has(one.seq)) return 'repeated';
    waiting.set(one.seq, one);
    return 'stored';
  });
  const due: Condition[] = [];
  for (let next = waiting.get(lastSeq + 1); next !== undefined; next = waiting.get(next.seq + 1)) due.push(next);
  const afterSeq = due.at(-1)?.seq ?? lastSeq;
  return { outcomes, due, held: [...waiting.values()].filter(({ seq }) => seq > afterSeq).sort((a, b) => a.seq - b.seq) };
}
