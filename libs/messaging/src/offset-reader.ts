/**
 * Reads a topic of one partition from an offset on, without end: every record once and in order, whatever happens to the
 * connection or the broker meanwhile.
 *
 * Like broadcast-reader.ts each start is a consumer group of its own, in which nothing is committed. The place is kept
 * here, and sought again each time the group has formed.
 */
import { randomUUID } from 'node:crypto';
import type { EachBatchPayload, Kafka } from 'kafkajs';
import type { Log } from './kafka.js';

export interface OffsetRecord {
  readonly offset: number;
  readonly value: Buffer | null;
}

export interface OffsetReaderOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  /** Beginning of the group's name. */
  readonly reader: string;
  readonly log: Log;
  readonly fromOffset: number;
  /** Until it has resolved nothing more is read. What it throws is fatal: it must not throw for what is wrong with a record. */
  onRecords(records: readonly OffsetRecord[]): void | Promise<void>;
  /** Kafka no longer has what is due (its retention is over, the topic was made anew): reading goes on at `givenOffset`. */
  onGap(dueOffset: number, givenOffset: number): void;
  /** kafkajs has stopped for good, or records could not be taken: the process must end. */
  onFatal(error: unknown): void;
}

export interface OffsetReader {
  stop(): Promise<void>;
}

/** Tries in the background until Kafka is there. */
export function readFromOffset({ kafka, topic, reader, log, fromOffset, onRecords, onGap, onFatal }: OffsetReaderOptions): OffsetReader {
  let stopping = false;
  let due = fromOffset;
  const consumer = kafka.consumer({ groupId: `${reader}-${randomUUID()}`, sessionTimeout: 10_000, maxWaitTimeInMs: 500, minBytes: 1, retry: { retries: Number.MAX_SAFE_INTEGER, initialRetryTime: 100, maxRetryTime: 2_000 } });
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart && !stopping) onFatal(payload.error);
  });
  // Before the first fetch: without a committed offset kafkajs would begin with the oldest record.
  consumer.on('consumer.group_join', () => consumer.seek({ topic, partition: 0, offset: String(due) }));

  async function take({ batch, isRunning, isStale, heartbeat, resolveOffset }: EachBatchPayload): Promise<void> {
    if (!isRunning() || isStale() || stopping) return;
    let first = batch.messages.length === 0 ? due : Number(batch.messages[0]!.offset);
    if (first < due && Number(batch.highWatermark) < due) {
      onGap(due, first);
      due = first;
    }
    const records = batch.messages.map(({ offset, value }) => ({ offset: Number(offset), value })).filter(({ offset }) => offset >= due);
    if (records.length > 0) {
      first = records[0]!.offset;
      if (first > due) onGap(due, first);
      due = records.at(-1)!.offset + 1;
      try {
        await onRecords(records);
      } catch (error) {
        // Going on would leave a gap that nobody knows of; and a TypeError thrown here would stop kafkajs in silence.
        onFatal(error);
        return;
      }
    }
    resolveOffset(batch.lastOffset());
    await heartbeat().catch(() => undefined); // The next fetch reports what it reports.
  }

  const start = async (): Promise<void> => {
    for (let tries = 1; !stopping; tries++) {
      try {
        await consumer.connect();
        await consumer.subscribe({ topics: [topic], fromBeginning: true });
        await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: take });
        return;
      } catch (error) {
        log.warn({ topic, error: String(error), tries }, 'topic cannot be read yet');
        await new Promise((resolve) => setTimeout(resolve, Math.min(2_000, 100 * tries)));
      }
    }
  };
  const started = start();

  return {
    async stop() {
      stopping = true;
      await consumer.disconnect().catch(() => undefined);
      await started; // It may have been connecting just now.
      await consumer.disconnect().catch(() => undefined);
    },
  };
}
