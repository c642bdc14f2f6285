/**
 * US AQI (40 CFR part 58 appendix G, as revised in May 2024), shown beside the Vietnamese index under its own name.
 *
 * Concentrations are truncated first, then interpolated within their segment. Above the table the last slope goes on and
 * is marked "beyond the AQI", or the column hands over to another one, as its row says.
 */
import type { PollutionRows, UsAqiColumn } from '#contracts';
import { inForce } from './in-force.js';
import { roundHalfUp, truncate } from './rounding.js';

export interface UsAqi {
  readonly aqi: number;
  readonly column: UsAqiColumn;
  /** Above the table. */
  readonly beyond: boolean;
  /** "US AQI (EPA 2024)". */
  readonly nameVi: string;
  readonly nameEn: string;
  readonly rowId: string;
  readonly verified: boolean;
}

/** `value` in the unit of the column's row (µg/m³, ppm or ppb). Null: missing, negative, or not for this column to say. */
export function usAqi(column: UsAqiColumn, value: number | null, rows: PollutionRows, atMs: number): UsAqi | null {
  const held = inForce(rows, 'pollution.us-aqi', column, atMs);
  if (held === null || value === null) return null;
  const { segments, truncateDecimals, aboveLast, nameVi, nameEn } = held.value;
  const known = { column, nameVi, nameEn, rowId: held.rowId, verified: held.verified };
  const cut = truncate(value, truncateDecimals);
  if (cut < segments[0]!.from) return null;

  const last = segments.at(-1)!;
  const beyond = cut > last.to;
  if (beyond && aboveLast === 'not-used') return null;
  if (beyond && aboveLast === 'last-index') return { aqi: last.indexTo, beyond: false, ...known };
  const { from, to, indexFrom, indexTo } = segments.find((segment) => cut <= segment.to) ?? last;
  return { aqi: roundHalfUp(((indexTo - indexFrom) * (cut - from)) / (to - from) + indexFrom), beyond, ...known };
}

/** The highest of several columns, and which it is; null where none says anything. */
export function highestUsAqi(values: Readonly<Partial<Record<UsAqiColumn, number | null>>>, rows: PollutionRows, atMs: number): UsAqi | null {
  return (Object.entries(values) as [UsAqiColumn, number | null][]).reduce<UsAqi | null>((most, [column, value]) => {
    const found = usAqi(column, value, rows, atMs);
    return found !== null && (most === null || found.aqi > most.aqi) ? found : most;
  }, null);
}
