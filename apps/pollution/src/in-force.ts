/** The dated row of a kind in force at a time, with its value read; a row whose value cannot be read is as good as none. */
import { pollutionRowValues, type PollutionRowKind, type PollutionRows, type PollutionRowValue } from '#contracts';
import { rowAt } from '#rules';

/** A value of law or science, and the row it comes from: every result names the rows it rests on. */
export interface Held<V> {
  readonly value: V;
  readonly rowId: string;
  /** False: nobody has compared the row with its source; shown as "chưa kiểm chứng / not verified". */
  readonly verified: boolean;
}

export function inForce<K extends PollutionRowKind>(rows: PollutionRows, kind: K, key: string, atMs: number): Held<PollutionRowValue<K>> | null {
  const row = rowAt(rows(kind), key, atMs);
  if (row === null) return null;
  const read = pollutionRowValues[kind].safeParse(row.value);
  return read.success ? { value: read.data as PollutionRowValue<K>, rowId: row.id, verified: row.verifiedBy !== null } : null;
}
