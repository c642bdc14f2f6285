/** Whose address a request counts for. Pure but for reading the request. */
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

/**
 * The caller's address; behind `proxies` proxies of ours the one that the outermost of them saw, since what stands
 * further left in X-Forwarded-For anybody may have written. Of IPv6 the network of 64 bits: one household has 2^64 more.
 */
export function addressOf(request: Pick<IncomingMessage, 'headers' | 'socket'>, proxies: number): string {
  const seen = (request.headers['x-forwarded-for'] ?? '').toString().split(',').map((part) => part.trim()).filter((part) => part !== '');
  const address = (proxies > 0 ? seen.at(-proxies) : undefined) ?? request.socket.remoteAddress ?? '';
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').slice(0, 64);
  return isIPv6(plain) ? network(plain) : plain;
}

function network(address: string): string {
  const [left = '', right] = address.split('%', 1)[0]!.split('::', 2);
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const before = groups(left);
  const after = groups(right ?? '');
  const all = right === undefined ? before : [...before, ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after];
  return `${all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
