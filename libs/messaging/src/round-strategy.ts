/**
 * The way from Kafka to a handler: a Nest transport that hands over all partitions of a fetch as one round.
 *
 * While one round is being stored the next is fetched and decoded, so that this process and the database work at the
 * same time. What Kafka remembers of our place is only a hint, committed for what is stored; the offset rows in the
 * database decide. A round that fails is given again, without end, and none overtakes it.
 */
import { OffsetGap } from '#contracts';
import { applyDecorators, Catch, type ExceptionFilter, UseFilters } from '@nestjs/common';
import { EventPattern, Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { isObservable, lastValueFrom, type Observable, throwError } from 'rxjs';
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
  /** Where the fetch began: everything from here on is in `records`. */
  readonly fromOffset: number;
  readonly highWatermark: number;
  /** The last offset of the fetch, control records included. */
  readonly lastOffset: number;
  readonly records: readonly RoundRecord[];
}

export interface Round {
  readonly topic: string;
  readonly partitions: readonly RoundPartition[];
  /** Resolves when all earlier rounds are stored: decode before it, store after it. */
  readonly turn: Promise<void>;
}

const ROUND = Symbol('kafka round');

/** Nest would hide a handler's error behind "Internal server error"; here the kind of failure decides what is done. */
@Catch()
class PassErrors implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/**
 * Marks the method that stores rounds of a stream; `stream` is the topic without root and version: `traffic.readings`.
 * When its promise resolves, the round and its offsets must be stored.
 */
export const RoundOf = (stream: string): MethodDecorator => applyDecorators(EventPattern(stream, ROUND as never) as MethodDecorator, UseFilters(new PassErrors()));

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

interface Joined {
  readonly payload: EachBatchPayload;
  readonly resolve: () => void;
}

const retryMsMin = 200;
const retryMsMax = 5_000;
/** More partitions than one process will ever be given; kafkajs runs the batches of a fetch side by side up to this. */
const partitionsMax = 256;
/** One being stored, one being decoded. */
const roundsInFlightMax = 2;
const commitEveryMs = 1_000;
/** The rounds in flight when a gap is found have it too; more of the same means that Kafka no longer has what is due. */
const gapsMax = roundsInFlightMax + 2;

export class RoundStrategy extends Server implements CustomTransportStrategy {
  override transportId = ROUND as never;
  private consumer: Consumer | null = null;
  private joined: Joined[] = [];
  private gathering = false;
  private inFlight = 0;
  private last: Promise<void> = Promise.resolve();
  private landed: () => void = () => undefined;
  private stopping = false;
  private readonly stored = new Map<string, number>(); // By "topic partition": what Kafka is told at the next commit.
  private readonly dropped = new Map<string, number>(); // By "topic partition": the first offset of rounds that were given up for another's gap.
  private readonly gaps = new Map<string, { dueOffset: number; times: number }>();
  private commits: NodeJS.Timeout | undefined;

  constructor(private readonly options: RoundStrategyOptions) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    this.start().then(() => callback(), callback);
  }

  async close(): Promise<void> {
    this.stopping = true;
    this.landed();
    await this.last;
    clearInterval(this.commits);
    await this.commit();
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
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, partitionsConsumedConcurrently: partitionsMax, eachBatch: (payload) => this.join(payload) });
    this.commits = setInterval(() => void this.commit(), commitEveryMs);
  }

  private topicOf(stream: string): string {
    return `${this.options.topicRoot}.${stream}.v1`;
  }

  /** kafkajs starts all batches of a fetch in one go; two turns of the event loop later they are all here. */
  private join(payload: EachBatchPayload): Promise<void> {
    if (this.stopping || !payload.isRunning() || payload.isStale()) return Promise.resolve();
    return new Promise((resolve) => {
      this.joined.push({ payload, resolve });
      if (this.gathering) return;
      this.gathering = true;
      setImmediate(() => setImmediate(() => void this.accept()));
    });
  }

  /** Takes what has joined into flight as soon as there is room, and lets kafkajs fetch on. */
  private async accept(): Promise<void> {
    while (this.joined.length > 0) {
      await this.room(this.joined[0]!.payload);
      const members = this.joined;
      this.joined = [];
      for (const topic of new Set(members.map(({ payload }) => payload.batch.topic))) {
        const ofTopic = members.map(({ payload }) => payload).filter((payload) => payload.batch.topic === topic && !payload.isStale());
        if (ofTopic.length > 0 && !this.stopping) this.takeOff(topic, ofTopic);
      }
      for (const { resolve } of members) resolve();
    }
    this.gathering = false;
  }

  /** Waits for room, beating meanwhile, so that a long stop of the database does not look like our death. */
  private async room(payload: EachBatchPayload): Promise<void> {
    while (this.inFlight >= roundsInFlightMax && !this.stopping) {
      const timer = new Promise<void>((resolve) => {
        const handle = setTimeout(resolve, 500);
        this.landed = () => {
          clearTimeout(handle);
          resolve();
        };
      });
      await timer;
      await payload.heartbeat().catch(() => undefined); // The next fetch reports what it reports.
    }
  }

  private takeOff(topic: string, payloads: EachBatchPayload[]): void {
    payloads.sort((a, b) => a.batch.partition - b.batch.partition);
    // The position moves on now, so that the next fetch is another one; what is committed to Kafka follows the database.
    for (const payload of payloads) payload.resolveOffset(payload.batch.lastOffset());
    const round: Round = { topic, partitions: payloads.map(partitionFrom), turn: this.last };
    this.inFlight++;
    this.last = this.handle(round).finally(() => {
      this.inFlight--;
      this.landed();
    });
  }

  /** Gives the round to its handler until it is stored. Never rejects. */
  private async handle(round: Round): Promise<void> {
    const { topicRoot, onTrouble } = this.options;
    const handler = this.messageHandlers.get(round.topic.slice(topicRoot.length + 1, -'.v1'.length))!;
    for (let retryMs = retryMsMin; !this.stopping; retryMs = Math.min(retryMsMax, retryMs * 2)) {
      try {
        const result: unknown = await handler(round as never);
        // Nest turns an error into a returned observable: unsubscribed, the round would count as stored.
        if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
        for (const { partition, lastOffset } of round.partitions) {
          this.stored.set(`${round.topic} ${partition}`, lastOffset + 1);
          this.dropped.delete(`${round.topic} ${partition}`);
        }
        onTrouble?.(false);
        return;
      } catch (error) {
        if (error instanceof OffsetGap) return this.goBack(round, error);
        onTrouble?.(true, error);
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  /**
   * Reads a partition again from where the database stands, and the others of its round from where the round began, since
   * they were not stored either. If Kafka no longer has what is due, only a person can decide.
   */
  private goBack({ topic, partitions }: Round, gap: OffsetGap): void {
    const key = `${topic} ${gap.partition}`;
    const before = this.gaps.get(key);
    const times = before?.dueOffset === gap.dueOffset ? before.times + 1 : 1;
    if (times > gapsMax) return this.options.onFatal(gap);
    this.gaps.set(key, { dueOffset: gap.dueOffset, times });
    this.options.log.warn({ topic, partition: gap.partition, dueOffset: gap.dueOffset, givenOffset: gap.givenOffset }, 'reading a partition again from what is stored');
    for (const { partition, fromOffset } of partitions) {
      const first = partition === gap.partition ? gap.dueOffset : Math.min(fromOffset, this.dropped.get(`${topic} ${partition}`) ?? fromOffset);
      this.dropped.set(`${topic} ${partition}`, first);
      this.consumer!.seek({ topic, partition, offset: String(first) });
    }
  }

  private async commit(): Promise<void> {
    const offsets = [...this.stored].map(([key, offset]) => ({ topic: key.slice(0, key.lastIndexOf(' ')), partition: Number(key.slice(key.lastIndexOf(' ') + 1)), offset: String(offset) }));
    if (offsets.length === 0) return;
    this.stored.clear();
    // Only a hint: if it is lost, more is read again and recognised as stored.
    await this.consumer?.commitOffsets(offsets).catch((error: unknown) => this.options.log.debug({ error: String(error) }, 'offsets not committed to kafka'));
  }
}

function partitionFrom({ batch }: EachBatchPayload): RoundPartition {
  return {
    partition: batch.partition,
    fromOffset: Number((batch as unknown as { fetchedOffset: string }).fetchedOffset),
    highWatermark: Number(batch.highWatermark),
    lastOffset: Number(batch.lastOffset()),
    records: batch.messages.map(({ offset, key, value, headers, timestamp }) => ({ offset: Number(offset), key, value, headers: headers ?? {}, timestampMs: Number(timestamp) })),
  };
}
