/** From Kafka to a Nest handler: what fails is given again, what is missing is read again, and what stops says so. */
import { randomBytes } from 'node:crypto';
import { OffsetGap } from '#contracts';
import { connectKafka, ensureTopics, type Round, RoundOf, RoundStrategy, type RoundStrategyOptions } from '#messaging';
import { Controller, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import kafkajs from 'kafkajs';
import { noLog, until } from './support/private-database.js';

const { CompressionCodecs, CompressionTypes, KafkaJSNotImplemented } = kafkajs as typeof kafkajs & { KafkaJSNotImplemented: new (message: string) => Error };
const kafka = connectKafka({ brokers: [process.env['NHIP_TEST_KAFKA_BROKERS']!], clientId: 'test', log: noLog });
const admin = kafka.admin();
const producer = kafka.producer();
const partitions = 3;
const made = { topics: [] as string[], groups: [] as string[] };

beforeAll(() => Promise.all([admin.connect(), producer.connect()]));
afterAll(async () => {
  await admin.deleteTopics({ topics: made.topics });
  await admin.deleteGroups(made.groups).catch(() => undefined);
  await Promise.all([admin.disconnect(), producer.disconnect()]);
});

let root: string;
let topic: string;
let service: INestMicroservice | null;

beforeEach(async () => {
  root = `t${randomBytes(5).toString('hex')}`;
  topic = `${root}.test.readings.v1`;
  made.topics.push(topic);
  service = null;
  await ensureTopics(kafka, [{ topic, partitions, retentionMs: 3_600_000, retentionBytes: 100_000_000 }]);
});
afterEach(() => service?.close());

const send = (partition: number, ...values: string[]): Promise<unknown> => producer.send({ topic, messages: values.map((value) => ({ value, partition })) });

/** What a store keeps, in memory: every value once, and where each partition stands. */
class Shelf {
  readonly values: string[] = [];
  readonly rounds: Round[] = [];
  private readonly due = new Map<number, number>();
  /** Called with each round before it is stored; throws to refuse it. */
  before: (round: Round) => void | Promise<void> = () => undefined;

  async store(round: Round): Promise<void> {
    this.rounds.push(round);
    await round.turn;
    await this.before(round);
    for (const { partition, fromOffset } of round.partitions) {
      const due = this.due.get(partition) ?? 0;
      if (fromOffset > due) throw new OffsetGap(partition, due, fromOffset);
    }
    for (const { partition, records, lastOffset } of round.partitions) {
      for (const { offset, value } of records) if (offset >= (this.due.get(partition) ?? 0)) this.values.push(value!.toString());
      this.due.set(partition, Math.max(this.due.get(partition) ?? 0, lastOffset + 1));
    }
  }
}

async function consume(shelf: Shelf, rest: Partial<RoundStrategyOptions> = {}): Promise<{ groupId: string }> {
  @Controller()
  class Consumer {
    @RoundOf('test.readings')
    store(round: Round): Promise<void> {
      return shelf.store(round);
    }
  }
  const groupId = rest.groupId ?? `${root}-group`;
  made.groups.push(groupId);
  const strategy = new RoundStrategy({
    kafka, groupId, topicRoot: root, log: noLog, fetchBytesMin: 1, fetchWaitMs: 20, partitionBytesMax: 1_000_000, sessionTimeoutMs: 6_000,
    onFatal: (error) => { throw error; }, ...rest,
  });
  service = await NestFactory.createMicroservice({ module: class Module {}, controllers: [Consumer] }, { logger: false, strategy });
  await service.listen();
  return { groupId };
}

test('all partitions of a fetch come as one round, in the order of their numbers', async () => {
  await Promise.all([send(0, 'a0', 'a1'), send(1, 'b0'), send(2, 'c0')]);
  const shelf = new Shelf();
  await consume(shelf);
  await until(() => shelf.values.length === 4);
  expect(shelf.rounds).toHaveLength(1);
  expect(shelf.rounds[0]!.partitions.map(({ partition, fromOffset, lastOffset, highWatermark, records }) => ({ partition, fromOffset, lastOffset, highWatermark, offsets: records.map(({ offset }) => offset) }))).toEqual([
    { partition: 0, fromOffset: 0, lastOffset: 1, highWatermark: 2, offsets: [0, 1] },
    { partition: 1, fromOffset: 0, lastOffset: 0, highWatermark: 1, offsets: [0] },
    { partition: 2, fromOffset: 0, lastOffset: 0, highWatermark: 1, offsets: [0] },
  ]);
});

test.each([
  ['an error', () => { throw new Error('not now'); }],
  ['a TypeError, which would stop kafkajs for good', () => { throw new TypeError('x is undefined'); }],
  ['a rejection', () => Promise.reject(new RangeError('too much'))],
])('%s in the handler: the round is given again, nothing is skipped, and the consumer lives on', async (_, fail) => {
  await send(0, 'first', 'second');
  const shelf = new Shelf();
  const trouble: unknown[] = [];
  let failures = 2;
  shelf.before = () => (failures-- > 0 ? fail() : undefined);
  await consume(shelf, { onTrouble: (failing, error) => trouble.push(failing ? (error as Error).message : 'fine') });
  await until(() => shelf.values.length === 2);
  await send(0, 'third');
  await until(() => shelf.values.length === 3);
  expect(shelf.values).toEqual(['first', 'second', 'third']);
  expect(trouble.slice(0, 3)).toEqual([expect.any(String), expect.any(String), 'fine']);
  expect(trouble[0]).not.toMatch(/Internal/);
});

test('while a round waits for its database, later ones wait behind it, and all are stored in their order', async () => {
  const shelf = new Shelf();
  let failing = true;
  shelf.before = () => {
    if (failing) throw new Error('not now');
  };
  await consume(shelf);
  for (let n = 0; n < 5; n++) await send(0, `value ${n}`);
  await until(() => shelf.rounds.length >= 2);
  expect(shelf.values).toEqual([]);
  failing = false;
  await until(() => shelf.values.length === 5);
  expect(shelf.values).toEqual(['value 0', 'value 1', 'value 2', 'value 3', 'value 4']);
});

test('a gap is read again from what is stored, and no other partition of its round is forgotten', async () => {
  const groupId = `${root}-group`;
  await Promise.all([send(0, ...Array.from({ length: 8 }, (_, n) => `a${n}`)), send(1, 'b0', 'b1', 'b2')]);
  // Kafka's own memory of the group is ahead of the database, as after a restored backup.
  await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '5' }] });
  const shelf = new Shelf();
  await consume(shelf, { groupId });
  await until(() => shelf.values.length === 11);
  expect(shelf.values.filter((value) => value.startsWith('a'))).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7']);
  expect(shelf.values.filter((value) => value.startsWith('b'))).toEqual(['b0', 'b1', 'b2']);
});

test('a gap that Kafka cannot fill any more ends the process: only a person can decide', async () => {
  await send(0, 'a0', 'a1', 'a2', 'a3');
  await admin.fetchTopicMetadata({ topics: [topic] }); // Without it kafkajs does not know whom to ask.
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
  const fatal: unknown[] = [];
  const shelf = new Shelf();
  await consume(shelf, { onFatal: (error) => void fatal.push(error) });
  await until(() => fatal.length > 0);
  expect(fatal[0]).toBeInstanceOf(OffsetGap);
  expect(fatal[0]).toMatchObject({ partition: 0, dueOffset: 0, givenOffset: 2 });
  expect(shelf.values).toEqual([]);
});

test('after a restart it goes on where it was, and what comes again is offered again', async () => {
  await send(0, 'a0', 'a1');
  const shelf = new Shelf();
  await consume(shelf);
  await until(() => shelf.values.length === 2);
  await service!.close();
  await send(0, 'a2');
  await consume(shelf);
  await until(() => shelf.values.length === 3);
  expect(shelf.values).toEqual(['a0', 'a1', 'a2']);
  expect(shelf.rounds.at(-1)!.partitions).toEqual([expect.objectContaining({ partition: 0, fromOffset: 2 })]);
});

test('closing waits for the round that is being stored', async () => {
  await send(0, 'a0');
  const shelf = new Shelf();
  const steps: string[] = [];
  let release: () => void = () => undefined;
  shelf.before = () => new Promise<void>((resolve) => {
    release = () => (steps.push('stored'), resolve());
  });
  await consume(shelf);
  await until(() => shelf.rounds.length === 1);
  const closed = service!.close().then(() => steps.push('closed'));
  setTimeout(() => release(), 50);
  await closed;
  expect(steps).toEqual(['stored', 'closed']);
  expect(shelf.values).toEqual(['a0']);
});

describe('a record compressed in a way that we cannot read', () => {
  const gzip = CompressionCodecs[CompressionTypes.GZIP]!;
  const without = (): void => {
    CompressionCodecs[CompressionTypes.GZIP] = () => {
      throw new KafkaJSNotImplemented('GZIP compression not implemented');
    };
  };
  afterEach(() => {
    CompressionCodecs[CompressionTypes.GZIP] = gzip;
  });
  const sendCompressed = (): Promise<unknown> => producer.send({ topic, compression: CompressionTypes.GZIP, messages: [{ value: 'compressed', partition: 0 }] });

  test('cannot come to lie in our topics: the broker unpacks it', async () => {
    await sendCompressed();
    without();
    const shelf = new Shelf();
    await consume(shelf);
    await until(() => shelf.values.length === 1);
    expect(shelf.values).toEqual(['compressed']);
  });

  test('in a topic that allows it: kafkajs stops for good, and the process is told to end', async () => {
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries: [{ name: 'compression.type', value: 'producer' }] }] });
    await sendCompressed();
    without();
    const fatal: unknown[] = [];
    await consume(new Shelf(), { onFatal: (error) => void fatal.push(error) });
    await until(() => fatal.length > 0);
    expect(String(fatal[0])).toMatch(/not implemented/);
  });
});
