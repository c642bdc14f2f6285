/**
 * Counts the timers of an idle Kafka connection, with our repairs of kafkajs or as it comes, in a process that has nothing
 * else to do; or, with another version of kafkajs pretended, tells whether the repairs refuse it.
 */
import { createRequire } from 'node:module';
import type * as Kafkajs from 'kafkajs';

const require = createRequire(import.meta.url);
const [broker, kind] = process.argv.slice(2) as [string, 'repaired' | 'as it comes' | `version ${string}`];
const shortTimerMsMax = 20;
const watchMs = 1_000;

let timers = 0;
const realSetTimeout = globalThis.setTimeout;
globalThis.setTimeout = Object.assign(
  (callback: (...values: unknown[]) => void, ms?: number, ...values: unknown[]) => {
    if ((ms ?? 0) <= shortTimerMsMax) timers++;
    return realSetTimeout(callback, ms, ...values);
  },
  realSetTimeout,
) as typeof globalThis.setTimeout;

const warnings: string[] = [];
process.on('warning', ({ name }) => warnings.push(name));

async function timersWhileIdle(): Promise<number> {
  const { Kafka, logLevel } = require('kafkajs') as typeof Kafkajs;
  const admin = new Kafka({ brokers: [broker], clientId: 'idle', logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.listTopics();
  timers = 0;
  await new Promise((resolve) => realSetTimeout(resolve, watchMs));
  const counted = timers;
  await admin.disconnect();
  return counted;
}

if (kind.startsWith('version ')) {
  const file = require.resolve('kafkajs/package.json');
  require(file);
  require.cache[file]!.exports = { version: kind.slice('version '.length) };
  const error = await import('#messaging').then(() => null, String);
  process.send!({ error });
} else {
  if (kind === 'repaired') await import('#messaging');
  process.send!({ timers: await timersWhileIdle(), warnings });
}
