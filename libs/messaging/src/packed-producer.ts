/**
 * Ingest's way into Kafka: messages gather in frames per partition, one produce request takes them all, and only
 * Kafka's acknowledgement (acks=all, flushed) lets the waiters know.
 *
 * One send is in flight, never two: kafkajs loses acknowledged data otherwise (docs/architecture.md, traps). The next
 * batch gathers meanwhile, so a slow send makes larger batches and not a queue of small ones. A batch that fails is sent
 * again until it is in, by a new producer if need be; that may write it twice, which identity makes harmless downstream.
 */
import { cityHeader, frameHeader, frameVersion } from '#contracts';
import type { Kafka, Message, Producer, TopicMessages } from 'kafkajs';
import { type EntryTexts, entryTexts, FrameWriter } from './frame.js';
import { batchBytesMax, type Log } from './kafka.js';

/** Whoever gave messages and wants to hear that they are durable. `pending` belongs to the producer. */
export interface Waiter {
  pending: number[];
  /** The messages with these tokens, in the order in which they were given, are in Kafka. */
  durable(tokens: number[]): void;
}

/** Where a device's messages go; made once per device and kept by the caller. */
export interface Route {
  readonly lane: Lane;
  readonly texts: EntryTexts;
}

/** One partition of one topic. */
interface Lane {
  readonly index: number;
  readonly topic: string;
  readonly partition: number;
}

interface Batch {
  readonly writers: (FrameWriter | undefined)[]; // By lane.
  waiters: Waiter[];
  tokens: number[][]; // Beside `waiters`, once sealed.
  count: number;
  bytes: number;
  sealed: boolean;
}

export interface PackedProducerOptions {
  readonly kafka: Kafka;
  readonly city: string;
  readonly log: Log;
  /** Gathered and unsent together; beyond it `full` asks the doors to stop reading. */
  readonly bytesMax: number;
  /** How long a batch gathers when sends follow each other closely. */
  readonly lingerMs: number;
  readonly onSend?: (facts: { messages: number; bytes: number; durationMs: number }) => void;
  readonly onTrouble?: (failing: boolean) => void;
}

const retryMsMax = 2_000;
/** After this much silence a message is sent at once: nobody else is there to share the send. */
const quietMs = 50;

export class PackedProducer {
  private producer: Producer | null = null;
  private connecting: Promise<Producer> | null = null;
  private readonly lanes = new Map<string, Lane>();
  private gathering: Batch = emptyBatch();
  private readonly sealed: Batch[] = [];
  private readonly spare: Batch[] = [];
  private bytes = 0;
  private busy = false;
  private stopping = false;
  private timer: NodeJS.Timeout | undefined;
  private lastSendAtMs = 0;
  private readonly roomCallbacks: (() => void)[] = [];
  private idleCallbacks: (() => void)[] = [];
  private wasFull = false;
  private nowMs = 0;
  private readonly now = Buffer.alloc(8);

  constructor(private readonly options: PackedProducerOptions) {}

  /** Connects, trying without end; add() may be called before. */
  async start(): Promise<void> {
    for (let tries = 1; !this.stopping; tries++) {
      try {
        await this.freshProducer();
        return;
      } catch (error) {
        this.options.log.warn({ error: String(error), tries }, 'kafka not reachable yet');
        await delay(Math.min(retryMsMax, 100 * tries));
      }
    }
  }

  route(topic: string, partition: number, device: string, publisher: string, codec: string): Route {
    const key = `${topic}/${partition}`;
    let lane = this.lanes.get(key);
    if (lane === undefined) {
      lane = { index: this.lanes.size, topic, partition };
      this.lanes.set(key, lane);
    }
    return { lane, texts: entryTexts(device, publisher, codec) };
  }

  /** Adds bytes `start` to `end` of `source`; they are copied before this returns. A null waiter hears nothing (QoS 0). */
  add(route: Route, source: Buffer, start: number, end: number, waiter: Waiter | null, token: number): void {
    const nowMs = Date.now();
    if (nowMs !== this.nowMs) {
      this.nowMs = nowMs;
      this.now.writeDoubleBE(nowMs);
    }
    const batch = this.gathering;
    const index = route.lane.index;
    const writer = (batch.writers[index] ??= new FrameWriter());
    const before = writer.bytes;
    writer.add(route.texts, this.now, source, start, end);
    const grown = writer.bytes - before;
    batch.bytes += grown;
    this.bytes += grown;
    batch.count++;
    if (waiter !== null) {
      if (waiter.pending.length === 0) batch.waiters.push(waiter);
      waiter.pending.push(token);
    }
    if (writer.bytes >= batchBytesMax / 2) this.seal();
    if (!this.busy && this.timer === undefined) this.schedule();
  }

  /** True while more is gathered than `bytesMax`: stop reading, and go on when `onRoom` calls. */
  get full(): boolean {
    const full = this.bytes >= this.options.bytesMax;
    this.wasFull ||= full;
    return full;
  }

  get pendingBytes(): number {
    return this.bytes;
  }

  onRoom(callback: () => void): void {
    this.roomCallbacks.push(callback);
  }

  /** Sends what is gathered, then closes. */
  async stop(): Promise<void> {
    if (this.busy || this.gathering.count > 0 || this.sealed.length > 0) {
      const idle = new Promise<void>((resolve) => this.idleCallbacks.push(resolve));
      if (!this.busy) void this.pump();
      await idle;
    }
    this.stopping = true;
    clearTimeout(this.timer);
    await this.connecting?.catch(() => undefined);
    await this.producer?.disconnect().catch(() => undefined);
  }

  private schedule(): void {
    const quiet = this.nowMs - this.lastSendAtMs > quietMs;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.pump();
    }, quiet ? 0 : this.options.lingerMs);
  }

  private seal(): void {
    const batch = this.gathering;
    if (batch.count === 0) return;
    batch.sealed = true;
    for (const waiter of batch.waiters) {
      batch.tokens.push(waiter.pending);
      waiter.pending = [];
    }
    this.sealed.push(batch);
    this.gathering = this.spare.pop() ?? emptyBatch();
  }

  private async pump(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    while (true) {
      if (this.sealed.length === 0) this.seal();
      const batch = this.sealed.shift();
      if (batch === undefined) break;
      await this.deliver(batch);
      this.settle(batch);
      // Let the sockets fill the next batch: under load this costs no time, since they have waited during the send.
      if (this.sealed.length === 0 && this.gathering.count > 0) await delay(this.options.lingerMs);
    }
    this.busy = false;
    for (const callback of this.idleCallbacks.splice(0)) callback();
  }

  private async deliver(batch: Batch): Promise<void> {
    const topicMessages = this.messages(batch);
    const startedAt = performance.now();
    for (let tries = 1; ; tries++) {
      try {
        this.producer ??= await this.freshProducer();
        await this.producer.sendBatch({ acks: -1, topicMessages });
        break;
      } catch (error) {
        this.options.onTrouble?.(true);
        this.options.log.warn({ error: String(error), tries, count: batch.count }, 'send to kafka failed, the same batch is sent again');
        // A producer that has given up may have lost its place in the sequence: never use it again.
        void this.producer?.disconnect().catch(() => undefined);
        this.producer = null;
        await delay(Math.min(retryMsMax, 100 * tries));
      }
    }
    this.lastSendAtMs = Date.now();
    this.options.onTrouble?.(false);
    this.options.onSend?.({ messages: batch.count, bytes: batch.bytes, durationMs: performance.now() - startedAt });
  }

  private messages(batch: Batch): TopicMessages[] {
    const byTopic = new Map<string, Message[]>();
    for (const lane of this.lanes.values()) {
      const writer = batch.writers[lane.index];
      if (writer === undefined || writer.bytes === 0) continue;
      let messages = byTopic.get(lane.topic);
      if (messages === undefined) byTopic.set(lane.topic, (messages = []));
      for (const { bytes, count } of writer.frames()) {
        messages.push({ key: null, value: bytes, partition: lane.partition, headers: { [frameHeader]: `${frameVersion};${count}`, [cityHeader]: this.options.city } });
      }
    }
    return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
  }

  private settle(batch: Batch): void {
    this.bytes -= batch.bytes;
    const { waiters, tokens } = batch;
    batch.waiters = [];
    batch.tokens = [];
    batch.count = batch.bytes = 0;
    batch.sealed = false;
    for (const writer of batch.writers) writer?.reset();
    if (this.spare.length < 2) this.spare.push(batch);
    for (let i = 0; i < waiters.length; i++) waiters[i]!.durable(tokens[i]!);
    if (this.wasFull && this.bytes < this.options.bytesMax) {
      this.wasFull = false;
      for (const callback of this.roomCallbacks) callback();
    }
  }

  /** Start and the first batch may both ask: one producer for both, or the other would stay connected for ever. */
  private freshProducer(): Promise<Producer> {
    return (this.connecting ??= this.connect().finally(() => (this.connecting = null)));
  }

  private async connect(): Promise<Producer> {
    const producer = this.options.kafka.producer({ idempotent: true, maxInFlightRequests: 1, retry: { retries: 4, initialRetryTime: 50, maxRetryTime: 500 } });
    try {
      await producer.connect();
    } catch (error) {
      void producer.disconnect().catch(() => undefined);
      throw error;
    }
    this.producer = producer;
    return producer;
  }
}

function emptyBatch(): Batch {
  return { writers: [], waiters: [], tokens: [], count: 0, bytes: 0, sealed: false };
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
