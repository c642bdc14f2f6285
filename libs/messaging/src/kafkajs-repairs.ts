/**
 * Repairs of kafkajs 2.2.4, made when this file is first imported. They live here, not in a patched package, so that
 * `npm ci` cannot lose them; if kafkajs is not as expected, the process says so at once.
 *
 * 1. An idle connection keeps a 1 ms timer running, 4 % of a core each (tulios/kafkajs#1704, #1751): no timer without need.
 * 2. Produce requests are encoded by produce-request.ts: the same bytes at a fraction of the cost.
 */
import { createRequire } from 'node:module';
import { encodeProduce, type ProducePartition } from './produce-request.js';

const require = createRequire(import.meta.url);
export const repairedVersion = '2.2.4';

interface RequestQueue {
  pending: unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

interface ProduceArguments {
  readonly acks: number;
  readonly timeout: number;
  readonly compression?: number;
  readonly transactionalId?: string | null;
  readonly producerId?: { toString(): string };
  readonly producerEpoch?: number;
  readonly topicData: readonly { readonly topic: string; readonly partitions: readonly (ProducePartition & { readonly messages: readonly { readonly timestamp?: unknown }[] })[] }[];
}

type MakeProduce = (given: ProduceArguments) => { readonly request: { encode: () => Promise<unknown> } };
interface ProduceProtocol {
  protocol(version: { readonly version: number }): MakeProduce;
}

const installed = (require('kafkajs/package.json') as { version: string }).version;
if (installed !== repairedVersion) throw new Error(`kafkajs ${installed} is installed, its repairs were written for ${repairedVersion}: look at libs/messaging/src/kafkajs-repairs.ts`);

repairTimer((require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }).prototype);
repairProduce(require('kafkajs/src/protocol/requests/produce') as ProduceProtocol);

function repairTimer(queue: RequestQueue): void {
  const schedule = queue.scheduleCheckPendingRequests;
  if (typeof schedule !== 'function') throw new Error('kafkajs has no RequestQueue.scheduleCheckPendingRequests: its repairs no longer fit');
  queue.scheduleCheckPendingRequests = function scheduleOnlyWhenNeeded(this: RequestQueue): void {
    if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return;
    schedule.call(this);
  };
}

function repairProduce(produce: ProduceProtocol): void {
  const original = produce.protocol;
  if (typeof original !== 'function') throw new Error('kafkajs has no protocol of produce requests: its repairs no longer fit');
  produce.protocol = (version) => {
    const make = original(version);
    return (given) => {
      const made = make(given);
      if (canEncode(given)) made.request.encode = () => Promise.resolve(asEncoder(encode(given)));
      return made;
    };
  };
}

/** What we never send (compression, transactions, times of one's own, repeated headers) stays with kafkajs. */
function canEncode({ compression = 0, transactionalId = null, topicData }: ProduceArguments): boolean {
  const plain = (message: { readonly timestamp?: unknown; readonly headers?: object }): boolean => message.timestamp === undefined && !Object.values(message.headers ?? {}).some(Array.isArray);
  return compression === 0 && transactionalId === null && topicData.every(({ partitions }) => partitions.every(({ messages }) => messages.every(plain)));
}

function encode({ acks, timeout, producerId, producerEpoch = 0, topicData }: ProduceArguments): Buffer {
  const topics = topicData.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition, firstSequence = 0, messages }) => ({ partition, firstSequence, messages })),
  }));
  return encodeProduce({ acks, timeoutMs: timeout, producerId: BigInt(producerId?.toString() ?? '-1'), producerEpoch, topics }, Date.now());
}

/** As much of kafkajs's Encoder as its caller looks at. */
function asEncoder(bytes: Buffer): object {
  return { buf: bytes, buffer: bytes, size: () => bytes.length };
}
