/**
 * Uplinks of The Things Stack v3 (LoRaWAN), as its webhook and its MQTT server send them: what the payload formatter made
 * of the bytes, at the time at which the network server had them.
 *
 * The bytes alone (`frm_payload`) say nothing without a formatter. Joins, acknowledgements, positions and whatever else
 * can be sent is refused by its name, so that a webhook with too many boxes ticked explains itself.
 */
import { instantMs, quoted, Rejected } from '#contracts';
import { decodeJson } from './json.js';
import { isObject, type NamedValue, type NamedValues, valuesMax } from './named-values.js';

type Json = Readonly<Record<string, unknown>>;

/** Units of the normalised payload, which are fixed; of what stands here alone. */
const normalisedUnits: Readonly<Record<string, string>> = {
  'air.temperature': 'Cel', 'air.relativeHumidity': '%RH', 'air.pressure': 'hPa', 'air.co2': 'ppm', 'air.lightIntensity': 'lx',
  'wind.speed': 'm/s', 'wind.direction': 'deg', 'rain.intensity': 'mm/h', 'rain.cumulative': 'mm', 'battery': 'V',
};

/** Fields of a message that stand beside what it is about. */
const envelope = new Set(['end_device_ids', 'correlation_ids', 'received_at', 'simulated']);

/** One element for each uplink. Throws Rejected as `decodeJson` does. */
export function decodeTheThingsStack(bytes: Buffer, start: number, end: number): readonly unknown[] {
  const messages = decodeJson(bytes, start, end);
  return messages.map((message, index): NamedValues | Rejected => {
    try {
      return readUplink(message);
    } catch (failure) {
      if (!(failure instanceof Rejected) || messages.length === 1) throw failure;
      return new Rejected(failure.reason, `[${index}].${failure.details}`);
    }
  });
}

function readUplink(message: unknown): NamedValues {
  if (!isObject(message)) throw refused('message', 'expected a message of The Things Stack, an object');
  const kind = 'uplink_message' in message ? 'uplink_message' : 'uplink_normalized';
  const uplink = message[kind];
  if (uplink === undefined) throw refused('uplink_message', `expected an uplink, found ${Object.keys(message).filter((name) => !envelope.has(name)).slice(0, 3).map(quoted).join(', ') || 'nothing'}`);
  if (!isObject(uplink)) throw refused(kind, 'expected an object');
  if (message['simulated'] === true) throw refused('simulated', 'expected an uplink of the device itself: what is simulated is no measurement');
  const device = isObject(message['end_device_ids']) ? message['end_device_ids']['device_id'] : undefined;
  if (typeof device !== 'string' || device === '') throw refused('end_device_ids.device_id', 'expected the id of the device, a text');
  const atMs = timeOf(uplink['received_at'] ?? message['received_at'], `${kind}.received_at`);
  // Normalised values stand first: of two for one field the first is taken, and theirs has a unit for certain.
  const values = [...normalised(uplink, kind, atMs), ...decoded(uplink, kind, atMs)];
  if (values.length === 0) throw refused(`${kind}.decoded_payload`, `expected what a payload formatter makes of the bytes, found ${'frm_payload' in uplink ? 'frm_payload alone' : 'nothing'}`);
  return { device, type: null, values };
}

function decoded(uplink: Json, kind: string, atMs: number): NamedValue[] {
  const payload = uplink['decoded_payload'];
  if (payload === undefined || payload === null) return [];
  if (!isObject(payload)) throw refused(`${kind}.decoded_payload`, 'expected an object');
  return flat(payload, atMs);
}

/** Each with a time of its own, where it has one. */
function normalised(uplink: Json, kind: string, atMs: number): NamedValue[] {
  const given = uplink['normalized_payload'] ?? [];
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  return list.flatMap((one, index) => {
    if (!isObject(one)) throw refused(`${kind}.normalized_payload[${index}]`, 'expected an object');
    const { time, ...rest } = one;
    const recordedMs = time === undefined ? atMs : timeOf(time, `${kind}.normalized_payload[${index}].time`);
    return flat(rest, recordedMs).map((value) => ({ ...value, unit: normalisedUnits[value.name] ?? null }));
  });
}

/** Nested names joined by dots; the depth is bounded by that of JSON. */
function flat(payload: Json, atMs: number): NamedValue[] {
  const values: NamedValue[] = [];
  const walk = (inner: unknown, name: string): void => {
    if (typeof inner === 'object' && inner !== null) {
      for (const [key, value] of Object.entries(inner)) walk(value, name === '' ? key : `${name}.${key}`);
    } else values.push({ name, value: inner as NamedValue['value'], unit: null, atMs });
    if (values.length > valuesMax) throw new Rejected('too-large', `expected at most ${valuesMax} values`);
  };
  walk(payload, '');
  return values;
}

function timeOf(value: unknown, field: string): number {
  const ms = typeof value === 'string' ? instantMs(value) : Number.NaN;
  if (Number.isNaN(ms)) throw refused(field, 'expected a time such as 2026-11-22T07:00:00Z');
  return ms;
}

function refused(field: string, expected: string): Rejected {
  return new Rejected('invalid', `${field}: ${expected}`);
}
