/**
 * Exactly once: the offsets of a round, and what became of its entries, commit with the rows they led to.
 *
 * The offset row is locked for the whole transaction. It is the fence against a process that believes it still owns a
 * partition: it waits here, then sees that its messages are stored, and skips them.
 */
import type { DeadLetterReason, Outcome } from '#contracts';
import type { Origin } from './arrival.js';
import type { Database, Transaction } from './database.js';

export interface Stream {
  readonly schema: string;
  readonly group: string;
  readonly topic: string;
  readonly clusterId: string;
}

export interface ConsumedRow {
  readonly partition: number;
  readonly nextOffset: number;
  readonly foldVersion: number;
}

/** What one partition's part of a round adds to its row. */
export interface Consumption {
  readonly partition: number;
  readonly nextOffset: number;
  readonly stored: number;
  readonly corrected: number;
  readonly repeated: number;
  readonly deadLettered: ReadonlyMap<DeadLetterReason, number>;
  /** 1 when states at home in this partition were changed by a round of another partition. */
  readonly foreignFolds: number;
}

export interface DeadLetter extends Origin {
  readonly reason: DeadLetterReason;
  readonly details: string;
  readonly payload: Buffer;
}

export const detailsCharactersMax = 1_000;

/**
 * Checks, before anything is consumed, that the topic is the one that was consumed so far, and makes the rows.
 * Throws with the remedy when the cluster is another one or the topic was made anew: going on would skip messages in silence.
 */
export async function prepareStream(db: Database, stream: Stream, ends: ReadonlyMap<number, { readonly low: number; readonly high: number }>): Promise<void> {
  const { schema, group, topic, clusterId } = stream;
  const known = await db.query(`select cluster_id, partition, next_offset from ${schema}.consumed where consumer_group = $1 and topic = $2`, [group, topic]);
  const elsewhere = known.find((row) => row['cluster_id'] !== clusterId && row['next_offset'] > 0);
  const here = known.filter((row) => row['cluster_id'] === clusterId);
  if (elsewhere !== undefined && here.length === 0) {
    throw new Error(
      `${topic}: this Kafka cluster is ${clusterId}, but ${schema}.consumed knows the topic from cluster ${elsewhere['cluster_id']}. ` +
        `If the cluster was replaced on purpose and everything old is stored, say so: insert into ${schema}.consumed (consumer_group, topic, cluster_id, partition) values ('${group}', '${topic}', '${clusterId}', 0)`,
    );
  }
  for (const row of here) {
    const end = ends.get(row['partition']);
    // Kafka never takes a partition away: one that is gone was never in this topic.
    if ((end?.high ?? 0) < row['next_offset']) {
      throw new Error(
        `${topic}/${row['partition']}: Kafka ends at offset ${end?.high ?? 0}, but ${row['next_offset']} are stored: the topic was made anew or cut. ` +
          `If that was on purpose: update ${schema}.consumed set next_offset = 0 where topic = '${topic}' (repeated readings are recognised by their identity)`,
      );
    }
    if (end !== undefined && end.low > row['next_offset']) {
      throw new Error(
        `${topic}/${row['partition']}: Kafka has dropped offsets ${row['next_offset']} to ${end.low - 1} before they were stored: its retention is too short for this stop. ` +
          `To go on without them: update ${schema}.consumed set next_offset = ${end.low} where topic = '${topic}' and partition = ${row['partition']}`,
      );
    }
  }
  await db.query(
    // A consumer that is new begins where the topic begins.
    `insert into ${schema}.consumed (consumer_group, topic, cluster_id, partition, next_offset) select $1, $2, $3, p, o from unnest($4::int[], $5::bigint[]) as n (p, o) on conflict do nothing`,
    [group, topic, clusterId, [...ends.keys()], [...ends.values()].map(({ low }) => low)],
  );
}

/** Locks the rows of these partitions in their order, which every process keeps: no two can wait for each other. */
export async function lockConsumed({ query }: Transaction, { schema, group, topic, clusterId }: Stream, partitions: readonly number[]): Promise<Map<number, ConsumedRow>> {
  const lock = () => query(
    `select partition, next_offset, fold_version from ${schema}.consumed
      where consumer_group = $1 and topic = $2 and cluster_id = $3 and partition = any($4) order by partition for update`,
    [group, topic, clusterId, partitions],
    'lock consumed',
  );
  let rows = await lock();
  if (rows.length < partitions.length) {
    // The topic has grown since the start.
    await query(`insert into ${schema}.consumed (consumer_group, topic, cluster_id, partition) select $1, $2, $3, unnest($4::int[]) on conflict do nothing`, [group, topic, clusterId, partitions]);
    rows = await lock();
  }
  return new Map(rows.map((row) => [row['partition'], { partition: row['partition'], nextOffset: row['next_offset'], foldVersion: row['fold_version'] }]));
}

export async function saveConsumed({ query }: Transaction, { schema, group, topic, clusterId }: Stream, consumption: readonly Consumption[]): Promise<void> {
  const dead = consumption.map(({ deadLettered }) => sum(deadLettered.values()));
  await query(
    `update ${schema}.consumed c set next_offset = greatest(c.next_offset, n.next_offset), fold_version = c.fold_version + n.folds, updated_at = now(),
            stored = c.stored + n.stored, corrected = c.corrected + n.corrected, repeated = c.repeated + n.repeated, dead_lettered = c.dead_lettered + n.dead,
            entries = c.entries + n.stored + n.corrected + n.repeated + n.dead
       from unnest($4::int[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[]) as n (partition, next_offset, stored, corrected, repeated, dead, folds)
      where c.consumer_group = $1 and c.topic = $2 and c.cluster_id = $3 and c.partition = n.partition`,
    [
      group,
      topic,
      clusterId,
      consumption.map(({ partition }) => partition),
      consumption.map(({ nextOffset }) => nextOffset),
      consumption.map(({ stored }) => stored),
      consumption.map(({ corrected }) => corrected),
      consumption.map(({ repeated }) => repeated),
      dead,
      consumption.map(({ foreignFolds }) => foreignFolds),
    ],
    'save consumed',
  );
  const reasons = consumption.flatMap(({ partition, deadLettered }) => [...deadLettered].map(([reason, count]) => ({ partition, reason, count })));
  if (reasons.length > 0) await countReasons({ query }, { schema, group, topic, clusterId }, reasons);
}

/** Adds to (or with a negative count takes from) the number of dead letters by reason. */
async function countReasons(
  { query }: Pick<Transaction, 'query'>,
  { schema, group, topic, clusterId }: Omit<Stream, 'schema'> & { schema: string },
  reasons: readonly { readonly partition: number; readonly reason: DeadLetterReason; readonly count: number }[],
): Promise<void> {
  const values = (some: typeof reasons): unknown[] => [group, topic, clusterId, some.map(({ partition }) => partition), some.map(({ reason }) => reason), some.map(({ count }) => count)];
  const [more, less] = [reasons.filter(({ count }) => count > 0), reasons.filter(({ count }) => count < 0)];
  if (less.length > 0) {
    // An upsert would not do: the table refuses a negative row before it looks for the one to add it to.
    await query(
      `update ${schema}.dead_letter_count d set count = d.count + n.count from unnest($4::int[], $5::text[], $6::bigint[]) as n (partition, reason, count)
        where (d.consumer_group, d.topic, d.cluster_id, d.partition, d.reason) = ($1, $2, $3, n.partition, n.reason)`,
      values(less),
    );
  }
  if (more.length === 0) return;
  await query(
    `insert into ${schema}.dead_letter_count as d (consumer_group, topic, cluster_id, partition, reason, count)
     select $1, $2, $3, partition, reason, count from unnest($4::int[], $5::text[], $6::bigint[]) as n (partition, reason, count)
     on conflict (consumer_group, topic, cluster_id, partition, reason) do update set count = d.count + excluded.count`,
    values(more),
  );
}

/** A letter from the same place takes the old one's: after a remedy of `prepareStream` the topic is read once more. */
export async function insertDeadLetters(transaction: Transaction, stream: Stream, letters: readonly DeadLetter[]): Promise<void> {
  // In parts: a statement's values become one text, and a flood of large messages would be longer than a text can be.
  let bytes = 0;
  let from = 0;
  for (const [index, { payload }] of letters.entries()) {
    if (index > from && bytes + payload.length > statementBytesMax) {
      await insertSome(transaction, stream, letters.slice(from, index));
      [from, bytes] = [index, 0];
    }
    bytes += payload.length;
  }
  await insertSome(transaction, stream, letters.slice(from));
}

const statementBytesMax = 8 * 1024 * 1024;

async function insertSome({ query }: Transaction, { schema, group, topic, clusterId }: Stream, letters: readonly DeadLetter[]): Promise<void> {
  const column = <T>(of: (letter: DeadLetter) => T): T[] => letters.map(of);
  await query(
    `insert into ${schema}.dead_letter (consumer_group, topic, cluster_id, partition, "offset", position, element, device, publisher, codec, received_at, reason, details, payload)
     select $1, $2, $3, * from unnest($4::int[], $5::bigint[], $6::int[], $7::int[], $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::text[], $13::text[], $14::bytea[])
     on conflict (topic, cluster_id, partition, "offset", position, element) do update
        set consumer_group = excluded.consumer_group, device = excluded.device, publisher = excluded.publisher, codec = excluded.codec, received_at = excluded.received_at,
            reason = excluded.reason, details = excluded.details, payload = excluded.payload, at = excluded.at, replayed_at = null, replayed_as = null`,
    [
      group,
      topic,
      clusterId,
      column(({ partition }) => partition),
      column(({ offset }) => offset),
      column(({ position }) => position),
      column(({ element }) => element),
      column(({ device }) => printable(device)),
      column(({ publisher }) => printable(publisher)),
      column(({ codec }) => printable(codec)),
      column(({ receivedAtMs }) => new Date(receivedAtMs).toISOString()),
      column(({ reason }) => reason),
      column(({ details }) => printable(details).slice(0, detailsCharactersMax)),
      column(({ payload }) => payload),
    ],
  );
}

/** PostgreSQL's text knows no NUL; hostile names and details may hold one. */
function printable(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}

function sum(counts: Iterable<number>): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

export type Counted = Exclude<Outcome, 'dead-lettered'>;
