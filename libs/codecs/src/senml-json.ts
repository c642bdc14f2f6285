/** SenML in JSON, `application/senml+json` (RFC 8428, section 5): an array of records. */
import { Rejected } from '#contracts';
import { decodeJson } from './json.js';
import { packValues } from './senml.js';

const openingBracket = 0x5b;
const blanks = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Throws Rejected as `decodeJson` does. */
export function decodeSenmlJson(bytes: Buffer, start: number, end: number, receivedAtMs: number): readonly unknown[] {
  const records = decodeJson(bytes, start, end);
  let at = start;
  while (blanks.has(bytes[at]!)) at += 1;
  if (bytes[at] !== openingBracket) throw new Rejected('undecodable', `byte ${at - start}: expected "[", since a SenML pack is an array of records`);
  return packValues(records, receivedAtMs);
}
