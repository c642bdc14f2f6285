/** Everything a topic holds, for looking at it in a test; dropping it afterwards. */
import type { connectKafka } from '#messaging';
import { randomBytes } from 'node:crypto';

export interface TopicRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string;
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export interface TopicRecords {
  /** Of all partitions together. */
  end(): Promise<number>;
  /** What came after `end` was that, in the order of partitions and offsets. */
  since(end: number): Promise<TopicRecord[]>;
  /** Drops the topic too. */
  drop(): Promise<void>;
}

export async function recordsOf(kafka: ReturnType<typeof connectKafka>, topic: string): Promise<TopicRecords> {
  const admin = kafka.admin();
  await admin.connect();
  const groupId = `test-${randomBytes(6).toString('hex')}`;
  const consumer = kafka.consumer({ groupId, minBytes: 1, maxWaitTimeInMs: 50 });
  const records: TopicRecord[] = [];
  let changed: () => void = () => undefined;
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message: { offset, key, value, headers } }) => {
      const texts = Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)]));
      records.push({ partition, offset: Number(offset), key: key === null ? null : key.toString(), value: value!.toString('utf8'), bytes: value!, headers: texts });
      changed();
    },
  });
  const end = async (): Promise<number> => (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
  return {
    end,
    async since(from) {
      const to = await end();
      while (records.length < to) await new Promise<void>((resolve) => (changed = resolve));
      return records.slice(from, to).sort((a, b) => a.partition - b.partition || a.offset - b.offset);
    },
    async drop() {
      await consumer.disconnect();
      await admin.deleteTopics({ topics: [topic] });
      await admin.deleteGroups([groupId]).catch(() => undefined);
      await admin.disconnect();
    },
  };
}
