/**
 * Slows down whoever tries wrong passwords: a bucket of tokens per address and, smaller, per address and name.
 *
 * The smaller bucket is the one a device with an old password empties, so that it does not lock out its neighbours behind
 * the same address; the larger one stops whoever tries many names. Secrets have 256 bits: this protects the processor and
 * the log, not the secret. A bounded number of buckets is remembered, the longest unused are forgotten.
 */
export interface AttemptLimits {
  readonly perAddress: number;
  readonly perName: number;
  /** Seconds until one wrong attempt is forgiven. */
  readonly addressForgivenS: number;
  readonly nameForgivenS: number;
  readonly remembered: number;
}

interface Bucket {
  wrong: number;
  atMs: number;
}

export class Attempts {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly limits: AttemptLimits) {}

  /** Whether another attempt may be made now; it is then judged, and `wrong` is told when it was wrong. */
  allowed(address: string, name: string, nowMs: number): boolean {
    return this.level(nameKey(address, name), this.limits.nameForgivenS, nowMs) <= this.limits.perName - 1 && this.level(address, this.limits.addressForgivenS, nowMs) <= this.limits.perAddress - 1;
  }

  wrong(address: string, name: string, nowMs: number): void {
    this.pour(nameKey(address, name), this.limits.nameForgivenS, nowMs);
    this.pour(address, this.limits.addressForgivenS, nowMs);
  }

  get size(): number {
    return this.buckets.size;
  }

  private level(key: string, forgivenS: number, nowMs: number): number {
    const bucket = this.buckets.get(key);
    return bucket === undefined ? 0 : Math.max(0, bucket.wrong - (nowMs - bucket.atMs) / (1000 * forgivenS));
  }

  private pour(key: string, forgivenS: number, nowMs: number): void {
    const wrong = this.level(key, forgivenS, nowMs) + 1;
    this.buckets.delete(key); // A Map keeps the order of insertion: what was used last stands last.
    this.buckets.set(key, { wrong, atMs: nowMs });
    if (this.buckets.size > this.limits.remembered) this.buckets.delete(this.buckets.keys().next().value!);
  }
}

/** Names come from strangers: cut, so that what is remembered is bounded in bytes too. */
const nameKey = (address: string, name: string): string => `${address} ${name.slice(0, 64)}`;
