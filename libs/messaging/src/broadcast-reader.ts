/**
 * Reads a topic from its end, every process all of it: for messages that are worth something only to who is here now.
 *
 * Each start is a consumer group of its own: it shares the partitions with nobody and waits for no dead member to be
 * missed. Nothing is committed, so Kafka forgets the group when it is empty.
 */
import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import type { Log } from './kafka.js';

export interface BroadcastReaderOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  /** Beginning of the group's name. */
  readonly reader: string;
  readonly log: Log;
  /** Must not throw for what is wrong with the record: nobody would send it again. */
  onRecord(key: Buffer | null, value: Buffer): void;
  /** kafkajs has stopped for good: the process must end. */
  onFatal(error: unknown): void;
}

export interface BroadcastReader {
  /** Resolves when its place at the end is known: what is sent from then on arrives. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** Tries in the background until Kafka is there. */
export function readFromEnd({ kafka, topic, reader, log, onRecord, onFatal }: BroadcastReaderOptions): BroadcastReader {
  let stopping = false;
  const consumer = kafka.consumer({ groupId: `${reader}-${randomUUID()}`, sessionTimeout: 10_000, maxWaitTimeInMs: 100, minBytes: 1, retry: { retries: Number.MAX_SAFE_INTEGER, initialRetryTime: 100, maxRetryTime: 2_000 } });
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart && !stopping) onFatal(payload.error);
  });

  const ready = new Promise<void>((resolve) => consumer.on('consumer.fetch', () => resolve()));

  const start = async (): Promise<void> => {
    for (let tries = 1; !stopping; tries++) {
      try {
        await consumer.connect();
        await consumer.subscribe({ topics: [topic], fromBeginning: false });
        await consumer.run({
          autoCommit: false,
          eachMessage: async ({ message }) => {
            if (message.value === null) return;
            try {
              onRecord(message.key, message.value);
            } catch (error) {
              // A TypeError thrown here would stop kafkajs for good.
              log.error({ topic, offset: message.offset, error }, 'record could not be handed over');
            }
          },
        });
        return;
      } catch (error) {
        log.warn({ topic, error: String(error), tries }, 'topic cannot be read yet');
        await new Promise((resolve) => setTimeout(resolve, Math.min(2_000, 100 * tries)));
      }
    }
  };
  const started = start();

  return {
    ready,
    async stop() {
      stopping = true;
      await consumer.disconnect().catch(() => undefined);
      await started;
    },
  };
}
