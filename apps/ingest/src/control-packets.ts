/**
 * Every packet but PUBLISH: read by mqtt-packet's parser, one whole packet at a time, and judged where that parser is
 * more generous than the standard. Also the answers of the door.
 *
 * Because a packet is whole before it gets here, one parser per protocol version serves all connections and keeps nothing
 * of any of them.
 */
import { type IConnectPacket, mqttGenerate, type MqttPacket, mqttParser, type MqttParser } from '#messaging';
import { reason } from './reason-codes.js';

export type Version = 4 | 5;

export const packetType = { connect: 1, publish: 3, puback: 4, pubrec: 5, pubrel: 6, pubcomp: 7, subscribe: 8, unsubscribe: 10, pingreq: 12, disconnect: 14, auth: 15 } as const;

/** The whole packet lies from `at` to `end`, header included. Null: malformed. */
export function readControl(version: Version, bytes: Buffer, at: number, end: number): MqttPacket | null {
  // A CONNECT would change the version of the parser that all share.
  const packet = bytes[at]! >> 4 === packetType.connect ? null : parseWhole(version, bytes, at, end);
  return packet !== null && wellFormed(packet, version) ? packet : null;
}

/** A CONNECT from `at`, its body from `body`; a reason code when it is refused before anybody looks at who it is. */
export function readConnect(bytes: Buffer, at: number, body: number, end: number): { packet: IConnectPacket; version: Version } | { code: number; version: Version } {
  const level = bytes[body + 6];
  const named = end - body >= 7 && bytes.toString('latin1', body, body + 6) === '\0\x04MQTT';
  const version: Version = named && level !== undefined && level >= 5 ? 5 : 4;
  // [MQTT-3.1.2-2]: protocol 3 (MQIsdp), bridges (128 and up) and what is yet to come are told so.
  if (!named || (level !== 4 && level !== 5)) return { code: looksLikeConnect(bytes, body, end) ? reason.unsupportedProtocolVersion : reason.malformedPacket, version: 4 };
  const packet = parseWhole('connect', bytes, at, end);
  if (packet?.cmd !== 'connect' || !connectWellFormed(packet, bytes[body + 7]!, version)) return { code: reason.malformedPacket, version };
  return { packet, version };
}

/** PUBACK, PUBREC or PUBCOMP; version 4 has no place for the code, nor for the reason's name. */
export function answer(type: number, packetId: number, code: number, version: Version, reasonString = ''): Buffer {
  if (version === 4 || code === 0) return Buffer.from([type << 4, 2, packetId >> 8, packetId & 0xff]);
  const properties = reasonString === '' ? Buffer.alloc(0) : Buffer.from(`\x1f\0${String.fromCharCode(reasonString.length)}${reasonString}`, 'latin1');
  return Buffer.concat([Buffer.from([type << 4, 4 + properties.length, packetId >> 8, packetId & 0xff, code, properties.length]), properties]);
}

export const pingresp = Buffer.from([0xd0, 0]);

export function disconnect(code: number): Buffer {
  return Buffer.from([0xe0, 1, code]);
}

export function generate(packet: Parameters<typeof mqttGenerate>[0], version: Version): Buffer {
  return mqttGenerate(packet, { protocolVersion: version });
}

/** One for each version; a CONNECT sets the version of its parser, so it has one of its own. */
const parsers = new Map<Version | 'connect', MqttParser>();
let parsed: MqttPacket | null = null;
let failed = false;

function parseWhole(kind: Version | 'connect', bytes: Buffer, start: number, end: number): MqttPacket | null {
  let parser = parsers.get(kind);
  if (parser === undefined) parsers.set(kind, (parser = newParser(kind)));
  parsed = null;
  failed = false;
  try {
    // A copy: the parser's results point into what it was given, and the read buffer is used again at once.
    parser.parse(Buffer.from(bytes.subarray(start, end)));
  } catch {
    failed = true; // It reads beyond the end of some packets that are cut short, and Buffer throws.
  }
  if (!failed && parsed !== null) return parsed;
  // After a failure it would begin the next packet at the place where this one went wrong (mqtt-packet 9.0.2).
  parsers.delete(kind);
  return null;
}

function newParser(kind: Version | 'connect'): MqttParser {
  const parser = kind === 'connect' ? mqttParser() : mqttParser({ protocolVersion: kind });
  parser.on('packet', (packet) => {
    parsed = packet;
  });
  parser.on('error', () => {
    failed = true;
  });
  return parser;
}

function wellFormed(packet: MqttPacket, version: Version): boolean {
  const { cmd, length = 0 } = packet;
  if (cmd === 'pingreq') return length === 0;
  if (cmd === 'disconnect') return version === 5 || length === 0;
  if (cmd === 'subscribe') return isPacketId(packet.messageId) && packet.subscriptions.length > 0; // [MQTT-3.8.3-2]
  if (cmd === 'unsubscribe') return isPacketId(packet.messageId) && packet.unsubscriptions.length > 0; // [MQTT-3.10.3-2]
  if (cmd === 'puback' || cmd === 'pubrec' || cmd === 'pubrel' || cmd === 'pubcomp') return isPacketId(packet.messageId) && (version === 5 || length === 2);
  return true;
}

/** mqtt-packet gives -1 where the two bytes are missing. */
const isPacketId = (id: number | undefined): boolean => id !== undefined && id >= 1;

/** Rules of the CONNECT's flags that mqtt-packet does not check. */
function connectWellFormed(packet: IConnectPacket, flags: number, version: Version): boolean {
  const userName = (flags & 0x80) !== 0;
  const password = (flags & 0x40) !== 0;
  if (version === 4 && password && !userName) return false; // [MQTT-3.1.2-22]
  if ((packet.will?.qos as number | undefined) === 3) return false; // [MQTT-3.1.2-14]
  // Text with a replacement character was not UTF-8, or is no text that we would have given out [MQTT-1.5.4-1].
  return !/[\0\ufffd]/.test(packet.clientId) && !/[\0\ufffd]/.test(packet.username ?? '') && packet.clientId.length <= 1024;
}

function looksLikeConnect(bytes: Buffer, body: number, end: number): boolean {
  const name = bytes.toString('latin1', body, end);
  return (name.startsWith('\0\x04MQTT') && name.length > 6) || (name.startsWith('\0\x06MQIsdp') && name.length > 8);
}
