/**
 * Cuts a stream of bytes into whole MQTT packets, wherever TCP has cut it.
 *
 * A packet that lies whole in the chunk is handed over in place, without a copy; only one that is cut is gathered, in a
 * buffer that grows with what has really come and never with what a header merely promises.
 */
import { reason } from './reason-codes.js';

export interface PacketSink {
  /** One whole packet from `at` to `end` of `bytes`, its body from `start`; valid only during the call. False: read no further. */
  packet(bytes: Buffer, at: number, start: number, end: number): boolean;
  /** The stream cannot be read any further; `code` is the reason as MQTT 5 names it. */
  unreadable(code: number): void;
}

export class PacketReader {
  private rest: Buffer | null = null;
  private restBytes = 0;
  /** Whole packets so far. */
  packets = 0;

  /** `packetBytesMax` bounds a packet with its header; it may be changed between packets. */
  constructor(
    private readonly sink: PacketSink,
    public packetBytesMax: number,
  ) {}

  /** Bytes of a packet that has begun and not ended. */
  get unfinishedBytes(): number {
    return this.restBytes;
  }

  /** Takes the first `bytes` of `chunk`; nothing of it is kept by reference. */
  read(chunk: Buffer, bytes: number): void {
    let at = this.restBytes === 0 ? 0 : this.finish(chunk, bytes);
    while (at !== stop && bytes - at >= 2) {
      const total = packetBytes(chunk, at, bytes);
      if (total === cutHeader) break;
      if (total === badHeader || total > this.packetBytesMax) return this.refuse(total);
      if (at + total > bytes) break;
      this.packets++;
      if (!this.sink.packet(chunk, at, bodyStart(chunk, at), at + total)) return;
      at += total;
    }
    if (at !== stop && at < bytes) this.keep(chunk, at, bytes);
  }

  forget(): void {
    this.rest = null;
    this.restBytes = 0;
  }

  /** Completes the packet that was cut, and returns where the next one begins in the chunk, or `stop`. */
  private finish(chunk: Buffer, bytes: number): number {
    let at = 0;
    while (this.restBytes > 0) {
      // The header itself may be cut: until the length is known, one byte more at a time.
      const total = packetBytes(this.rest!, 0, this.restBytes);
      if (total === badHeader || total > this.packetBytesMax) {
        this.refuse(total);
        return stop;
      }
      const wanted = total === cutHeader ? this.restBytes + 1 : total;
      if (this.restBytes < wanted) {
        const end = Math.min(bytes, at + wanted - this.restBytes);
        if (end === at) return bytes;
        this.keep(chunk, at, end);
        at = end;
        if (this.restBytes < wanted || total === cutHeader) continue;
      }
      const whole = this.rest!;
      this.forget();
      this.packets++;
      if (!this.sink.packet(whole, 0, bodyStart(whole, 0), total)) return stop;
    }
    return at;
  }

  private keep(chunk: Buffer, start: number, end: number): void {
    const bytes = this.restBytes + end - start;
    if (this.rest === null || this.rest.length < bytes) {
      // Not from Node's pool: a few bytes would hold on to 8 KB of it.
      const grown = Buffer.allocUnsafeSlow(this.rest === null ? bytes : Math.max(bytes, 2 * this.rest.length));
      this.rest?.copy(grown, 0, 0, this.restBytes);
      this.rest = grown;
    }
    chunk.copy(this.rest, this.restBytes, start, end);
    this.restBytes = bytes;
  }

  private refuse(total: number): void {
    this.forget();
    this.sink.unreadable(total === badHeader ? reason.malformedPacket : reason.packetTooLarge);
  }
}

const stop = -1;
const cutHeader = 0;
const badHeader = -1;

/** Length of the packet that begins at `at`, header included; `cutHeader` when its length is not all there. */
function packetBytes(bytes: Buffer, at: number, end: number): number {
  let next = at + 1;
  let length = 0;
  for (let multiplier = 1; ; multiplier *= 128) {
    if (next >= end) return cutHeader;
    const byte = bytes[next++]!;
    length += (byte & 127) * multiplier;
    if (byte < 128) return next - at + length;
    if (next - at === 5) return badHeader; // At most four bytes of length [MQTT-1.5.5-1].
  }
}

function bodyStart(bytes: Buffer, at: number): number {
  let next = at + 1;
  while (bytes[next++]! > 127);
  return next;
}
