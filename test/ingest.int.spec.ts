/**
 * Ingest as a process, with real Kafka and database, and clients of both protocol versions: mqtt.js as devices use it,
 * and a bare one that misbehaves. What counts is what stands in Kafka when something was acknowledged.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { commandsTopic, connectionsTopic, type Device } from '#contracts';
import { registerDevices, revoke } from '../apps/api/src/register.js';
import { sleep, startCity, type City } from './support/city.js';
import { RawMqtt, type ConnectOptions, type Version } from './support/raw-mqtt.js';
import { entriesOf, putRecord, recordsOf, type TopicEntry } from './support/topic-reader.js';

const bare = { parent: null, geometry: null, zone: null, roadClass: null, lanes: null, lengthM: null, freeFlowKmh: null, timeZone: 'Asia/Ho_Chi_Minh' };
const device = (id: string, gateway: string | null = null): Device => ({ id, domain: 'traffic', asset: 'street', gateway, codec: 'json', replay: false });
const names = ['loop-1', 'loop-2', 'quiet-1', 'quiet-2', 'wrong-1', 'gone-1', 'slow-1', 'kill-1', 'stop-1', 'stop-2'];

let city: City;
let folder: string;
let ca: Buffer;
let tlsPort: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nhip-ingest-'));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')], { stdio: 'ignore' });
  ca = readFileSync(join(folder, 'cert.pem'));
  tlsPort = await freePort();
  city = await startCity({
    assets: [{ ...bare, id: 'street', kind: 'segment', nameVi: 'Phố', nameEn: 'Street' }],
    gateways: [{ id: 'gate-1', nameVi: 'Cổng', nameEn: 'Gate', asset: null }, { id: 'gate-2', nameVi: 'Cổng', nameEn: 'Gate', asset: null }],
    devices: [...names.map((name) => device(name)), device('behind-1', 'gate-1'), device('moved-1', 'gate-1')],
    apps: ['api', 'ingest'],
    env: { ingest: { MQTT_TLS_PORT: String(tlsPort), MQTT_TLS_CERT: join(folder, 'cert.pem'), MQTT_TLS_KEY: join(folder, 'key.pem'), MQTT_RECEIVE_MAXIMUM: '100', MQTT_KEEP_ALIVE_SECONDS_MAX: '600', ATTEMPTS_PER_NAME: '4', MQTT_CONNECT_SECONDS_MAX: '2', MQTT_WRITE_BYTES_MAX: '65536', PENDING_BYTES_MAX: '1048576' } },
  });
}, 120_000);

afterAll(async () => {
  await city?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const topicOf = (name: string): string => `city/traffic/${name}/readings`;
const secretOf = (name: string): string => city.secrets.get(name)!;
const entries = (): Promise<TopicEntry[]> => entriesOf(city.brokers, city.readingsTopic);
const payloadsOf = async (name: string): Promise<string[]> => (await entries()).filter((entry) => entry.device === name).map(({ payload }) => payload);

function open(name: string, version: Version, more: Partial<ConnectOptions> = {}): Promise<{ raw: RawMqtt; connack: { readonly [key: string]: unknown } }> {
  return RawMqtt.connected({ port: city.mqttPort, version }, { user: name, secret: secretOf(name), ...more });
}

describe('publishing', () => {
  const ways = [4, 5].flatMap((version) => [0, 1, 2].flatMap((qos) => [false, true].map((tls) => ({ version: version as Version, qos: qos as 0 | 1 | 2, tls }))));

  it.each(ways)('a real client of version $version, QoS $qos, TLS $tls: what is acknowledged is in Kafka', async ({ version, qos, tls }) => {
    const client = await mqtt.connectAsync(tls ? `mqtts://localhost:${tlsPort}` : `mqtt://127.0.0.1:${city.mqttPort}`, { protocolVersion: version, username: 'loop-1', password: secretOf('loop-1'), clientId: `c-${version}-${qos}-${tls}`, ...(tls ? { ca } : {}) });
    const sent = Array.from({ length: 20 }, (_, n) => `${version}-${qos}-${tls}-${n}`);
    await Promise.all(sent.map((payload) => client.publishAsync(topicOf('loop-1'), payload, { qos })));
    await client.endAsync();
    if (qos === 0) await sleep(500); // Nobody says when it is there.
    expect((await payloadsOf('loop-1')).filter((payload) => payload.startsWith(`${version}-${qos}-${tls}-`))).toEqual(sent);
  });

  it('keeps who published, when, and by which codec: the gateway, and the content type of MQTT 5', async () => {
    const sinceMs = Date.now();
    const { raw } = await open('gate-1', 5);
    raw.publish(topicOf('behind-1'), 'plain', { id: 1 });
    raw.publish(topicOf('behind-1'), 'typed', { id: 2, properties: { contentType: 'application/senml+json; charset=utf-8' } });
    raw.publish(topicOf('behind-1'), 'odd', { id: 3, properties: { contentType: 'text/odd' } });
    expect((await raw.next('puback'))['reasonCode']).toBe(0);
    expect((await raw.next('puback'))['reasonCode']).toBe(0);
    expect(await raw.next('puback')).toMatchObject({ messageId: 3, reasonCode: 0x99, properties: { reasonString: 'unknown-content-type' } });
    raw.end();
    const behind = (await entries()).filter((entry) => entry.device === 'behind-1');
    expect(behind).toMatchObject([{ publisher: 'gate-1', codec: '', payload: 'plain' }, { publisher: 'gate-1', codec: 'senml-json', payload: 'typed' }]);
    for (const { receivedAtMs } of behind) expect(receivedAtMs >= sinceMs - 1 && receivedAtMs <= Date.now()).toBe(true);
  });

  it('answers in the order of receipt, with refusals in between', async () => {
    const { raw } = await open('loop-2', 5);
    for (let id = 1; id <= 60; id++) raw.publish(id % 3 === 0 ? topicOf('loop-1') : topicOf('loop-2'), `order-${id}`, { id });
    const answers: (readonly [unknown, unknown])[] = [];
    for (let id = 1; id <= 60; id++) {
      const { messageId, reasonCode } = await raw.next('puback') as { messageId?: number; reasonCode?: number };
      answers.push([messageId, reasonCode]);
    }
    expect(answers).toEqual(Array.from({ length: 60 }, (_, n) => [n + 1, (n + 1) % 3 === 0 ? 0x87 : 0]));
    raw.end();
  });

  it('stores a QoS 2 message once, however often it is sent before its release', async () => {
    for (const version of [4, 5] as const) {
      const { raw } = await open('loop-2', version);
      raw.publish(topicOf('loop-2'), `twice-${version}`, { qos: 2, id: 7 });
      expect(await raw.next('pubrec')).toMatchObject({ messageId: 7 });
      raw.publish(topicOf('loop-2'), `twice-${version}`, { qos: 2, id: 7, dup: true });
      expect(await raw.next('pubrec')).toMatchObject({ messageId: 7 });
      raw.send({ cmd: 'pubrel', messageId: 7 });
      expect(await raw.next('pubcomp')).toMatchObject({ messageId: 7 });
      raw.send({ cmd: 'pubrel', messageId: 7 });
      expect(await raw.next('pubcomp')).toMatchObject(version === 5 ? { messageId: 7, reasonCode: 0x92 } : { messageId: 7 });
      raw.end();
      expect((await payloadsOf('loop-2')).filter((payload) => payload === `twice-${version}`)).toHaveLength(1);
    }
  });

  it('resolves topic aliases, and ends who uses one that is not there', async () => {
    const { raw, connack } = await open('gate-1', 5);
    expect(connack).toMatchObject({ properties: { topicAliasMaximum: 64, receiveMaximum: 100 } });
    raw.publish(topicOf('behind-1'), 'alias-1', { id: 1, properties: { topicAlias: 5 } });
    raw.publish('', 'alias-2', { id: 2, properties: { topicAlias: 5 } });
    raw.publish(topicOf('moved-1'), 'alias-3', { id: 3, properties: { topicAlias: 5 } });
    raw.publish('', 'alias-4', { id: 4, properties: { topicAlias: 5 } });
    for (let n = 0; n < 4; n++) expect((await raw.next('puback'))['reasonCode']).toBe(0);
    expect((await payloadsOf('behind-1')).filter((payload) => payload.startsWith('alias'))).toEqual(['alias-1', 'alias-2']);
    expect((await payloadsOf('moved-1')).filter((payload) => payload.startsWith('alias'))).toEqual(['alias-3', 'alias-4']);
    raw.publish('', 'alias-5', { id: 5, properties: { topicAlias: 6 } });
    expect((await raw.next('disconnect'))['reasonCode']).toBe(0x82);
    const other = await open('gate-1', 5);
    other.raw.publish(topicOf('behind-1'), 'x', { id: 1, properties: { topicAlias: 65 } });
    expect((await other.raw.next('disconnect'))['reasonCode']).toBe(0x94);
  });

  it('ends a version 5 client beyond its receive maximum, and takes any number from a 3.1.1 client', async () => {
    const five = await open('loop-2', 5);
    five.raw.bytes(Buffer.concat(Array.from({ length: 101 }, (_, n) => publishBytes(topicOf('loop-2'), `many-${n}`, n + 1, 5))));
    expect((await five.raw.next('disconnect'))['reasonCode']).toBe(0x93);

    const four = await open('loop-2', 4);
    const count = 5_000;
    for (let n = 0; n < count; n += 50) four.raw.bytes(Buffer.concat(Array.from({ length: 50 }, (_, k) => publishBytes(topicOf('loop-2'), `window-${n + k}`, n + k + 1, 4))));
    await four.raw.until(() => four.raw.received.length === count, `${count} acknowledgements`);
    expect(four.raw.received.map(({ messageId }) => messageId)).toEqual(Array.from({ length: count }, (_, n) => n + 1));
    four.raw.end();
    expect(await metric('nhip_ingest_pauses_total', 'window')).toBeGreaterThan(0);
    expect((await payloadsOf('loop-2')).filter((payload) => payload.startsWith('window-'))).toEqual(Array.from({ length: count }, (_, n) => `window-${n}`));
  });

  it('stops reading while more waits for Kafka than is allowed, and loses nothing by it', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, (_, n) => open('loop-2', 4, { clientId: `full-${n}` })));
    const sent = clients.flatMap(({ raw }, client) => {
      const payloads = Array.from({ length: 60 }, (_, n) => `full-${client}-${n}-`.padEnd(10_000, 'x'));
      raw.bytes(Buffer.concat(payloads.map((payload, n) => publishBytes(topicOf('loop-2'), payload, n + 1, 4))));
      return payloads;
    });
    await Promise.all(clients.map(({ raw }) => raw.until(() => raw.received.length === 60, 'all acknowledgements')));
    for (const { raw } of clients) raw.end();
    const stored = (await payloadsOf('loop-2')).filter((payload) => payload.startsWith('full-'));
    expect(stored.toSorted()).toEqual(sent.toSorted());
    expect(await metric('nhip_ingest_pauses_total', 'kafka')).toBeGreaterThan(0);
  }, 30_000);

  it('refuses what is too large: the packet by its header alone, the payload when it is there', async () => {
    const { raw, connack } = await open('loop-2', 5);
    const { maximumPacketSize } = connack['properties'] as { maximumPacketSize: number };
    raw.bytes(Buffer.from([0x32, ...varint(maximumPacketSize)])); // With its header it is beyond.
    expect((await raw.next('disconnect'))['reasonCode']).toBe(0x95);
    const second = await open('loop-2', 5);
    second.raw.publish(topicOf('loop-2'), Buffer.alloc(maximumPacketSize - 100, 'x'));
    expect((await second.raw.next('disconnect'))['reasonCode']).toBe(0x95);
    const third = await open('loop-2', 4);
    third.raw.publish(topicOf('loop-2'), Buffer.alloc(maximumPacketSize + 100, 'x'));
    await third.raw.untilClosed();
    const largest = Buffer.alloc(200_000, 'largest');
    const fourth = await open('loop-2', 4);
    fourth.raw.publish(topicOf('loop-2'), largest);
    await fourth.raw.next('puback');
    expect((await payloadsOf('loop-2')).includes(largest.toString())).toBe(true);
    fourth.raw.end();
  });
});

describe('who may come in', () => {
  it('says no to wrong names and passwords, and slows down who keeps trying', async () => {
    const four = await open('loop-1', 4, { secret: 'wrong' });
    expect(four.connack['returnCode']).toBe(4);
    await four.raw.untilClosed();
    expect((await open('nobody', 5, { secret: 'wrong' })).connack['reasonCode']).toBe(0x86);
    expect((await open('wrong-1', 4, { user: 'wrong-1', secret: '' })).connack['returnCode']).toBe(4);
    for (let n = 0; n < 3; n++) expect((await open('wrong-1', 5, { secret: 'wrong' })).connack['reasonCode']).toBe(0x86);
    expect((await open('wrong-1', 5, { secret: 'wrong' })).connack['reasonCode']).toBe(0x9f);
    expect((await open('wrong-1', 4, { secret: secretOf('wrong-1') })).connack['returnCode']).toBe(5);
    // Its neighbour at the same address is not concerned.
    const neighbour = await open('loop-1', 5);
    expect(neighbour.connack['reasonCode']).toBe(0);
    neighbour.raw.end();
  });

  it('refuses the topics of others: by a reason in version 5, by closing in 3.1.1', async () => {
    const five = await open('loop-1', 5);
    const cases = [[topicOf('loop-2'), 0x87], [topicOf('no-such'), 0x87], ['city/traffic/loop-1/secrets', 0x90], ['city/weather/loop-1/readings', 0x90], ['city/pollution/loop-1/readings', 0x87], ['elsewhere', 0x90]] as const;
    for (const [topic, code] of cases) {
      five.raw.publish(topic, 'not mine');
      expect((await five.raw.next('puback'))['reasonCode']).toBe(code);
    }
    five.raw.publish(topicOf('loop-2'), 'not mine', { qos: 2, id: 9 });
    expect(await five.raw.next('pubrec')).toMatchObject({ messageId: 9, reasonCode: 0x87 });
    five.raw.publish(topicOf('loop-1'), 'still here');
    expect((await five.raw.next('puback'))['reasonCode']).toBe(0);
    five.raw.end();

    const four = await open('loop-1', 4);
    four.raw.publish(topicOf('loop-2'), 'not mine');
    await four.raw.untilClosed();
    expect(four.raw.received).toEqual([]);
    expect((await entries()).some(({ payload }) => payload === 'not mine')).toBe(false);
    expect(await metric('nhip_ingest_messages_total', 'other-device')).toBeGreaterThanOrEqual(3);
  });

  it('lets a gateway speak for its devices alone, and follows when one is moved', async () => {
    const [one, two] = [await open('gate-1', 5), await open('gate-2', 5)];
    const speak = async ({ raw }: typeof one): Promise<unknown> => {
      raw.publish(topicOf('moved-1'), 'moved');
      return (await raw.next('puback'))['reasonCode'];
    };
    expect([await speak(one), await speak(two)]).toEqual([0, 0x87]);
    await registerDevices(city.db, [device('moved-1', 'gate-2')]);
    await within(5_000, async () => (await speak(one)) === 0x87 && (await speak(two)) === 0);
    one.raw.end();
    two.raw.end();
  });

  it('sends away who is revoked within 5 s, and does not let it in again', async () => {
    const [five, four] = [await open('gone-1', 5), await open('gone-1', 4, { clientId: 'other' })];
    await revoke(city.db, 'gone-1');
    const sinceMs = Date.now();
    expect((await five.raw.next('disconnect'))['reasonCode']).toBe(0x98);
    await four.raw.untilClosed();
    expect(Date.now() - sinceMs).toBeLessThan(5_000);
    expect((await open('gone-1', 5)).connack['reasonCode']).toBe(0x86);
  });

  it('has one connection per client id of a name: the newer', async () => {
    const first = await open('loop-1', 5, { clientId: 'same' });
    const foreign = await open('loop-2', 5, { clientId: 'same' });
    const second = await open('loop-1', 4, { clientId: 'same', clean: false });
    expect(second.connack).toMatchObject({ returnCode: 0, sessionPresent: false });
    expect((await first.raw.next('disconnect'))['reasonCode']).toBe(0x8e);
    await first.raw.untilClosed();
    second.raw.publish(topicOf('loop-1'), 'second');
    await second.raw.next('puback');
    foreign.raw.publish(topicOf('loop-2'), 'foreign');
    await foreign.raw.next('puback');
    second.raw.end();
    foreign.raw.end();
  });

  it('grants what was not asked for or cannot be had in words of version 5', async () => {
    const { raw, connack } = await open('loop-1', 5, { clientId: '', keepalive: 0, properties: { sessionExpiryInterval: 3600 } });
    expect(connack).toMatchObject({ sessionPresent: false, properties: { sessionExpiryInterval: 0, serverKeepAlive: 600, assignedClientIdentifier: expect.stringMatching(/^nhip-/) as string, sharedSubscriptionAvailable: false } });
    raw.end();
    const nameless = await RawMqtt.open({ port: city.mqttPort });
    nameless.bytes(Buffer.from('100c00044d5154540400003c0000', 'hex'));
    expect((await nameless.next('connack'))['returnCode']).toBe(2);
    expect((await open('loop-1', 5, { properties: { authenticationMethod: 'SCRAM' } })).connack['reasonCode']).toBe(0x8c);
    const old = await RawMqtt.open({ port: city.mqttPort });
    old.bytes(Buffer.from('100f00064d51497364700302003c000161', 'hex'));
    expect((await old.next('connack'))['returnCode']).toBe(1);
  });
});

describe('misbehaving', () => {
  it.each([
    ['a second CONNECT', '101000044d51545404020 03c0004 61626364', 0x82],
    ['a packet that only a server sends', '20020000', 0x82],
    ['wrong flags', '6302 0001', 0x81],
    ['QoS 3', '3602 0000', 0x81],
    ['a topic that is no text', '3005 0002c3280000', 0x81],
    ['an authentication that nobody began', 'f000', 0x82],
    ['a length of five bytes', '30ffffffff01', 0x81],
    ['a SUBSCRIBE without filters', '8203 000100', 0x81],
  ])('%s ends the connection, with a reason in version 5', async (_, hex, code) => {
    for (const version of [5, 4] as const) {
      const { raw } = await open('loop-1', version);
      raw.bytes(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
      if (version === 5) expect((await raw.next('disconnect'))['reasonCode']).toBe(code);
      await raw.untilClosed();
    }
  });

  it('closes who does not say who it is in time, in one piece or in drops, and who falls silent', async () => {
    const [mute, dripping] = [await RawMqtt.open({ port: city.mqttPort }), await RawMqtt.open({ port: city.mqttPort })];
    const drops = setInterval(() => dripping.bytes(Buffer.from([0x10])), 300);
    const { raw: silent } = await open('loop-1', 5, { keepalive: 1 });
    const { raw: pinging } = await open('loop-2', 4, { keepalive: 1 });
    const pings = setInterval(() => pinging.send({ cmd: 'pingreq' }), 500);
    await Promise.all([mute.untilClosed(), dripping.untilClosed()]);
    expect((await silent.next('disconnect'))['reasonCode']).toBe(0x8d);
    clearInterval(drops);
    await sleep(2_000);
    expect(pinging.closed).toBe(false);
    clearInterval(pings);
    await pinging.untilClosed();
  }, 20_000);

  it('closes who sends and does not read', async () => {
    const { raw } = await open('slow-1', 4);
    raw.socket.pause();
    const ping = Buffer.alloc(64 * 1024, Buffer.from([0xc0, 0]));
    for (let n = 0; n < 400 && !raw.closed; n++) {
      raw.bytes(ping);
      await sleep(5);
    }
    await within(5_000, async () => (await metric('nhip_ingest_disconnects_total', 'not-reading')) === 1);
    raw.end();
  }, 20_000);
});

describe('messages down', () => {
  it('are granted below the own name alone', async () => {
    const { raw } = await open('loop-1', 5);
    const ask = async (...filters: string[]): Promise<unknown> => {
      raw.send({ cmd: 'subscribe', messageId: 5, subscriptions: filters.map((topic) => ({ topic, qos: 2 as const })) });
      return (await raw.next('suback'))['granted'];
    };
    expect(await ask('city/traffic/loop-1/#', 'city/traffic/loop-2/#', '#', 'city/traffic/+/x', '$share/a/b', 'city/traffic/loop-1/a#')).toEqual([1, 0x87, 0x87, 0x87, 0x9e, 0x8f]);
    raw.send({ cmd: 'unsubscribe', messageId: 6, unsubscriptions: ['city/traffic/loop-1/#', 'city/traffic/loop-1/#'] });
    expect((await raw.next('unsuback'))['granted']).toEqual([0, 0x11]);
    raw.end();
    const four = await open('loop-1', 4);
    four.raw.send({ cmd: 'subscribe', messageId: 5, subscriptions: [{ topic: 'city/traffic/loop-1/x', qos: 0 }, { topic: '#', qos: 1 }] });
    expect((await four.raw.next('suback'))['granted']).toEqual([0, 0x80]);
    four.raw.end();
  });

  it('come from Kafka to who is connected and has subscribed, within its own limits', async () => {
    const command = (topic: string, qos: 0 | 1, payload: string): Promise<void> => putRecord(city.brokers, commandsTopic(city.name), JSON.stringify({ device: 'loop-1', domain: 'traffic', topic, qos, payloadBase64: Buffer.from(payload).toString('base64') }));
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${city.mqttPort}`, { protocolVersion: 5, username: 'loop-1', password: secretOf('loop-1'), clientId: 'down' });
    const came: string[] = [];
    client.on('message', (topic, payload, { qos }) => came.push(`${topic} ${qos} ${payload.toString().slice(0, 20)}`));
    await client.subscribeAsync('city/traffic/loop-1/#', { qos: 1 });
    const narrow = await open('loop-1', 5, { clientId: 'narrow', properties: { receiveMaximum: 1, maximumPacketSize: 100 } });
    narrow.raw.send({ cmd: 'subscribe', messageId: 5, subscriptions: [{ topic: 'city/traffic/loop-1/go', qos: 1 }] });
    await narrow.raw.next('suback');
    const gateway = await open('gate-1', 4);
    gateway.raw.send({ cmd: 'subscribe', messageId: 5, subscriptions: [{ topic: 'city/traffic/behind-1/#', qos: 1 }] });
    await gateway.raw.next('suback');

    // The reader of commands begins at the end as it was when it joined its group: ask until the first arrives.
    await within(20_000, async () => {
      await command('hello', 0, 'hello');
      await sleep(300);
      return came.length > 0;
    });
    came.length = 0;
    await command('go', 1, 'one');
    await command('go', 1, 'x'.repeat(200));
    await command('go', 1, 'two');
    await within(5_000, () => Promise.resolve(came.filter((line) => line.includes('/go')).length === 3));
    expect(came.filter((line) => line.includes('/go'))).toEqual(['city/traffic/loop-1/go 1 one', `city/traffic/loop-1/go 1 ${'x'.repeat(20)}`, 'city/traffic/loop-1/go 1 two']);

    expect(await narrow.raw.next('publish')).toMatchObject({ messageId: 1, qos: 1, payload: Buffer.from('one') });
    expect(narrow.raw.received).toEqual([]); // One at a time, and never more than 100 bytes.
    narrow.raw.send({ cmd: 'puback', messageId: 1 });
    expect(await narrow.raw.next('publish')).toMatchObject({ payload: Buffer.from('two') });
    expect(gateway.raw.received).toEqual([]);
    await putRecord(city.brokers, commandsTopic(city.name), JSON.stringify({ device: 'behind-1', domain: 'traffic', topic: 'barrier', qos: 1, payloadBase64: 'dXA=' }));
    expect(await gateway.raw.next('publish')).toMatchObject({ topic: 'city/traffic/behind-1/barrier', payload: Buffer.from('up') });
    await putRecord(city.brokers, commandsTopic(city.name), 'not json');
    await within(5_000, async () => (await metric('nhip_ingest_commands_total', 'invalid')) === 1);
    await client.endAsync();
    narrow.raw.end();
    gateway.raw.end();
  }, 60_000);
});

describe('what the city hears', () => {
  it('is told who connects and who goes, and why', async () => {
    const { raw } = await open('quiet-1', 5, { clientId: 'a' });
    const again = await open('quiet-1', 5, { clientId: 'a' });
    await raw.untilClosed();
    again.raw.send({ cmd: 'disconnect', reasonCode: 0 });
    await again.raw.untilClosed();
    const events = async (): Promise<string[]> => (await recordsOf(city.brokers, connectionsTopic(city.name))).map(({ value }) => JSON.parse(value.toString()) as Record<string, string>).filter(({ client }) => client === 'quiet-1').map(({ state, reason }) => `${state} ${reason}`);
    await within(10_000, async () => (await events()).length === 4);
    // The older one goes when the newer one has proven who it is.
    expect((await events()).sort()).toEqual(['connected ', 'connected ', 'disconnected closed', 'disconnected taken-over']);
  }, 30_000);
});

describe('the HTTP door', () => {
  const reading = { observedAt: '2026-11-22T07:00:00.000Z', periodS: 60, count: 42, speedKmh: 31.5 };
  const basic = (name: string, secret = secretOf(name)): string => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
  const post = async (path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<{ status: number; type: string | null; body: Record<string, unknown>; headers: Headers }> => {
    const response = await fetch(`http://127.0.0.1:${city.ingestHttpPort}/v1/ingest/${path}`, { method: 'POST', body: body as string, headers: { 'content-type': 'application/json', authorization: basic('quiet-2'), ...headers } });
    return { status: response.status, type: response.headers.get('content-type'), body: (await response.json()) as Record<string, unknown>, headers: response.headers };
  };
  const own = 'traffic/quiet-2/readings';

  it('accepts one reading or many, of a device or through its gateway, and has them in Kafka', async () => {
    expect(await post(own, JSON.stringify(reading))).toMatchObject({ status: 202, body: { accepted: 1 } });
    expect(await post(own, JSON.stringify([reading, reading, reading]), { authorization: `Bearer quiet-2:${secretOf('quiet-2')}` })).toMatchObject({ status: 202, body: { accepted: 3 } });
    expect(await post('traffic/behind-1/readings', 'bytes of a kind that is not ours', { authorization: basic('gate-1'), 'content-type': 'application/senml+cbor' })).toMatchObject({ status: 202, body: { accepted: 1 } });
    expect(await payloadsOf('quiet-2')).toEqual([JSON.stringify(reading), JSON.stringify([reading, reading, reading])]);
    expect((await entries()).at(-1)).toBeDefined();
    expect((await entries()).find(({ codec }) => codec === 'senml-cbor')).toMatchObject({ device: 'behind-1', publisher: 'gate-1' });
  });

  it.each([
    ['a value of the wrong type', JSON.stringify({ ...reading, speedKmh: 'fast' }), 'speedKmh', 'number'],
    ['a value out of range', JSON.stringify({ ...reading, speedKmh: 900 }), 'speedKmh', '0 to 300 km/h'],
    ['one of many', JSON.stringify([reading, { ...reading, periodS: 0 }]), '[1].periodS', 'whole number of seconds'],
    ['the name of another device', JSON.stringify({ ...reading, device: 'loop-1' }), 'device', 'quiet-2'],
  ])('refuses %s by 422 and names the field', async (_, body, field, expected) => {
    const answer = await post(own, body);
    expect(answer).toMatchObject({ status: 422, type: expect.stringContaining('application/problem+json') as string, body: { status: 422, field, expected: expect.stringContaining(expected) as string } });
  });

  it.each([
    ['broken JSON', '{"periodS":', 422],
    ['no JSON at all', Buffer.from([0xff, 0xfe]), 422],
    ['an empty list', '[]', 422],
    ['deep JSON', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, 422],
    ['a body that is too large', Buffer.alloc(300_000, '1'), 413],
  ].map(([what, body, status]) => ({ what, body, status })))('refuses $what by $status', async ({ body, status }) => {
    expect((await post(own, body as string)).status).toBe(status);
  });

  it('refuses by 401, 403, 404, 415 and 429, each with a problem that says why', async () => {
    const body = JSON.stringify(reading);
    const unknown = await post(own, body, { authorization: basic('quiet-2', 'wrong') });
    expect(unknown).toMatchObject({ status: 401, type: expect.stringContaining('problem') as string });
    expect(unknown.headers.get('www-authenticate')).toContain('Basic');
    expect((await post(own, body, { authorization: '' })).status).toBe(401);
    expect((await post('traffic/loop-1/readings', body)).status).toBe(403);
    expect((await post('traffic/quiet-2/secrets', body)).status).toBe(404);
    expect((await post('parking/quiet-2/readings', body)).status).toBe(404);
    expect((await post(own, body, { 'content-type': 'text/odd' })).status).toBe(415);
    for (let n = 0; n < 4; n++) await post(own, body, { authorization: basic('stop-2', 'wrong') });
    const limited = await post(own, body, { authorization: basic('stop-2', 'wrong') });
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('shows metrics and that it is ready', async () => {
    const ready = await fetch(`http://127.0.0.1:${city.ingestHttpPort}/readyz`);
    expect([ready.status, ((await ready.json()) as { parts: { part: string }[] }).parts.map(({ part }) => part).sort()]).toEqual([200, ['kafka', 'registry', 'start']]);
    expect(await metric('nhip_ingest_connects_total', 'accepted')).toBeGreaterThan(10);
  });
});

describe('its end', () => {
  it('loses nothing that it acknowledged when it is killed in the middle', async () => {
    const acknowledged = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const { raw } = await open('kill-1', 4, { clientId: `kill-${round}` });
      const sent = Array.from({ length: 2_000 }, (_, n) => `kill-${round}-${n}`);
      raw.bytes(Buffer.concat(sent.map((payload, n) => publishBytes(topicOf('kill-1'), payload, n + 1, 4))));
      await raw.until(() => raw.received.length > 0, 'the first acknowledgement');
      await city.supervisor.kill9('ingest');
      await raw.untilClosed();
      for (const { messageId } of raw.received) acknowledged.add(sent[messageId! - 1]!);
      await within(30_000, () => isOpen(city.mqttPort));
    }
    const stored = new Set(await payloadsOf('kill-1'));
    expect(acknowledged.size).toBeGreaterThan(0);
    expect([...acknowledged].filter((payload) => !stored.has(payload))).toEqual([]);
  }, 120_000);

  it('acknowledges what it has taken, says good-bye, and goes when asked to stop', async () => {
    await within(30_000, async () => (await fetch(`http://127.0.0.1:${city.ingestHttpPort}/readyz`).catch(() => null))?.status === 200);
    const { raw } = await open('stop-1', 5);
    for (let id = 1; id <= 90; id++) raw.publish(topicOf('stop-1'), `stop-${id}`, { id });
    await raw.next('puback');
    process.kill(city.supervisor.pid('ingest')!, 'SIGTERM');
    expect((await raw.next('disconnect'))['reasonCode']).toBe(0x8b);
    await raw.untilClosed();
    const acknowledged = 1 + raw.received.filter(({ cmd }) => cmd === 'puback').length;
    const stored = await payloadsOf('stop-1');
    expect(stored.length).toBe(acknowledged);
  }, 60_000);
});

// ---- helpers

function publishBytes(topic: string, payload: string, id: number, version: Version): Buffer {
  const body = Buffer.concat([Buffer.from([topic.length >> 8, topic.length & 255]), Buffer.from(topic), Buffer.from([id >> 8, id & 255, ...(version === 5 ? [0] : [])]), Buffer.from(payload)]);
  return Buffer.concat([Buffer.from([0x32, ...varint(body.length)]), body]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value >>= 7;
  } while (value > 0);
  return bytes;
}

async function metric(name: string, label: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${city.ingestHttpPort}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(`"${label}"`)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function within(ms: number, holds: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + ms; Date.now() < until; await sleep(50)) if (await holds()) return;
  throw new Error(`not so within ${ms} ms`);
}

async function isOpen(port: number): Promise<boolean> {
  try {
    (await RawMqtt.open({ port })).end();
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
