/**
 * A produce request in one buffer, in place of kafkajs's, which builds it from many small ones and copies each value
 * about eight times: it took a third of ingest's time.
 *
 * Format: the Kafka protocol guide, Produce request version 3 to 7, and the record batch format of magic 2.
 */
export interface ProduceMessage {
  readonly key?: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: Readonly<Record<string, Buffer | string>>;
}

export interface ProducePartition {
  readonly partition: number;
  readonly firstSequence: number;
  readonly messages: readonly ProduceMessage[];
}

export interface ProduceRequest {
  readonly acks: number;
  readonly timeoutMs: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly ProducePartition[] }[];
}

const batchHeaderBytes = 61;
/** What the batch's own length field leaves out: itself and the base offset before it. */
const uncountedBytes = 12;
const magic = 2;
const none = -1;

/** The request's body, without the header that every request has. `nowMs` is the time of its records. */
export function encodeProduce({ acks, timeoutMs, producerId, producerEpoch, topics }: ProduceRequest, nowMs: number): Buffer {
  const sizes = topics.map(({ partitions }) => partitions.map(({ messages }) => messages.map(recordBytes)));
  let total = 2 + 2 + 4 + 4;
  topics.forEach(({ topic }, t) => {
    total += 2 + Buffer.byteLength(topic) + 4;
    for (const records of sizes[t]!) total += 8 + batchBytes(records);
  });

  const out = new Writer(Buffer.allocUnsafeSlow(total));
  out.int16(none); // No transaction.
  out.int16(acks);
  out.int32(timeoutMs);
  out.int32(topics.length);
  topics.forEach(({ topic, partitions }, t) => {
    out.int16(Buffer.byteLength(topic));
    out.text(topic);
    out.int32(partitions.length);
    partitions.forEach((partition, p) => {
      const records = sizes[t]![p]!;
      out.int32(partition.partition);
      out.int32(batchBytes(records));
      writeBatch(out, partition, records, producerId, producerEpoch, BigInt(nowMs));
    });
  });
  return out.done();
}

function writeBatch(out: Writer, { messages, firstSequence }: ProducePartition, sizes: readonly number[], producerId: bigint, producerEpoch: number, now: bigint): void {
  out.int64(0n);
  out.int32(batchBytes(sizes) - uncountedBytes);
  out.int32(0);
  out.int8(magic);
  const crcAt = out.at;
  out.int32(0);
  const checkedFrom = out.at;
  out.int16(0);
  out.int32(messages.length - 1);
  out.int64(now);
  out.int64(now);
  out.int64(producerId);
  out.int16(producerEpoch);
  out.int32(firstSequence);
  out.int32(messages.length);
  messages.forEach(({ key = null, value, headers = {} }, index) => {
    out.varint(sizes[index]!);
    out.int8(0);
    out.varint(0); // All records of a batch have its time.
    out.varint(index);
    out.bytes(key);
    out.bytes(value);
    const names = Object.keys(headers);
    out.varint(names.length);
    for (const name of names) {
      out.bytes(name);
      out.bytes(headers[name]!);
    }
  });
  out.buffer.writeUInt32BE(crc32c(out.buffer, checkedFrom, out.at), crcAt);
}

/** Of a record behind its length field: two bytes of attributes and time, the rest by content. */
function recordBytes({ key = null, value, headers = {} }: ProduceMessage, index: number): number {
  const names = Object.keys(headers);
  let bytes = 2 + varintBytes(index) + textBytes(key) + textBytes(value) + varintBytes(names.length);
  for (const name of names) bytes += textBytes(name) + textBytes(headers[name]!);
  return bytes;
}

function batchBytes(records: readonly number[]): number {
  let bytes = batchHeaderBytes;
  for (const record of records) bytes += varintBytes(record) + record;
  return bytes;
}

function textBytes(text: Buffer | string | null): number {
  if (text === null) return varintBytes(none);
  const length = typeof text === 'string' ? Buffer.byteLength(text) : text.length;
  return varintBytes(length) + length;
}

/** Zigzag, as in protocol buffers. */
function varintBytes(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let bytes = 1;
  while (rest > 127) {
    rest >>>= 7;
    bytes++;
  }
  return bytes;
}

class Writer {
  at = 0;

  constructor(readonly buffer: Buffer) {}

  int8(value: number): void {
    this.buffer[this.at++] = value;
  }
  int16(value: number): void {
    this.at = this.buffer.writeInt16BE(value, this.at);
  }
  int32(value: number): void {
    this.at = this.buffer.writeInt32BE(value, this.at);
  }
  int64(value: bigint): void {
    this.at = this.buffer.writeBigInt64BE(value, this.at);
  }
  varint(value: number): void {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest > 127) {
      this.buffer[this.at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.buffer[this.at++] = rest;
  }
  text(value: string): void {
    this.at += this.buffer.write(value, this.at, 'utf8');
  }
  bytes(value: Buffer | string | null): void {
    if (value === null) return this.varint(none);
    if (typeof value === 'string') {
      this.varint(Buffer.byteLength(value));
      return this.text(value);
    }
    this.varint(value.length);
    this.at += value.copy(this.buffer, this.at);
  }
  done(): Buffer {
    if (this.at !== this.buffer.length) throw new Error(`produce request: ${this.buffer.length} bytes were counted, ${this.at} written`);
    return this.buffer;
  }
}

const crcTables = makeCrcTables();

/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), eight bytes at a time. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  const t = crcTables;
  let crc = -1;
  let i = start;
  for (; i + 8 <= end; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      t[1792 + (crc & 255)]! ^ t[1536 + ((crc >>> 8) & 255)]! ^ t[1280 + ((crc >>> 16) & 255)]! ^ t[1024 + (crc >>> 24)]! ^
      t[768 + bytes[i + 4]!]! ^ t[512 + bytes[i + 5]!]! ^ t[256 + bytes[i + 6]!]! ^ t[bytes[i + 7]!]!;
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]!) & 255]!;
  return ~crc >>> 0;
}

/** Table k holds the CRC of a byte followed by k zero bytes. */
function makeCrcTables(): Int32Array {
  const polynomial = 0x82f63b78; // Reversed.
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    tables[byte] = crc;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let k = 1; k < 8; k++) {
      const before = tables[(k - 1) * 256 + byte]!;
      tables[k * 256 + byte] = (before >>> 8) ^ tables[before & 255]!;
    }
  }
  return tables;
}
