/** Whether an alarm is for the public, as what a CAP message classes it, and how many people must approve that. */
import { capRowValues, type Alarm, type CapRowValue, type CapMessage, type DatedRow } from '#contracts';
import { rowAt } from '#rules';

type Level = CapRowValue<'alarm.cap'>['levels'][string];

export interface PublicClass extends Level {
  readonly category: CapRowValue<'alarm.cap'>['category'];
  readonly aroundKm: number;
  /** Kept with the message: by which row it was classed. */
  readonly rowId: string;
}

/**
 * Null: not for the public. `rows`: those of kind `alarm.cap`, of which the time of the event selects one.
 * `regulatory`: whether what raised the alarm is a station of that grade; false where there are no grades.
 */
export function publicClassOf({ domain, type, level }: Pick<Alarm, 'domain' | 'type' | 'level'>, atMs: number, rows: readonly DatedRow[], regulatory: boolean): PublicClass | null {
  const row = rowAt(rows, `${domain}/${type}`, atMs);
  const value = capRowValues['alarm.cap'].safeParse(row?.value).data;
  if (row === null || value === undefined || (value.regulatoryOnly && !regulatory)) return null;
  const named = Object.hasOwn(value.levels, level) ? value.levels[level]! : null;
  return named === null ? null : { ...named, category: value.category, aroundKm: value.aroundKm, rowId: row.id };
}

/**
 * People whose approval a message needs, by its most severe info; null: no row holds, so it cannot be sent. Only Actual
 * messages reach the public as real ones; a Cancel or an all-clear needs as many as what it ends. `rows`: those of kind
 * `alarm.cap-approval`.
 */
export function approvalsNeeded({ info = [] }: Pick<CapMessage, 'info'>, atMs: number, rows: readonly DatedRow[]): number | null {
  const severities = info.length === 0 ? ['Unknown'] : info.map(({ severity }) => severity);
  const needed = severities.map((severity) => capRowValues['alarm.cap-approval'].safeParse(rowAt(rows, severity, atMs)?.value).data ?? null);
  return needed.some((count) => count === null) ? null : Math.max(...(needed as number[]));
}
