/**
 * Takes a round of traffic messages from Kafka to the database: unpack, decode, store, fold, announce.
 *
 * A round may come again after a crash. That is safe because all that it leads to is in the one transaction that also
 * moves the consumed offsets (libs/timeseries/src/round-store.ts): a round is wholly in, or not at all.
 */
import { type Condition, conditionsTopic, frameHeader, type DeadLetterReason, Rejected } from '#contracts';
import { partitionOf, readFrame, RoundOf, type Round, type RoundRecord } from '#messaging';
import type { KnownDevice, Logger, Registry } from '#service';
import type { Announcement, Arrival, DeadLetter, Fold, RoundResult, RoundStore } from '#timeseries';
import { Controller, Inject } from '@nestjs/common';
import { changeFrom, judgedAtMs, observe, type Segment } from './congestion.js';
import type { Limits } from './limits.js';
import { observationsFrom, type Observation } from './observation.js';
import { loadSegments, saveConditions } from './tables.js';

export interface ConsumerOptions {
  readonly store: RoundStore<Observation, Segment, CongestionChange>;
  readonly registry: Registry;
  readonly limits: Limits;
  readonly partitions: number;
  readonly log: Logger;
  readonly onStored: (result: RoundResult, arrivals: readonly Arrival<Observation>[]) => void;
}

export const consumerOptions = Symbol('consumer options');

@Controller()
export class TrafficConsumer {
  constructor(@Inject(consumerOptions) private readonly options: ConsumerOptions) {}

  @RoundOf('traffic.readings')
  async store(round: Round): Promise<void> {
    const { store, log, onStored } = this.options;
    const startedMs = performance.now();
    const { arrivals, dead } = await unpack(round, this.options);
    const parts = round.partitions.map(({ partition, fromOffset, lastOffset }) => ({ partition, fromOffset, nextOffset: lastOffset + 1 }));
    await round.turn;
    const result = await store.store(parts, arrivals, dead);
    onStored(result, arrivals);
    log.debug({ ...result, durationMs: Math.round(performance.now() - startedMs) }, 'round stored');
  }
}

export interface Unpacked {
  readonly arrivals: Arrival<Observation>[];
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

export type UnpackOptions = Pick<ConsumerOptions, 'registry' | 'limits' | 'partitions' | 'log'>;

/** Every reading of the round in order of arrival, and what cannot become one. */
export async function unpack(round: Round, options: UnpackOptions): Promise<Unpacked> {
  const unpacked: Unpacked = { arrivals: [], dead: [] };
  const strangers: Entry[] = [];
  for (const { partition, records } of round.partitions) {
    for (const record of records) {
      eachEntry(partition, record, unpacked, (entry) => {
        const device = options.registry.device(entry.device);
        if (device === undefined) strangers.push(entry);
        else decode(entry, device, options, unpacked);
      });
    }
  }
  // A device may be younger than what we know of the registry: look again before it is called unknown.
  if (strangers.length > 0) {
    await options.registry.refresh();
    for (const entry of strangers) {
      const device = options.registry.device(entry.device);
      if (device === undefined) unpacked.dead.push(unknownDevice(entry));
      else decode(entry, device, options, unpacked);
    }
  }
  return unpacked;
}

/**
 * What a dead letter becomes when it is decoded again: a letter about one element of an array gives that element alone,
 * one about a frame that could not be read all that the frame holds.
 */
export function entryResults(letter: DeadLetter, options: UnpackOptions): Unpacked {
  const unpacked: Unpacked = { arrivals: [], dead: [] };
  const again = (entry: Entry): void => {
    const device = options.registry.device(entry.device);
    if (device === undefined) unpacked.dead.push(unknownDevice(entry));
    else decode(entry, device, options, unpacked);
  };
  const { partition, offset, payload, receivedAtMs } = letter;
  if (letter.position === wholeRecord) eachFrameEntry(partition, { offset, value: payload, timestampMs: receivedAtMs }, unpacked, again);
  else again({ ...letter, start: 0, end: payload.length });
  if (letter.element < 0) return unpacked;
  const same = ({ element }: { readonly element: number }): boolean => element === letter.element || element === -1;
  return { arrivals: unpacked.arrivals.filter(same), dead: unpacked.dead.filter(same) };
}

function unknownDevice(entry: Entry): DeadLetter {
  return letter(entry, -1, 'unknown-device', `device: expected a registered device, found ${JSON.stringify(entry.device)}`);
}

/** Position of what is about a record as a whole. */
const wholeRecord = -1;

/** Kafka's time of a record, null where it is none that can be stored. */
function timeOf(timestampMs: number): number | null {
  return timestampMs >= 0 && timestampMs < latestMs ? timestampMs : null;
}
const latestMs = Date.UTC(2200, 0, 1);

function eachEntry(partition: number, record: RoundRecord, unpacked: Unpacked, each: (entry: Entry) => void): void {
  const { offset, value, key, timestampMs } = record;
  if (value === null) return; // A tombstone of another system says nothing.
  if (record.headers[frameHeader] !== undefined) {
    eachFrameEntry(partition, { offset, value, timestampMs }, unpacked, each);
    return;
  }
  const receivedAtMs = timeOf(timestampMs);
  const entry: Entry = { partition, offset, position: 0, device: key === null ? '' : key.toString('utf8').slice(0, 256), publisher: '', receivedAtMs: receivedAtMs ?? 0, codec: '', payload: value, start: 0, end: value.length };
  if (receivedAtMs === null) unpacked.dead.push(letter(entry, -1, 'undecodable', `record: expected a time of 1970 to 2199, found ${timestampMs}`));
  else each(entry);
}

function eachFrameEntry(partition: number, { offset, value, timestampMs }: { readonly offset: number; readonly value: Buffer; readonly timestampMs: number }, { dead }: Unpacked, each: (entry: Entry) => void): void {
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

function decode(entry: Entry, device: KnownDevice, { limits, partitions, log }: UnpackOptions, { arrivals, dead }: Unpacked): void {
  if (device.domain !== 'traffic') {
    dead.push(letter(entry, -1, 'wrong-domain', `device: expected a device of traffic, ${device.id} belongs to ${device.domain}`));
    return;
  }
  const { payload, start, end, receivedAtMs, partition, offset, position, publisher } = entry;
  const age = device.replay ? null : limits.age(receivedAtMs);
  if (age === null && !device.replay) {
    dead.push(letter(entry, -1, 'no-limit-row', 'traffic.age: expected a dated row in force at the time of receipt'));
    return;
  }
  const codec = entry.codec === '' ? device.codec : entry.codec;
  let results: readonly (Observation | Rejected)[];
  try {
    results = observationsFrom(payload, start, end, { device: device.id, receivedAtMs, codec }, age);
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
      arrivals.push({ partition, offset, position, element, device: device.id, publisher, codec: entry.codec, receivedAtMs, payload, start, end, channel, observedAtMs, observation: result, subject: device.asset, home });
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

export interface CongestionChange {
  readonly asset: string;
  readonly condition: Condition;
}

/** Congestion as the store sees it: a state per asset, which follows from its readings and its last condition. */
export function congestionFold(limits: Limits, registry: Registry, topicRoot: string): Fold<Observation, Segment, CongestionChange> {
  return {
    load: loadSegments,
    apply(segment, arrival, channelId) {
      const { observation } = arrival;
      const limit = limits.congestion(segment.asset, judgedAtMs(segment, observation));
      const state = observe(segment, channelId, observation, limit);
      if (state.active === segment.active || limit === null) return { state, change: null };
      const change = changeFrom(segment, state, causeOf(arrival), limit)!;
      // What a replayed device finds is history: alerts keeps it out of live state.
      const late = registry.device(arrival.device)?.replay === true;
      return { state, change: { asset: segment.asset, condition: { ...change, late } } };
    },
    async save(transaction, changes) {
      await saveConditions(transaction, changes);
      return changes.map(({ condition }) => announcementOf(condition, topicRoot));
    },
  };
}

function announcementOf(condition: Condition, topicRoot: string): Announcement {
  return { topic: conditionsTopic(topicRoot), partition: 0, key: condition.conditionId, payload: JSON.stringify(condition) };
}

function causeOf({ device, channel, observedAtMs }: Arrival<Observation>): string {
  return `${device}/${channel}@${new Date(observedAtMs).toISOString()}`;
}
