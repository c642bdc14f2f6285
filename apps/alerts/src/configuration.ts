/** What alerts can be told from outside; every limit has a name and a unit. Each domain of the contracts has an address, `<DOMAIN>_URL`. */
import { domainNames, type Domain } from '#contracts';
import { brokerList, host, httpUrl, kafkaTopicRoot, port, postgresUrl, secretText, text, wholeNumber } from '#service';
import { z } from 'zod';

const urlVariable = (domain: Domain): `${Uppercase<Domain>}_URL` => `${domain.toUpperCase() as Uppercase<Domain>}_URL`;

const domainVariables = Object.fromEntries(domainNames.map((domain) => [urlVariable(domain), httpUrl()])) as Record<`${Uppercase<Domain>}_URL`, ReturnType<typeof httpUrl>>;

export const alertsConfiguration = z.object({
  HOST: host(),
  ALERTS_HTTP_PORT: port().default(18_110),
  DATABASE_URL: postgresUrl(),
  DATABASE_CONNECTIONS_MAX: wholeNumber({ min: 3, max: 100, unit: 'connections' }).default(6),
  KAFKA_BROKERS: brokerList(),
  TOPIC_ROOT: kafkaTopicRoot(),
  TOPIC_RETENTION_HOURS: wholeNumber({ min: 1, max: 8_760, unit: 'hours' }).default(168),
  TOPIC_RETENTION_MIB: wholeNumber({ min: 16, max: 10_000_000, unit: 'MiB for each partition' }).default(10_240),
  CONSUMER_GROUP: text('a name for the consumer group', /^[a-zA-Z0-9._-]{1,64}$/).default('alerts'),
  INTERNAL_SECRET: secretText(),
  /** Conditions are few and urgent: none waits for company. */
  FETCH_WAIT_MS: wholeNumber({ min: 1, max: 5_000, unit: 'ms' }).default(100),
  SESSION_TIMEOUT_MS: wholeNumber({ min: 6_000, max: 300_000, unit: 'ms' }).default(6_000),
  /** Waiting for one that is missing; past it nothing more is consumed until a domain has answered. */
  HELD_CONDITIONS_MAX: wholeNumber({ min: 1, max: 10_000_000, unit: 'conditions' }).default(100_000),
  /** Between two rounds of asking for what is missing. */
  ASK_AGAIN_MS: wholeNumber({ min: 100, max: 600_000, unit: 'ms' }).default(5_000),
  RETENTION_DEAD_LETTERS_DAYS: wholeNumber({ min: 1, max: 36_500, unit: 'days' }).default(90),
  RETENTION_DEAD_LETTERS_MIB: wholeNumber({ min: 1, max: 1_000_000, unit: 'MiB' }).default(256),
  ...domainVariables,
});
export type AlertsConfiguration = z.infer<typeof alertsConfiguration>;

export function domainUrl(config: AlertsConfiguration, domain: Domain): URL {
  return new URL(config[urlVariable(domain)]);
}
