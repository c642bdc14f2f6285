/**
 * One open stream: a place among the changes, and a connection that takes as much as it can.
 *
 * Nothing is kept for a client but what its connection has taken already (one portion and the socket's own buffer), so
 * however many are slow, memory stays what it is. One that takes nothing for too long is ended, and comes again.
 */
import type { ServerResponse } from 'node:http';
import { endEvent, type EndReason, placeEvent, resetEvent, startEvent } from './stream-events.js';
import type { StreamRing } from './stream-ring.js';

export interface ClientLimits {
  /** How soon a client that was ended should come again. */
  readonly retryMs: number;
  /** A connection that takes nothing for so long is ended. */
  readonly blockedMaxMs: number;
  /** What was written before the end may still go out. */
  readonly lingerMs: number;
}

/** `catching-up`: what it lacks is being read from Kafka, and it follows nothing yet. */
type State = 'catching-up' | 'live' | 'ended';

export class StreamClient {
  private state: State = 'catching-up';
  private blockedSinceMs: number | null = null;
  private waiting: (() => void) | null = null;
  private linger: NodeJS.Timeout | undefined;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;

  /** `next`: the offset that it is to get next. */
  constructor(
    private readonly response: ServerResponse,
    readonly areas: readonly string[],
    private place: number,
    private readonly limits: ClientLimits,
    onGone: (reason: EndReason | 'left') => void,
  ) {
    let why: EndReason | 'left' = 'left';
    this.gone = (reason) => (why = reason);
    this.closed = new Promise((resolve) => {
      response.once('close', () => {
        this.state = 'ended';
        clearTimeout(this.linger);
        this.drained();
        onGone(why);
        resolve();
      });
    });
    response.on('drain', () => this.drained());
    response.on('error', () => undefined); // 'close' follows.
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no', 'x-content-type-options': 'nosniff' });
    this.write(startEvent(place - 1, limits.retryMs));
  }

  private readonly gone: (reason: EndReason) => void;

  get next(): number {
    return this.place;
  }

  get ended(): boolean {
    return this.state === 'ended';
  }

  /** From now on it gets what comes, beginning at its place. */
  follow(ring: StreamRing): void {
    if (this.state === 'ended') return;
    this.state = 'live';
    this.waiting = () => this.pump(ring);
    this.pump(ring);
  }

  /** Gives what there is and fits. A place that has left the ring while the connection took nothing ends it. */
  pump(ring: StreamRing): void {
    if (this.state !== 'live') return;
    while (this.blockedSinceMs === null && this.place < ring.next) {
      if (this.place < ring.first) return this.end('slow');
      const { bytes, next } = ring.portion(this.place, this.areas);
      this.place = next;
      if (bytes !== null) this.write(bytes);
    }
    if (this.place < ring.first) this.end('slow');
  }

  /** What was read from Kafka for this client alone; resolves when there is room for more. */
  async give(bytes: Buffer | null, next: number): Promise<void> {
    if (this.state !== 'catching-up') return;
    this.place = next;
    if (bytes !== null) this.write(bytes);
    if (this.blockedSinceMs !== null) await new Promise<void>((resolve) => (this.waiting = resolve));
  }

  reset(next: number, reason: 'retention' | 'made-anew'): void {
    if (this.state === 'ended') return;
    this.place = next;
    this.write(resetEvent(next - 1, reason));
  }

  /** Now and then: says the place, and ends what takes nothing. */
  beat(nowMs: number): void {
    if (this.state === 'ended') return;
    if (this.blockedSinceMs === null) this.write(placeEvent(this.place - 1));
    else if (nowMs - this.blockedSinceMs > this.limits.blockedMaxMs) this.end('slow');
  }

  /** Everything that it got stays right: it may come again with its last id. */
  end(reason: EndReason): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.gone(reason);
    this.drained();
    this.response.end(endEvent(reason));
    // What the connection does not take now is given up: the client has its last id.
    this.linger = setTimeout(() => this.response.destroy(), this.limits.lingerMs);
  }

  private write(bytes: Buffer | string): void {
    if (!this.response.write(bytes) && this.blockedSinceMs === null) this.blockedSinceMs = Date.now();
  }

  private drained(): void {
    this.blockedSinceMs = null;
    this.waiting?.();
  }
}
