/**
 * What the database must hold after everything in a log of acknowledgements, told by one loop over that log.
 *
 * An acknowledged message must be there. One that was sent and never acknowledged may be there or not. The same moment
 * again with equal values is a repeat; with others a correction, which takes the place of what it corrects.
 */
import type { Domain } from '#contracts';
import type { MessageLog } from './message-log.js';
import type { Payload } from './payload-form.js';
import { payloadOf } from './payloads.js';

/** Rows of one device's channel in the order of their moments; the arrays run beside each other. */
export interface ExpectedChannel {
  readonly device: number;
  readonly channel: number;
  readonly observedAtMs: number[];
  /** Index for the payload's `row` of the values that hold now. */
  readonly value: number[];
  readonly revision: number[];
  /** Whether any message for this moment was acknowledged. */
  readonly certain: boolean[];
}

export interface ExpectedOutcomes {
  stored: number;
  corrected: number;
  repeated: number;
  /** Sendings beyond the first of a message: each may have arrived and then counts as repeated, or not. */
  sentAgain: number;
  /** Messages never acknowledged: each may have arrived or not. */
  uncertain: number;
  poison: number;
}

export interface ExpectedReadings {
  /** By `device * channels + channel`. */
  readonly channels: Map<number, ExpectedChannel>;
  readonly outcomes: ExpectedOutcomes;
}

/** What a generator's numbers mean; its specification holds it. */
export interface Sent {
  readonly domain: Domain;
  readonly channels: readonly string[];
  readonly phase: number;
}

/** What a message did, in the order of the log; for folds that follow the readings. */
export type Effect = 'stored' | 'corrected' | 'repeated';
export type OnEffect = (of: { readonly device: number; readonly channel: number; readonly observedAtMs: number; readonly value: number; readonly revision: number; readonly effect: Effect }) => void;

export function expectedReadings(log: MessageLog, { domain, channels: { length: channelsPerDevice }, phase }: Sent, onEffect: OnEffect = () => undefined): ExpectedReadings {
  const payload = payloadOf(domain);
  const channels = new Map<number, ExpectedChannel>();
  const outcomes: ExpectedOutcomes = { stored: 0, corrected: 0, repeated: 0, sentAgain: 0, uncertain: 0, poison: 0 };
  for (const { device, channel, observedAtMs, value, poison, acknowledged, sends } of log.messages()) {
    outcomes.sentAgain += sends - 1;
    if (!acknowledged) outcomes.uncertain++;
    if (poison) {
      outcomes.poison++;
      continue;
    }
    const key = device * channelsPerDevice + channel;
    let of = channels.get(key);
    if (of === undefined) channels.set(key, (of = { device, channel, observedAtMs: [], value: [], revision: [], certain: [] }));
    const at = positionOf(of.observedAtMs, observedAtMs);
    let effect: Effect = 'stored';
    if (of.observedAtMs[at] === observedAtMs) {
      effect = sameValues(payload, device, of.value[at]!, value, phase) ? 'repeated' : 'corrected';
      if (acknowledged) of.certain[at] = true;
      if (effect === 'corrected') {
        of.value[at] = value;
        of.revision[at]! += 1;
      }
    } else {
      insert(of.observedAtMs, at, observedAtMs);
      insert(of.value, at, value);
      insert(of.revision, at, 0);
      insert(of.certain, at, acknowledged);
    }
    outcomes[effect]++;
    onEffect({ device, channel, observedAtMs, value, revision: of.revision[at]!, effect });
  }
  return { channels, outcomes };
}

/** The first place whose moment is not earlier; nearly always the end. */
function positionOf(moments: readonly number[], moment: number): number {
  let high = moments.length;
  if (high === 0 || moments[high - 1]! < moment) return high;
  let low = 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (moments[middle]! < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert<T>(list: T[], at: number, one: T): void {
  if (at === list.length) list.push(one);
  else list.splice(at, 0, one);
}

function sameValues(payload: Payload, device: number, a: number, b: number, phase: number): boolean {
  if (a === b) return true;
  const [one, other] = [payload.row(device, a, phase), payload.row(device, b, phase)];
  return one.every((value, column) => value === other[column]);
}
