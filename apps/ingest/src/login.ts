/**
 * Whether name and password belong to a device or gateway of the registry; the same for every door.
 *
 * A secret is 32 random bytes, so one round of SHA-256 is enough: there is nothing to guess, only to look up.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Attempts } from './attempts.js';
import type { Client } from './rights.js';

/** What of the registry decides who may log in. */
export interface Credentials {
  client(id: string): { readonly kind: 'device' | 'gateway'; readonly secretHashes: readonly Buffer[] } | undefined;
}

export type Login = { readonly client: Client; readonly hash: Buffer } | 'wrong' | 'too-many-attempts';

export function login(name: string, password: Buffer, from: string, credentials: Credentials, attempts: Attempts, nowMs: number): Login {
  // Not even looked at while the bucket is full: looking is what the limit is about.
  if (!attempts.allowed(from, name, nowMs)) return 'too-many-attempts';
  const hash = createHash('sha256').update(password).digest();
  const known = credentials.client(name);
  if (known !== undefined && isInForce(hash, known.secretHashes)) return { client: { id: name, kind: known.kind }, hash };
  attempts.wrong(from, name, nowMs);
  return 'wrong';
}

/** Whether who once logged in with this secret could still do so. */
export function stillValid(client: Client, hash: Buffer, credentials: Credentials): boolean {
  const known = credentials.client(client.id);
  return known !== undefined && known.kind === client.kind && isInForce(hash, known.secretHashes);
}

/**
 * The name under which limits count an address: without the prefix that IPv4 gets on a socket for both; of IPv6 the first
 * half, since that is what one customer has.
 */
export function limitedAs(remoteAddress: string): string {
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return `${[...left, ...Array<string>(Math.max(0, zeros)).fill('0'), ...right].slice(0, 4).join(':')}::/64`;
}

function isInForce(hash: Buffer, hashes: readonly Buffer[]): boolean {
  let found = false;
  for (const known of hashes) found = (known.length === hash.length && timingSafeEqual(known, hash)) || found;
  return found;
}
