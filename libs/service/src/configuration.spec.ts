/** Given an environment, then a configuration, or a sentence for each variable that is wrong. */
import { z } from 'zod';
import { brokerList, cityCode, httpUrl, kafkaTopicRoot, port, postgresUrl, readConfiguration, secretText, wholeNumber } from './configuration.js';

const schema = z.object({
  DATABASE_URL: postgresUrl(),
  INTERNAL_SECRET: secretText(),
  KAFKA_BROKERS: brokerList(),
  TRAFFIC_URL: httpUrl(),
  API_PORT: port().default(18_000),
  BATCH_BYTES_MAX: wholeNumber({ min: 1, max: 1_000, unit: 'bytes' }).default(10),
  CITY_CODE: cityCode(),
  TOPIC_ROOT: kafkaTopicRoot(),
});
const right = { DATABASE_URL: 'postgres://a:b@h:5432/d', INTERNAL_SECRET: 'x'.repeat(32), KAFKA_BROKERS: 'a:9092,b:9093', TRAFFIC_URL: 'http://127.0.0.1:1' };

test('what is given is parsed, what may be absent has its default, and an empty variable is absent', () => {
  expect(readConfiguration(schema, { ...right, API_PORT: '0', CITY_CODE: '', PATH: '/bin' })).toEqual({
    config: { ...right, KAFKA_BROKERS: ['a:9092', 'b:9093'], API_PORT: 0, BATCH_BYTES_MAX: 10, CITY_CODE: 'vn-hn', TOPIC_ROOT: 'city' },
  });
});

test('all problems together, each with its variable and what was expected; nothing that may be a secret is repeated', () => {
  const reading = readConfiguration(schema, { DATABASE_URL: 'mysql://root:hunter2@h/d', INTERNAL_SECRET: 'tooshort', KAFKA_BROKERS: 'nowhere', API_PORT: '70000', BATCH_BYTES_MAX: '1e3', CITY_CODE: 'Hà Nội' });
  expect(reading).toEqual({
    problems: [
      'DATABASE_URL is wrong: expected a PostgreSQL address such as postgres://role:password@127.0.0.1:5432/nhip',
      'INTERNAL_SECRET is wrong: expected a secret of at least 32 characters',
      'KAFKA_BROKERS is "nowhere": expected Kafka brokers such as 127.0.0.1:9092 or a:9092,b:9092',
      'TRAFFIC_URL is missing: expected an address such as http://127.0.0.1:18101',
      'API_PORT is "70000": expected a port, 0 to 65535',
      'BATCH_BYTES_MAX is "1e3": expected a whole number of bytes, 1 to 1000',
      'CITY_CODE is "Hà Nội": expected a city code such as vn-hn',
    ],
  });
});

test.each(['-1', '1.5', '0x10', ' 5', '9'.repeat(20), 'NaN', 'Infinity'])('%j is no whole number', (text) => {
  expect(readConfiguration(schema, { ...right, BATCH_BYTES_MAX: text })).toHaveProperty('problems');
});
