/** The payload formats of the world: bytes to named, timed values. One line per format makes it known everywhere. */
import { decodeIris } from './iris.js';
import { decodeJson } from './json.js';
import { decodePems } from './pems.js';

/**
 * Reads the message in bytes[start, end). An element that alone is wrong stands in the result as a `Rejected`; a
 * message that is wrong as a whole is thrown as one.
 */
export type Decode = (bytes: Buffer, start: number, end: number) => readonly unknown[];

export const codecs: Readonly<Record<string, Decode>> = {
  json: decodeJson,
  iris: decodeIris,
  pems: decodePems,
};

export function codecOf(name: string): Decode | null {
  return Object.hasOwn(codecs, name) ? codecs[name]! : null;
}

export { decodeJson, elementsMax, jsonDepthMax } from './json.js';
