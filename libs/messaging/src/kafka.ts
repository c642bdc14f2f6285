/**
 * kafkajs behind a few functions: connecting, topics, and which of its errors mean "not now".
 */
import './kafkajs-repairs.js';
import { Unavailable } from '#contracts';
import kafkajs, { type Kafka, type LogEntry } from 'kafkajs';
import { isNativeError } from 'node:util/types';

export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly log: Log;
}

export function connectKafka({ brokers, clientId, log }: KafkaSettings): Kafka {
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: 3_000,
    requestTimeout: 30_000,
    retry: { retries: 8, initialRetryTime: 100, maxRetryTime: 1_000 },
    // kafkajs reports every retry as an error; what matters is what our own callers see and say.
    logCreator: () => ({ label, log: { message, ...facts } }: LogEntry) => log.debug({ label, message: message.slice(0, 300), error: facts['error'] }, 'kafkajs'),
    logLevel: kafkajs.logLevel.WARN,
  });
}

export interface TopicSettings {
  readonly topic: string;
  readonly partitions: number;
  readonly retentionMs: number;
  /** Per partition. */
  readonly retentionBytes: number;
}

/** The largest record batch of one partition in one produce request; topics allow twice as much. */
export const batchBytesMax = 4 * 1024 * 1024;

/**
 * Creates the topics that do not exist. `flush.messages=1` makes an acknowledgement survive a power cut on a single
 * broker; with replicas it may be lifted by the topic's own configuration.
 */
export async function ensureTopics(kafka: Kafka, topics: readonly TopicSettings[]): Promise<void> {
  await whileUnavailable(async () => {
    const admin = kafka.admin();
    try {
      await admin.connect();
      const existing = new Set(await admin.listTopics());
      const missing = topics.filter(({ topic }) => !existing.has(topic));
      if (missing.length === 0) return;
      await admin.createTopics({
        waitForLeaders: true,
        topics: missing.map(({ topic, partitions, retentionMs, retentionBytes }) => ({
          topic,
          numPartitions: partitions,
          configEntries: [
            { name: 'flush.messages', value: '1' },
            { name: 'retention.ms', value: String(retentionMs) },
            { name: 'retention.bytes', value: String(retentionBytes) },
            { name: 'max.message.bytes', value: String(2 * batchBytesMax) },
            // Others may compress as they like: the broker unpacks it, since one codec that we lack would stop every consumer.
            { name: 'compression.type', value: 'uncompressed' },
          ],
        })),
      });
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  });
}

export interface TopicEnds {
  readonly clusterId: string;
  /** First kept and next free offset of each partition. */
  readonly partitions: ReadonlyMap<number, { readonly low: number; readonly high: number }>;
}

/** Where a topic begins and ends now, and in which cluster. */
export async function topicEnds(kafka: Kafka, topic: string): Promise<TopicEnds> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const [{ clusterId }, offsets] = await Promise.all([admin.describeCluster(), admin.fetchTopicOffsets(topic)]);
    return { clusterId, partitions: new Map(offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }])) };
  } catch (error) {
    throw isKafkaUnavailable(error) ? new Unavailable('kafka', error) : error;
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

export function isKafkaUnavailable(error: unknown): boolean {
  if (error instanceof Unavailable) return true;
  if (!isNativeError(error)) return false;
  const { retriable, name, cause } = error as Error & { retriable?: boolean };
  if (retriable === true || /^KafkaJS(Connection|RequestTimeout|NumberOfRetriesExceeded|BrokerNotFound|GroupCoordinatorNotFound|MetadataNotLoaded|LockTimeout)/.test(name)) return true;
  return cause !== undefined && cause !== error && isKafkaUnavailable(cause);
}

/** For the start of a process: a topic that was just made has no leader for a moment, a broker may still be coming up. */
export async function whileUnavailable<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!isKafkaUnavailable(error) || tries >= 60) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
