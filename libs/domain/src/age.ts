/** How far a reading's time may lie from its receipt: a dated row `<domain>.age` of each domain. */
import { complaintText, Rejected } from '#contracts';
import { inForceAt } from '#rules';
import type { Registry } from '#service';
import { z } from 'zod';

/** Null in place of these: no limit, for devices marked `replay`. */
export interface AgeLimits {
  /** How far the device's clock may be ahead of the receipt. */
  readonly aheadS: number;
  readonly tooOldS: number;
}

const ageValue = z.object({ aheadS: z.number().positive(), tooOldS: z.number().positive() });

/** What follows from the rows in force, and for how long. */
export interface Kept<V> {
  readonly value: V | null;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The limits by the time of receipt, remembered for as long as the same row is in force; `forget` when rows change. */
export function ageLimits(registry: Pick<Registry, 'rows'>, kind: string): { at(atMs: number): AgeLimits | null; forget(): void } {
  let kept: Kept<AgeLimits> | null = null;
  return {
    at(atMs) {
      if (kept === null || atMs < kept.fromMs || atMs >= kept.toMs) {
        const { row, fromMs, toMs } = inForceAt(registry.rows(kind), '', atMs);
        kept = { value: ageValue.safeParse(row?.value).data ?? null, fromMs, toMs };
      }
      return kept.value;
    },
    forget() {
      kept = null;
    },
  };
}

/** Null when the time may be so; else Rejected `clock-ahead` or `too-old`. `index`: the reading's place in an array. */
export function judgeAge(observedAtMs: number, receivedAtMs: number, age: AgeLimits | null, index: number | null): Rejected | null {
  if (age === null) return null;
  const aheadMs = observedAtMs - receivedAtMs;
  if (aheadMs > age.aheadS * 1000) return refused('clock-ahead', `expected at most ${age.aheadS} s after the receipt, found ${seconds(aheadMs)} s after`, index);
  if (-aheadMs > age.tooOldS * 1000) return refused('too-old', `expected at most ${age.tooOldS} s before the receipt, found ${seconds(-aheadMs)} s before`, index);
  return null;
}

function refused(reason: 'clock-ahead' | 'too-old', expected: string, index: number | null): Rejected {
  return new Rejected(reason, complaintText({ field: 'observedAt', expected }, index));
}

/** Rounded up, so that what was found is never shown as the limit itself. */
function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}
