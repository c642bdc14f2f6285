/** Everything in a Kafka topic so far, for tests that compare it with what was sent. */
import { randomBytes } from 'node:crypto';
import { frameHeader } from '#contracts';
import { connectKafka, readFrame } from '#messaging';

export interface TopicRecord {
  readonly key: string | null;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export interface TopicEntry {
  readonly device: string;
  readonly publisher: string;
  readonly codec: string;
  readonly payload: string;
  readonly receivedAtMs: number;
}

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** All records up to the end as it is now. */
export async function recordsOf(brokers: string, topic: string): Promise<TopicRecord[]> {
  const kafka = connectKafka({ brokers: [brokers], clientId: 'test', log: quiet });
  const admin = kafka.admin();
  await admin.connect();
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)] as const));
  const left = new Map([...ends].filter(([, high]) => high > 0));
  const records: TopicRecord[] = [];
  const groupId = `test-${randomBytes(6).toString('hex')}`;
  if (left.size > 0) {
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50 });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          autoCommit: false,
          eachMessage: async ({ partition, message }) => {
            const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]));
            if (Number(message.offset) < (ends.get(partition) ?? 0)) records.push({ key: message.key?.toString() ?? null, value: message.value ?? Buffer.alloc(0), headers });
            if (Number(message.offset) + 1 >= (ends.get(partition) ?? 0)) left.delete(partition);
            if (left.size === 0) resolve();
          },
        })
        .catch(reject);
    });
    await consumer.disconnect();
    await admin.deleteGroups([groupId]).catch(() => undefined);
  }
  await admin.disconnect();
  return records;
}

/** The messages within all frames of a topic. */
export async function entriesOf(brokers: string, topic: string): Promise<TopicEntry[]> {
  const entries: TopicEntry[] = [];
  for (const { value, headers } of await recordsOf(brokers, topic)) {
    if (headers[frameHeader] === undefined) continue;
    readFrame(value, (device, publisher, receivedAtMs, codec, bytes, start, end) => {
      entries.push({ device, publisher, receivedAtMs, codec, payload: bytes.toString('utf8', start, end) });
    });
  }
  return entries;
}

/** Puts one plain record into a topic. */
export async function putRecord(brokers: string, topic: string, value: string): Promise<void> {
  const producer = connectKafka({ brokers: [brokers], clientId: 'test', log: quiet }).producer();
  await producer.connect();
  await producer.send({ topic, acks: -1, messages: [{ key: null, value, partition: 0 }] });
  await producer.disconnect();
}
