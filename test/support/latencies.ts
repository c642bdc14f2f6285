/** A histogram of milliseconds in steps of 0.1 ms up to a minute: constant memory, quantiles without sorting. */
const stepMs = 0.1;
const steps = 600_000;

export class Latencies {
  private readonly counts = new Uint32Array(steps + 1);
  count = 0;
  maxMs = 0;

  add(ms: number): void {
    const step = (ms / stepMs) | 0;
    this.counts[step < steps ? (step > 0 ? step : 0) : steps]!++;
    this.count++;
    if (ms > this.maxMs) this.maxMs = ms;
  }

  /** The upper edge of the step that holds quantile `q` (0–1); NaN without values. */
  quantile(q: number): number {
    if (this.count === 0) return NaN;
    const wanted = Math.max(1, Math.ceil(q * this.count));
    let seen = 0;
    for (let step = 0; step <= steps; step++) {
      seen += this.counts[step]!;
      if (seen >= wanted) return Math.round((step + 1) * stepMs * 10) / 10;
    }
    return this.maxMs;
  }

  clear(): void {
    this.counts.fill(0);
    this.count = 0;
    this.maxMs = 0;
  }

  summary(): { p50: number; p99: number; max: number; count: number } {
    return { p50: this.quantile(0.5), p99: this.quantile(0.99), max: Math.round(this.maxMs * 10) / 10, count: this.count };
  }
}
