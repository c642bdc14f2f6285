/** Comparison with the guideline of WHO 2021 and its interim targets (dated rows `pollution.who`). No law, no alarm. */
import type { PollutionRows, PollutionRowValue } from '#contracts';
import { inForce } from './in-force.js';

/** From the strictest. */
export const whoTargets = ['aqg', 'it4', 'it3', 'it2', 'it1'] as const;
export type WhoTarget = (typeof whoTargets)[number];

export interface WhoComparison {
  readonly key: string;
  readonly ugM3: number;
  /** The strictest target that the value keeps; null: not even the first. */
  readonly meets: WhoTarget | null;
  readonly guidelineUgM3: number;
  readonly timesGuideline: number;
  readonly targets: PollutionRowValue<'pollution.who'>;
  readonly rowId: string;
  readonly verified: boolean;
}

/** `key` such as `pm25-24h`; null where WHO says nothing of it or the value is missing. */
export function compareWithWho(key: string, ugM3: number | null, rows: PollutionRows, atMs: number): WhoComparison | null {
  const held = inForce(rows, 'pollution.who', key, atMs);
  if (held === null || ugM3 === null) return null;
  const targets = held.value;
  const meets = whoTargets.find((name) => targets[name] !== undefined && ugM3 <= targets[name]) ?? null;
  return { key, ugM3, meets, guidelineUgM3: targets.aqg, timesGuideline: ugM3 / targets.aqg, targets, rowId: held.rowId, verified: held.verified };
}
