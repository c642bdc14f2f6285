/**
 * Tells the city who connects and who goes away, through Kafka, apart from the path of messages.
 *
 * While Kafka is away the events wait; when they become many only the last one of each client is kept, since that is
 * what a reader needs to be right again. Who reads them must bear an event that comes twice.
 */
import { type connectionEvent, connectionsTopic } from '#contracts';
import { partitionOf, type PlainProducer } from '#messaging';
import type { z } from 'zod';
import type { Tally } from './tally.js';

export type ConnectionEvent = z.infer<typeof connectionEvent>;

export interface ConnectionEventsOptions {
  readonly producer: Pick<PlainProducer, 'send'>;
  readonly topicRoot: string;
  readonly partitions: number;
  readonly tally: Tally;
  /** At twice as many only the last event of each client is kept, and of these the newest `eventsMax`. */
  readonly eventsMax: number;
  readonly gatherMs: number;
}

const sentAtOnceMax = 1_000;
const retryMs = 1_000;

export class ConnectionEvents {
  private waiting: ConnectionEvent[] = [];
  private running: Promise<void> | null = null;
  private stopping = false;

  constructor(private readonly options: ConnectionEventsOptions) {}

  add(event: ConnectionEvent): void {
    this.waiting.push(event);
    if (this.waiting.length >= 2 * this.options.eventsMax) this.shorten();
    this.running ??= this.run();
  }

  /** Sends what waits, if Kafka takes it now. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      if (!this.stopping) await delay(this.options.gatherMs);
      const batch = this.waiting.splice(0, sentAtOnceMax);
      try {
        await this.send(batch);
        this.options.tally.count('events', 'sent', batch.length);
      } catch {
        this.waiting = [...batch, ...this.waiting];
        if (this.waiting.length >= 2 * this.options.eventsMax) this.shorten();
        if (this.stopping) break;
        await delay(retryMs);
      }
    }
    this.running = null;
  }

  private send(events: ConnectionEvent[]): Promise<void> {
    const { producer, topicRoot, partitions } = this.options;
    return producer.send(
      connectionsTopic(topicRoot),
      events.map((event) => ({ key: event.client, value: JSON.stringify(event), partition: partitionOf(event.client, partitions) })),
    );
  }

  private shorten(): void {
    const before = this.waiting.length;
    this.waiting = latestPerClient(this.waiting).slice(-this.options.eventsMax);
    this.options.tally.refused('events', 'coalesced', { events: before - this.waiting.length });
  }
}

/** The last event of each client, in the order of these events. */
export function latestPerClient(events: readonly ConnectionEvent[]): ConnectionEvent[] {
  const last = new Map<string, ConnectionEvent>();
  for (const event of events) {
    last.delete(event.client);
    last.set(event.client, event);
  }
  return [...last.values()];
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
