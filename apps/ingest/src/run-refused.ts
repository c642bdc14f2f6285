/** `npm run refused`: what came over bridges and is for no domain, newest last: when, from where, its topic, why, and its payload. */
import { parseArgs } from 'node:util';
import { refusedTopic } from '#contracts';
import { connectKafka, type OffsetRecord, readFrame, readFromOffset, topicEnds } from '#messaging';
import { brokerList, kafkaTopicRoot, runCommand } from '#service';
import { z } from 'zod';

const usage = `npm run refused [-- --limit 50] [--payload]
  --limit    messages, 1 to 10000
  --payload  all of it; otherwise its first 100 characters`;
const shownCharactersMax = 100;

await runCommand({
  name: 'refused',
  config: z.object({ KAFKA_BROKERS: brokerList(), TOPIC_ROOT: kafkaTopicRoot() }),
  async run({ KAFKA_BROKERS, TOPIC_ROOT }, { args, log, print, complain }) {
    const { values } = parseArgs({ args: [...args], options: { limit: { type: 'string', default: '50' }, payload: { type: 'boolean', default: false } } });
    const limit = Number(values.limit);
    if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) {
      complain(usage);
      return 1;
    }
    const lines: string[] = [];
    // A record holds one message at least.
    for (const { value } of await lastRecords({ brokers: KAFKA_BROKERS, topic: refusedTopic(TOPIC_ROOT), recordsMax: limit, log })) {
      readFrame(value!, (topic, gateway, receivedAtMs, reason, bytes, start, end) => {
        const payload = bytes.toString('utf8', start, end);
        lines.push(JSON.stringify({ receivedAt: new Date(receivedAtMs).toISOString(), gateway, topic, reason, bytes: end - start, payload: values.payload ? payload : payload.slice(0, shownCharactersMax) }));
      });
    }
    if (lines.length === 0) complain('Nothing was refused.');
    for (const line of lines.slice(-limit)) print(line);
    return 0;
  },
});

async function lastRecords({ brokers, topic, recordsMax, log }: { brokers: readonly string[]; topic: string; recordsMax: number; log: Parameters<typeof readFromOffset>[0]['log'] }): Promise<OffsetRecord[]> {
  const kafka = connectKafka({ brokers, clientId: 'refused', log });
  const { low, high } = (await topicEnds(kafka, topic)).partitions.get(0)!;
  const records: OffsetRecord[] = [];
  if (low === high) return records;
  let stop = async (): Promise<void> => undefined;
  await new Promise<void>((resolve, reject) => {
    const onRecords = (found: readonly OffsetRecord[]): void => {
      records.push(...found.filter(({ offset, value }) => offset < high && value !== null));
      if (found.at(-1)!.offset >= high - 1) resolve();
    };
    ({ stop } = readFromOffset({ kafka, topic, reader: 'refused', log, fromOffset: Math.max(low, high - recordsMax), onRecords, onGap: () => undefined, onFatal: reject }));
  });
  await stop();
  return records;
}
