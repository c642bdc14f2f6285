/** Given a signed principal, when it is presented with another call, later, or changed, then it is refused. */
import { checkPrincipal, principalLifeMs, signPrincipal } from './principal.js';

const secret = 'a'.repeat(40);
const lan = { person: 'lan', roles: ['operator'], areas: ['vn-ward-00004'] };
const call = { method: 'GET', path: '/v1/traffic/latest?limit=50' };
const nowMs = Date.parse('2026-11-22T07:00:00Z');
const header = signPrincipal(secret, lan, call, nowMs);

test('for the same call within its life it is believed', () => {
  expect(checkPrincipal(secret, header, call, nowMs)).toEqual(lan);
  expect(checkPrincipal(secret, header, call, nowMs + principalLifeMs - 1)).toEqual(lan);
});

test.each<[string, string, string, typeof call, number]>([
  ['after 30 s', secret, header, call, nowMs + principalLifeMs],
  ['from a clock far ahead', secret, header, call, nowMs - principalLifeMs - 1],
  ['with another method', secret, header, { ...call, method: 'POST' }, nowMs],
  ['with another path', secret, header, { ...call, path: '/v1/traffic/deadletters' }, nowMs],
  ['with another query', secret, header, { ...call, path: '/v1/traffic/latest?limit=51' }, nowMs],
  ['under another secret', 'b'.repeat(40), header, call, nowMs],
  ['with another body', secret, `${Buffer.from(JSON.stringify({ ...lan, person: 'root', ...call, expiresAtMs: nowMs + 1 })).toString('base64url')}.${header.split('.')[1]}`, call, nowMs],
  ['without a signature', secret, header.split('.')[0]!, call, nowMs],
  ['empty', secret, '', call, nowMs],
  ['as noise', secret, '..%%..', call, nowMs],
])('%s it is refused', (_, withSecret, presented, at, whenMs) => {
  expect(typeof checkPrincipal(withSecret, presented, at, whenMs)).toBe('string');
});
