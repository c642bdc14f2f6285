/** Traffic's consumer: from the bytes of a record to rows, outcomes and dead letters, on real servers. */
import { randomBytes } from 'node:crypto';
import { frameHeader, streamTopic } from '#contracts';
import { connectKafka, ensureTopics, entryTexts, FrameWriter, PackedProducer, partitionOf, type Round, type RoundRecord, RoundStrategy, topicEnds } from '#messaging';
import { consumerOf, type ConsumerOptions, entryResults, lettersPerMessageMax, storeRound, unpack, type Unpacked, type UnpackOptions } from '#domain';
import { accounting, type DeadLetter, listDeadLetters, prepareStream, type Stream } from '#timeseries';
import { NestFactory } from '@nestjs/core';
import { registerDevices } from '../apps/api/src/register.js';
import { type Observation, observationsFrom } from '../apps/traffic/src/observation.js';
import { noLog, until } from './support/private-database.js';
import { partitions, quiet, segmentAsset, trafficDevice, trafficStorage, type TrafficStorage } from './support/traffic-storage.js';

const noonMs = Date.UTC(2026, 10, 22, 12);
let storage: TrafficStorage;
let options: UnpackOptions<Observation>;
let offset = 0;

beforeAll(async () => {
  storage = await trafficStorage({
    assets: [segmentAsset('city', { kind: 'city' }), segmentAsset('road-0', { parent: 'city' })],
    devices: [trafficDevice('loop-0', 'road-0'), trafficDevice('loop-1', 'road-0'), trafficDevice('past', 'road-0', { replay: true }), trafficDevice('pems', 'road-0', { codec: 'no-such-codec' }), trafficDevice('nose', 'road-0', { domain: 'pollution' as never })],
  });
  options = { domain: 'traffic', observationsFrom, age: (atMs) => storage.limits.age(atMs), registry: storage.registry, partitions, log: quiet };
});
afterAll(() => storage?.drop());

beforeEach(async () => {
  offset = 0;
  await storage.database.admin.query('truncate traffic.reading, traffic.reading_history, traffic.dead_letter, traffic.dead_letter_count, traffic.invalidation');
  await storage.database.admin.query('update traffic.consumed set next_offset = 0, fold_version = 0, entries = 0, stored = 0, corrected = 0, repeated = 0, dead_lettered = 0');
});

const reading = (rest: Record<string, unknown> = {}): Record<string, unknown> => ({ observedAt: '2026-11-22T12:00:00.000Z', periodS: 60, count: 7, ...rest });

type Sent = readonly [device: string, payload: unknown, rest?: { readonly publisher?: string; readonly codec?: string; readonly receivedAtMs?: number }];

/** A record with a frame; a payload that is no text or buffer is sent as JSON. */
function frame(...entries: Sent[]): RoundRecord {
  const writer = new FrameWriter();
  for (const [device, payload, { publisher = '', codec = '', receivedAtMs = noonMs + 1_000 } = {}] of entries) {
    const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
    const receivedAt = Buffer.alloc(8);
    receivedAt.writeDoubleBE(receivedAtMs);
    writer.add(entryTexts(device, publisher, codec), receivedAt, bytes, 0, bytes.length);
  }
  return { offset: offset++, key: null, value: Buffer.from(writer.frames()[0]!.bytes), headers: { [frameHeader]: `1;${entries.length}` }, timestampMs: noonMs };
}

const plain = (key: string | null, payload: unknown, timestampMs = noonMs): RoundRecord => ({ offset: offset++, key: key === null ? null : Buffer.from(key), value: payload === null ? null : Buffer.from(JSON.stringify(payload)), headers: {}, timestampMs });

const roundOf = (...records: RoundRecord[]): Round => ({ topic: storage.stream.topic, turn: Promise.resolve(), partitions: [{ partition: 0, fromOffset: records[0]!.offset, highWatermark: offset, lastOffset: offset - 1, records }] });
const unpacked = (...records: RoundRecord[]): Promise<Unpacked<Observation>> => unpack(roundOf(...records), options);
const facts = ({ arrivals, dead }: Unpacked<Observation>) => ({ arrivals: arrivals.map(({ device, channel, element, observation }) => [device, channel, element, observation.count]), dead: dead.map(({ device, element, reason }) => [device, element, reason]) });

async function consume(...records: RoundRecord[]): Promise<void> {
  await storeRound(roundOf(...records), { ...options, store: storage.store(), onStored: () => undefined });
}
const counted = async (): Promise<unknown> => {
  const { entries, stored, corrected, repeated, deadLettered, reasons } = (await accounting(storage.db, 'traffic')).find(({ topic, partition }) => topic === storage.stream.topic && partition === 0)!;
  return { entries, stored, corrected, repeated, deadLettered, reasons };
};

describe('what is refused, and with which reason', () => {
  const refusals: [string, () => RoundRecord, string, RegExp][] = [
    ['a device that nobody knows', () => frame(['stranger', reading()]), 'unknown-device', /found "stranger"/],
    ['a device of another domain', () => frame(['nose', reading()]), 'wrong-domain', /nose belongs to pollution/],
    ['a codec that nobody knows', () => frame(['pems', reading()]), 'unknown-codec', /no-such-codec/],
    ['a codec named by the message', () => frame(['loop-0', reading(), { codec: 'morse' }]), 'unknown-codec', /morse/],
    ['no JSON', () => frame(['loop-0', '{"count":']), 'undecodable', /./],
    ['wrong UTF-8', () => frame(['loop-0', Buffer.from([0x22, 0xff, 0x22])]), 'undecodable', /./],
    ['nothing at all', () => frame(['loop-0', '']), 'undecodable', /./],
    ['an empty list', () => frame(['loop-0', []]), 'undecodable', /./],
    ['another device’s name inside', () => frame(['loop-0', reading({ device: 'loop-1' })]), 'device-mismatch', /expected loop-0/],
    ['a field out of range', () => frame(['loop-0', reading({ count: -1 })]), 'invalid', /count/],
    ['a clock far ahead of the receipt', () => frame(['loop-0', reading(), { receivedAtMs: noonMs - 3_600_000 }]), 'clock-ahead', /180 s/],
    ['an observation long before the receipt', () => frame(['loop-0', reading(), { receivedAtMs: noonMs + 90 * 86_400_000 }]), 'too-old', /./],
    ['a method of imputation that no database can hold', () => frame(['loop-0', reading({ imputation: 'a\0b' })]), 'invalid', /imputation/],
    ['a method of imputation of half a character', () => frame(['loop-0', reading({ imputation: 'a\ud800' })]), 'invalid', /imputation/],
    ['a method of imputation without end', () => frame(['loop-0', reading({ imputation: 'a'.repeat(5_000) })]), 'invalid', /imputation/],
    ['a frame that is cut off', () => { const whole = frame(['loop-0', reading()]); return { ...whole, value: whole.value!.subarray(0, 30) }; }, 'undecodable', /frame: /],
    ['a frame of a later version', () => { const whole = frame(['loop-0', reading()]); const value = Buffer.from(whole.value!); value[0] = 2; return { ...whole, value }; }, 'undecodable', /version 1/],
    ['a plain record without a key', () => plain(null, reading()), 'unknown-device', /found ""/],
    ['a plain record with a time before all calendars', () => plain('loop-0', reading(), -62_135_596_800_001), 'undecodable', /record: expected a time/],
    ['a plain record with a time after them', () => plain('loop-0', reading(), 9e15), 'undecodable', /record: expected a time/],
    ['a cut-off frame with such a time', () => ({ ...frame(['loop-0', reading()]), value: Buffer.from([1, 200]), timestampMs: -9e17 }), 'undecodable', /frame: /],
    ['a name with NUL in it', () => frame(['loop\0', reading()]), 'unknown-device', /./],
  ];

  test.each(refusals)('%s', async (_, make, reason, details) => {
    const record = make();
    const good = frame(['loop-1', reading()]);
    await consume(record, good);
    const [letter, ...others] = await listDeadLetters(storage.db, 'traffic', { limit: 10 });
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ reason, offset: record.offset });
    expect(letter!.details).toMatch(details);
    expect(await counted()).toEqual({ entries: 2, stored: 1, corrected: 0, repeated: 0, deadLettered: 1, reasons: { [reason]: 1 } });
  });
});

test('a good entry is stored whatever stands beside it in its frame, and its bytes are kept where it is refused', async () => {
  await consume(frame(['loop-0', reading()], ['stranger', reading()], ['loop-1', 'no json', { publisher: 'gw-1' }], ['loop-1', reading(), { publisher: 'gw-1' }]));
  expect(await storage.db.query('select c.device, p.name as publisher from traffic.reading r join traffic.channel c on c.id = r.channel_id left join traffic.publisher p on p.id = r.publisher_id order by c.device')).toEqual([{ device: 'loop-0', publisher: null }, { device: 'loop-1', publisher: 'gw-1' }]);
  const letters = await listDeadLetters(storage.db, 'traffic', { limit: 10 });
  expect(letters.map(({ device, position, publisher, payload }) => [device, position, publisher, payload.toString()])).toEqual([['stranger', 1, '', JSON.stringify(reading())], ['loop-1', 2, 'gw-1', 'no json']]);
});

describe('what a record holds', () => {
  test('readings of one message are told apart, and only the wrong ones are refused', async () => {
    const minutes = (n: number): string => `2026-11-22T11:0${n}:00.000Z`;
    const found = await unpacked(frame(['loop-0', [reading({ observedAt: minutes(0) }), reading({ observedAt: minutes(1), count: -1 }), reading({ observedAt: minutes(2), channel: 'lane-2' })]]));
    expect(facts(found)).toEqual({ arrivals: [['loop-0', '', 0, 7], ['loop-0', 'lane-2', 2, 7]], dead: [['loop-0', 1, 'invalid']] });
  });

  test('a message with thousands of wrong readings is one letter, not thousands of copies of itself', async () => {
    const many = Array.from({ length: 5_000 }, (_, n) => (n === 4_000 ? reading() : {}));
    const record = frame(['loop-0', many]);
    const found = await unpacked(record);
    expect(facts(found)).toEqual({ arrivals: [['loop-0', '', 4_000, 7]], dead: [['loop-0', -1, 'invalid']] });
    expect(found.dead[0]!.details).toMatch(/^4999 of 5000 readings are refused, the first: /);
    const few = await unpacked(frame(['loop-0', many.slice(0, lettersPerMessageMax)]));
    expect(few.dead).toHaveLength(lettersPerMessageMax);
  });

  test('without a time the receipt is taken, and flagged', async () => {
    const { arrivals } = await unpacked(frame(['loop-0', { periodS: 60, count: 1 }, { receivedAtMs: noonMs + 0.75 }]));
    expect(arrivals[0]).toMatchObject({ observedAtMs: noonMs, observation: { flags: 8 } });
  });

  test('a record without a frame is one message of its key', async () => {
    expect(facts(await unpacked(plain('loop-0', reading()), plain('loop-0', null)))).toEqual({ arrivals: [['loop-0', '', -1, 7]], dead: [] });
  });

  test('a replayed device has no age', async () => {
    expect(facts(await unpacked(frame(['past', reading({ observedAt: '1999-01-01T00:00:00Z' })])))).toEqual({ arrivals: [['past', '', -1, 7]], dead: [] });
  });

  test('the home of a reading is the partition of its topmost asset', async () => {
    expect((await unpacked(frame(['loop-0', reading()]))).arrivals[0]).toMatchObject({ subject: 'road-0', home: partitionOf('city', partitions) });
  });

  test('a device registered a moment ago is found', async () => {
    const late = `late-${randomBytes(3).toString('hex')}`;
    expect(facts(await unpacked(frame([late, reading()]))).dead).toEqual([[late, -1, 'unknown-device']]);
    await registerDevices(storage.database.db, [trafficDevice(late, 'road-0')]);
    expect(facts(await unpacked(frame([late, reading()], ['loop-0', reading()]))).arrivals).toEqual([['loop-0', '', -1, 7], [late, '', -1, 7]]);
  });
});

describe('a dead letter decoded again', () => {
  const letterOf = async (...records: RoundRecord[]): Promise<DeadLetter> => {
    await consume(...records);
    return (await listDeadLetters(storage.db, 'traffic', { limit: 1 }))[0]!;
  };

  test('about one reading of an array gives that reading alone', async () => {
    const letter = await letterOf(frame(['loop-0', [reading({ observedAt: '2026-11-22T11:00:00Z' }), reading({ count: -1 })]]));
    const corrected = Buffer.from(letter.payload.toString().replace('"count":-1', '"count":11'));
    expect(facts(entryResults({ ...letter, payload: corrected }, options))).toEqual({ arrivals: [['loop-0', '', 1, 11]], dead: [] });
    expect(facts(entryResults(letter, options))).toEqual({ arrivals: [], dead: [['loop-0', 1, 'invalid']] });
  });

  test('about a frame gives all that the frame holds, or the same reason again', async () => {
    const whole = frame(['loop-0', reading()], ['stranger', reading()], ['loop-1', reading({ count: 3 })]);
    const letter = await letterOf({ ...whole, value: whole.value!.subarray(0, 40) });
    expect(facts(entryResults(letter, options))).toEqual({ arrivals: [], dead: [['', -1, 'undecodable']] });
    expect(facts(entryResults({ ...letter, payload: whole.value! }, options))).toEqual({ arrivals: [['loop-0', '', -1, 7], ['loop-1', '', -1, 3]], dead: [['stranger', -1, 'unknown-device']] });
  });

  test('about a message with too many wrong readings: those that are stored count as repeated', async () => {
    const letter = await letterOf(frame(['loop-0', [...Array.from({ length: 20 }, () => ({})), reading()]]));
    const { arrivals, dead } = entryResults(letter, options);
    const { id } = (await listDeadLetters(storage.db, 'traffic', { limit: 1 }))[0]!;
    expect(await storage.store().replay({ id, partition: 0 }, arrivals, dead)).toMatchObject({ stored: 0, repeated: 1, deadLettered: 1 });
    expect(await counted()).toEqual({ entries: 3, stored: 1, corrected: 0, repeated: 1, deadLettered: 1, reasons: { invalid: 1 } });
    expect(await listDeadLetters(storage.db, 'traffic', { limit: 10, all: true })).toEqual([expect.objectContaining({ id, replayedAt: null })]);
  });
});

test('a flood of large wrong messages is kept in several statements', async () => {
  const large = Buffer.alloc(250_000, 'x');
  await consume(...Array.from({ length: 80 }, () => frame(['loop-0', large])), frame(['loop-0', reading()]));
  expect(await counted()).toMatchObject({ entries: 81, stored: 1, deadLettered: 80 });
  expect(await storage.db.query('select count(*)::int as count, min(length(payload)) as bytes from traffic.dead_letter')).toEqual([{ count: 80, bytes: 250_000 }]);
});

test('through Kafka: what the packed producer acknowledged is stored once, also by a consumer that starts again', async () => {
  const root = `t${randomBytes(5).toString('hex')}`;
  const topic = streamTopic(root, 'traffic', 'readings');
  const kafka = connectKafka({ brokers: [process.env['NHIP_TEST_KAFKA_BROKERS']!], clientId: 'test', log: noLog });
  await ensureTopics(kafka, [{ topic, partitions, retentionMs: 3_600_000, retentionBytes: 100_000_000 }]);
  const { clusterId, partitions: ends } = await topicEnds(kafka, topic);
  const stream: Stream = { ...storage.stream, topic, clusterId };
  await prepareStream(storage.db, stream, ends);
  const start = async () => {
    const consuming: ConsumerOptions<Observation> = { ...options, store: storage.store({ stream }), onStored: () => undefined };
    const strategy = new RoundStrategy({ kafka, groupId: root, topicRoot: root, log: noLog, fetchBytesMin: 1, fetchWaitMs: 20, partitionBytesMax: 1_000_000, sessionTimeoutMs: 6_000, onFatal: (error) => { throw error; } });
    const service = await NestFactory.createMicroservice({ module: class Module {}, controllers: [consumerOf('traffic.readings', consuming)] }, { logger: false, strategy });
    await service.listen();
    return service;
  };
  const producer = new PackedProducer({ kafka, city: 'vn-test', log: noLog, bytesMax: 10_000_000, lingerMs: 2 });
  await producer.start();
  let acknowledged = 0;
  const waiter = { pending: [] as number[], durable: (tokens: number[]) => void (acknowledged += tokens.length) };
  const nowMs = Math.floor(Date.now() / 60_000) * 60_000;
  const send = (from: number, to: number): void => {
    for (let n = from; n < to; n++) {
      const payload = Buffer.from(n % 50 === 49 ? 'poison' : JSON.stringify(reading({ observedAt: new Date(nowMs - n * 60_000).toISOString(), count: n })));
      producer.add(producer.route(topic, n % partitions, `loop-${n % 2}`, '', ''), payload, 0, payload.length, waiter, n);
    }
  };
  const entries = async (): Promise<number> => (await accounting(storage.db, 'traffic')).filter((count) => count.topic === topic).reduce((sum, count) => sum + count.entries, 0);
  let service = await start();
  try {
    send(0, 300);
    await until(async () => (await entries()) === 300);
    await service.close();
    send(300, 500);
    service = await start();
    send(500, 600);
    await until(async () => (await entries()) === 600);
    await producer.stop();
    expect(acknowledged).toBe(600);
    const counts = (await accounting(storage.db, 'traffic')).filter((count) => count.topic === topic);
    const total = (of: (count: (typeof counts)[number]) => number): number => counts.reduce((sum, count) => sum + of(count), 0);
    expect([total((c) => c.stored), total((c) => c.deadLettered), total((c) => c.repeated + c.corrected)]).toEqual([588, 12, 0]);
    expect((await storage.db.query('select count from traffic.reading order by count')).map((row) => row['count'])).toEqual(Array.from({ length: 600 }, (_, n) => n).filter((n) => n % 50 !== 49));
  } finally {
    await service.close();
    await producer.stop();
    const admin = kafka.admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
  }
});
