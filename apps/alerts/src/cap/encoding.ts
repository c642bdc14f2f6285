/**
 * Bytes of an XML document to text: by its byte order mark, else by the encoding that it declares, else UTF-8.
 *
 * What is not in its encoding is refused rather than read with gaps: a place name with a hole in it may name another place.
 */
import { Buffer } from 'node:buffer';
import { quoted, Rejected } from '#contracts';

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'iso-8859-1' | 'us-ascii';

const accepted: Readonly<Record<string, readonly Encoding[]>> = {
  'utf-8': ['utf-8'],
  utf8: ['utf-8'],
  'utf-16': ['utf-16le', 'utf-16be'],
  'utf-16le': ['utf-16le'],
  'utf-16be': ['utf-16be'],
  'iso-8859-1': ['iso-8859-1'],
  'us-ascii': ['us-ascii'],
  ascii: ['us-ascii'],
};

/** The text without its byte order mark. */
export function textOf(bytes: Uint8Array): string | Rejected {
  const mark = markOf(bytes);
  const start = mark === null ? declaredIn(Buffer.from(bytes.subarray(0, 200)).toString('latin1')) : null;
  const text = mark === null ? decoded(bytes, encodingOf(start ?? 'UTF-8', null)) : decoded(bytes, mark);
  if (text instanceof Rejected || mark === null) return text;
  // Under a mark the declaration stands in the encoding that it declares, and must say the same.
  const declared = declaredIn(text.slice(0, 200));
  const encoding = declared === null ? mark : encodingOf(declared, mark);
  return encoding instanceof Rejected ? encoding : text;
}

function markOf(bytes: Uint8Array): Encoding | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return null;
}

function declaredIn(start: string): string | null {
  return /^<\?xml\s[^>]*?\sencoding\s*=\s*["']([^"']*)["']/.exec(start)?.[1] ?? null;
}

/** Null as `mark`: there is none, and UTF-16 needs one. */
function encodingOf(declared: string, mark: Encoding | null): Encoding | Rejected {
  const encodings = Object.hasOwn(accepted, declared.toLowerCase()) ? accepted[declared.toLowerCase()]! : [];
  if (encodings.length === 0) return refused(`expected UTF-8, UTF-16, ISO-8859-1 or US-ASCII, found ${quoted(declared)}`);
  if (mark !== null) return encodings.includes(mark) ? mark : refused(`expected as its byte order mark says, ${mark}, found ${quoted(declared)}`);
  return encodings[0]!.startsWith('utf-16') ? refused('expected a byte order mark before UTF-16') : encodings[0]!;
}

function decoded(bytes: Uint8Array, encoding: Encoding | Rejected): string | Rejected {
  if (encoding instanceof Rejected) return encoding;
  // A browser would read windows-1252 where ISO-8859-1 is declared; Buffer reads what is declared.
  if (encoding === 'iso-8859-1') return Buffer.from(bytes).toString('latin1');
  if (encoding === 'us-ascii') return bytes.some((byte) => byte > 0x7f) ? refused('expected US-ASCII as declared, found a byte above 127') : Buffer.from(bytes).toString('latin1');
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return refused(`expected bytes in ${encoding.toUpperCase()}`);
  }
}

function refused(expected: string): Rejected {
  return new Rejected('undecodable', `encoding: ${expected}`);
}
