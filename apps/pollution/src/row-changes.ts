/**
 * Follows the dated rows: what they were when the results were computed is kept, and compared with what they are.
 *
 * A law that changes needs no release: the closed hours of the row's time are computed anew, each with a new revision
 * where its outcome changes. Hours outside that time are not touched.
 */
import { type DatedRow, type PollutionRowKind, pollutionRowValues, type PollutionRows } from '#contracts';
import type { Transaction } from '#timeseries';
import { isDeepStrictEqual } from 'node:util';
import { appliedRows, makeStale, saveAppliedRows } from './hour-tables.js';

/** A dated row that is new, gone or changed makes the closed hours of its time stale; the rest of time stays as it is. */
export async function applyRows(transaction: Transaction, rows: PollutionRows): Promise<void> {
  const now = new Map((Object.keys(pollutionRowValues) as PollutionRowKind[]).flatMap((kind) => rows(kind)).map((row) => [row.id, row]));
  const applied = new Map((await appliedRows(transaction)).map((row) => [row.id, row]));
  const isFirst = applied.size === 0;
  const changed = [...now.values()].filter((row) => !sameRow(row, applied.get(row.id)));
  const gone = [...applied.values()].filter(({ id }) => !now.has(id));
  if (changed.length === 0 && gone.length === 0) return;
  for (const row of isFirst ? [] : [...changed, ...gone]) {
    for (const [fromMs, toMs] of touchedTimes(applied.get(row.id), now.get(row.id))) {
      await makeStale(transaction, row.kind === 'pollution.station-grade' ? row.key : null, fromMs, toMs);
    }
  }
  await saveAppliedRows(transaction, changed, gone.map(({ id }) => id));
}

type RowTimes = Pick<DatedRow, 'kind' | 'key' | 'validFrom' | 'validTo' | 'value'>;

function sameRow(a: RowTimes, b: RowTimes | undefined): boolean {
  return b !== undefined && a.kind === b.kind && a.key === b.key && spanOf(a).join() === spanOf(b).join() && isDeepStrictEqual(a.value, b.value);
}

function spanOf({ validFrom, validTo }: RowTimes): [fromMs: number, toMs: number] {
  return [Date.parse(validFrom), validTo === null ? Number.POSITIVE_INFINITY : Date.parse(validTo)];
}

/** Where only the ends of a row have moved, the time between stays as it is: a law that ends changes nothing before its end. */
function touchedTimes(before: RowTimes | undefined, after: RowTimes | undefined): [number, number][] {
  if (before === undefined || after === undefined) return [spanOf((before ?? after)!)];
  const [fromA, toA] = spanOf(before);
  const [fromB, toB] = spanOf(after);
  const sameOtherwise = before.kind === after.kind && before.key === after.key && isDeepStrictEqual(before.value, after.value);
  if (!sameOtherwise) return [[Math.min(fromA, fromB), Math.max(toA, toB)]];
  return ([[Math.min(fromA, fromB), Math.max(fromA, fromB)], [Math.min(toA, toB), Math.max(toA, toB)]] as [number, number][]).filter(([from, to]) => from < to);
}
