/**
 * Dead letters as people see them: listed, shown with their raw bytes, and tried again in their place.
 */
import type { DeadLetterReason } from '#contracts';
import { type DeadLetter, insertDeadLetters, type Stream } from './consumed.js';
import type { Database, Transaction } from './database.js';

export interface KeptLetter extends DeadLetter {
  readonly id: number;
  readonly topic: string;
  readonly at: Date;
  readonly replayedAt: Date | null;
  readonly replayedAs: string | null;
}

export interface LetterFilter {
  readonly reason?: string;
  readonly device?: string;
  /** Replayed ones too. */
  readonly all?: boolean;
  readonly beforeId?: number;
  readonly limit: number;
}

const columns = `id, topic, partition, "offset", position, element, device, publisher, codec, received_at, reason, details, payload, at, replayed_at, replayed_as`;

/** Newest first; page on with the last id as `beforeId`. */
export async function listDeadLetters(db: Database, schema: string, { reason, device, all = false, beforeId, limit }: LetterFilter): Promise<KeptLetter[]> {
  const rows = await db.query(
    `select ${columns} from ${schema}.dead_letter
      where ($1::text is null or reason = $1) and ($2::text is null or device = $2) and ($3 or replayed_at is null) and ($4::bigint is null or id < $4) order by id desc limit $5`,
    [reason ?? null, device ?? null, all, beforeId ?? null, limit],
  );
  return rows.map(letterFrom);
}

export async function findDeadLetter(db: Database, schema: string, id: number): Promise<KeptLetter | null> {
  const [row] = await db.query(`select ${columns} from ${schema}.dead_letter where id = $1`, [id]);
  return row === undefined ? null : letterFrom(row);
}

/** Locks the letter and tells the reason it has now; null when it is gone or somebody was quicker. */
export async function takeForReplay({ query }: Transaction, schema: string, id: number): Promise<DeadLetterReason | null> {
  const [letter] = await query(`select reason from ${schema}.dead_letter where id = $1 and replayed_at is null for update`, [id]);
  return letter === undefined ? null : letter['reason'];
}

/**
 * Notes what became of a letter. Refused as a whole once more, it stays open with its new reason; parts that are refused
 * become letters of their own.
 */
export async function markReplayed(transaction: Transaction, stream: Stream, id: number, result: { stored: number; corrected: number; repeated: number }, dead: readonly DeadLetter[]): Promise<void> {
  const { stored, corrected, repeated } = result;
  const again = dead.length === 1 && stored + corrected + repeated === 0 ? dead[0]! : null;
  if (again !== null) {
    await transaction.query(`update ${stream.schema}.dead_letter set reason = $2, details = $3 where id = $1`, [id, again.reason, again.details]);
    return;
  }
  const became = Object.entries({ stored, corrected, repeated, 'dead-lettered': dead.length }).filter(([, count]) => count > 0);
  await transaction.query(`update ${stream.schema}.dead_letter set replayed_at = now(), replayed_as = $2 where id = $1`, [id, became.map(([name, count]) => `${name} ${count}`).join(', ')]);
  if (dead.length > 0) await insertDeadLetters(transaction, stream, dead);
}

export interface ConsumedCount {
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: number;
  readonly entries: number;
  readonly stored: number;
  readonly corrected: number;
  readonly repeated: number;
  readonly deadLettered: number;
  readonly reasons: Readonly<Partial<Record<DeadLetterReason, number>>>;
}

/** What became of everything that was consumed: entries = stored + corrected + repeated + dead-lettered, row by row. */
export async function accounting(db: Database, schema: string): Promise<ConsumedCount[]> {
  const rows = await db.query(
    `select c.topic, c.partition, c.next_offset, c.entries, c.stored, c.corrected, c.repeated, c.dead_lettered,
            (select coalesce(jsonb_object_agg(d.reason, d.count), '{}') from ${schema}.dead_letter_count d
              where (d.consumer_group, d.topic, d.cluster_id, d.partition) = (c.consumer_group, c.topic, c.cluster_id, c.partition) and d.count > 0) as reasons
       from ${schema}.consumed c order by c.topic, c.partition`,
  );
  return rows.map((row) => ({
    topic: row['topic'],
    partition: row['partition'],
    nextOffset: row['next_offset'],
    entries: row['entries'],
    stored: row['stored'],
    corrected: row['corrected'],
    repeated: row['repeated'],
    deadLettered: row['dead_lettered'],
    reasons: row['reasons'],
  }));
}

function letterFrom(row: Record<string, any>): KeptLetter { // eslint-disable-line @typescript-eslint/no-explicit-any
  return {
    id: row['id'],
    topic: row['topic'],
    partition: row['partition'],
    offset: row['offset'],
    position: row['position'],
    element: row['element'],
    device: row['device'],
    publisher: row['publisher'],
    codec: row['codec'],
    receivedAtMs: row['received_at'].getTime(),
    reason: row['reason'],
    details: row['details'],
    payload: row['payload'],
    at: row['at'],
    replayedAt: row['replayed_at'],
    replayedAs: row['replayed_as'],
  };
}
