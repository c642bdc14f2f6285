/** Whether a request came from a page of ours, as far as the browser says. */
import type { IncomingMessage } from 'node:http';
import { csrfOf, isCsrfOf, isFromOurPage, sessionSecretIn } from './cookie.js';

const request = (headers: Record<string, string>) => ({ headers }) as unknown as IncomingMessage;

test.each<[string, Record<string, string>, string | null, boolean]>([
  ['the same host', { origin: 'http://nhip.vn:18000', host: 'nhip.vn:18000' }, null, true],
  ['another port', { origin: 'http://nhip.vn:18001', host: 'nhip.vn:18000' }, null, false],
  ['another host', { origin: 'http://evil.vn', host: 'nhip.vn' }, null, false],
  ['a page without an origin', { origin: 'null', host: 'nhip.vn' }, null, false],
  ['our name behind a proxy', { origin: 'https://nhip.vn', host: '10.0.0.1:18000' }, 'https://nhip.vn', true],
  ['our name without https', { origin: 'http://nhip.vn', host: '10.0.0.1:18000' }, 'https://nhip.vn', false],
  ['no browser', { host: 'nhip.vn' }, null, true],
  ['a browser that says another site', { host: 'nhip.vn', 'sec-fetch-site': 'cross-site' }, null, false],
  ['a browser that says a neighbour', { host: 'nhip.vn', 'sec-fetch-site': 'same-site' }, null, false],
  ['a browser that says the same origin', { host: 'nhip.vn', 'sec-fetch-site': 'same-origin' }, null, true],
])('%s', (_, headers, publicUrl, expected) => {
  expect(isFromOurPage(request(headers), publicUrl === null ? null : new URL(publicUrl))).toBe(expected);
});

test('a proof serves its own session alone', () => {
  expect(isCsrfOf('secret of one', csrfOf('secret of one'))).toBe(true);
  for (const given of [csrfOf('secret of another'), '', 'x', `${csrfOf('secret of one')}x`]) expect(isCsrfOf('secret of one', given)).toBe(false);
});

test.each<[string, string | null]>([
  ['nhip=abc', 'abc'],
  ['a=b; nhip=abc; c=d', 'abc'],
  ['xnhip=abc', null],
  ['__Host-nhip=abc', null],
  ['', null],
])('the cookies "%s" hold %s', (cookie, expected) => {
  expect(sessionSecretIn(request({ cookie }), false)).toBe(expected);
});
