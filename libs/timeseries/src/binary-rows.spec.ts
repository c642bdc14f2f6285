import { BinaryRows } from './binary-rows.js';

/**
 * Reads what PostgreSQL would read, after its documentation (COPY, "Binary Format"): signature, flags, length of the
 * header's extension, then per row a count of fields and per field a length (−1: null) and bytes; −1 ends it.
 */
function rowsIn(bytes: Buffer): (Buffer | null)[][] {
  expect(bytes.toString('latin1', 0, 11)).toBe('PGCOPY\n\xff\r\n\0');
  expect(bytes.readInt32BE(11)).toBe(0);
  let at = 19 + bytes.readInt32BE(15);
  const rows: (Buffer | null)[][] = [];
  for (;;) {
    const fields = bytes.readInt16BE(at);
    at += 2;
    if (fields === -1) break;
    const row: (Buffer | null)[] = [];
    for (let field = 0; field < fields; field++) {
      const length = bytes.readInt32BE(at);
      at += 4;
      row.push(length === -1 ? null : bytes.subarray(at, at + length));
      at += Math.max(0, length);
    }
    rows.push(row);
  }
  expect(at).toBe(bytes.length);
  return rows;
}

/** The timestamp as PostgreSQL means it: µs since 2000-01-01, in whole numbers. */
const microseconds = (field: Buffer | null | undefined): bigint => field!.readBigInt64BE(0);

test('no rows are a header and a trailer', () => {
  expect(rowsIn(new BinaryRows().finish())).toEqual([]);
});

test('each type and null, as PostgreSQL reads them', () => {
  const rows = new BinaryRows();
  rows.begin(6);
  rows.int2(-32_768);
  rows.int4(2_147_483_647);
  rows.real(31.4);
  rows.null();
  rows.text('Cầu Giấy');
  rows.text('');
  const [[int2, int4, real, nothing, text, empty]] = rowsIn(rows.finish()) as [(Buffer | null)[]];
  expect(int2!.readInt16BE(0)).toBe(-32_768);
  expect(int4!.readInt32BE(0)).toBe(2_147_483_647);
  expect(real!.readFloatBE(0)).toBe(Math.fround(31.4));
  expect(nothing).toBeNull();
  expect(text!.toString('utf8')).toBe('Cầu Giấy');
  expect(empty).toHaveLength(0);
});

test.each([
  ['the epoch itself', '2000-01-01T00:00:00.000Z'],
  ['a millisecond before it', '1999-12-31T23:59:59.999Z'],
  ['one after it', '2000-01-01T00:00:00.001Z'],
  ['the first that a reading may have', '1970-01-01T00:00:00.000Z'],
  ['the last', '2199-12-31T23:59:59.999Z'],
  ['a common one', '2026-11-22T07:00:00.123Z'],
  ['2^32 µs after the epoch, where the halves meet', '2000-01-01T01:11:34.967Z'],
  ['2^32 µs before it', '1999-12-31T22:48:25.033Z'],
])('a timestamp: %s', (_, iso) => {
  const rows = new BinaryRows();
  rows.begin(1);
  rows.timestamp(Date.parse(iso));
  const [[field]] = rowsIn(rows.finish()) as [(Buffer | null)[]];
  expect(field).toHaveLength(8);
  expect(microseconds(field)).toBe((BigInt(Date.parse(iso)) - BigInt(Date.UTC(2000, 0, 1))) * 1000n);
});

test('a text longer than a name can be is refused before it harms its neighbours', () => {
  const rows = new BinaryRows();
  rows.begin(1);
  expect(() => rows.text('x'.repeat(1025))).toThrow(RangeError);
});

test('many rows outgrow the buffer and all are there', () => {
  const rows = new BinaryRows();
  const long = 'ữ'.repeat(1024);
  for (let n = 0; n < 1_000; n++) {
    rows.begin(2);
    rows.int4(n);
    rows.text(long);
  }
  expect(rows.count).toBe(1_000);
  const read = rowsIn(rows.finish());
  expect(read.map(([number]) => number!.readInt32BE(0))).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
  expect(read.every(([, text]) => text!.toString('utf8') === long)).toBe(true);
});

test('after a reset only what follows is there', () => {
  const rows = new BinaryRows();
  rows.begin(1);
  rows.int4(1);
  rows.finish();
  rows.reset();
  rows.begin(1);
  rows.int4(2);
  expect(rowsIn(rows.finish()).map(([field]) => field!.readInt32BE(0))).toEqual([2]);
});
