/**
 * The file that says which brokers of others ingest reads from (BRIDGE_FILE), checked as a whole before anything connects.
 *
 * Paths in it are meant from its own folder. Passwords stand in files of their own, so that this one may be shown around.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { complaintOf, complaintText, type Domain, domainNames, domains, id, isStream } from '#contracts';
import { z } from 'zod';
import { filterOf, isFilter, parseTemplate, type TopicTemplate } from './bridge-topics.js';

const text = (expected: string, max = 1_000) => z.string().regex(new RegExp(`^[^\\0]{1,${max}}$`, 's'), `expected ${expected}`);
const count = (min: number, max: number, unit: string) => z.int(`expected a whole number of ${unit}`).min(min, `expected ${min} to ${max} ${unit}`).max(max, `expected ${min} to ${max} ${unit}`);

const template = z.string().transform((value, context): TopicTemplate => {
  const parsed = parseTemplate(value);
  if (typeof parsed !== 'string') return parsed;
  context.addIssue(parsed);
  return z.NEVER;
});

const subscription = z
  .strictObject({
    /** How a topic is read, and by default also what is subscribed. */
    topic: template,
    filter: z.string().max(1_000).refine(isFilter, 'expected a topic filter such as city/# or $share/nhip/city/#').optional(),
    domain: z.enum(domainNames as [Domain, ...Domain[]]).optional(),
    device: id.optional(),
    stream: id.optional(),
    /** Overrides that of the device's record; a content type on the message overrides both. */
    codec: z.string().regex(/^[a-z0-9-]{1,64}$/, 'expected the name of a codec, such as json').optional(),
  })
  .superRefine(({ topic, ...fixed }, context) => {
    for (const part of ['domain', 'device', 'stream'] as const) {
      if (topic.parts.has(part) === (fixed[part] !== undefined)) context.addIssue({ code: 'custom', path: [part], message: `expected either {${part}} in topic or this field, found ${topic.parts.has(part) ? 'both' : 'neither'}` });
    }
    if (fixed.domain !== undefined && fixed.stream !== undefined && !isStream(fixed.domain, fixed.stream)) context.addIssue({ code: 'custom', path: ['stream'], message: `expected a stream of ${fixed.domain}: ${domains[fixed.domain].streams.join(', ')}` });
  })
  .transform((given) => ({ ...given, filter: given.filter ?? filterOf(given.topic) }));

const broker = z
  .strictObject({
    id,
    url: z.string().refine(isBrokerUrl, 'expected mqtt://host:port or mqtts://host:port, without user or password'),
    caFile: text('a file with certificates to trust').optional(),
    protocol: z.enum(['3.1.1', '5']).default('5'),
    /** The name of the session at that broker. */
    clientId: text('1 to 128 characters', 128).optional(),
    user: text('a user name').optional(),
    passwordFile: text('a file with a password').optional(),
    gateway: id,
    inFlightMax: count(1, 65_535, 'messages').default(1_000),
    sessionExpiryS: count(60, 2 ** 32 - 1, 'seconds').default(7 * 86_400),
    subscriptions: z.array(subscription).min(1, 'expected at least one subscription').max(100, 'expected at most 100 subscriptions'),
  })
  .superRefine(({ url, caFile, user, passwordFile }, context) => {
    if (caFile !== undefined && url.startsWith('mqtt:')) context.addIssue({ code: 'custom', path: ['caFile'], message: 'expected none where url is mqtt:' });
    if (passwordFile !== undefined && user === undefined) context.addIssue({ code: 'custom', path: ['user'], message: 'expected a user name beside passwordFile' });
  });

export const bridgeFile = z.strictObject({ bridges: z.array(broker).min(1, 'expected at least one bridge').max(100, 'expected at most 100 bridges') }).superRefine(({ bridges }, context) => {
  for (const [index, bridge] of bridges.entries()) {
    if (bridges.findIndex((other) => other.id === bridge.id) !== index) context.addIssue({ code: 'custom', path: ['bridges', index, 'id'], message: `expected a name of its own, found ${bridge.id} again` });
  }
});

export type BridgePlan = z.infer<typeof bridgeFile>['bridges'][number];
export type BridgeSubscription = BridgePlan['subscriptions'][number];

export interface ReadBridge {
  readonly plan: BridgePlan;
  readonly ca: Buffer | null;
  /** Read anew at each call. */
  password(): Promise<Buffer | null>;
}

/** All bridges of a file; or everything that is wrong with it and with the files that it names, each with its place. */
export function readBridgeFile(file: string): ReadBridge[] | Problems {
  const problems: string[] = [];
  const bytesOf = (path: string, field: string): Buffer | null => {
    try {
      return readFileSync(path);
    } catch (error) {
      problems.push(`${field}expected a file that can be read: ${(error as Error).message}`);
      return null;
    }
  };

  const content = bytesOf(file, '');
  const plans = content === null ? { problems: [] } : parseBridges(content.toString('utf8'));
  if ('problems' in plans) return { problems: [...problems, ...plans.problems] };
  const read = plans.map((plan, index): ReadBridge => {
    const pathOf = (named: string | undefined): string | null => (named === undefined ? null : resolve(dirname(file), named));
    const [caFile, passwordFile] = [pathOf(plan.caFile), pathOf(plan.passwordFile)];
    const ca = caFile === null ? null : bytesOf(caFile, `bridges[${index}].caFile: `);
    if (passwordFile !== null) bytesOf(passwordFile, `bridges[${index}].passwordFile: `);
    return { plan, ca, password: async () => (passwordFile === null ? null : withoutLineEnd(await readFile(passwordFile))) };
  });
  return problems.length > 0 ? { problems } : read;
}

export interface Problems {
  readonly problems: readonly string[];
}

export function parseBridges(content: string): BridgePlan[] | Problems {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    return { problems: [`expected JSON: ${(error as Error).message}`] };
  }
  const result = bridgeFile.safeParse(value);
  if (result.success) return result.data.bridges;
  return { problems: result.error.issues.map((issue) => complaintText(complaintOf(new z.ZodError([issue]))).replace(/^message: /, '')) };
}

function isBrokerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, pathname, search } = new URL(text);
  return /^mqtts?:$/.test(protocol) && hostname !== '' && username === '' && password === '' && /^\/?$/.test(pathname) && search === '';
}

/** Editors put one there. */
function withoutLineEnd(bytes: Buffer): Buffer {
  const end = bytes.at(-1) === 10 ? (bytes.at(-2) === 13 ? -2 : -1) : bytes.length;
  return bytes.subarray(0, end);
}
