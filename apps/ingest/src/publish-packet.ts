/**
 * Reads a PUBLISH where it lies in the socket's bytes: positions only, no copy, no object, no text.
 *
 * This is the hot path, tens of thousands of times a second; every other packet goes through mqtt-packet's parser. It is
 * stricter than that parser, which accepts some packets that the standard calls malformed; publish-packet.spec.ts holds
 * the two against each other and lists the differences.
 */
import { isUtf8 } from 'node:buffer';
import { reason } from './reason-codes.js';

/** Positions are indices into the bytes given to `readPublish`; one object serves a whole door. */
export class PublishPacket {
  qos = 0;
  /** 1–65535; 0 at QoS 0. */
  packetId = 0;
  topicStart = 0;
  topicEnd = 0;
  /** 0: none. */
  topicAlias = 0;
  /** Both 0: none. */
  contentTypeStart = 0;
  contentTypeEnd = 0;
  payloadStart = 0;
  payloadEnd = 0;
}

/**
 * Reads the body of a PUBLISH from `start` to `end`; `first` is the packet's first byte. Returns 0, or the reason code
 * for which the connection must end. The topic's text is not looked at: see topic-routes.ts.
 */
export function readPublish(into: PublishPacket, first: number, bytes: Buffer, start: number, end: number, version: 4 | 5): number {
  const qos = (first >> 1) & 3;
  if (qos === 3) return reason.malformedPacket; // [MQTT-3.3.1-4]
  if (qos === 0 && (first & 8) !== 0) return reason.malformedPacket; // DUP says "again", which QoS 0 never is [MQTT-3.3.1-2].
  if (end - start < 2) return reason.malformedPacket;
  let at = start + 2 + ((bytes[start]! << 8) | bytes[start + 1]!);
  into.qos = qos;
  into.topicStart = start + 2;
  into.topicEnd = at;
  into.packetId = into.topicAlias = into.contentTypeStart = into.contentTypeEnd = 0;
  if (qos !== 0) {
    if (at + 2 > end) return reason.malformedPacket;
    into.packetId = (bytes[at]! << 8) | bytes[at + 1]!;
    if (into.packetId === 0) return reason.protocolError; // [MQTT-2.2.1-3]
    at += 2;
  }
  if (at > end) return reason.malformedPacket;
  into.payloadEnd = end;
  if (version === 4) {
    into.payloadStart = at;
    return into.topicEnd === into.topicStart ? reason.protocolError : 0; // [MQTT-4.7.3-1]
  }
  // Nearly always there are no properties: their length is one byte, zero.
  if (at < end && bytes[at] === 0) into.payloadStart = at + 1;
  else {
    const code = readProperties(into, bytes, at, end);
    if (code !== 0) return code;
  }
  return into.topicEnd === into.topicStart && into.topicAlias === 0 ? reason.protocolError : 0;
}

/** The properties that table 2-4 of MQTT 5 allows in a PUBLISH from a client. */
const property = { payloadFormat: 0x01, messageExpiry: 0x02, contentType: 0x03, responseTopic: 0x08, correlationData: 0x09, subscriptionIdentifier: 0x0b, topicAlias: 0x23, user: 0x26 } as const;

function readProperties(into: PublishPacket, bytes: Buffer, at: number, end: number): number {
  let length = 0;
  let multiplier = 1;
  for (let count = 0; ; count++) {
    if (at >= end || count === 4) return reason.malformedPacket;
    const byte = bytes[at++]!;
    length += (byte & 127) * multiplier;
    multiplier *= 128;
    if (byte < 128) break;
  }
  const stop = at + length;
  if (stop > end) return reason.malformedPacket;
  into.payloadStart = stop;

  let seen = 0;
  while (at < stop) {
    const id = bytes[at++]!;
    // At most once each, but for user properties; an id that nobody knows falls through to `default` below.
    const bit = id === property.topicAlias ? 1 << 16 : id < 16 ? 1 << id : 0;
    if ((seen & bit) !== 0) return reason.protocolError;
    seen |= bit;
    let next: number;
    switch (id) {
      case property.payloadFormat:
        next = at + 1;
        if (next <= stop && bytes[at]! > 1) return reason.protocolError;
        break;
      case property.messageExpiry:
        next = at + 4;
        break;
      case property.topicAlias:
        next = at + 2;
        if (next > stop) return reason.malformedPacket;
        into.topicAlias = (bytes[at]! << 8) | bytes[at + 1]!;
        if (into.topicAlias === 0) return reason.topicAliasInvalid; // [MQTT-3.3.2-8]
        break;
      case property.contentType:
        next = afterText(bytes, at, stop);
        into.contentTypeStart = at + 2;
        into.contentTypeEnd = next;
        break;
      case property.responseTopic:
        next = afterText(bytes, at, stop);
        break;
      case property.correlationData:
        next = afterBinary(bytes, at, stop);
        break;
      case property.user:
        next = afterText(bytes, at, stop);
        if (next !== cut) next = afterText(bytes, next, stop);
        break;
      case property.subscriptionIdentifier:
        return reason.protocolError; // A client must not send one [MQTT-3.3.4-6].
      default:
        return reason.malformedPacket;
    }
    if (next === cut || next > stop) return reason.malformedPacket;
    at = next;
  }
  return 0;
}

const cut = -1;

function afterBinary(bytes: Buffer, at: number, stop: number): number {
  if (at + 2 > stop) return cut;
  const next = at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
  return next > stop ? cut : next;
}

/** Text must be UTF-8 without NUL [MQTT-1.5.4-1, MQTT-1.5.4-2]. */
function afterText(bytes: Buffer, at: number, stop: number): number {
  const next = afterBinary(bytes, at, stop);
  return next !== cut && isText(bytes, at + 2, next) ? next : cut;
}

export function isText(bytes: Buffer, start: number, end: number): boolean {
  const text = bytes.subarray(start, end);
  return isUtf8(text) && !text.includes(0);
}
