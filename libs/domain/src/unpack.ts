/**
 * From a round of Kafka records to readings in order of arrival, and dead letters for what cannot become one.
 *
 * A record is a frame of many messages when it comes from ingest, or one plain message keyed by device when another
 * system writes to Kafka directly.
 */
import { type DeadLetterReason, type Domain, frameHeader, Rejected, unproven } from '#contracts';
import { partitionOf, readFrame, type Round, type RoundRecord } from '#messaging';
import type { KnownDevice, Logger, Registry } from '#service';
import type { Arrival, DeadLetter } from '#timeseries';
import type { AgeLimits } from './age.js';
import type { ReadMessage, TimedObservation } from './definition.js';

export interface UnpackOptions<O extends TimedObservation> {
  readonly domain: Domain;
  readonly observationsFrom: ReadMessage<O>;
  readonly age: (atMs: number) => AgeLimits | null;
  readonly registry: Pick<Registry, 'device' | 'refresh'>;
  /** Of the domain's topic. */
  readonly partitions: number;
  readonly log: Logger;
}

export interface Unpacked<O> {
  readonly arrivals: Arrival<O>[];
  readonly dead: DeadLetter[];
}

/** One message of a record: a frame's entry, or a plain record as a whole. */
interface Entry {
  readonly partition: number;
  readonly offset: number;
  readonly position: number;
  readonly device: string;
  readonly publisher: string;
  readonly receivedAtMs: number;
  readonly codec: string;
  readonly payload: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Every reading of the round in order of arrival, and what cannot become one. */
export async function unpack<O extends TimedObservation>(round: Round, options: UnpackOptions<O>): Promise<Unpacked<O>> {
  const unpacked: Unpacked<O> = { arrivals: [], dead: [] };
  const strangers: Entry[] = [];
  for (const { partition, records } of round.partitions) {
    for (const record of records) {
      eachEntry(partition, record, unpacked, (entry) => {
        const device = senderOf(entry, options);
        if (device === undefined) strangers.push(entry);
        else decode(entry, device, options, unpacked);
      });
    }
  }
  // A device may be younger than what we know of the registry: look again before it is called unknown.
  if (strangers.length > 0) {
    await options.registry.refresh();
    for (const entry of strangers) {
      const device = senderOf(entry, options);
      if (device === undefined) unpacked.dead.push(stranger(entry, options));
      else decode(entry, device, options, unpacked);
    }
  }
  return unpacked;
}

/**
 * What a dead letter becomes when it is decoded again: a letter about one element of an array gives that element alone,
 * one about a frame that could not be read all that the frame holds.
 */
export function entryResults<O extends TimedObservation>(letter: DeadLetter, options: UnpackOptions<O>): Unpacked<O> {
  const unpacked: Unpacked<O> = { arrivals: [], dead: [] };
  const again = (entry: Entry): void => {
    const device = senderOf(entry, options);
    if (device === undefined) unpacked.dead.push(stranger(entry, options));
    else decode(entry, device, options, unpacked);
  };
  const { partition, offset, payload, receivedAtMs } = letter;
  if (letter.position === wholeRecord) eachFrameEntry(partition, { offset, value: payload, timestampMs: receivedAtMs }, unpacked, again);
  else again({ ...letter, start: 0, end: payload.length });
  if (letter.element < 0) return unpacked;
  const same = ({ element }: { readonly element: number }): boolean => element === letter.element || element === -1;
  return { arrivals: unpacked.arrivals.filter(same), dead: unpacked.dead.filter(same) };
}

/** The device, unless a bridge took the message for one that is not behind the bridge's gateway. */
function senderOf({ device, publisher }: Entry, { registry }: Pick<UnpackOptions<never>, 'registry'>): KnownDevice | undefined {
  const known = registry.device(device);
  return known === undefined || !publisher.startsWith(unproven) || known.gateway === gatewayIn(publisher) ? known : undefined;
}

const gatewayIn = (publisher: string): string => (publisher.startsWith(unproven) ? publisher.slice(unproven.length) : publisher);

function stranger(entry: Entry, { registry }: Pick<UnpackOptions<never>, 'registry'>): DeadLetter {
  const known = registry.device(entry.device);
  if (known === undefined) return letter(entry, -1, 'unknown-device', `device: expected a registered device, found ${JSON.stringify(entry.device)}`);
  return letter(entry, -1, 'other-gateway', `device: expected one behind ${gatewayIn(entry.publisher)}, ${known.id} is behind ${known.gateway ?? 'no gateway'}`);
}

/** Position of what is about a record as a whole. */
const wholeRecord = -1;

/** Kafka's time of a record, null where it is none that can be stored. */
function timeOf(timestampMs: number): number | null {
  return timestampMs >= 0 && timestampMs < latestMs ? timestampMs : null;
}
const latestMs = Date.UTC(2200, 0, 1);

function eachEntry(partition: number, record: RoundRecord, { dead }: Pick<Unpacked<unknown>, 'dead'>, each: (entry: Entry) => void): void {
  const { offset, value, key, timestampMs } = record;
  if (value === null) return; // A tombstone of another system says nothing.
  if (record.headers[frameHeader] !== undefined) {
    eachFrameEntry(partition, { offset, value, timestampMs }, { dead }, each);
    return;
  }
  const receivedAtMs = timeOf(timestampMs);
  const entry: Entry = { partition, offset, position: 0, device: key === null ? '' : key.toString('utf8').slice(0, 256), publisher: '', receivedAtMs: receivedAtMs ?? 0, codec: '', payload: value, start: 0, end: value.length };
  if (receivedAtMs === null) dead.push(letter(entry, -1, 'undecodable', `record: expected a time of 1970 to 2199, found ${timestampMs}`));
  else each(entry);
}

function eachFrameEntry(partition: number, { offset, value, timestampMs }: { readonly offset: number; readonly value: Buffer; readonly timestampMs: number }, { dead }: Pick<Unpacked<unknown>, 'dead'>, each: (entry: Entry) => void): void {
  const entries: Entry[] = [];
  try {
    readFrame(value, (device, publisher, receivedAtMs, codec, payload, start, end, position) => {
      entries.push({ partition, offset, position, device, publisher, receivedAtMs, codec, payload, start, end });
    });
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    const whole: Entry = { partition, offset, position: wholeRecord, device: '', publisher: '', receivedAtMs: timeOf(timestampMs) ?? 0, codec: '', payload: value, start: 0, end: value.length };
    dead.push(letter(whole, -1, error.reason, error.details));
    return;
  }
  for (const entry of entries) each(entry);
}

/** Of one message: each keeps the whole message, and thousands of them would be gigabytes. */
export const lettersPerMessageMax = 8;

function decode<O extends TimedObservation>(entry: Entry, device: KnownDevice, options: UnpackOptions<O>, { arrivals, dead }: Unpacked<O>): void {
  const { domain, partitions, log } = options;
  if (device.domain !== domain) {
    dead.push(letter(entry, -1, 'wrong-domain', `device: expected a device of ${domain}, ${device.id} belongs to ${device.domain}`));
    return;
  }
  const { payload, start, end, receivedAtMs, partition, offset, position, publisher } = entry;
  const age = device.replay ? null : options.age(receivedAtMs);
  if (age === null && !device.replay) {
    dead.push(letter(entry, -1, 'no-limit-row', `${domain}.age: expected a dated row in force at the time of receipt`));
    return;
  }
  const codec = entry.codec === '' ? device.codec : entry.codec;
  let results: readonly (O | Rejected)[];
  try {
    results = options.observationsFrom(payload, start, end, { device: device.id, receivedAtMs, codec }, age);
  } catch (error) {
    log.error({ device: device.id, partition, offset, error: String(error) }, 'message cannot be decoded for a fault of ours, dead-lettered');
    dead.push(letter(entry, -1, 'our-fault', String(error)));
    return;
  }
  if (results.length === 0) dead.push(letter(entry, -1, 'invalid', 'expected at least one reading, found an empty list'));
  const home = homeOf(device, partitions);
  let refused = 0;
  for (let i = 0; i < results.length; i++) {
    const result = results[i]!;
    const element = results.length === 1 ? -1 : i;
    if (result instanceof Rejected) {
      if (++refused <= lettersPerMessageMax) dead.push(letter(entry, element, result.reason, result.details));
    } else {
      const { channel, observedAtMs } = result;
      arrivals.push({ partition, offset, position, element, device: device.id, publisher: gatewayIn(publisher), codec: entry.codec, receivedAtMs, payload, start, end, channel, observedAtMs, observation: result, subject: device.asset, home });
    }
  }
  if (refused > lettersPerMessageMax) dead.push(together(entry, dead.splice(-lettersPerMessageMax), refused, results.length));
}

/** One letter about a message in place of those about its readings. A replay finds what is stored and counts it as repeated. */
function together(entry: Entry, letters: readonly DeadLetter[], refused: number, readings: number): DeadLetter {
  const { reason, details } = letters[0]!;
  return letter(entry, -1, reason, `${refused} of ${readings} readings are refused, the first: ${details}`);
}

const homes = new WeakMap<KnownDevice, number>();

function homeOf(device: KnownDevice, partitions: number): number {
  let home = homes.get(device);
  if (home === undefined) homes.set(device, (home = partitionOf(device.rootAsset, partitions)));
  return home;
}

function letter({ partition, offset, position, device, publisher, codec, receivedAtMs, payload, start, end }: Entry, element: number, reason: DeadLetterReason, details: string): DeadLetter {
  return { partition, offset, position, element, device, publisher, codec, receivedAtMs, reason, details, payload: Buffer.from(payload.subarray(start, end)) };
}
