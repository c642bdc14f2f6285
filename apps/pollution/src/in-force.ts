/** The dated row of a kind in force at a time, with its value read; a row whose value cannot be read is as good as none. */
import { type DatedRow, pollutionRowValues, type PollutionRowKind, type PollutionRows, type PollutionRowValue } from '#contracts';
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
  let held = known.get(row);
  if (held === undefined) {
    const read = pollutionRowValues[kind].safeParse(row.value);
    known.set(row, (held = read.success ? { value: read.data, rowId: row.id, verified: row.verifiedBy !== null } : null));
  }
  return held as Held<PollutionRowValue<K>> | null;
}

/** Each row is read once: one hour asks for a hundred, and reading a value costs more than finding its row. */
const known = new WeakMap<DatedRow, Held<unknown> | null>();
