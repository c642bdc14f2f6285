/** All packets but PUBLISH: what mqtt-packet would let pass, and bytes of any kind. */
import { type MqttPacket, mqttGenerate } from '#messaging';
import { answer, readConnect, readControl } from './control-packets.js';
import { reason } from './reason-codes.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const control = (version: 4 | 5, text: string): string => readControl(version, hex(text), 0, hex(text).length)?.cmd ?? 'malformed';
const connect = (bytes: Buffer): string => {
  const read = readConnect(bytes, 0, 2, bytes.length);
  return 'code' in read ? `${read.version} ${read.code.toString(16)}` : `${read.version} ${read.packet.clientId}`;
};
const connectOf = (text: string): string => connect(Buffer.concat([Buffer.from([0x10, hex(text).length]), hex(text)]));

describe('control packets', () => {
  it.each([
    ['PINGREQ', 4, 'c0 00', 'pingreq'],
    ['PINGREQ with a body', 4, 'c0 01 00', 'malformed'],
    ['PINGREQ with flags', 4, 'c1 00', 'malformed'],
    ['DISCONNECT', 4, 'e0 00', 'disconnect'],
    ['DISCONNECT of 3.1.1 with a body', 4, 'e0 01 00', 'malformed'],
    ['DISCONNECT of 5 with a reason', 5, 'e0 01 04', 'disconnect'],
    ['DISCONNECT of 5 with a reason that is none', 5, 'e0 01 7f', 'malformed'],
    ['PUBREL', 4, '62 02 00 01', 'pubrel'],
    ['PUBREL with the wrong flags', 4, '60 02 00 01', 'malformed'],
    ['PUBREL without an id', 4, '62 00', 'malformed'],
    ['PUBREL with half an id', 4, '62 01 00', 'malformed'],
    ['PUBREL with id 0', 4, '62 02 00 00', 'malformed'],
    ['PUBREL of 3.1.1 that is too long', 4, '62 03 00 01 00', 'malformed'],
    ['SUBSCRIBE', 4, '82 06 00 01 00 01 61 00', 'subscribe'],
    ['SUBSCRIBE without a filter', 4, '82 02 00 01', 'malformed'],
    ['SUBSCRIBE with QoS 3', 4, '82 06 00 01 00 01 61 03', 'malformed'],
    ['SUBSCRIBE whose filter is cut', 4, '82 06 00 01 00 09 61 00', 'malformed'],
    ['UNSUBSCRIBE without a filter', 4, 'a2 02 00 01', 'malformed'],
    ['type 0', 4, '00 00', 'malformed'],
  ] as const)('%s', (_, version, bytes, expected) => {
    expect(control(version, bytes)).toBe(expected);
  });

  it('reads the next packet as if the one before it had never been', () => {
    expect(control(4, '82 06 00 01 00 09 61 00')).toBe('malformed');
    expect(control(4, '62 01 00')).toBe('malformed');
    expect(control(4, '82 06 00 01 00 01 61 00')).toBe('subscribe');
  });

  it('has the reason code and its name in answers of version 5 alone, as mqtt-packet reads them', () => {
    expect(answer(4, 258, reason.notAuthorized, 4).toString('hex')).toBe('40020102');
    for (const text of ['', 'other-device']) {
      const bytes = answer(4, 258, reason.notAuthorized, 5, text);
      expect(readControl(5, bytes, 0, bytes.length)).toMatchObject({ cmd: 'puback', messageId: 258, reasonCode: 0x87, ...(text === '' ? {} : { properties: { reasonString: text } }) });
    }
  });
});

describe('CONNECT', () => {
  it.each([
    ['of 3.1.1', '0004 4d515454 04 02 003c 0001 61', '4 a'],
    ['of 5', '0004 4d515454 05 02 003c 00 0001 61', '5 a'],
    ['of version 3.1', '0006 4d5149736470 03 02 003c 0001 61', '4 84'],
    ['of a version to come', '0004 4d515454 06 02 003c 00 0001 61', '4 84'],
    ['of another protocol', '0004 48545450 04 02 003c 0001 61', '4 81'],
    ['with the reserved flag', '0004 4d515454 04 03 003c 0001 61', '4 81'],
    ['with a will of QoS 3', '0004 4d515454 04 1e 003c 0001 61 0001 77 0001 78', '4 81'],
    ['with a will QoS and no will', '0004 4d515454 04 0a 003c 0001 61', '4 81'],
    ['of 3.1.1 with a password and no user name', '0004 4d515454 04 42 003c 0001 61 0001 70', '4 81'],
    ['without the client id', '0004 4d515454 04 02 003c', '4 81'],
    ['whose client id is no UTF-8', '0004 4d515454 04 02 003c 0002 c328', '4 81'],
    ['whose user name is cut', '0004 4d515454 04 82 003c 0001 61 0009 75', '4 81'],
    ['that ends after the name', '0004 4d515454', '4 81'],
  ])('%s', (_, bytes, expected) => {
    expect(connectOf(bytes)).toBe(expected);
  });
});

describe('bytes of any kind', () => {
  it('never throw, and never leave anything behind for the next packet', () => {
    let state = Date.now() >>> 0;
    process.stdout.write(`fuzz of control packets, seed ${state}\n`);
    const random = (limit: number): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % limit;
    const good = hex('82 06 00 01 00 01 61 00');
    const samples: MqttPacket[] = [
      { cmd: 'connect', clientId: 'c', protocolVersion: 5, protocolId: 'MQTT', clean: true, keepalive: 60, username: 'loop-1', password: Buffer.from('secret'), properties: { receiveMaximum: 5, userProperties: { a: 'b' } }, will: { topic: 'w', payload: Buffer.from('x'), properties: { willDelayInterval: 5 } } },
      { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a/b', qos: 1 }, { topic: 'c', qos: 0 }], properties: { subscriptionIdentifier: 3 } },
      { cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['a/b', 'c'] },
      { cmd: 'pubrel', messageId: 5, reasonCode: 0, properties: { reasonString: 'x' } },
      { cmd: 'disconnect', reasonCode: 4, properties: { sessionExpiryInterval: 5 } },
      { cmd: 'auth', reasonCode: 0, properties: { authenticationMethod: 'x' } },
    ];
    for (let i = 0; i < 60_000; i++) {
      const version = i % 2 === 0 ? 4 : 5;
      let bytes = mqttGenerate(samples[random(samples.length)]!, { protocolVersion: 5 });
      for (let n = random(4); n > 0; n--) bytes[random(bytes.length)] = random(256);
      if (random(3) === 0) bytes = bytes.subarray(0, random(bytes.length + 1));
      const body = bytes.subarray(2, 2 + 120);
      const packet = Buffer.concat([Buffer.from([bytes[0] ?? random(256), body.length]), body]);
      readControl(version, packet, 0, packet.length);
      readConnect(packet, 0, 2, packet.length);
      expect(readControl(version, good, 0, good.length)?.cmd).toBe(version === 4 ? 'subscribe' : undefined);
    }
  }, 60_000);
});
