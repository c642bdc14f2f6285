/** The configuration of api and of its commands. Each domain of the contracts has an address, `<DOMAIN>_URL`. */
import { domainNames, type Domain } from '#contracts';
import { brokerList, host, httpUrl, kafkaTopicRoot, port, postgresUrl, secretText, text, wholeNumber } from '#service';
import { z } from 'zod';
import type { StreamLimits } from './stream.js';

const urlVariable = (domain: Domain): `${Uppercase<Domain>}_URL` => `${domain.toUpperCase() as Uppercase<Domain>}_URL`;

const domainVariables = Object.fromEntries(domainNames.map((domain) => [urlVariable(domain), httpUrl()])) as Record<`${Uppercase<Domain>}_URL`, ReturnType<typeof httpUrl>>;

const wrongPasswords = (perDefault: number, of: string) => wholeNumber({ min: 1, max: 100_000, unit: `wrong passwords ${of}` }).default(perDefault);
const requestsPerMinute = (byDefault: number, of: string) => wholeNumber({ min: 1, max: 1_000_000, unit: `requests a minute ${of}` }).default(byDefault);

/** What only api itself reads, beside the addresses of the domains. */
export const apiConfiguration = z.object({
  DATABASE_URL: postgresUrl(),
  DATABASE_CONNECTIONS_MAX: wholeNumber({ min: 1, max: 100, unit: 'connections' }).default(5),
  INTERNAL_SECRET: secretText(),
  HOST: host(),
  API_PORT: port().default(18_000),
  API_CONNECTIONS_MAX: wholeNumber({ min: 1, max: 100_000, unit: 'connections' }).default(2_000),
  /** Until the domain begins to answer. */
  API_FORWARD_DEADLINE_MS: wholeNumber({ min: 1, max: 600_000, unit: 'ms' }).default(5_000),
  /** Between two pieces of an answer. */
  API_FORWARD_SILENCE_MAX_MS: wholeNumber({ min: 1, max: 600_000, unit: 'ms' }).default(30_000),
  /** To each domain; more calls wait. */
  API_FORWARD_CONNECTIONS_MAX: wholeNumber({ min: 1, max: 10_000, unit: 'connections' }).default(64),
  API_FORWARD_BODY_BYTES_MAX: wholeNumber({ min: 1, max: 1_000_000_000, unit: 'bytes' }).default(4_000_000),
  API_BODY_BYTES_MAX: wholeNumber({ min: 1, max: 100_000_000, unit: 'bytes' }).default(1_000_000),
  API_IMPORT_ROWS_MAX: wholeNumber({ min: 1, max: 10_000_000, unit: 'rows in a file' }).default(100_000),
  API_IMPORT_BYTES_MAX: wholeNumber({ min: 1, max: 500_000_000, unit: 'bytes in a file' }).default(64_000_000),
  /** As people open the page, such as https://nhip.example.vn: with https the cookie is for https alone. */
  API_PUBLIC_URL: httpUrl().optional(),
  /** How many of our own proxies stand before api; each adds the address it saw to X-Forwarded-For. */
  API_PROXIES: wholeNumber({ min: 0, max: 10, unit: 'proxies' }).default(0),
  SESSION_IDLE_MINUTES: wholeNumber({ min: 1, max: 100_000, unit: 'minutes' }).default(8 * 60),
  SESSION_HOURS: wholeNumber({ min: 1, max: 10_000, unit: 'hours' }).default(7 * 24),
  SIGN_IN_PER_NAME_AND_ADDRESS: wrongPasswords(5, 'for a name at an address'),
  SIGN_IN_PER_ADDRESS: wrongPasswords(20, 'at an address'),
  SIGN_IN_PER_NAME: wrongPasswords(50, 'for a name'),
  SIGN_IN_FORGIVEN_S: wholeNumber({ min: 1, max: 100_000, unit: 'seconds until one is forgiven' }).default(60),
  API_PERSON_PER_MINUTE: requestsPerMinute(1_200, 'by a person or token'),
  API_STRANGER_PER_MINUTE: requestsPerMinute(120, 'by an address that names nobody'),
  /** Gets the first admin's password, mode 600, for whoever starts the city to show; without it, it goes to standard output. */
  FIRST_ADMIN_FILE: text('the path of a file').optional(),
  ...domainVariables,
  ALERTS_URL: httpUrl(),
  KAFKA_BROKERS: brokerList(),
  TOPIC_ROOT: kafkaTopicRoot(),
  STREAM_CLIENTS_MAX: wholeNumber({ min: 1, max: 100_000, unit: 'open streams' }).default(1_000),
  /** Kept in memory for whoever was away for a while; what is older comes from Kafka. */
  STREAM_CHANGES_MAX: wholeNumber({ min: 1, max: 10_000_000, unit: 'changes' }).default(20_000),
  STREAM_MIB_MAX: wholeNumber({ min: 1, max: 10_000, unit: 'MiB of changes' }).default(32),
  STREAM_CATCH_UPS_MAX: wholeNumber({ min: 1, max: 1_000, unit: 'clients that are brought up to the present at once' }).default(8),
  STREAM_BLOCKED_MAX_MS: wholeNumber({ min: 100, max: 600_000, unit: 'ms in which a client takes nothing' }).default(30_000),
  STREAM_BEAT_MS: wholeNumber({ min: 100, max: 600_000, unit: 'ms' }).default(15_000),
  /** How soon a stream ends after its person is signed out. */
  STREAM_CHECK_MS: wholeNumber({ min: 100, max: 600_000, unit: 'ms' }).default(60_000),
});
type ApiConfiguration = z.infer<typeof apiConfiguration>;

export function streamLimits(config: ApiConfiguration): StreamLimits {
  return {
    clientsMax: config.STREAM_CLIENTS_MAX, framesMax: config.STREAM_CHANGES_MAX, bytesMax: config.STREAM_MIB_MAX * 1024 ** 2, catchUpsMax: config.STREAM_CATCH_UPS_MAX,
    blockedMaxMs: config.STREAM_BLOCKED_MAX_MS, beatMs: config.STREAM_BEAT_MS, checkMs: config.STREAM_CHECK_MS, retryMs: 2_000, lingerMs: 5_000,
  };
}

/** Of commands that ask the domains and alerts. */
export const commandConfiguration = z.object({ INTERNAL_SECRET: secretText(), ...domainVariables, ALERTS_URL: httpUrl() });

/** Who is reached below `/v1/`: the domains, and alerts by what it serves. */
export function forwardUrls(config: z.infer<typeof commandConfiguration>): ReadonlyMap<string, URL> {
  return new Map([...domainNames.map((domain) => [domain, new URL(config[urlVariable(domain)])] as const), ['alarms', new URL(config.ALERTS_URL)]]);
}

export const importConfiguration = z.object({
  DATABASE_URL: postgresUrl(),
  IMPORT_ROWS_MAX: wholeNumber({ min: 1, max: 10_000_000, unit: 'rows in a file' }).default(500_000),
  IMPORT_BYTES_MAX: wholeNumber({ min: 1, max: 500_000_000, unit: 'bytes in a file' }).default(256_000_000),
  IMPORT_PROBLEMS_MAX: wholeNumber({ min: 1, max: 1_000_000, unit: 'problems to print' }).default(1_000),
});

/** Of commands that change the registry. */
export const registryConfiguration = z.object({ DATABASE_URL: postgresUrl() });
