/** Which failures of Kafka mean "not now", and that a start waits for those alone. */
import { Unavailable } from '#contracts';
import kafkajs from 'kafkajs';
import { isKafkaUnavailable, whileUnavailable } from './kafka.js';

const notLeader = new kafkajs.KafkaJSProtocolError(Object.assign(new Error('This server is not the leader for that topic-partition'), { type: 'NOT_LEADER_FOR_PARTITION', code: 6, retriable: true }));

test.each<[string, unknown, boolean]>([
  ['a partition without a leader, as just after a topic is made', notLeader, true],
  ['wrapped in our own name', new Unavailable('kafka', notLeader), true],
  ['as the cause of another error', new Error('no retries left', { cause: notLeader }), true],
  ['a fault of ours', new TypeError('x is undefined'), false],
  ['no error at all', 'kafka', false],
])('%s: %#', (_, error, expected) => {
  expect(isKafkaUnavailable(error)).toBe(expected);
});

test('a start tries again while Kafka says "not now"', async () => {
  let tries = 0;
  const result = await whileUnavailable(() => (++tries < 2 ? Promise.reject(new Unavailable('kafka', notLeader)) : Promise.resolve('there')));
  expect([result, tries]).toEqual(['there', 2]);
});

test('what will not pass by is told at once', async () => {
  let tries = 0;
  const wrong = new TypeError('wrong');
  await expect(whileUnavailable(() => (tries++, Promise.reject(wrong)))).rejects.toBe(wrong);
  expect(tries).toBe(1);
});
