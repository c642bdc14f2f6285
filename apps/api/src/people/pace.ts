/**
 * How fast somebody may ask: a bucket of requests that fills again steadily. One for each person or token, one for each
 * address that says nobody's name. A bounded number is remembered, by one process; the longest unused are forgotten.
 */
export interface PaceLimits {
  readonly perMinute: number;
  /** At once, after a while of silence. */
  readonly burst: number;
  readonly remembered: number;
}

export class Pace {
  private readonly buckets = new Map<string, { readonly left: number; readonly atMs: number }>();

  constructor(private readonly limits: PaceLimits) {}

  /** Takes one request out of the bucket. Seconds to wait where it is empty; 0: go on. */
  take(who: string, nowMs: number): number {
    const { perMinute, burst, remembered } = this.limits;
    const before = this.buckets.get(who);
    const left = before === undefined ? burst : Math.min(burst, before.left + ((nowMs - before.atMs) * perMinute) / 60_000);
    if (left < 1) return Math.ceil(((1 - left) * 60) / perMinute);
    this.buckets.delete(who);
    this.buckets.set(who, { left: left - 1, atMs: nowMs });
    if (this.buckets.size > remembered) this.buckets.delete(this.buckets.keys().next().value!);
    return 0;
  }

  get size(): number {
    return this.buckets.size;
  }
}
