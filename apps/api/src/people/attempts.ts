/**
 * How many wrong passwords may be tried: a bucket each for name and address together, for the address, and for the name.
 *
 * Who mistypes empties the first and slows down nobody else; who tries many names from one address empties the second;
 * who tries one name from many addresses the third, which is large, since it also shuts out the one whose name it is.
 * A bounded number is remembered, by one process.
 */
export interface AttemptLimits {
  readonly perNameAndAddress: number;
  readonly perAddress: number;
  readonly perName: number;
  /** Until one wrong attempt is forgiven, in each of them. */
  readonly forgivenS: number;
  readonly remembered: number;
}

interface Bucket {
  readonly wrong: number;
  readonly atMs: number;
}

export class Attempts {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly limits: AttemptLimits) {}

  /** Seconds until the next attempt may be made; 0: now. An attempt counts as wrong from its beginning, or many at once would pass together. */
  begin(name: string, address: string, nowMs: number): number {
    const all = this.keys(name, address);
    const waitS = Math.max(...all.map(({ key, max }) => (this.level(key, nowMs) - (max - 1)) * this.limits.forgivenS));
    if (waitS > 0) return Math.ceil(waitS);
    for (const { key } of all) this.pour(key, 1, nowMs);
    return 0;
  }

  /** The attempt that began was right, or was never judged. */
  takeBack(name: string, address: string, nowMs: number): void {
    for (const { key } of this.keys(name, address)) this.pour(key, -1, nowMs);
  }

  get size(): number {
    return this.buckets.size;
  }

  private keys(name: string, address: string): { key: string; max: number }[] {
    const { perNameAndAddress, perAddress, perName } = this.limits;
    const cut = name.slice(0, 64); // Names come from strangers.
    return [{ key: `both ${address} ${cut}`, max: perNameAndAddress }, { key: `address ${address}`, max: perAddress }, { key: `name ${cut}`, max: perName }];
  }

  private level(key: string, nowMs: number): number {
    const bucket = this.buckets.get(key);
    return bucket === undefined ? 0 : Math.max(0, bucket.wrong - (nowMs - bucket.atMs) / (1000 * this.limits.forgivenS));
  }

  private pour(key: string, wrong: number, nowMs: number): void {
    const level = Math.max(0, this.level(key, nowMs) + wrong);
    this.buckets.delete(key); // A Map keeps the order of insertion: what was used last stands last.
    if (level > 0) this.buckets.set(key, { wrong: level, atMs: nowMs });
    if (this.buckets.size > this.limits.remembered) this.buckets.delete(this.buckets.keys().next().value!);
  }
}
