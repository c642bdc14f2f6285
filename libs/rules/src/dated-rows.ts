/**
 * Which dated row holds at a time. The time of the event selects the row: a row that changes today leaves yesterday as
 * it was.
 */
import type { DatedRow } from '#contracts';

export interface InForce {
  /** Null: no row holds. */
  readonly row: DatedRow | null;
  /** The answer is the same from here (inclusive) … */
  readonly fromMs: number;
  /** … to here (exclusive). */
  readonly toMs: number;
}

/** The row of this key in force at a time, or null. The rows of one kind; a key's rows do not overlap. */
export function rowAt(rows: readonly DatedRow[], key: string, atMs: number): DatedRow | null {
  return inForceAt(rows, key, atMs).row;
}

/** The same, and between which times the answer stays the same, so that it can be kept. */
export function inForceAt(rows: readonly DatedRow[], key: string, atMs: number): InForce {
  let fromMs = Number.NEGATIVE_INFINITY;
  let toMs = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (row.key !== key) continue;
    const validFromMs = Date.parse(row.validFrom);
    const validToMs = row.validTo === null ? Number.POSITIVE_INFINITY : Date.parse(row.validTo);
    if (atMs >= validFromMs && atMs < validToMs) return { row, fromMs: validFromMs, toMs: validToMs };
    if (validToMs <= atMs) fromMs = Math.max(fromMs, validToMs);
    if (validFromMs > atMs) toMs = Math.min(toMs, validFromMs);
  }
  return { row: null, fromMs, toMs };
}

/** `rowAt` for one call per reading: the last answer for each key is kept for as long as it holds. */
export function rowFinder(rows: readonly DatedRow[]): (key: string, atMs: number) => DatedRow | null {
  const last = new Map<string, InForce>();
  return (key, atMs) => {
    let known = last.get(key);
    if (known === undefined || atMs < known.fromMs || atMs >= known.toMs) {
      known = inForceAt(rows, key, atMs);
      // Unknown keys are not kept: they may come from a message, in any number.
      if (known.row !== null) last.set(key, known);
    }
    return known.row;
  };
}
