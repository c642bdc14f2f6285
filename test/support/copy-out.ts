/**
 * Reads a query's rows through binary COPY: millions of rows for a comparison without one object per value.
 *
 * Supports what the comparisons need: int2, int4, int8 (as a number), float4, float8, and timestamptz (ms since 1970).
 */
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';

export type ColumnType = 'int2' | 'int4' | 'int8' | 'float4' | 'float8' | 'timestamptz';

const signatureBytes = 11;
const postgresEpochMs = 946_684_800_000;

/** Calls `row` with the values of each row, in one array that is used again. `types` follow the query's columns. */
export async function copyOut(url: string, query: string, types: readonly ColumnType[], row: (values: (number | null)[]) => void): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const stream = client.query(copyTo(`copy (${query}) to stdout (format binary)`));
    const values: (number | null)[] = types.map(() => null);
    let rest = Buffer.alloc(0);
    let headerSeen = false;
    let count = 0;
    for await (const piece of stream) {
      const bytes: Buffer = rest.length === 0 ? (piece as Buffer) : Buffer.concat([rest, piece as Buffer]);
      let at = 0;
      if (!headerSeen) {
        if (bytes.length < signatureBytes + 8) {
          rest = Buffer.from(bytes);
          continue;
        }
        at = signatureBytes + 8 + bytes.readInt32BE(signatureBytes + 4);
        headerSeen = true;
      }
      for (;;) {
        const next = readRow(bytes, at, types, values);
        if (next < 0) break;
        at = next;
        count++;
        row(values);
      }
      rest = Buffer.from(bytes.subarray(at));
    }
    return count;
  } finally {
    await client.end();
  }
}

/** Reads the row at `at`; gives where the next begins, or −1 when the row is not wholly there (or was the last). */
function readRow(bytes: Buffer, at: number, types: readonly ColumnType[], values: (number | null)[]): number {
  if (at + 2 > bytes.length || bytes.readInt16BE(at) < 0) return -1;
  at += 2;
  for (let column = 0; column < types.length; column++) {
    if (at + 4 > bytes.length) return -1;
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < 0) {
      values[column] = null;
      continue;
    }
    if (at + length > bytes.length) return -1;
    values[column] = readValue(bytes, at, types[column]!);
    at += length;
  }
  return at;
}

function readValue(bytes: Buffer, at: number, type: ColumnType): number {
  switch (type) {
    case 'int2': return bytes.readInt16BE(at);
    case 'int4': return bytes.readInt32BE(at);
    case 'int8': return int8(bytes, at);
    case 'float4': return bytes.readFloatBE(at);
    case 'float8': return bytes.readDoubleBE(at);
    case 'timestamptz': return int8(bytes, at) / 1000 + postgresEpochMs;
  }
}

function int8(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
