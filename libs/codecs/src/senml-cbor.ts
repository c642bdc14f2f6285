/**
 * SenML in CBOR, `application/senml+cbor` (RFC 8428, section 6): the same records, their labels as integers.
 *
 * Bytes that are no CBOR, lengths that promise more than there is, arrays within arrays without end and labels that
 * stand twice are refused by the reader, whatever it throws; what it lets pass is judged as in JSON.
 */
import { decode, type DecodeOptions, Tokenizer } from 'cborg';
import { Rejected } from '#contracts';
import { elementsMax } from './json.js';
import { packValues } from './senml.js';

/** Table 6. The list is closed: extensions have names, not numbers. */
const labels: ReadonlyMap<unknown, string> = new Map([
  [-1, 'bver'], [-2, 'bn'], [-3, 'bt'], [-4, 'bu'], [-5, 'bv'], [-6, 'bs'],
  [0, 'n'], [1, 'u'], [2, 'v'], [3, 'vs'], [4, 'vb'], [5, 's'], [6, 't'], [7, 'ut'], [8, 'vd'],
]);

const decimalFraction = 4;
const options: DecodeOptions = {
  useMaps: true,
  rejectDuplicateMapKeys: true,
  allowBigInt: false,
  allowUndefined: false,
  tags: { [decimalFraction]: (content) => decimal(content()) },
};

/** Throws Rejected `undecodable`, naming the byte, or `too-large`. */
export function decodeSenmlCbor(bytes: Buffer, start: number, end: number, receivedAtMs: number): readonly unknown[] {
  if (end <= start) throw new Rejected('undecodable', 'byte 0: expected a message, found no bytes');
  const tokenizer = new Tokenizer(bytes.subarray(start, end), options);
  let pack: unknown;
  try {
    pack = decode(bytes.subarray(start, end), { ...options, tokenizer });
  } catch (failure) {
    const told = failure instanceof RangeError ? 'too many levels' : String((failure as Error).message).replace(/^CBOR decode error: */, '').slice(0, 100);
    throw new Rejected('undecodable', `byte ${tokenizer.pos()}: expected CBOR (${told})`);
  }
  if (!Array.isArray(pack) || pack.length === 0) throw new Rejected('undecodable', 'byte 0: expected an array of at least one record');
  if (pack.length > elementsMax) throw new Rejected('too-large', `expected at most ${elementsMax} records, found ${pack.length}`);
  return packValues(pack.map(recordOf), receivedAtMs);
}

/** With the labels of the JSON form, and bytes as the JSON form writes them. */
function recordOf(record: unknown, index: number): unknown {
  if (!(record instanceof Map)) return null;
  const fields = new Map<string, unknown>();
  for (const [key, value] of record as Map<unknown, unknown>) {
    const label = labels.get(key) ?? key;
    if (typeof label !== 'string') throw new Rejected('invalid', `[${index}]: expected labels −6 to 8 or texts, found ${typeof label === 'number' ? label : typeof label}`);
    if (fields.has(label)) throw new Rejected('invalid', `[${index}].${label}: expected the label once, found it as number and as text`);
    // The reader replaces wrong bytes of a text; a text that held this sign itself is refused with them.
    if (label.includes('\ufffd') || (typeof value === 'string' && value.includes('\ufffd'))) throw new Rejected('undecodable', `[${index}]: expected texts in UTF-8`);
    fields.set(label, value instanceof Uint8Array && label === 'vd' ? Buffer.from(value).toString('base64url') : value);
  }
  return fields;
}

/** mantissa · 10^exponent (RFC 8949, section 3.4.4), by the text, which rounds once. */
function decimal(content: unknown): number {
  const [exponent, mantissa] = Array.isArray(content) && content.length === 2 ? (content as unknown[]) : [];
  if (!Number.isSafeInteger(exponent) || !Number.isSafeInteger(mantissa)) throw new Error('a decimal fraction is [exponent, mantissa]');
  return Number(`${mantissa as number}e${exponent as number}`);
}
