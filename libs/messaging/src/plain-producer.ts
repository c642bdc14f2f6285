/**
 * Plain records into Kafka, for messages that are few: conditions, connections, commands.
 *
 * Sends follow each other, never side by side (the trap of packed-producer.ts); a failure reaches the caller, who decides.
 */
import { Unavailable } from '#contracts';
import type { Kafka, Message, Producer } from 'kafkajs';
import { isKafkaUnavailable } from './kafka.js';

export type PlainMessage = Pick<Message, 'key' | 'value' | 'headers'> & { readonly partition: number };

export class PlainProducer {
  private producer: Producer | null = null;
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly kafka: Kafka) {}

  /** Resolves when the records are durable. Throws `Unavailable('kafka')` when Kafka cannot take them now. */
  send(topic: string, messages: PlainMessage[]): Promise<void> {
    const send = this.last.then(() => this.sendNow(topic, messages));
    this.last = send.catch(() => undefined);
    return send;
  }

  async close(): Promise<void> {
    await this.last;
    await this.producer?.disconnect().catch(() => undefined);
    this.producer = null;
  }

  private async sendNow(topic: string, messages: PlainMessage[]): Promise<void> {
    try {
      this.producer ??= await this.connect();
      await this.producer.send({ topic, acks: -1, messages });
    } catch (error) {
      void this.producer?.disconnect().catch(() => undefined);
      this.producer = null;
      throw isKafkaUnavailable(error) ? new Unavailable('kafka', error) : error;
    }
  }

  private async connect(): Promise<Producer> {
    const producer = this.kafka.producer({ idempotent: true, maxInFlightRequests: 1, retry: { retries: 3, initialRetryTime: 50, maxRetryTime: 500 } });
    await producer.connect();
    return producer;
  }
}
