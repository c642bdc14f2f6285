/**
 * Rows in PostgreSQL's binary COPY format, written into one buffer that is used again.
 *
 * Format: docs of PostgreSQL, COPY, "Binary Format". Timestamps are µs since 2000-01-01 UTC.
 */
const signature = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
const epoch2000Ms = Date.UTC(2000, 0, 1);
const longest = 64 * 1024;

export class BinaryRows {
  private buffer = Buffer.allocUnsafeSlow(1 << 20);
  private view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.length);
  private at = 0;
  count = 0;

  constructor() {
    this.reset();
  }

  reset(): void {
    signature.copy(this.buffer, 0);
    this.at = signature.length;
    this.count = 0;
  }

  /** Begins a row of `columns` fields; the fields follow in the order of the COPY statement. */
  begin(columns: number): void {
    if (this.at + longest > this.buffer.length) this.grow();
    this.view.setInt16(this.at, columns);
    this.at += 2;
    this.count++;
  }

  null(): void {
    this.view.setInt32(this.at, -1);
    this.at += 4;
  }

  int2(value: number): void {
    this.view.setInt32(this.at, 2);
    this.view.setInt16(this.at + 4, value);
    this.at += 6;
  }

  int4(value: number): void {
    this.view.setInt32(this.at, 4);
    this.view.setInt32(this.at + 4, value);
    this.at += 8;
  }

  real(value: number): void {
    this.view.setInt32(this.at, 4);
    this.view.setFloat32(this.at + 4, value);
    this.at += 8;
  }

  timestamp(ms: number): void {
    const us = (ms - epoch2000Ms) * 1000;
    const high = Math.floor(us / 4294967296);
    this.view.setInt32(this.at, 8);
    this.view.setInt32(this.at + 4, high);
    this.view.setUint32(this.at + 8, us - high * 4294967296);
    this.at += 12;
  }

  /** At most 1,024 characters. */
  text(value: string): void {
    if (value.length > 1024) throw new RangeError(`text of ${value.length} characters in a reading`);
    const bytes = this.buffer.write(value, this.at + 4, 'utf8');
    this.view.setInt32(this.at, bytes);
    this.at += 4 + bytes;
  }

  /** All rows with the trailer; valid until `reset`. */
  finish(): Buffer {
    this.view.setInt16(this.at, -1);
    return this.buffer.subarray(0, this.at + 2);
  }

  private grow(): void {
    const larger = Buffer.allocUnsafeSlow(this.buffer.length * 2);
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
    this.view = new DataView(larger.buffer, larger.byteOffset, larger.length);
  }
}
