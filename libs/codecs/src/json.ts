/**
 * Bytes to JSON values: one object, or an array of them (a backlog after an outage).
 *
 * Safe by what JSON.parse is: it keeps no stack of ours, knows no NaN, and makes `__proto__` an ordinary own field.
 * Of two equal names in an object the last one wins, as in every common parser; `1e999` becomes Infinity, which no
 * schema of ours lets pass. What JSON.parse does not check is checked here: UTF-8, depth and number of elements.
 */
import { isUtf8 } from 'node:buffer';
import { Rejected } from '#contracts';
import { firstFault } from './json-fault.js';

export const jsonDepthMax = 16;
export const elementsMax = 5_000;

/**
 * The elements of the message in bytes[start, end): at least one.
 * Throws Rejected `undecodable`, naming the byte and what was expected there, or `too-large`.
 */
export function decodeJson(bytes: Buffer, start: number, end: number): readonly unknown[] {
  const text = utf8Text(bytes, start, end);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw faultOf(text);
  }
  if (mayBeDeep(text) && deeper(value, jsonDepthMax)) throw faultOf(text);
  if (!Array.isArray(value)) return [value];
  if (value.length === 0) throw new Rejected('undecodable', 'byte 0: expected at least one element in the array');
  if (value.length > elementsMax) throw new Rejected('too-large', `expected at most ${elementsMax} elements, found ${value.length}`);
  return value;
}

/**
 * The text of UTF-8 bytes. Wrong bytes decode to U+FFFD; a text without it was right, and looking for it in a text of
 * one-byte characters costs nothing, so that ASCII is checked for free.
 */
export function utf8Text(bytes: Buffer, start: number, end: number): string {
  if (end <= start) throw new Rejected('undecodable', 'byte 0: expected a message, found no bytes');
  const text = bytes.toString('utf8', start, end);
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) {
    throw new Rejected('undecodable', `byte ${firstWrongByte(bytes.subarray(start, end), text)}: expected UTF-8`);
  }
  return text;
}

function faultOf(text: string): Rejected {
  const fault = firstFault(text, jsonDepthMax);
  if (fault === null) return new Rejected('undecodable', 'expected JSON');
  const found = text.slice(fault.at, fault.at + 12);
  return new Rejected('undecodable', `byte ${Buffer.byteLength(text.slice(0, fault.at))}: expected ${fault.expected}${found === '' ? '' : `, found ${JSON.stringify(found)}`}`);
}

/** Few opening brackets cannot be deep; counting them by indexOf is quicker than walking the value. */
function mayBeDeep(text: string): boolean {
  let brackets = 0;
  for (let at = text.indexOf('{'); at >= 0; at = text.indexOf('{', at + 1)) if (++brackets > jsonDepthMax) return true;
  for (let at = text.indexOf('['); at >= 0; at = text.indexOf('[', at + 1)) if (++brackets > jsonDepthMax) return true;
  return false;
}

function deeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) if (deeper(inner, levels - 1)) return true;
  return false;
}

/** Each U+FFFD that its three bytes do not spell stands for bytes that were wrong. */
function firstWrongByte(bytes: Buffer, text: string): number {
  let byte = 0;
  let from = 0;
  for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', from)) {
    byte += Buffer.byteLength(text.slice(from, at));
    if (!(bytes[byte] === 0xef && bytes[byte + 1] === 0xbf && bytes[byte + 2] === 0xbd)) return byte;
    byte += 3;
    from = at + 1;
  }
  return byte;
}
