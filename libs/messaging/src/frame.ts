/**
 * Writing and reading frames (their layout: libs/contracts/src/frame.ts). This is the hot path of both doors: bytes are
 * copied once into a buffer that is used again, and texts that repeat are encoded once per route.
 */
import { frameBytesMax, frameEntriesMax, frameVersion, Rejected } from '#contracts';

/** The parts of an entry that do not change from message to message: encode them once. */
export interface EntryTexts {
  readonly head: Buffer;
  readonly tail: Buffer;
}

export function entryTexts(device: string, publisher: string, codec: string): EntryTexts {
  return { head: Buffer.concat([short(device), short(publisher)]), tail: short(codec) };
}

function short(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length > 255) throw new RangeError(`a name of ${bytes.length} bytes does not fit a frame`);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

export interface Frame {
  readonly bytes: Buffer;
  readonly count: number;
}

/** Gathers entries into frames of one partition, in one growing buffer. `reset` allows the buffer to be used again. */
export class FrameWriter {
  private buffer = Buffer.allocUnsafeSlow(64 * 1024);
  private end = 0;
  private frameStart = 0;
  private frameCount = 0;
  private closed: number[] = []; // Triples: start, end, count.

  get bytes(): number {
    return this.end;
  }

  /** Adds bytes `start` to `end` of `source` as one entry. `receivedAt` is the time as a big-endian float64 of ms. */
  add(texts: EntryTexts, receivedAt: Buffer, source: Buffer, start: number, end: number): void {
    const { head, tail } = texts;
    const size = head.length + 8 + tail.length + 4 + (end - start);
    if (this.frameCount === frameEntriesMax || (this.frameCount > 0 && this.end - this.frameStart + size > frameBytesMax)) this.closeFrame();
    this.makeRoom(size + 1);

    const buffer = this.buffer;
    let at = this.end;
    if (this.frameCount === 0) buffer[at++] = frameVersion;
    for (let i = 0; i < head.length; i++) buffer[at++] = head[i]!; // Shorter than what a call of copy() costs.
    for (let i = 0; i < 8; i++) buffer[at++] = receivedAt[i]!;
    for (let i = 0; i < tail.length; i++) buffer[at++] = tail[i]!;
    const length = end - start;
    buffer[at++] = length >>> 24;
    buffer[at++] = length >>> 16;
    buffer[at++] = length >>> 8;
    buffer[at++] = length;
    source.copy(buffer, at, start, end);
    this.end = at + length;
    this.frameCount++;
  }

  /** All frames so far. They point into the writer's buffer: send them before `reset`. */
  frames(): Frame[] {
    if (this.frameCount > 0) this.closeFrame();
    const frames: Frame[] = [];
    for (let i = 0; i < this.closed.length; i += 3) frames.push({ bytes: this.buffer.subarray(this.closed[i], this.closed[i + 1]), count: this.closed[i + 2]! });
    return frames;
  }

  reset(): void {
    this.end = this.frameStart = this.frameCount = 0;
    this.closed.length = 0;
  }

  private closeFrame(): void {
    this.closed.push(this.frameStart, this.end, this.frameCount);
    this.frameStart = this.end;
    this.frameCount = 0;
  }

  private makeRoom(size: number): void {
    if (this.end + size <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.end + size));
    this.buffer.copy(larger, 0, 0, this.end);
    this.buffer = larger;
  }
}

/** Receives one entry; the payload is `bytes` from `start` to `end`, valid during the call alone. */
export type EachEntry = (device: string, publisher: string, receivedAtMs: number, codec: string, bytes: Buffer, start: number, end: number, position: number) => void;

/** Receipts outside 1970 to 2199 are no times that a store of ours can hold: such bytes are no frame. */
const latestMs = Date.UTC(2200, 0, 1);

/** Reads a frame from front to back; throws `Rejected('undecodable')` where the bytes are not a frame. */
export function readFrame(value: Buffer, each: EachEntry): number {
  if (value[0] !== frameVersion) throw new Rejected('undecodable', `frame: expected version ${frameVersion}, found ${value[0] ?? 'nothing'}`);
  const total = value.length;
  let at = 1;
  let position = 0;
  while (at < total) {
    const deviceEnd = at + 1 + value[at]!;
    const publisherEnd = deviceEnd + 1 + (value[deviceEnd] ?? 256);
    const timeEnd = publisherEnd + 8;
    const codecEnd = timeEnd + 1 + (value[timeEnd] ?? 256);
    const payloadStart = codecEnd + 4;
    if (payloadStart > total) throw new Rejected('undecodable', `frame: entry ${position} is cut off`);
    const payloadEnd = payloadStart + value.readUInt32BE(codecEnd);
    if (payloadEnd > total) throw new Rejected('undecodable', `frame: payload of entry ${position} is cut off`);
    const receivedAtMs = value.readDoubleBE(publisherEnd);
    if (!(receivedAtMs >= 0 && receivedAtMs < latestMs)) throw new Rejected('undecodable', `frame: entry ${position} has no time of receipt: ${receivedAtMs}`);
    const device = value.toString('latin1', at + 1, deviceEnd);
    const publisher = publisherEnd - deviceEnd === 1 ? '' : value.toString('latin1', deviceEnd + 1, publisherEnd);
    const codec = codecEnd - timeEnd === 1 ? '' : value.toString('latin1', timeEnd + 1, codecEnd);
    each(device, publisher, receivedAtMs, codec, value, payloadStart, payloadEnd, position);
    at = payloadEnd;
    position++;
  }
  return position;
}
