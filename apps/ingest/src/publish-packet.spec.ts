/**
 * Three readers of PUBLISH against each other over mutated packets: the door's own, mqtt-packet's parser, and a slow one
 * written here from the standard's tables, with exceptions and no cleverness.
 *
 * The door must agree with the slow one in every decision and field. Where it is stricter than mqtt-packet, the slow
 * reader must name a rule that mqtt-packet is known not to check.
 */
import { isUtf8 } from 'node:buffer';
import { type IPublishPacket, mqttGenerate, mqttParser } from '#messaging';
import { PacketReader } from './packet-reader.js';
import { PublishPacket, readPublish } from './publish-packet.js';

const packetsTotal = 110_000;
/** Another one each time; to repeat a failure, put here the one that was printed. */
const seed = Date.now() % 1_000_000_007;

interface Fields {
  readonly qos: number;
  readonly topic: string;
  readonly packetId: number;
  readonly alias: number;
  readonly contentType: string;
  readonly payload: string;
}
type Reading = Fields | { readonly refused: string };

describe('reading PUBLISH', () => {
  it(`decides like the standard and like mqtt-packet over ${packetsTotal} mutated packets`, () => {
    process.stdout.write(`fuzz of PUBLISH, seed ${seed}\n`);
    const random = randomFrom(seed);
    const seen = { accepted: 0, refused: 0, stricter: new Map<string, number>() };
    for (let i = 0; i < packetsTotal; i++) {
      const version = random() < 0.35 ? 4 : 5;
      const stream = mutated(somePublish(random, version), random);
      for (const packet of slowlyCut(stream)) compare(packet, version, seen);
    }
    expect(seen.accepted).toBeGreaterThan(packetsTotal / 10);
    expect(seen.refused).toBeGreaterThan(packetsTotal / 10);
    // Each rule of the list was met, so the list holds no excuse for what does not happen.
    expect([...seen.stricter.keys()].sort()).toEqual([...rulesThatMqttPacketLacks].sort());
  }, 120_000);

  it('refuses or waits for a packet that is truncated at any byte', () => {
    for (const version of [4, 5] as const) {
      const whole = generated({ topic: 'city/traffic/loop-0001/readings', qos: 1, messageId: 7, payload: Buffer.from('{"count":1}'), ...(version === 5 ? { properties: { contentType: 'application/json', topicAlias: 3, userProperties: { a: 'b' } } } : {}) }, version);
      for (let length = 0; length < whole.length; length++) expect(cut([whole.subarray(0, length)]).packets).toEqual([]);
      // The same with a length that fits what is left: now it is whole, and must be judged.
      for (let length = 2; length < whole.length; length++) {
        const body = whole.subarray(2, length);
        compare(Buffer.concat([Buffer.from([whole[0]!, body.length]), body]), version, null);
      }
    }
  });

  it('finds the same packets wherever the bytes are cut into chunks', () => {
    const small = generated({ topic: 'city/traffic/a/readings', qos: 1, messageId: 1, payload: Buffer.from('x') }, 4);
    const large = generated({ topic: 'city/traffic/b/readings', qos: 2, messageId: 2, payload: Buffer.alloc(300, 'y') }, 4);
    const stream = Buffer.concat([small, large, Buffer.from([0xc0, 0]), small]);
    const whole = cut([stream]).packets;
    expect(whole).toHaveLength(4);
    for (let at = 1; at < stream.length; at++) expect(cut([stream.subarray(0, at), stream.subarray(at)]).packets).toEqual(whole);
    expect(cut([...stream].map((byte) => Buffer.from([byte]))).packets).toEqual(whole);
    for (let at = 1; at < 40; at++) for (let next = at + 1; next < 60; next++) expect(cut([stream.subarray(0, at), stream.subarray(at, next), stream.subarray(next)]).packets).toEqual(whole);
  });

  it('refuses a length of five bytes, and a packet beyond the maximum before it has come', () => {
    expect(cut([Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01])]).refused).toBe(0x81);
    expect(cut([Buffer.from([0x30, 0xff]), Buffer.from([0xff, 0xff, 0xff]), Buffer.from([0x01])]).refused).toBe(0x81);
    expect(cut([Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])]).refused).toBe(0x95);
    expect(cut([Buffer.from([0x30]), Buffer.from([0xff, 0xff, 0xff, 0x7f, 0x00])]).refused).toBe(0x95);
  });
});

/** What mqtt-packet 9 lets pass, and a server must not. */
const rulesThatMqttPacketLacks = new Set([
  'dup at qos 0', // [MQTT-3.3.1-2]
  'packet id 0', // [MQTT-2.2.1-3]
  'packet id cut',
  'no topic', // [MQTT-4.7.3-1], [MQTT-3.3.2-8]
  'property not of publish', // table 2-4
  'property twice',
  'property cut',
  'properties beyond the packet',
  'text not utf-8', // [MQTT-1.5.4-1]; the topic's own text is judged in topic-routes.ts
  'alias 0', // [MQTT-3.3.2-8]
  'payload format beyond 1',
]);

function compare(packet: Buffer, version: 4 | 5, seen: { accepted: number; refused: number; stricter: Map<string, number> } | null): void {
  if (packet[0]! >> 4 !== 3) return;
  const slow = readSlowly(packet, version);
  const fast = readFast(packet, version);
  const reference = readByMqttPacket(packet, version);
  const shown = (): string => `${version} ${packet.toString('hex')}\nslow ${JSON.stringify(slow)}\nfast ${JSON.stringify(fast)}\nmqtt-packet ${JSON.stringify(reference)}`;

  if ('refused' in slow) {
    if (!('refused' in fast)) throw new Error(`the door accepts what the standard forbids: ${shown()}`);
    if (!('refused' in reference)) {
      if (!rulesThatMqttPacketLacks.has(slow.refused)) throw new Error(`stricter than mqtt-packet for no known reason: ${shown()}`);
      seen?.stricter.set(slow.refused, (seen.stricter.get(slow.refused) ?? 0) + 1);
    }
    if (seen !== null) seen.refused++;
    return;
  }
  if (!same(fast, slow)) throw new Error(`the door reads otherwise than the standard: ${shown()}`);
  if (!same(reference, slow)) throw new Error(`mqtt-packet reads otherwise: ${shown()}`);
  if (seen !== null) seen.accepted++;
}

function same(a: Reading, b: Fields): boolean {
  return !('refused' in a) && a.qos === b.qos && a.topic === b.topic && a.packetId === b.packetId && a.alias === b.alias && a.contentType === b.contentType && a.payload === b.payload;
}

// ---- the three readers

function readFast(packet: Buffer, version: 4 | 5): Reading {
  // Not at the beginning of a buffer, as in the door: positions are absolute.
  const bytes = Buffer.concat([Buffer.from('before'), packet, Buffer.from('behind')]);
  const start = 6 + headerBytes(packet);
  const fields = new PublishPacket();
  const code = readPublish(fields, packet[0]!, bytes, start, 6 + packet.length, version);
  if (code !== 0) return { refused: code.toString(16) };
  return {
    qos: fields.qos,
    topic: bytes.toString('utf8', fields.topicStart, fields.topicEnd),
    packetId: fields.packetId,
    alias: fields.topicAlias,
    contentType: bytes.toString('utf8', fields.contentTypeStart, fields.contentTypeEnd),
    payload: bytes.toString('latin1', fields.payloadStart, fields.payloadEnd),
  };
}

const parsers = new Map<4 | 5, ReturnType<typeof mqttParser>>();
let read: IPublishPacket | null = null;
let failed: unknown = null;

function readByMqttPacket(packet: Buffer, version: 4 | 5): Reading {
  let parser = parsers.get(version);
  if (parser === undefined) {
    parser = mqttParser({ protocolVersion: version });
    parser.on('packet', (found) => void (read = found as IPublishPacket));
    parser.on('error', (error) => void (failed = error));
    parsers.set(version, parser);
  }
  read = failed = null;
  try {
    parser.parse(Buffer.from(packet));
  } catch (error) {
    failed = error;
  }
  if (failed !== null || read === null) {
    parsers.delete(version); // What it has kept of this packet would be part of the next.
    return { refused: String(failed) };
  }
  const { qos, topic, messageId, properties, payload } = read as IPublishPacket;
  return { qos, topic, packetId: messageId ?? 0, alias: properties?.topicAlias ?? 0, contentType: properties?.contentType ?? '', payload: (payload as Buffer).toString('latin1') };
}

class Forbidden extends Error {}

function readSlowly(packet: Buffer, version: 4 | 5): Reading {
  let at = headerBytes(packet);
  let end = packet.length;
  const need = (count: number, rule: string): number => {
    if (at + count > end) throw new Forbidden(rule);
    at += count;
    return at - count;
  };
  const number = (bytes: number, rule: string): number => packet.readUIntBE(need(bytes, rule), bytes);
  const binary = (rule: string): Buffer => {
    const length = number(2, rule);
    const from = need(length, rule);
    return packet.subarray(from, from + length);
  };
  const text = (rule: string): string => {
    const found = binary(rule);
    if (!isUtf8(found) || found.includes(0)) throw new Forbidden('text not utf-8');
    return found.toString('utf8');
  };

  try {
    const qos = (packet[0]! & 6) >> 1;
    if (qos === 3) throw new Forbidden('qos 3');
    if (qos === 0 && (packet[0]! & 8) !== 0) throw new Forbidden('dup at qos 0');
    const topic = binary('topic cut').toString('utf8');
    const packetId = qos === 0 ? 0 : number(2, 'packet id cut');
    if (qos !== 0 && packetId === 0) throw new Forbidden('packet id 0');
    let alias = 0;
    let contentType = '';
    if (version === 5) {
      let length = 0;
      for (let power = 0; ; power++) {
        const byte = number(1, 'properties beyond the packet');
        length += (byte & 127) * 128 ** power;
        if (byte < 128) break;
        if (power === 3) throw new Forbidden('length of five bytes');
      }
      const packetEnd = end;
      const properties = need(length, 'properties beyond the packet');
      at = properties;
      end = properties + length;
      const before = new Set<number>();
      while (at < end) {
        const id = number(1, 'property cut');
        if (![1, 2, 3, 8, 9, 0x23, 0x26].includes(id)) throw new Forbidden(knownProperties.has(id) ? 'property not of publish' : 'unknown property');
        if (id !== 0x26 && before.has(id)) throw new Forbidden('property twice');
        before.add(id);
        if (id === 1 && number(1, 'property cut') > 1) throw new Forbidden('payload format beyond 1');
        if (id === 2) number(4, 'property cut');
        if (id === 3) contentType = text('property cut');
        if (id === 8) text('property cut');
        if (id === 9) binary('property cut');
        if (id === 0x23) {
          alias = number(2, 'property cut');
          if (alias === 0) throw new Forbidden('alias 0');
        }
        if (id === 0x26) {
          text('property cut');
          text('property cut');
        }
      }
      end = packetEnd;
    }
    if (topic === '' && alias === 0) throw new Forbidden('no topic');
    return { qos, topic, packetId, alias, contentType, payload: packet.toString('latin1', at) };
  } catch (error) {
    if (error instanceof Forbidden) return { refused: error.message };
    throw error;
  }
}

/** Ids of properties that exist at all: table 2-4. */
const knownProperties = new Set([1, 2, 3, 8, 9, 0x0b, 0x11, 0x12, 0x13, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1c, 0x1f, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a]);

function headerBytes(packet: Buffer): number {
  let at = 1;
  while (packet[at]! >= 128) at++;
  return at + 1;
}

// ---- packets

type Random = () => number;

/** Mulberry32: small, and the same everywhere. */
function randomFrom(start: number): Random {
  let state = start | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const below = (random: Random, limit: number): number => Math.floor(random() * limit);
const oneOf = <T>(random: Random, values: readonly T[]): T => values[below(random, values.length)]!;

function generated(publish: Partial<IPublishPacket> & { topic: string; payload: Buffer }, version: 4 | 5): Buffer {
  return mqttGenerate({ cmd: 'publish', qos: 0, dup: false, retain: false, ...publish }, { protocolVersion: version });
}

function somePublish(random: Random, version: 4 | 5): Buffer {
  const qos = oneOf(random, [0, 1, 1, 1, 2] as const);
  const topic = oneOf(random, ['city/traffic/loop-0001/readings', 'city/traffic/a/readings', 'a', 'đường/phố', 'city/+/x/#']);
  const payload = Buffer.alloc(oneOf(random, [0, 1, 40, 130, 200]), 'p');
  const some = (share: number): boolean => random() < share;
  const properties: NonNullable<IPublishPacket['properties']> = {
    ...(some(0.3) ? { topicAlias: 1 + below(random, 100) } : {}),
    ...(some(0.3) ? { contentType: oneOf(random, ['application/json', '', 'é']) } : {}),
    ...(some(0.2) ? { payloadFormatIndicator: some(0.5) } : {}),
    ...(some(0.2) ? { messageExpiryInterval: below(random, 2 ** 31) } : {}),
    ...(some(0.15) ? { responseTopic: 'answer/here' } : {}),
    ...(some(0.15) ? { correlationData: Buffer.alloc(below(random, 8), 1) } : {}),
    ...(some(0.2) ? { userProperties: { name: 'value', other: ['one', 'two'] } } : {}),
  };
  const dup = qos > 0 && some(0.2);
  return generated({ topic, payload, qos, dup, retain: some(0.2), ...(qos > 0 ? { messageId: 1 + below(random, 65_535) } : {}), ...(version === 5 && some(0.7) ? { properties } : {}) }, version);
}

function mutated(packet: Buffer, random: Random): Buffer {
  let body: Buffer = Buffer.from(packet.subarray(headerBytes(packet)));
  let first = packet[0]!;
  const topicBytes = body.readUInt16BE(0);
  const qos = (first >> 1) & 3;
  const propertiesAt = 2 + topicBytes + (qos > 0 ? 2 : 0);
  switch (below(random, 12)) {
    case 0: // Untouched.
    case 1:
      return packet;
    case 2: // Flags.
      first ^= 1 << below(random, 4);
      break;
    case 3: // Cut short, with a length that fits.
      body = body.subarray(0, below(random, body.length + 1));
      break;
    case 4: // A length that does not fit.
      return Buffer.concat([Buffer.from([first]), varint(below(random, 2 * body.length + 2)), body]);
    case 5: // Length of the topic.
      body.writeUInt16BE(oneOf(random, [0, topicBytes + 1, Math.max(0, topicBytes - 1), body.length - 2, 0xffff]), 0);
      break;
    case 6: // Any one byte.
      if (body.length > 0) body[below(random, body.length)] = below(random, 256);
      break;
    case 7: // Length of the properties, or the byte in their place.
      if (propertiesAt < body.length) body[propertiesAt] = oneOf(random, [0, 1, 2, 3, 5, 0x7f, 0x80, 0xff, body[propertiesAt]! ^ 1]);
      break;
    case 8: // A byte within the properties.
      if (propertiesAt + 1 < body.length) body[propertiesAt + 1 + below(random, Math.min(20, body.length - propertiesAt - 1))] = oneOf(random, [0, 1, 2, 3, 8, 9, 0x0b, 0x23, 0x26, 0x11, 0x27, 0x30, 0xff]);
      break;
    case 9: // A property too many, made by hand.
      body = withProperty(body, propertiesAt, oneOf(random, extraProperties));
      break;
    case 10: // Packet id 0, or a topic of nothing.
      if (qos > 0 && random() < 0.5) body.writeUInt16BE(0, 2 + topicBytes);
      else body = Buffer.concat([Buffer.from([0, 0]), body.subarray(2 + topicBytes)]);
      break;
    default: // Bytes too many.
      body = Buffer.concat([body, Buffer.alloc(below(random, 5), 0xff)]);
  }
  return Buffer.concat([Buffer.from([first]), varint(body.length), body]);
}

const extraProperties = ['0100', '0102', '0201020304', '03000161', '0300', '030002c328', '0300020061', '0800016b', '09000101', '0b05', '2300', '230000', '230005', '26000161000162', '2600016100', '11ffffffff', '2600026162000100', '2101', '30'].map((hex) => Buffer.from(hex, 'hex'));

/** As if the packet were one of version 5, whether it is or not. */
function withProperty(body: Buffer, propertiesAt: number, property: Buffer): Buffer {
  const length = body[propertiesAt];
  if (length === undefined || length + property.length > 127) return body;
  return Buffer.concat([body.subarray(0, propertiesAt), Buffer.from([length + property.length]), property, body.subarray(propertiesAt + 1)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value >>= 7;
  } while (value > 0);
  return Buffer.from(bytes);
}

// ---- cutting streams into packets

function cut(chunks: readonly Buffer[]): { packets: string[]; refused: number } {
  const packets: string[] = [];
  let refused = 0;
  const reader = new PacketReader(
    {
      packet(bytes, at, start, end) {
        packets.push(`${start - at} ${bytes.toString('hex', at, end)}`);
        return true;
      },
      unreadable: (code) => void (refused = code),
    },
    1_000_000,
  );
  for (const chunk of chunks) {
    const shared = Buffer.concat([chunk, Buffer.from('of another connection')]);
    reader.read(shared, chunk.length);
    shared.fill(0xee); // The read buffer is used again at once.
  }
  return { packets, refused };
}

/** The packets of a stream, and a check that the door's own cutting finds the same. */
function slowlyCut(stream: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  let at = 0;
  for (;;) {
    let length = 0;
    let next = at + 1;
    for (; next < stream.length && stream[next]! >= 128; next++) length += (stream[next]! & 127) * 128 ** (next - at - 1);
    if (next >= stream.length) break;
    length += stream[next]! * 128 ** (next - at - 1);
    if (next - at > 4 || length > 1_000_000 || next + 1 + length > stream.length) break;
    packets.push(stream.subarray(at, next + 1 + length));
    at = next + 1 + length;
  }
  const found = cut([stream]).packets.map((packet) => packet.split(' ')[1]);
  if (found.join() !== packets.map((packet) => packet.toString('hex')).join()) throw new Error(`cut otherwise: ${stream.toString('hex')}`);
  return packets;
}
