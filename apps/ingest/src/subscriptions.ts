/**
 * What one connected client has subscribed to, and the messages on their way down to it.
 *
 * Nothing is kept for the absent: who is not connected, or does not take what it was given, misses messages, and the
 * domain sends again. So the queue is short, and what does not fit is counted and dropped.
 */
import type { SubscribeRight } from './rights.js';

interface Subscription {
  readonly right: SubscribeRight;
  readonly qos: 0 | 1;
}

export interface DownMessage {
  readonly device: string;
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly payload: Buffer;
}

export interface DownLimits {
  /** Of QoS 1, sent and not acknowledged: the client's Receive Maximum. */
  readonly inFlightMax: number;
  readonly queuedMax: number;
  readonly filtersMax: number;
}

/** Writes one message; false when it is larger than the client takes. `packetId` is 0 at QoS 0. */
export type Send = (message: DownMessage, qos: 0 | 1, packetId: number) => boolean;

export type Delivery = 'sent' | 'queued' | 'no-subscription' | 'queue-full' | 'too-large';

export class Subscriptions {
  private readonly filters = new Map<string, Subscription>();
  private readonly inFlight = new Set<number>();
  private readonly queue: DownMessage[] = [];
  private lastId = 0;

  constructor(
    private readonly limits: DownLimits,
    private readonly send: Send,
  ) {}

  /** False: too many filters. The same filter again replaces the former [MQTT-3.8.4-3]. */
  add(filter: string, right: SubscribeRight, qos: 0 | 1): boolean {
    if (!this.filters.has(filter) && this.filters.size >= this.limits.filtersMax) return false;
    this.filters.set(filter, { right, qos });
    return true;
  }

  remove(filter: string): boolean {
    return this.filters.delete(filter);
  }

  /** Takes away what `allowed` no longer grants; the filters taken. */
  keepOnly(allowed: (filter: string) => boolean): string[] {
    const lost = [...this.filters.keys()].filter((filter) => !allowed(filter));
    for (const filter of lost) this.filters.delete(filter);
    return lost;
  }

  devices(): Set<string> {
    return new Set([...this.filters.values()].map(({ right }) => right.device));
  }

  /** At most once per message, at the highest QoS of the filters that match [MQTT-3.3.5-1]. */
  deliver(message: DownMessage): Delivery {
    let granted = -1;
    const levels = message.topic.split('/');
    for (const { right, qos } of this.filters.values()) {
      if (right.device === message.device && qos > granted && matches(right.levels, levels)) granted = qos;
    }
    if (granted === -1) return 'no-subscription';
    if (granted === 0 || message.qos === 0) return this.send(message, 0, 0) ? 'sent' : 'too-large';
    if (this.inFlight.size < this.limits.inFlightMax) return this.sendAtLeastOnce(message) ? 'sent' : 'too-large';
    if (this.queue.length >= this.limits.queuedMax) return 'queue-full';
    this.queue.push(message);
    return 'queued';
  }

  /** A PUBACK of the client; false when nothing with that id is on its way. */
  acknowledged(packetId: number): boolean {
    if (!this.inFlight.delete(packetId)) return false;
    while (this.queue.length > 0 && this.inFlight.size < this.limits.inFlightMax) this.sendAtLeastOnce(this.queue.shift()!);
    return true;
  }

  private sendAtLeastOnce(message: DownMessage): boolean {
    do this.lastId = (this.lastId % 0xffff) + 1;
    while (this.inFlight.has(this.lastId));
    if (!this.send(message, 1, this.lastId)) return false;
    this.inFlight.add(this.lastId);
    return true;
  }
}

/** Whether the topic's levels match the filter's. */
export function matches(filter: readonly string[], topic: readonly string[]): boolean {
  for (const [index, level] of filter.entries()) {
    if (level === '#') return true; // It matches its parent too [MQTT-4.7.1-2].
    if (index >= topic.length || (level !== '+' && level !== topic[index])) return false;
  }
  return filter.length === topic.length;
}
