/**
 * Lets strangers in at a bounded pace, so that those who are already in hardly notice a storm of new connections.
 *
 * A connection costs far more than a message: a socket, a login, an end. Whoever opens thousands a second would take the
 * whole processor from devices that are at work. Beyond the pace a socket waits unread, in order of arrival.
 */
export interface Arrival {
  readonly destroyed: boolean;
}

/** How many may begin at once after a quiet time, in seconds of the pace. */
const burstS = 0.02;
const tickMs = 5;

export class Arrivals<T extends Arrival> {
  private readonly line: T[] = [];
  private next = 0;
  private allowance: number;
  private atMs: number;
  private timer: NodeJS.Timeout | null = null;

  /** `begin` takes up to `perSecond` of what was added, over any stretch of time. */
  constructor(
    private readonly perSecond: number,
    private readonly begin: (arrival: T) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.allowance = this.burst;
    this.atMs = nowMs();
  }

  /** How many wait. */
  get length(): number {
    return this.line.length - this.next;
  }

  add(arrival: T): void {
    this.line.push(arrival);
    this.serve();
  }

  /** Hands back those who wait, and serves nobody any more. */
  stop(): T[] {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const waiting = this.line.splice(0).slice(this.next);
    this.next = 0;
    return waiting;
  }

  private get burst(): number {
    return Math.max(1, this.perSecond * burstS);
  }

  private serve(): void {
    const nowMs = this.nowMs();
    this.allowance = Math.min(this.burst, this.allowance + ((nowMs - this.atMs) * this.perSecond) / 1000);
    this.atMs = nowMs;
    while (this.length > 0 && this.allowance >= 1) {
      const arrival = this.line[this.next++]!;
      if (arrival.destroyed) continue; // It gave up, and costs nothing.
      this.allowance--;
      this.begin(arrival);
    }
    if (2 * this.next >= this.line.length) this.next -= this.line.splice(0, this.next).length;
    if (this.length > 0) this.timer ??= setTimeout(() => ((this.timer = null), this.serve()), tickMs);
  }
}
