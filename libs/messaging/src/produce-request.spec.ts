/** Our produce request against kafkajs's own encoder, byte by byte, and CRC-32C against published values. */
import { createRequire } from 'node:module';
import { crc32c, encodeProduce, type ProduceMessage } from './produce-request.js';

const require = createRequire(import.meta.url);

type KafkajsRequest = (given: object) => { encode(): Promise<{ buffer: Buffer }> };
const kafkajsRequest = require('kafkajs/src/protocol/requests/produce/v3/request') as KafkajsRequest;
const Long = require('kafkajs/src/utils/long') as { fromValue(value: string): unknown };

const nowMs = 1_763_000_000_123;

async function byKafkajs(messages: readonly ProduceMessage[], producerId: string, firstSequence: number): Promise<Buffer> {
  const stamped = messages.map((message) => ({ ...message, timestamp: nowMs }));
  const request = kafkajsRequest({
    acks: -1,
    timeout: 30_000,
    transactionalId: null,
    producerId: Long.fromValue(producerId),
    producerEpoch: 3,
    topicData: [{ topic: 'thành-phố', partitions: [{ partition: 2, firstSequence, messages: stamped }, { partition: 0, firstSequence: 7, messages: stamped.slice(0, 1) }] }],
  });
  return (await request.encode()).buffer;
}

function byUs(messages: readonly ProduceMessage[], producerId: string, firstSequence: number): Buffer {
  return encodeProduce(
    {
      acks: -1,
      timeoutMs: 30_000,
      producerId: BigInt(producerId),
      producerEpoch: 3,
      topics: [{ topic: 'thành-phố', partitions: [{ partition: 2, firstSequence, messages }, { partition: 0, firstSequence: 7, messages: messages.slice(0, 1) }] }],
    },
    nowMs,
  );
}

describe('a produce request', () => {
  test.each<[string, ProduceMessage[]]>([
    ['one value', [{ key: null, value: Buffer.from('a') }]],
    ['keys and values as text, with letters beyond ASCII', [{ key: 'khoá', value: 'giá trị' }, { key: '', value: '' }]],
    ['a tombstone', [{ key: 'k', value: null }]],
    ['headers', [{ key: null, value: Buffer.from('x'), headers: { 'nhip-frame': '1;57', 'nhip-city': Buffer.from('vn-hn') } }]],
    ['sizes at which the length takes another byte', [0, 1, 62, 63, 64, 127, 128, 8_190, 8_191, 8_192, 300_000].map((size) => ({ key: null, value: Buffer.alloc(size, 7) }))],
    ['many records', Array.from({ length: 300 }, (_, n) => ({ key: null, value: Buffer.from(`value ${n}`) }))],
  ])('%s: the same bytes as kafkajs', async (_, messages) => {
    for (const producerId of ['-1', '0', '4242', '9007199254740993']) {
      expect(byUs(messages, producerId, 12_345).equals(await byKafkajs(messages, producerId, 12_345))).toBe(true);
    }
  });
});

describe('CRC-32C', () => {
  // RFC 3720, appendix B.4, and the check value of the algorithm's catalogue.
  test.each<[string, Buffer, number]>([
    ['32 bytes of zero', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['32 bytes counting up', Buffer.from(Array.from({ length: 32 }, (_, n) => n)), 0x46dd794e],
    ['32 bytes counting down', Buffer.from(Array.from({ length: 32 }, (_, n) => 31 - n)), 0x113fdb5c],
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['nothing', Buffer.alloc(0), 0],
  ])('%s', (_, bytes, expected) => {
    expect(crc32c(bytes, 0, bytes.length)).toBe(expected);
  });
});
