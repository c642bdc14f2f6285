/**
 * The newest changes, one copy for all clients: each client has only a place in here, so that 500 of them cost little
 * more than one. What has left at the old end must be read from Kafka again.
 */

export interface Frame {
  readonly offset: number;
  /** As it goes over the wire; null: nothing is shown for this offset. */
  readonly bytes: Buffer | null;
  /** Assets and zones whose people see it. */
  readonly path: readonly string[];
}

export interface RingBounds {
  readonly framesMax: number;
  readonly bytesMax: number;
}

/** What a client gets at once, and its place afterwards. */
export interface Portion {
  readonly bytes: Buffer | null;
  readonly next: number;
}

/** A write holds this many at most: between two of them the connection is asked whether it can take more. */
const framesAtOnceMax = 200;

export class StreamRing {
  private frames: Frame[] = [];
  /** Index of the oldest that is still kept: dropping each one for itself would move all others. */
  private oldest = 0;
  private bytes = 0;
  private end = 0;
  private last: { readonly from: number; readonly portion: Portion } | null = null;

  constructor(private readonly bounds: RingBounds) {}

  /** Offset of the oldest kept; equal to `next` while there is none. */
  get first(): number {
    return this.end - (this.frames.length - this.oldest);
  }

  /** The offset that the next change will have. */
  get next(): number {
    return this.end;
  }

  /** Forgets everything: what follows begins at `offset`. */
  restart(offset: number): void {
    this.frames = [];
    this.oldest = 0;
    this.bytes = 0;
    this.end = offset;
    this.last = null;
  }

  /** Takes the frame of offset `next`. */
  push(frame: Frame): void {
    if (frame.offset !== this.end) throw new RangeError(`offset ${this.end} is due, ${frame.offset} was given`);
    this.frames.push(frame);
    this.end++;
    this.bytes += weightOf(frame);
    while (this.frames.length - this.oldest > this.bounds.framesMax || (this.bytes > this.bounds.bytesMax && this.frames.length - this.oldest > 1)) {
      this.bytes -= weightOf(this.frames[this.oldest]!);
      this.frames[this.oldest++] = gone;
    }
    if (this.oldest > this.bounds.framesMax) {
      this.frames = this.frames.slice(this.oldest);
      this.oldest = 0;
    }
    this.last = null;
  }

  /** From `from` (at least `first`) on, what somebody with these areas sees; clients at the same place get the same bytes. */
  portion(from: number, areas: readonly string[]): Portion {
    if (areas.length > 0) return this.gather(from, areas);
    if (this.last?.from !== from) this.last = { from, portion: this.gather(from, areas) };
    return this.last.portion;
  }

  private gather(from: number, areas: readonly string[]): Portion {
    const next = Math.min(this.end, from + framesAtOnceMax);
    const start = this.oldest + (from - this.first);
    const seen: Buffer[] = [];
    for (let index = start; index < start + (next - from); index++) {
      const { bytes, path } = this.frames[index]!;
      if (bytes !== null && sees(areas, path)) seen.push(bytes);
    }
    return { bytes: seen.length === 0 ? null : seen.length === 1 ? seen[0]! : Buffer.concat(seen), next };
  }
}

const gone: Frame = { offset: -1, bytes: null, path: [] };

/** Empty areas: the whole city. */
export function sees(areas: readonly string[], path: readonly string[]): boolean {
  return areas.length === 0 || path.some((id) => areas.includes(id));
}

/** An offset without bytes costs something too. */
const weightOf = ({ bytes }: Frame): number => 100 + (bytes?.length ?? 0);
