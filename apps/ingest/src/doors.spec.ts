import { commandFrom } from './commands.js';
import { type ConnectionEvent, latestPerClient } from './connection-events.js';
import { credentialsFrom } from './http-door.js';
import { limitedAs } from './login.js';

const event = (client: string, state: 'connected' | 'disconnected'): ConnectionEvent => ({ client, state, at: '2026-11-22T07:00:00.000Z', reason: '', protocol: 'mqtt5', address: '127.0.0.1' });

describe('small decisions', () => {
  it('keeps the last event of each client, in order', () => {
    const events = [event('a', 'connected'), event('b', 'connected'), event('a', 'disconnected'), event('c', 'connected')];
    expect(latestPerClient(events).map(({ client, state }) => `${client} ${state}`)).toEqual(['b connected', 'a disconnected', 'c connected']);
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('counts %s as %s', (remoteAddress, expected) => {
    expect(limitedAs(remoteAddress)).toBe(expected);
  });

  it.each([
    [`Basic ${Buffer.from('loop-1:abc').toString('base64')}`, 'loop-1', 'abc'],
    ['Bearer loop-1:abc', 'loop-1', 'abc'],
    ['bearer cam:7:abc', 'cam:7', 'abc'],
  ])('reads %s', (header, name, password) => {
    expect(credentialsFrom(header)).toEqual({ name, password: Buffer.from(password) });
  });

  it.each(['', 'Basic', 'Bearer nocolon', 'Digest a:b', 'Basic %%%'])('finds no credentials in "%s"', (header) => {
    expect(credentialsFrom(header)).toBeNull();
  });

  it.each([
    ['{"device":"loop-1","topic":"a/b","domain":"traffic","qos":1,"payloadBase64":"eA=="}', 'object'],
    ['{"device":"loop-1","topic":"a/#","domain":"traffic","qos":1,"payloadBase64":"eA=="}', 'topic: expected no wildcard'],
    ['{"device":"loop-1","topic":"a","domain":"traffic","qos":2,"payloadBase64":"eA=="}', 'qos: '],
    ['not json', 'not JSON'],
  ])('takes the command %s as %s', (text, expected) => {
    const read = commandFrom(Buffer.from(text));
    expect(typeof read === 'string' ? read : 'object').toContain(expected);
  });
});
