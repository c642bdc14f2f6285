/**
 * Many rows in pieces, by a cursor of the server: whoever is slow to take them holds the query up, and nothing piles up
 * here. All statements of one stream see the database as it was at its beginning.
 */
import type { Database, Row, Transaction } from './database.js';

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Hands on the rows of one SELECT, at most `rowsMax` at a time; the next piece is fetched once `take` is done. */
export async function eachPiece<R extends Row = Row>({ query }: Transaction, { text, values }: Statement, rowsMax: number, take: (rows: R[]) => Promise<void>): Promise<void> {
  await query(`declare piece no scroll cursor for ${text}`, values);
  for (;;) {
    const rows = await query<R>(`fetch ${rowsMax} from piece`);
    if (rows.length > 0) await take(rows);
    if (rows.length < rowsMax) break;
  }
  await query('close piece');
}

/** A transaction that only reads, and sees one state of the database throughout. */
export function readOnce<T>(db: Database, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  return db.transaction(async (transaction) => {
    await transaction.query('set transaction isolation level repeatable read, read only');
    return work(transaction);
  });
}
