/** The configuration of api and of its commands. Each domain of the contracts has an address, `<DOMAIN>_URL`. */
import { domainNames, type Domain } from '#contracts';
import { host, httpUrl, port, postgresUrl, secretText, wholeNumber } from '#service';
import { z } from 'zod';

const urlVariable = (domain: Domain): `${Uppercase<Domain>}_URL` => `${domain.toUpperCase() as Uppercase<Domain>}_URL`;

const domainVariables = Object.fromEntries(domainNames.map((domain) => [urlVariable(domain), httpUrl()])) as Record<`${Uppercase<Domain>}_URL`, ReturnType<typeof httpUrl>>;

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
  ...domainVariables,
});

/** Of commands that ask the domains. */
export const commandConfiguration = z.object({ INTERNAL_SECRET: secretText(), ...domainVariables });

export function domainUrls(config: z.infer<typeof commandConfiguration>): ReadonlyMap<string, URL> {
  return new Map(domainNames.map((domain) => [domain, new URL(config[urlVariable(domain)])]));
}

export const importConfiguration = z.object({
  DATABASE_URL: postgresUrl(),
  IMPORT_ROWS_MAX: wholeNumber({ min: 1, max: 10_000_000, unit: 'rows in a file' }).default(500_000),
  IMPORT_BYTES_MAX: wholeNumber({ min: 1, max: 500_000_000, unit: 'bytes in a file' }).default(256_000_000),
  IMPORT_PROBLEMS_MAX: wholeNumber({ min: 1, max: 1_000_000, unit: 'problems to print' }).default(1_000),
});

export const revokeConfiguration = z.object({ DATABASE_URL: postgresUrl() });
