import { type DownMessage, matches, Subscriptions } from './subscriptions.js';

const right = (filter: string) => ({ device: 'loop-1', levels: filter.split('/') });
const message = (topic: string, qos: 0 | 1 = 1): DownMessage => ({ device: 'loop-1', topic, qos, payload: Buffer.from('x') });

function subscribed(filters: readonly (readonly [string, 0 | 1])[], limits = { inFlightMax: 2, queuedMax: 2, filtersMax: 3 }, largest = Infinity) {
  const sent: string[] = [];
  const subscriptions = new Subscriptions(limits, (down, qos, id) => {
    if (down.payload.length > largest) return false;
    sent.push(`${down.topic} ${qos} ${id}`);
    return true;
  });
  for (const [filter, qos] of filters) subscriptions.add(filter, right(filter), qos);
  return { subscriptions, sent };
}

describe('filters', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/b/c', 'a/b', false],
    ['a/+/c', 'a/b/c', true],
    ['a/+', 'a', false],
    ['a/+', 'a/', true],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'b', false],
  ])('%s and the topic %s: %s', (filter, topic, expected) => {
    expect(matches(filter.split('/'), topic.split('/'))).toBe(expected);
  });
});

describe('messages down', () => {
  it('come once, at the highest QoS that filters and message allow', () => {
    const { subscriptions, sent } = subscribed([['c/t/loop-1/#', 0], ['c/t/loop-1/+', 1]]);
    expect(subscriptions.deliver(message('c/t/loop-1/go'))).toBe('sent');
    expect(subscriptions.deliver(message('c/t/loop-1/go', 0))).toBe('sent');
    expect(sent).toEqual(['c/t/loop-1/go 1 1', 'c/t/loop-1/go 0 0']);
  });

  it('wait while the window of the client is full, and are dropped when too many wait', () => {
    const { subscriptions, sent } = subscribed([['c/t/loop-1/#', 1]]);
    expect([1, 2, 3, 4, 5].map((n) => subscriptions.deliver(message(`c/t/loop-1/${n}`)))).toEqual(['sent', 'sent', 'queued', 'queued', 'queue-full']);
    expect(subscriptions.acknowledged(1)).toBe(true);
    expect(subscriptions.acknowledged(1)).toBe(false);
    expect(sent).toEqual(['c/t/loop-1/1 1 1', 'c/t/loop-1/2 1 2', 'c/t/loop-1/3 1 3']);
  });

  it('do not come where nothing is subscribed, nor larger than the client takes', () => {
    const { subscriptions } = subscribed([['c/t/loop-1/a', 1]], undefined, 0);
    expect(subscriptions.deliver(message('c/t/loop-1/b'))).toBe('no-subscription');
    expect(subscriptions.deliver(message('c/t/loop-1/a'))).toBe('too-large');
  });

  it('take packet ids that are free, round and round', () => {
    const { subscriptions, sent } = subscribed([['c/t/loop-1/#', 1]], { inFlightMax: 3, queuedMax: 0, filtersMax: 1 });
    subscriptions.deliver(message('c/t/loop-1/first')); // Id 1 stays taken.
    for (let i = 0; i < 65_535; i++) {
      subscriptions.deliver(message('c/t/loop-1/x'));
      subscriptions.acknowledged(Number(sent.at(-1)!.split(' ')[2]));
    }
    expect(sent.at(-1)).toBe('c/t/loop-1/x 1 2');
  });

  it('know no more filters than the limit, replace the same one, and give up what is no longer allowed', () => {
    const { subscriptions } = subscribed([['a/1', 1], ['a/2', 1], ['a/3', 1]]);
    expect(subscriptions.add('a/4', right('a/4'), 1)).toBe(false);
    expect(subscriptions.add('a/3', right('a/3'), 0)).toBe(true);
    expect(subscriptions.keepOnly((filter) => filter === 'a/1')).toEqual(['a/2', 'a/3']);
    expect(subscriptions.remove('a/2')).toBe(false);
    expect(subscriptions.remove('a/1')).toBe(true);
  });
});
