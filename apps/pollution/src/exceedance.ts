/**
 * Legal exceedance: a mean above the limit of QCVN 05 (dated rows `pollution.limit`).
 *
 * This is another question than the level of the index: VN_AQI 100 for PM2.5 is 50 µg/m³, while the limit over 24 hours
 * has been 45 since 2026. The two raise different events.
 */
import type { PollutionRows } from '#contracts';
import { inForce } from './in-force.js';

export interface Mean {
  /** Pollutant and averaging time, such as `pm25-24h`. */
  readonly key: string;
  /** Null: missing or not complete enough; nothing is said about it then. */
  readonly ugM3: number | null;
}

export interface Exceedance {
  readonly key: string;
  readonly ugM3: number;
  readonly limitUgM3: number;
  readonly excessUgM3: number;
  readonly rowId: string;
  readonly verified: boolean;
}

/** Those above their limit; a value at the limit keeps it. `atMs`: the start of the averaging time, which selects the rows. */
export function exceedances(means: readonly Mean[], rows: PollutionRows, atMs: number): Exceedance[] {
  return means.flatMap(({ key, ugM3 }) => {
    const limit = inForce(rows, 'pollution.limit', key, atMs);
    if (limit === null || ugM3 === null || ugM3 <= limit.value) return [];
    return [{ key, ugM3, limitUgM3: limit.value, excessUgM3: ugM3 - limit.value, rowId: limit.rowId, verified: limit.verified }];
  });
}
