/**
 * Configuration: environment variables read through one zod object per app, with all problems found at once.
 *
 * A field's message begins with "expected", so that the line printed for it names the variable and what would be right.
 * An empty variable counts as absent. Secrets have no default, and no value that may hold one is ever printed.
 */
import { z } from 'zod';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Reading<C> = { readonly config: C } | { readonly problems: readonly string[] };

/** Reads a configuration; every problem becomes one sentence that names the variable. */
export function readConfiguration<C>(schema: z.ZodType<C>, environment: Environment): Reading<C> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(given);
  if (result.success) return { config: result.data };
  return { problems: result.error.issues.map((issue) => sentence(issue, given)) };
}

const mayHoldSecret = /SECRET|PASSWORD|TOKEN|KEY|URL/;

function sentence(issue: z.core.$ZodIssue, given: Record<string, unknown>): string {
  const variable = String(issue.path[0] ?? 'configuration');
  const value = given[variable];
  if (issue.path.length === 0) return issue.message;
  if (value === undefined) return `${variable} is missing: ${issue.message}`;
  if (mayHoldSecret.test(variable)) return `${variable} is wrong: ${issue.message}`;
  return `${variable} is ${JSON.stringify(String(value).slice(0, 100))}: ${issue.message}`;
}

/** A whole number with its unit and bounds; add `.default(n)` where it may be absent. */
export function wholeNumber({ min, max, unit }: { min: number; max: number; unit: string }) {
  return numberWithin(min, max, `expected a whole number of ${unit}, ${min} to ${max}`);
}

/** A TCP port; 0 lets the system choose. */
export function port() {
  return numberWithin(0, 65_535, 'expected a port, 0 to 65535');
}

export function text(expected: string, pattern = /^[\s\S]{1,1000}$/) {
  return z.string(`expected ${expected}`).regex(pattern, `expected ${expected}`);
}

/** A secret of at least 32 characters. There is no default, on purpose. */
export function secretText() {
  return text('a secret of at least 32 characters', /^\S{32,1000}$/);
}

export function httpUrl() {
  return urlOf(['http:', 'https:'], 'an address such as http://127.0.0.1:18101');
}

export function postgresUrl() {
  return urlOf(['postgres:', 'postgresql:'], 'a PostgreSQL address such as postgres://role:password@127.0.0.1:5432/nhip');
}

/** `host:port,host:port` → a list. */
export function brokerList() {
  const expected = 'expected Kafka brokers such as 127.0.0.1:9092 or a:9092,b:9092';
  return z
    .string(expected)
    .regex(/^[A-Za-z0-9._[\]:-]+:\d{1,5}(,[A-Za-z0-9._[\]:-]+:\d{1,5})*$/, expected)
    .transform((list) => list.split(','));
}

/** ISO 3166-2 or alike, in small letters: it stands in every record's headers. */
export function cityCode() {
  return text('a city code such as vn-hn', /^[a-z0-9][a-z0-9-]{1,15}$/).default('vn-hn');
}

/** First part of Kafka topics; tests take one of their own. */
export function kafkaTopicRoot() {
  return text('the first part of Kafka topics, such as city', /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/).default('city');
}

export function host() {
  return text('an address to listen on, such as 127.0.0.1', /^[A-Za-z0-9.:-]{1,255}$/).default('127.0.0.1');
}

function numberWithin(min: number, max: number, error: string) {
  return z
    .string(error)
    .regex(/^\d{1,15}$/, error)
    .transform(Number)
    .refine((value) => value >= min && value <= max, error);
}

function urlOf(protocols: readonly string[], expected: string) {
  const error = `expected ${expected}`;
  return z.string(error).refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), error);
}
