/**
 * The way from Kafka to a handler: a Nest transport that hands over all partitions of a fetch as one round.
 *
 * The handler must have stored the round, and its offsets, when its promise resolves. What Kafka itself remembers of
 * our place is only a hint; the offset rows in the database decide. A round that fails is given again, without end.
 */
import { EventPattern, Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Log } from './kafka.js';

export interface RoundRecord {
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
  readonly timestampMs: number;
}

export interface RoundPartition {
  readonly partition: number;
  readonly highWatermark: number;
  /** The last offset of the fetch, control records included. */
  readonly lastOffset: number;
  readonly records: readonly RoundRecord[];
}

export interface Round {
  readonly topic: string;
  readonly partitions: readonly RoundPartition[];
}

const ROUND = Symbol('kafka round');

/** Marks the method that stores rounds of a stream; `stream` is the topic without root and version: `traffic.readings`. */
export const RoundOf = (stream: string): MethodDecorator => EventPattern(stream, ROUND as never) as MethodDecorator;

export interface RoundStrategyOptions {
  readonly kafka: Kafka;
  readonly groupId: string;
  /** `city` → the stream `traffic.readings` is read from `city.traffic.readings.v1`. */
  readonly topicRoot: string;
  readonly log: Log;
  /** Fewer bytes than this wait up to `fetchWaitMs` for company. */
  readonly fetchBytesMin: number;
  readonly fetchWaitMs: number;
  readonly partitionBytesMax: number;
  /** How long a dead member keeps its partitions. */
  readonly sessionTimeoutMs: number;
  readonly onTrouble?: (failing: boolean, error?: unknown) => void;
  /** kafkajs has stopped for good: the process must end, so that its supervisor starts a fresh one. */
  readonly onFatal: (error: unknown) => void;
}

interface Waiting {
  readonly payload: EachBatchPayload;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const retryMsMin = 200;
const retryMsMax = 5_000;
/** More partitions than one process will ever be given; kafkajs runs the batches of a fetch side by side up to this. */
const partitionsMax = 256;

export class RoundStrategy extends Server implements CustomTransportStrategy {
  override transportId = ROUND as never;
  private consumer: Consumer | null = null;
  private waiting: Waiting[] = [];
  private working = false;
  private stopping = false;
  private current: Promise<void> = Promise.resolve();

  constructor(private readonly options: RoundStrategyOptions) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    this.start().then(() => callback(), callback);
  }

  async close(): Promise<void> {
    this.stopping = true;
    await this.current;
    await this.consumer?.disconnect();
  }

  on(): never {
    throw new Error('rounds have no events');
  }

  unwrap<T>(): T {
    return this.consumer as T;
  }

  private async start(): Promise<void> {
    const { kafka, groupId, sessionTimeoutMs, fetchBytesMin, fetchWaitMs, partitionBytesMax, onFatal } = this.options;
    const consumer = kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.floor(sessionTimeoutMs / 6),
      rebalanceTimeout: sessionTimeoutMs,
      minBytes: fetchBytesMin,
      maxWaitTimeInMs: fetchWaitMs,
      maxBytes: 64 * 1024 * 1024,
      maxBytesPerPartition: partitionBytesMax,
      retry: { retries: Number.MAX_SAFE_INTEGER, initialRetryTime: 100, maxRetryTime: 1_000 },
    });
    this.consumer = consumer;
    // kafkajs stops for good on a TypeError and the like while the process lives on: end it, the supervisor starts anew.
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart && !this.stopping) onFatal(payload.error);
    });
    await consumer.connect();
    const topics = [...this.messageHandlers.keys()].map((stream) => this.topicOf(stream));
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run({
      autoCommit: true,
      autoCommitInterval: 5_000,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: partitionsMax,
      eachBatch: (payload) => this.join(payload),
    });
  }

  private topicOf(stream: string): string {
    return `${this.options.topicRoot}.${stream}.v1`;
  }

  /** kafkajs starts all batches of a fetch in one go; two turns of the event loop later they are all here. */
  private join(payload: EachBatchPayload): Promise<void> {
    if (this.stopping || !payload.isRunning() || payload.isStale()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiting.push({ payload, resolve, reject });
      if (this.working) return;
      this.working = true;
      const begin = (): void => {
        this.current = this.work();
      };
      setImmediate(() => setImmediate(begin));
    });
  }

  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      const taken = this.waiting;
      this.waiting = [];
      const topics = new Set(taken.map(({ payload }) => payload.batch.topic));
      for (const topic of topics) await this.handle(topic, taken.filter(({ payload }) => payload.batch.topic === topic));
    }
    this.working = false;
  }

  private async handle(topic: string, members: Waiting[]): Promise<void> {
    members.sort((a, b) => a.payload.batch.partition - b.payload.batch.partition);
    const round: Round = { topic, partitions: members.map(({ payload }) => partitionFrom(payload)) };
    const handler = this.messageHandlers.get(topic.slice(this.options.topicRoot.length + 1, -'.v1'.length))!;

    for (let retryMs = retryMsMin; !this.stopping; retryMs = Math.min(retryMsMax, retryMs * 2)) {
      if (members.some(({ payload }) => payload.isStale() || !payload.isRunning())) break;
      try {
        const result: unknown = await handler(round as never);
        // Nest turns an error into a returned observable: unsubscribed, the round would be committed without being stored.
        if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
        for (const { payload } of members) payload.resolveOffset(payload.batch.lastOffset());
        members[0]!.payload.heartbeat().catch(() => undefined); // The next fetch reports what a heartbeat would.
        this.options.onTrouble?.(false);
        break;
      } catch (error) {
        this.options.onTrouble?.(true, error);
        await this.waitBeating(members, retryMs);
      }
    }
    for (const { resolve } of members) resolve();
  }

  /** Heartbeats while waiting, so that a long stop of the database does not look like our death. */
  private async waitBeating(members: Waiting[], ms: number): Promise<void> {
    const until = Date.now() + ms;
    while (Date.now() < until && !this.stopping) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(500, until - Date.now())));
      await members[0]!.payload.heartbeat().catch(() => undefined);
    }
  }
}

function partitionFrom({ batch }: EachBatchPayload): RoundPartition {
  return {
    partition: batch.partition,
    highWatermark: Number(batch.highWatermark),
    lastOffset: Number(batch.lastOffset()),
    records: batch.messages.map(({ offset, key, value, headers, timestamp }) => ({ offset: Number(offset), key, value, headers: headers ?? {}, timestampMs: Number(timestamp) })),
  };
}
