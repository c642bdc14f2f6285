import { isRefusal, type Refusal, refusals } from './rights.js';
import { type RouteFinder, type TopicEntry, TopicRoutes } from './topic-routes.js';

interface Target {
  readonly to: string;
}

function finder(): RouteFinder<Target> & { generation: number; asked: string[] } {
  const asked: string[] = [];
  return {
    generation: 0,
    asked,
    find(topic, codec): Target | Refusal {
      asked.push(`${topic} ${codec}`);
      return topic.startsWith('no') ? refusals.otherDevice : { to: `${topic} ${codec}` };
    },
  };
}

/** As in the door: the topic stands somewhere in a buffer that is used again. */
function find(routes: TopicRoutes<Target>, topic: string | Buffer): TopicEntry<Target> {
  const bytes = Buffer.concat([Buffer.from('xx'), Buffer.from(topic as string), Buffer.from('yy')]);
  const entry = routes.find(bytes, 2, bytes.length - 2);
  bytes.fill(0);
  if (isRefusal(entry)) throw new Error(entry.refused);
  return entry;
}

describe('topics of a connection', () => {
  it('asks once per topic, in whatever order they come', () => {
    const source = finder();
    const routes = new TopicRoutes(source, 100);
    for (const topic of ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'a', 'c', 'b', 'b', 'a', 'đ']) expect(routes.target(find(routes, topic), '')).toEqual({ to: `${topic} ` });
    expect(source.asked).toEqual(['a ', 'b ', 'c ', 'đ ']);
  });

  it('keeps topics apart that differ in one byte or in length', () => {
    const routes = new TopicRoutes(finder(), 100);
    const topics = ['city/a/1/x', 'city/a/2/x', 'city/a/12/x', 'city/a/1/xx', 'bity/a/1/x'];
    for (const topic of [...topics, ...topics, ...topics.toReversed()]) expect(find(routes, topic).topic).toBe(topic);
  });

  it('looks up anew after a change of the registry, by name and by alias', () => {
    const source = finder();
    const routes = new TopicRoutes(source, 100);
    const entry = find(routes, 'a');
    routes.setAlias(3, entry);
    source.generation++;
    expect(routes.target(routes.aliased(3)!, '')).toEqual({ to: 'a ' });
    expect(source.asked).toEqual(['a ', 'a ']);
    routes.target(find(routes, 'a'), '');
    expect(source.asked).toHaveLength(2);
  });

  it('has a target of its own for each codec, and none for a topic that is refused', () => {
    const source = finder();
    const routes = new TopicRoutes(source, 100);
    expect(routes.target(find(routes, 'a'), 'senml-json')).toEqual({ to: 'a senml-json' });
    expect(routes.target(find(routes, 'a'), '')).toEqual({ to: 'a ' });
    expect(routes.target(find(routes, 'no'), 'json')).toBe(refusals.otherDevice);
  });

  it('stays within its bound and right beyond it', () => {
    const source = finder();
    const routes = new TopicRoutes(source, 10);
    for (let round = 0; round < 3; round++) for (let i = 0; i < 25; i++) expect(find(routes, `topic-${i}`).topic).toBe(`topic-${i}`);
  });

  it('refuses what is no UTF-8, or holds a NUL', () => {
    const routes = new TopicRoutes(finder(), 10);
    expect(() => find(routes, Buffer.from([0x61, 0xc3, 0x28]))).toThrow('malformed-topic');
    expect(() => find(routes, 'a\0b')).toThrow('malformed-topic');
  });
});
