/**
 * The second way of computing: what congestion and the aggregates must be, from the log of acknowledgements alone.
 *
 * Written from the definitions (decision 26 and the notes on each table), not from the code under test, in plain loops
 * over all that was sent, without windows kept in memory or states carried along, however slow that is.
 */
import { periodS, valuesOf } from '../support/payload.js';
import type { ExpectedChannel, OnEffect } from '../support/expected-readings.js';
import type { Payload } from '../support/payload-form.js';

export interface CongestionRow {
  readonly enterBelowShare: number;
  readonly clearAboveShare: number;
  /** Of the window for periods of this length. */
  readonly needed: number;
  readonly of: number;
  readonly freeFlowKmh: number;
}

export interface ExpectedCondition {
  active: boolean;
  seq: number;
  readonly changes: { readonly seq: number; readonly state: 'active' | 'clear'; readonly observedAtMs: number }[];
}

/** One segment: all readings of its device, and the condition they lead to when they come in the order of the log. */
class Segment {
  readonly condition: ExpectedCondition = { active: false, seq: 0, changes: [] };
  /** Ascending. */
  private readonly moments: number[] = [];
  private readonly lanes = new Map<number, Map<number, { count: number; speedKmh: number }>>();

  constructor(private readonly row: CongestionRow) {}

  take(channel: number, observedAtMs: number, count: number, speedKmh: number): void {
    let lanes = this.lanes.get(observedAtMs);
    if (lanes === undefined) {
      this.lanes.set(observedAtMs, (lanes = new Map()));
      this.moments.push(observedAtMs);
      for (let at = this.moments.length - 1; at > 0 && this.moments[at - 1]! > this.moments[at]!; at--) {
        [this.moments[at - 1], this.moments[at]] = [this.moments[at]!, this.moments[at - 1]!];
      }
    }
    lanes.set(channel, { count, speedKmh });
    this.judge(observedAtMs);
  }

  private judge(arrivedMs: number): void {
    const { enterBelowShare, clearAboveShare, needed, of, freeFlowKmh } = this.row;
    const newestMs = this.moments.at(-1)!;
    const window = this.moments.slice(-of).filter((ms) => ms > newestMs - of * periodS * 1000);
    if (!window.includes(arrivedMs)) return;
    const speeds = window.map((ms) => this.speedAt(ms));
    const changes = this.condition.active
      ? speeds.filter((speedKmh) => speedKmh > clearAboveShare * freeFlowKmh).length >= needed
      : speeds.filter((speedKmh) => speedKmh < enterBelowShare * freeFlowKmh).length >= needed;
    if (!changes) return;
    this.condition.active = !this.condition.active;
    this.condition.seq += 1;
    this.condition.changes.push({ seq: this.condition.seq, state: this.condition.active ? 'active' : 'clear', observedAtMs: newestMs });
  }

  private speedAt(ms: number): number {
    let vehicles = 0;
    let weighted = 0;
    for (const { count, speedKmh } of [...this.lanes.get(ms)!].sort(([a], [b]) => a - b).map(([, lane]) => lane)) {
      vehicles += count;
      weighted += count * speedKmh;
    }
    return weighted / vehicles;
  }
}

/** Follows a log; `segments` by device number, since each device of a load has a segment of its own. */
export function congestionFold(row: CongestionRow, phase: number): { readonly onEffect: OnEffect; conditions(): Map<number, ExpectedCondition> } {
  const segments = new Map<number, Segment>();
  return {
    onEffect({ device, channel, observedAtMs, value, effect }) {
      if (effect === 'repeated') return;
      let segment = segments.get(device);
      if (segment === undefined) segments.set(device, (segment = new Segment(row)));
      const { count, speedTenths } = valuesOf(device, value, phase);
      // As the row holds it: 32 bits.
      segment.take(channel, observedAtMs, count, Math.fround(speedTenths / 10));
    },
    conditions: () => new Map([...segments].map(([device, { condition }]) => [device, condition])),
  };
}

/** Minutes of each level; a day follows the zone of the asset. */
export const levels = { '1m': 1, '5m': 5, '15m': 15, '1h': 60, '1d': 1440 } as const;
export type Level = keyof typeof levels;

/** Asia/Ho_Chi_Minh has been 7 h ahead of UTC, without summer time, for as long as these readings can be old. */
const zoneAheadMs = 7 * 3_600_000;

export function bucketOf(level: Level, ms: number): number {
  const widthMs = levels[level] * 60_000;
  const shift = level === '1d' ? zoneAheadMs : 0;
  return Math.floor((ms + shift) / widthMs) * widthMs - shift;
}

/** Sums of one channel at one level in the order of the payload's `sums`, by the start of the bucket; null where nothing added to one. */
export function aggregatesOf({ device, observedAtMs, value }: ExpectedChannel, level: Level, payload: Payload, phase: number): Map<number, (number | null)[]> {
  const found = new Map<number, (number | null)[]>();
  for (const [index, ms] of observedAtMs.entries()) {
    const bucket = bucketOf(level, ms);
    const terms = payload.terms(device, value[index]!, phase);
    const sums = found.get(bucket);
    if (sums === undefined) found.set(bucket, [...terms]);
    else for (const [at, term] of terms.entries()) if (term !== null) sums[at] = (sums[at] ?? 0) + term;
  }
  return found;
}
