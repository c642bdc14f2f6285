/**
 * The generator's own record of what it published and what was acknowledged: the accepted side of every comparison.
 *
 * It is kept here and not in ingest, since a promise is judged by whoever received it. 18 bytes per message in typed
 * arrays, so that ten million messages fit; written to one file at the end and read back by the comparison.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const chunkMessages = 1 << 18;
const headerBytes = 8;

/** One published message, or one payload of another's making (`poison`). */
export interface Message {
  readonly device: number;
  readonly channel: number;
  /** Poison: 0. */
  readonly observedAtMs: number;
  /** Index of the values (see payloads.ts); of a poison the index in the list that was sent. */
  readonly value: number;
  readonly poison: boolean;
  readonly acknowledged: boolean;
  /** Times it was written to a socket: at least 1. */
  readonly sends: number;
}

interface Chunk {
  readonly device: Uint16Array;
  readonly channel: Uint8Array;
  readonly observedAtMs: Float64Array;
  readonly value: Uint32Array;
  /** bit 7 poison, bit 6 acknowledged, bits 0–5 sends. */
  readonly state: Uint8Array;
}

const poisonBit = 0x80;
const acknowledgedBit = 0x40;
const sendsMax = 0x3f;

export class MessageLog {
  private readonly chunks: Chunk[] = [];
  private count = 0;
  acknowledged = 0;

  get length(): number {
    return this.count;
  }

  /** Adds a message about to be sent for the first time; gives its number. */
  add(device: number, channel: number, observedAtMs: number, value: number, poison: boolean): number {
    const number = this.count++;
    const at = number & (chunkMessages - 1);
    if (at === 0) this.chunks.push(emptyChunk());
    const chunk = this.chunks[number >>> 18]!;
    chunk.device[at] = device;
    chunk.channel[at] = channel;
    chunk.observedAtMs[at] = observedAtMs;
    chunk.value[at] = value;
    chunk.state[at] = poison ? poisonBit | 1 : 1;
    return number;
  }

  acknowledge(number: number): void {
    const { state } = this.chunks[number >>> 18]!;
    const at = number & (chunkMessages - 1);
    if ((state[at]! & acknowledgedBit) === 0) this.acknowledged++;
    state[at]! |= acknowledgedBit;
  }

  sentAgain(number: number): void {
    const { state } = this.chunks[number >>> 18]!;
    const at = number & (chunkMessages - 1);
    if ((state[at]! & sendsMax) < sendsMax) state[at]! += 1;
  }

  at(number: number): Message {
    const chunk = this.chunks[number >>> 18]!;
    const at = number & (chunkMessages - 1);
    const state = chunk.state[at]!;
    return {
      device: chunk.device[at]!,
      channel: chunk.channel[at]!,
      observedAtMs: chunk.observedAtMs[at]!,
      value: chunk.value[at]!,
      poison: (state & poisonBit) !== 0,
      acknowledged: (state & acknowledgedBit) !== 0,
      sends: state & sendsMax,
    };
  }

  *messages(): Generator<Message> {
    for (let number = 0; number < this.count; number++) yield this.at(number);
  }

  write(file: string): void {
    const descriptor = openSync(file, 'w');
    const header = Buffer.alloc(headerBytes);
    header.writeDoubleLE(this.count);
    writeSync(descriptor, header);
    for (const chunk of this.chunks) for (const column of columnsOf(chunk)) writeSync(descriptor, column);
    closeSync(descriptor);
  }

  static read(file: string): MessageLog {
    const bytes = readFileSync(file);
    const log = new MessageLog();
    log.count = bytes.readDoubleLE(0);
    let at = headerBytes;
    while (at < bytes.length) {
      const chunk = emptyChunk();
      for (const column of columnsOf(chunk)) at += bytes.copy(column, 0, at, at + column.byteLength);
      log.chunks.push(chunk);
    }
    for (const { state } of log.chunks) for (const one of state) if ((one & acknowledgedBit) !== 0) log.acknowledged++;
    return log;
  }
}

function emptyChunk(): Chunk {
  return {
    device: new Uint16Array(chunkMessages),
    channel: new Uint8Array(chunkMessages),
    observedAtMs: new Float64Array(chunkMessages),
    value: new Uint32Array(chunkMessages),
    state: new Uint8Array(chunkMessages),
  };
}

function columnsOf(chunk: Chunk): Uint8Array[] {
  return Object.values(chunk as unknown as Record<string, Uint8Array>).map((column) => new Uint8Array(column.buffer));
}
