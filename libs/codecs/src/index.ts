/** The payload formats of the world: bytes to named, timed values. One line per format makes it known everywhere. */
import { quoted, Rejected } from '#contracts';
import { decodeIris } from './iris.js';
import { decodeJson } from './json.js';
import type { NamedValues } from './named-values.js';
import { decodeNgsi } from './ngsi.js';
import { decodePems } from './pems.js';
import type { SampleSender } from './samples.js';
import { decodeSenmlCbor } from './senml-cbor.js';
import { decodeSenmlJson } from './senml-json.js';
import { decodeTheThingsStack } from './the-things-stack.js';

/**
 * Reads the message in bytes[start, end). An element that alone is wrong stands in the result as a `Rejected`; a
 * message that is wrong as a whole is thrown as one.
 */
export type Decode = (bytes: Buffer, start: number, end: number, receivedAtMs: number) => readonly unknown[];

export const codecs: Readonly<Record<string, Decode>> = {
  json: decodeJson,
  iris: decodeIris,
  pems: decodePems,
  // These know no domain: their elements are `NamedValues`, which each domain turns into its readings.
  'ngsi-v2': decodeNgsi,
  'ngsi-ld': decodeNgsi,
  'senml-json': decodeSenmlJson,
  'senml-cbor': decodeSenmlCbor,
  'the-things-stack': decodeTheThingsStack,
};

/** The decoder of a codec; the name may carry a period, see `withPeriod`. */
export function codecOf(name: string): Decode | null {
  if (Object.hasOwn(codecs, name)) return codecs[name]!;
  const { codec } = withPeriod(name);
  return neutral.has(codec) ? codecs[codec]! : null;
}

const neutral = new Set(['ngsi-v2', 'ngsi-ld', 'senml-json', 'senml-cbor', 'the-things-stack']);

/**
 * `senml-json:60` in a device's record: its values stand for 60 s each where they do not say. Only for formats that have
 * no period of their own; null: none, or none that could be one.
 */
export function withPeriod(name: string): { readonly codec: string; readonly periodS: number | null } {
  const [, codec, seconds] = /^(.+):([1-9]\d{0,4})$/.exec(name) ?? [];
  return codec === undefined || Number(seconds) > 86_400 ? { codec: name, periodS: null } : { codec, periodS: Number(seconds) };
}

export interface MessageSender {
  readonly device: string;
  readonly receivedAtMs: number;
  readonly codec: string;
}

/** By a domain: what a message in a format that knows no domain says, in the domain's own JSON, or what is wrong with it. */
export type ReadingsFrom = (elements: readonly (NamedValues | Rejected)[], from: SampleSender) => readonly unknown[];

/** The elements of payload[start, end) in the domain's own JSON, or what is wrong with each; never empty, never throws Rejected. */
export function ownElements(payload: Buffer, start: number, end: number, from: MessageSender, readingsFrom: ReadingsFrom): readonly unknown[] {
  const decode = codecOf(from.codec);
  if (decode === null) return [new Rejected('unknown-codec', `codec: expected a known format, found ${quoted(from.codec)}`)];
  try {
    const elements = decode(payload, start, end, from.receivedAtMs);
    if (decode === decodeJson) return elements;
    const { codec, periodS } = withPeriod(from.codec);
    if (!neutral.has(codec)) return elements;
    return readingsFrom(elements as readonly (NamedValues | Rejected)[], { device: from.device, periodS });
  } catch (failure) {
    if (failure instanceof Rejected) return [failure];
    throw failure;
  }
}

export { decodeJson, elementsMax, jsonDepthMax } from './json.js';
export { type EntityForm, readingsFromEntity } from './entities.js';
export { fieldMap, type FieldRule, type Fields, type FieldTable, refused } from './field-table.js';
export { isNameOf, type NamedValue, type NamedValues } from './named-values.js';
export { utcMs } from './ngsi.js';
export { readingsFromSamples, type SampleSender } from './samples.js';
export { resolve as resolveSenml, type ResolvedRecord } from './senml.js';
export { convert, type GasState } from './units.js';
