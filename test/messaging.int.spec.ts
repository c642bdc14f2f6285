/** The way into Kafka: what was acknowledged is there, whatever happens to connections on the way. */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cityHeader, frameHeader, Unavailable } from '#contracts';
import { connectKafka, ensureTopics, PackedProducer, PlainProducer, readFrame, readFromEnd, topicEnds, type Waiter } from '#messaging';
import { apiKeys, kafkaProxy, type KafkaProxy } from './support/kafka-proxy.js';
import { repository } from './support/places.js';
import { noLog, until } from './support/private-database.js';
import { recordsOf, type TopicRecord, type TopicRecords } from './support/topic-records.js';

const broker = process.env['NHIP_TEST_KAFKA_BROKERS']!;
const kafka = connectKafka({ brokers: [broker], clientId: 'test', log: noLog });
const topic = `t${randomBytes(5).toString('hex')}.traffic.readings.v1`;
const partitions = 3;
let records: TopicRecords;
let proxy: KafkaProxy;

beforeAll(async () => {
  await ensureTopics(kafka, [{ topic, partitions, retentionMs: 3_600_000, retentionBytes: 100_000_000 }]);
  records = await recordsOf(kafka, topic);
});
afterAll(() => records?.drop());

beforeEach(async () => {
  proxy = await kafkaProxy(broker);
});
afterEach(() => proxy?.close());

/** Hears which of its messages are durable. */
class Listener implements Waiter {
  pending: number[] = [];
  readonly heard: number[] = [];
  durable(tokens: number[]): void {
    this.heard.push(...tokens);
  }
}

interface Heard {
  readonly device: string;
  readonly payload: string;
  readonly partition: number;
  readonly headers: TopicRecord['headers'];
}

function entriesIn(found: readonly TopicRecord[]): Heard[] {
  const entries: Heard[] = [];
  for (const { bytes, partition, headers } of found) {
    const before = entries.length;
    readFrame(bytes, (device, _publisher, _receivedAtMs, _codec, payload, start, end) => entries.push({ device, payload: payload.toString('latin1', start, end), partition, headers }));
    expect(headers).toEqual({ [frameHeader]: `1;${entries.length - before}`, [cityHeader]: 'vn-test' });
  }
  return entries;
}

const packed = (rest: { bytesMax?: number; onTrouble?: (failing: boolean) => void } = {}): PackedProducer =>
  new PackedProducer({ kafka: proxy.client('test'), city: 'vn-test', log: noLog, bytesMax: 10_000_000, lingerMs: 2, ...rest });

/** Adds messages n to m-1, message k to partition k modulo their number, payload `k`. */
function add(producer: PackedProducer, waiter: Waiter | null, from: number, to: number): void {
  for (let n = from; n < to; n++) {
    const payload = Buffer.from(`<${n}>`);
    producer.add(producer.route(topic, n % partitions, `device-${n % 7}`, '', ''), payload, 1, payload.length - 1, waiter, n);
  }
}
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n);
const ascending = (a: number, b: number): number => a - b;

describe('the packed producer', () => {
  test('writes frames into the partitions of their routes, in order, and tells when they are durable', async () => {
    const from = await records.end();
    const producer = packed();
    const waiter = new Listener();
    await producer.start();
    add(producer, waiter, 0, 1_000);
    await until(() => waiter.heard.length === 1_000);
    expect(waiter.heard).toEqual(range(0, 1_000));
    await producer.stop();
    const found = await records.since(from);
    const entries = entriesIn(found);
    expect(found.length).toBeLessThanOrEqual(20);
    for (let partition = 0; partition < partitions; partition++) {
      expect(entries.filter((entry) => entry.partition === partition).map(({ device, payload }) => `${device} ${payload}`)).toEqual(range(0, 1_000).filter((n) => n % partitions === partition).map((n) => `device-${n % 7} ${n}`));
    }
  });

  test('has one request on its way, and what comes meanwhile goes into the next', async () => {
    const from = await records.end();
    const releases: (() => void)[] = [];
    proxy.onProduce = () => new Promise<void>((resolve) => releases.push(resolve));
    const producer = packed();
    const waiter = new Listener();
    await producer.start();
    add(producer, waiter, 0, 10);
    await until(() => releases.length === 1);
    for (let n = 10; n < 200; n += 10) {
      add(producer, waiter, n, n + 10);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(waiter.heard).toEqual([]);
    expect(proxy.produceInFlight).toEqual({ now: 1, max: 1 });
    releases[0]!();
    await until(() => releases.length === 2);
    releases[1]!();
    await until(() => waiter.heard.length === 200);
    expect(proxy.produceInFlight.max).toBe(1);
    expect(proxy.forwarded(apiKeys.produce)).toBe(2);
    await producer.stop();
    expect(entriesIn(await records.since(from))).toHaveLength(200);
  });

  test('loses nothing when connections are cut between the request and its answer, and tells each message once', async () => {
    const from = await records.end();
    proxy.onProduce = (count) => (count % 3 === 1 ? 'cut the answer' : count % 7 === 2 ? 'cut' : 'pass');
    const producer = packed();
    const waiters = [new Listener(), new Listener(), new Listener()];
    await producer.start();
    for (let n = 0; n < 600; n += 20) {
      add(producer, waiters[(n / 20) % 3]!, n, n + 20);
      await until(() => producer.pendingBytes < 800);
    }
    await until(() => waiters.every(({ heard }) => heard.length === 200));
    await producer.stop();
    expect(waiters.flatMap(({ heard }) => heard).sort(ascending)).toEqual(range(0, 600));
    const stored = entriesIn(await records.since(from)).map(({ payload }) => Number(payload));
    expect([...new Set(stored)].sort(ascending)).toEqual(range(0, 600));
    expect(proxy.produceInFlight.max).toBe(1);
  });

  test('that has finally failed is replaced by one with an identity of its own, and the batch goes with it', async () => {
    const from = await records.end();
    const trouble: boolean[] = [];
    let cut = true;
    proxy.onProduce = () => (cut ? 'cut' : 'pass');
    const producer = packed({ onTrouble: (failing) => trouble.push(failing) });
    const waiter = new Listener();
    await producer.start();
    const identities = proxy.forwarded(apiKeys.initProducerId);
    add(producer, waiter, 0, 50);
    await until(() => trouble.includes(true));
    expect(waiter.heard).toEqual([]);
    cut = false;
    await until(() => waiter.heard.length === 50);
    expect(proxy.forwarded(apiKeys.initProducerId)).toBeGreaterThan(identities);
    expect(trouble.at(-1)).toBe(false);
    await producer.stop();
    expect(entriesIn(await records.since(from)).map(({ payload }) => Number(payload)).sort(ascending)).toEqual(range(0, 50));
    await until(() => proxy.connections === 0);
  });

  test('takes messages while Kafka is not there yet, and leaves no second connection behind', async () => {
    const from = await records.end();
    await proxy.shut();
    const producer = packed();
    const waiter = new Listener();
    const started = producer.start();
    add(producer, waiter, 0, 10);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(waiter.heard).toEqual([]);
    await proxy.open();
    await started;
    await until(() => waiter.heard.length === 10);
    await producer.stop();
    await until(() => proxy.connections === 0);
    expect(new Set(entriesIn(await records.since(from)).map(({ payload }) => Number(payload)))).toEqual(new Set(range(0, 10)));
  });

  test('is full past its bound, and calls when there is room again', async () => {
    const releases: (() => void)[] = [];
    proxy.onProduce = () => new Promise<void>((resolve) => releases.push(resolve));
    const producer = packed({ bytesMax: 2_000 });
    let room = 0;
    producer.onRoom(() => room++);
    await producer.start();
    add(producer, null, 0, 10);
    await until(() => releases.length === 1);
    expect(producer.full).toBe(false);
    add(producer, null, 10, 110);
    expect(producer.full).toBe(true);
    releases[0]!();
    await until(() => releases.length === 2);
    expect([producer.full, room]).toEqual([true, 0]);
    releases[1]!();
    await until(() => room === 1);
    expect([producer.full, producer.pendingBytes]).toEqual([false, 0]);
    await producer.stop();
  });

  test('sends what is gathered before it stops', async () => {
    const from = await records.end();
    const producer = packed();
    const waiter = new Listener();
    await producer.start();
    add(producer, waiter, 0, 30);
    await producer.stop();
    expect(waiter.heard).toHaveLength(30);
    expect(entriesIn(await records.since(from))).toHaveLength(30);
  });

  test('parts what is too much for one frame, and for one batch', async () => {
    const from = await records.end();
    const producer = packed({ bytesMax: 100_000_000 });
    const waiter = new Listener();
    await producer.start();
    const payload = Buffer.alloc(200_000, 'x');
    const route = producer.route(topic, 0, 'camera', '', '');
    for (let n = 0; n < 40; n++) producer.add(route, payload, 0, payload.length, waiter, n);
    await until(() => waiter.heard.length === 40);
    await producer.stop();
    expect(entriesIn(await records.since(from)).map(({ payload: { length } }) => length)).toEqual(Array.from({ length: 40 }, () => 200_000));
  });
});

describe('the plain producer', () => {
  const message = (value: string) => ({ key: 'k', value, partition: 1 });

  test('sends one after the other, in the order of the calls', async () => {
    const from = await records.end();
    const producer = new PlainProducer(proxy.client('test'));
    await Promise.all(range(0, 20).map((n) => producer.send(topic, [message(String(n))])));
    await producer.close();
    expect(proxy.produceInFlight.max).toBe(1);
    expect((await records.since(from)).map(({ value }) => Number(value))).toEqual(range(0, 20));
  });

  test('tells a failure as Unavailable, and the next send works', async () => {
    const from = await records.end();
    const producer = new PlainProducer(proxy.client('test'));
    await producer.send(topic, [message('before')]);
    proxy.onProduce = () => 'cut';
    await expect(producer.send(topic, [message('lost')])).rejects.toBeInstanceOf(Unavailable);
    proxy.onProduce = () => 'pass';
    await producer.send(topic, [message('after')]);
    await producer.close();
    expect((await records.since(from)).map(({ value }) => value)).toEqual(['before', 'after']);
    await until(() => proxy.connections === 0);
  });
});

test('readers from the end hear all that comes after them, each of them all of it, also after a fault of their own', async () => {
  const producer = new PlainProducer(kafka);
  const say = (value: string): Promise<void> => producer.send(topic, [{ key: null, value, partition: 0 }]);
  await say('before');
  const heard: string[][] = [[], []];
  const readers = heard.map((of) => readFromEnd({
    kafka, topic, reader: topic, log: noLog, onFatal: (error) => { throw error; },
    onRecord: (_, value) => {
      of.push(value.toString());
      if (value.toString() === 'bad') throw new TypeError('x is undefined');
    },
  }));
  try {
    await Promise.all(readers.map(({ ready }) => ready));
    for (const value of ['bad', 'one', 'two']) await say(value);
    await until(() => heard.every((of) => of.length === 3));
    expect(heard).toEqual([['bad', 'one', 'two'], ['bad', 'one', 'two']]);
  } finally {
    await Promise.all(readers.map((reader) => reader.stop()));
    await producer.close();
  }
});

test('topics are made once, flushed with each acknowledgement, and their ends are known', async () => {
  const name = `t${randomBytes(5).toString('hex')}`;
  const wanted = { topic: name, partitions: 2, retentionMs: 7_200_000, retentionBytes: 50_000_000 };
  await Promise.all([ensureTopics(kafka, [wanted]), ensureTopics(kafka, [wanted])]);
  await ensureTopics(kafka, [{ ...wanted, partitions: 3 }]);
  const admin = kafka.admin();
  await admin.connect();
  try {
    const { clusterId, partitions: ends } = await topicEnds(kafka, name);
    expect(clusterId).toMatch(/./);
    expect(new Map([...ends].sort(([a], [b]) => a - b))).toEqual(new Map([[0, { low: 0, high: 0 }], [1, { low: 0, high: 0 }]]));
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name }] });
    const values = Object.fromEntries(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]));
    expect(values).toMatchObject({ 'flush.messages': '1', 'retention.ms': '7200000', 'retention.bytes': '50000000' });
  } finally {
    await admin.deleteTopics({ topics: [name] });
    await admin.disconnect();
  }
});

describe('the repairs of kafkajs', () => {
  const child = (kind: string): Promise<Record<string, unknown>> => {
    const file = join(repository, 'dist/test/support/idle-connection.js');
    if (!existsSync(file)) throw new Error('The idle connection is not built: npm run build');
    return new Promise((resolve, reject) => {
      const started = fork(file, [broker, kind], { execArgv: [], env: { PATH: process.env['PATH'] } });
      started.on('message', (message) => resolve(message as Record<string, unknown>));
      started.on('exit', (code) => reject(new Error(`ended with ${code}`)));
    });
  };

  test('an idle connection keeps no timer running', async () => {
    expect((await child('as it comes'))['timers']).toBeGreaterThan(50);
    expect(await child('repaired')).toEqual({ timers: 0, warnings: [] });
  });

  test('another version of kafkajs is refused, with the file to look at', async () => {
    expect((await child('version 2.3.0'))['error']).toMatch(/kafkajs 2\.3\.0 is installed, its repairs were written for 2\.2\.4.*kafkajs-repairs/);
  });
});
