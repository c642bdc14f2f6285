/**
 * Malformed MQTT: packets that no client of good will sends, from a chance that a seed repeats.
 *
 * Half are right packets that were damaged (bits turned, bytes cut, lengths changed), since these get furthest; the rest
 * break one rule of the standard each.
 */
import { publishPacket } from '../support/packet.js';

export interface Attack {
  readonly kind: string;
  /** Sent after a CONNECT that is right, or instead of it. */
  readonly authenticated: boolean;
  readonly bytes: Buffer;
}

export interface Names {
  readonly client: string;
  readonly secret: string;
  readonly topic: string;
  readonly otherTopic: string;
}

/** Numbers from 0 to below 1, the same for the same seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function connectOf({ client, secret }: Pick<Names, 'client' | 'secret'>, version = 4): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length >> 8, value.length & 0xff]), Buffer.from(value)]);
  const body = Buffer.concat([text('MQTT'), Buffer.from([version, 0xc2, 0, 60]), ...(version === 5 ? [Buffer.from([0])] : []), text(client), text(client), text(secret)]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}

export function attack(random: () => number, names: Names): Attack {
  const roll = random();
  const publish = publishPacket(names.topic, Buffer.from('{"periodS":60,"count":1}'));
  if (roll < 0.3) return { kind: 'damaged PUBLISH', authenticated: true, bytes: damaged(random, publish) };
  if (roll < 0.5) return { kind: 'damaged CONNECT', authenticated: false, bytes: damaged(random, connectOf(names, random() < 0.5 ? 4 : 5)) };
  if (roll < 0.6) return { kind: 'random bytes', authenticated: random() < 0.5, bytes: noise(random, 1 + Math.floor(random() * 200)) };
  const rules = broken(names, publish);
  return rules[Math.floor(random() * rules.length)]!;
}

function damaged(random: () => number, packet: Buffer): Buffer {
  const bytes = Buffer.from(packet);
  const times = 1 + Math.floor(random() * 4);
  for (let n = 0; n < times; n++) bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
  return random() < 0.3 ? bytes.subarray(0, 1 + Math.floor(random() * (bytes.length - 1))) : bytes;
}

function noise(random: () => number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

function broken({ topic, otherTopic, client, secret }: Names, publish: Buffer): Attack[] {
  const wrong = (kind: string, bytes: Buffer | readonly number[], authenticated = true): Attack => ({ kind, authenticated, bytes: Buffer.from(bytes) });
  const withHead = (head: number): Buffer => Buffer.concat([Buffer.from([head]), publish.subarray(1)]);
  return [
    wrong('remaining length of five bytes', [0x32, 0xff, 0xff, 0xff, 0xff, 0x01]),
    wrong('oversize', [0x32, 0xff, 0xff, 0xff, 0x7f, 0, 1, 97]),
    wrong('QoS 3', withHead(0x36)),
    wrong('packet id 0', publish),
    wrong('DUP at QoS 0', withHead(0x38)),
    wrong('topic of another device', identified(publishPacket(otherTopic, Buffer.from('{}')))),
    wrong('wildcard in a topic', identified(publishPacket('city/traffic/+/readings', Buffer.from('{}')))),
    wrong('no topic', identified(publishPacket('', Buffer.from('{}')))),
    wrong('topic with NUL', identified(publishPacket(`${topic}\0`, Buffer.from('{}')))),
    wrong('topic that is not UTF-8', identified(invalidTopic(topic))),
    wrong('topic longer than the packet', [0x32, 6, 0xff, 0xff, 97, 97, 0, 1]),
    wrong('unknown stream', identified(publishPacket(`${topic}s`, Buffer.from('{}')))),
    wrong('second CONNECT', connectOf({ client, secret })),
    wrong('packet type 0', [0x00, 0]),
    wrong('packet type 15 in 3.1.1', [0xf0, 0]),
    wrong('CONNACK from a client', [0x20, 2, 0, 0]),
    wrong('SUBSCRIBE without a filter', [0x82, 2, 0, 1]),
    wrong('SUBSCRIBE with wrong flags', [0x80, 6, 0, 1, 0, 1, 97, 0]),
    wrong('PUBREL with wrong flags', [0x60, 2, 0, 1]),
    wrong('PUBREL never begun, id 0', [0x62, 2, 0, 0]),
    wrong('PUBLISH before CONNECT', identified(publish), false),
    wrong('other protocol', Buffer.from('GET / HTTP/1.1\r\nHost: city\r\n\r\n'), false),
    wrong('protocol version 9', connectOf({ client, secret }, 9), false),
    wrong('empty CONNECT', [0x10, 0], false),
  ];
}

function identified(packet: Buffer): Buffer {
  const bytes = Buffer.from(packet);
  const at = bytes[1]! < 128 ? 2 : 3;
  const id = at + 2 + bytes.readUInt16BE(at);
  bytes[id + 1] = 1;
  return bytes;
}

function invalidTopic(topic: string): Buffer {
  const packet = publishPacket(topic, Buffer.from('{}'));
  packet[packet.indexOf('city') + 1] = 0xff;
  return packet;
}
