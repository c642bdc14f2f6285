/** Whose address a request counts for, case by case. */
import type { IncomingMessage } from 'node:http';
import { addressOf } from './address.js';

const request = (remoteAddress: string, forwarded?: string) => ({ headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, socket: { remoteAddress } }) as unknown as IncomingMessage;

test.each<[string, string | undefined, number, string]>([
  ['10.0.0.1', undefined, 0, '10.0.0.1'],
  ['::ffff:10.0.0.1', undefined, 0, '10.0.0.1'],
  ['10.0.0.1', '6.6.6.6', 0, '10.0.0.1'], // Nobody before us: what the header says anyone may have written.
  ['10.0.0.1', '6.6.6.6, 1.2.3.4', 1, '1.2.3.4'],
  ['10.0.0.1', '6.6.6.6, 1.2.3.4, 10.0.0.2', 2, '1.2.3.4'],
  ['10.0.0.1', undefined, 1, '10.0.0.1'],
  ['2001:db8:1:2:3:4:5:6', undefined, 0, '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', undefined, 0, '2001:db8:1:2::/64'],
  ['2001:0DB8:1:0002::7', undefined, 0, '2001:db8:1:2::/64'],
  ['fe80::1%eth0', undefined, 0, 'fe80:0:0:0::/64'],
  ['::1', undefined, 0, '0:0:0:0::/64'],
])('%s, forwarded for %s, behind %i: %s', (remote, forwarded, proxies, expected) => {
  expect(addressOf(request(remote, forwarded), proxies)).toBe(expected);
});
