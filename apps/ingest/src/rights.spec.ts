import { type Client, type Devices, isRefusal, rightToPublish, rightToSubscribe } from './rights.js';

const devices: Devices = {
  device: (id) =>
    ({
      'loop-1': { id: 'loop-1', domain: 'traffic', gateway: null },
      'loop-2': { id: 'loop-2', domain: 'traffic', gateway: 'gw-1' },
      'noise-1': { id: 'noise-1', domain: 'pollution', gateway: 'gw-1' },
    })[id],
};
const loop: Client = { id: 'loop-1', kind: 'device' };
const gateway: Client = { id: 'gw-1', kind: 'gateway' };

const outcome = (right: object): string => (isRefusal(right) ? `${right.refused} ${right.code.toString(16)}` : 'granted');

describe('the right to publish', () => {
  it.each([
    ['a device below its own name', loop, 'city/traffic/loop-1/readings', 'granted'],
    ['a device below the name of another', loop, 'city/traffic/loop-2/readings', 'other-device 87'],
    ['a device that nobody knows', loop, 'city/traffic/loop-9/readings', 'other-device 87'],
    ['a device in another domain', loop, 'city/pollution/loop-1/readings', 'wrong-domain 87'],
    ['a domain that is not listed', loop, 'city/weather/loop-1/readings', 'unknown-stream 90'],
    ['a stream that is not listed', loop, 'city/traffic/loop-1/secrets', 'unknown-stream 90'],
    ['a stream named like a method of every object', loop, 'city/constructor/loop-1/name', 'unknown-stream 90'],
    ['a level too many', loop, 'city/traffic/loop-1/readings/x', 'topic-name 90'],
    ['another root', loop, 'town/traffic/loop-1/readings', 'topic-name 90'],
    ['a wildcard', loop, 'city/traffic/+/readings', 'topic-name 90'],
    ['a topic of the broker', loop, '$SYS/x', 'topic-name 90'],
    ['a gateway for a device behind it', gateway, 'city/traffic/loop-2/readings', 'granted'],
    ['a gateway for a device of its own right', gateway, 'city/traffic/loop-1/readings', 'other-device 87'],
    ['a gateway under its own name', gateway, 'city/traffic/gw-1/readings', 'other-device 87'],
    ['a gateway for its device in another domain', gateway, 'city/traffic/noise-1/readings', 'wrong-domain 87'],
  ])('%s', (_, client, topic, expected) => {
    expect(outcome(rightToPublish(topic, client, devices))).toBe(expected);
  });

  it('names the gateway as publisher, and nobody where a device speaks for itself', () => {
    expect(rightToPublish('city/traffic/loop-2/readings', gateway, devices)).toMatchObject({ device: 'loop-2', publisher: 'gw-1' });
    expect(rightToPublish('city/traffic/loop-1/readings', loop, devices)).toMatchObject({ device: 'loop-1', publisher: '' });
  });
});

describe('the right to subscribe', () => {
  it.each([
    ['all below its own name', loop, 'city/traffic/loop-1/#', 'granted'],
    ['one topic below its own name', loop, 'city/traffic/loop-1/commands', 'granted'],
    ['wildcards below its own name', loop, 'city/traffic/loop-1/+/now', 'granted'],
    ['its own name without anything below', loop, 'city/traffic/loop-1', 'other-device 87'],
    ['everything', loop, '#', 'other-device 87'],
    ['a wildcard in place of the device', loop, 'city/traffic/+/commands', 'other-device 87'],
    ['a wildcard in place of the domain', loop, 'city/+/loop-1/commands', 'wrong-domain 87'],
    ['the name of another', loop, 'city/traffic/loop-2/#', 'other-device 87'],
    ['a gateway below its device', gateway, 'city/traffic/loop-2/#', 'granted'],
    ['a gateway below another device', gateway, 'city/traffic/loop-1/#', 'other-device 87'],
    ['a shared subscription', loop, '$share/group/city/traffic/loop-1/#', 'shared-subscription 9e'],
    ['a wildcard that shares its level', loop, 'city/traffic/loop-1/a#', 'topic-filter 8f'],
    ['# before the end', loop, 'city/traffic/loop-1/#/x', 'topic-filter 8f'],
    ['nothing', loop, '', 'topic-filter 8f'],
  ])('%s', (_, client, filter, expected) => {
    expect(outcome(rightToSubscribe(filter, client, devices))).toBe(expected);
  });
});
