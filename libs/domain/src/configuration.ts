/** What every domain's service can be told from outside; every limit has a name and a unit. */
import type { Domain } from '#contracts';
import { brokerList, host, kafkaTopicRoot, port, postgresUrl, secretText, text, wholeNumber } from '#service';
import { z } from 'zod';

const shared = {
  HOST: host(),
  DATABASE_URL: postgresUrl(),
  DATABASE_CONNECTIONS_MAX: wholeNumber({ min: 3, max: 100, unit: 'connections' }).default(8),
  /** For series and latest values, whose callers may be slow. */
  SERIES_CONNECTIONS_MAX: wholeNumber({ min: 3, max: 100, unit: 'connections' }).default(4),
  KAFKA_BROKERS: brokerList(),
  TOPIC_ROOT: kafkaTopicRoot(),
  TOPIC_PARTITIONS: wholeNumber({ min: 1, max: 256, unit: 'partitions' }).default(4),
  TOPIC_RETENTION_HOURS: wholeNumber({ min: 1, max: 8_760, unit: 'hours' }).default(168),
  /** Of one partition; four of them at the default are 40 GiB. */
  TOPIC_RETENTION_MIB: wholeNumber({ min: 16, max: 10_000_000, unit: 'MiB for each partition' }).default(10_240),
  INTERNAL_SECRET: secretText(),
  FETCH_BYTES_MIN: wholeNumber({ min: 1, max: 64_000_000, unit: 'bytes' }).default(131_072),
  FETCH_WAIT_MS: wholeNumber({ min: 1, max: 5_000, unit: 'ms' }).default(50),
  FETCH_PARTITION_BYTES_MAX: wholeNumber({ min: 65_536, max: 64_000_000, unit: 'bytes' }).default(2_097_152),
  SESSION_TIMEOUT_MS: wholeNumber({ min: 6_000, max: 300_000, unit: 'ms' }).default(6_000),
  ROLLUP_EVERY_MS: wholeNumber({ min: 100, max: 600_000, unit: 'ms' }).default(2_000),
  /** How old the aggregate of a bucket that is still filling may grow. */
  ROLLUP_REFRESH_S: wholeNumber({ min: 0, max: 86_400, unit: 's' }).default(600),
  RETENTION_ROWS_DAYS: wholeNumber({ min: 1, max: 36_500, unit: 'days' }).default(90),
  RETENTION_AGGREGATES_DAYS: wholeNumber({ min: 1, max: 36_500, unit: 'days' }).default(730),
  RETENTION_DEAD_LETTERS_DAYS: wholeNumber({ min: 1, max: 36_500, unit: 'days' }).default(90),
  RETENTION_TABLE_GIB: wholeNumber({ min: 1, max: 1_000_000, unit: 'GiB' }).default(500),
  RETENTION_DEAD_LETTERS_MIB: wholeNumber({ min: 1, max: 1_000_000, unit: 'MiB' }).default(1_024),
  COMPRESS_AFTER_DAYS: wholeNumber({ min: 1, max: 3_650, unit: 'days' }).default(7),
};

type Configuration = z.ZodObject<typeof shared & { readonly CONSUMER_GROUP: ReturnType<typeof consumerGroup> }>;
export type DomainConfiguration = z.infer<Configuration>;

/** The variable of a domain's private port is its own, since all processes of a city share one environment. */
export const portVariable = (domain: Domain): string => `${domain.toUpperCase()}_HTTP_PORT`;

export function domainConfiguration(domain: Domain, portDefault: number): Configuration {
  return z.object({ ...shared, CONSUMER_GROUP: consumerGroup(domain), [portVariable(domain)]: port().default(portDefault) });
}

export function portOf(config: DomainConfiguration, domain: Domain): number {
  return (config as unknown as Record<string, number>)[portVariable(domain)]!;
}

function consumerGroup(otherwise: string) {
  return text('a name for the consumer group', /^[a-zA-Z0-9._-]{1,64}$/).default(otherwise);
}
