/** The Atom feed of public messages, held against RFC 4287's own rules (the numbers are its sections). */
import { instantMs, Rejected, type CapMessage } from '#contracts';
import { atomFeed, atomNamespace, capFileName, type Feed } from '../apps/alerts/src/cap/feed.js';
import { treeOf, type XmlElement } from '../apps/alerts/src/cap/tree.js';
import { oddLife } from './support/cap-messages.js';
import { chanceFrom } from './support/readings-model.js';
import { wellFormed } from './support/xmllint.js';

const feed: Feed = { url: 'https://canhbao.example.vn/cap/feed?lang=vi&n=1', filesUrl: 'https://canhbao.example.vn/cap/', title: 'Cảnh báo <Hà Nội> & "vùng"', author: 'UBND TP Hà Nội', entriesMax: 1_000 };
const chance = chanceFrom(21);
const messages = Array.from({ length: 60 }, () => oddLife(chance)).flat();
const read = (text: string): XmlElement => {
  const tree = treeOf(text, new Set());
  if (tree instanceof Rejected) throw tree;
  return tree;
};
const named = (element: XmlElement, name: string): XmlElement[] => element.children.filter((child) => child.name === name);
const textOf = (element: XmlElement, name: string): string => named(element, name)[0]!.text;
const attribute = (element: XmlElement, name: string): string | undefined => element.attributes.find((one) => one.name === name)?.value;
const isPublic = ({ status, scope }: CapMessage): boolean => status === 'Actual' && scope === 'Public';

test('has once what a feed and an entry must have once, and nothing that is not Atom', () => {
  const root = read(atomFeed(messages, feed, 0));
  expect([root.name, root.namespace]).toEqual(['feed', atomNamespace]);
  const entries = named(root, 'entry');
  for (const [element, allowed] of [[root, /^(id|title|updated|author|link|entry)$/], ...entries.map((entry) => [entry, /^(id|title|updated|link|category|summary)$/] as const)] as const) {
    // 4.1.1, 4.1.2: exactly one id, title and updated.
    for (const name of ['id', 'title', 'updated']) expect([name, named(element, name).length]).toEqual([name, 1]);
    for (const child of element.children) expect([child.namespace, child.name]).toEqual([atomNamespace, expect.stringMatching(allowed)]);
    // 4.2.6: an absolute IRI. 3.3: a date with its offset.
    expect(new URL(textOf(element, 'id')).protocol).toBe('https:');
    expect(instantMs(textOf(element, 'updated'))).not.toBeNaN();
    expect(textOf(element, 'title')).not.toBe('');
  }
  // 4.1.1: an author of the feed stands for its entries; a link to itself. 4.1.2: without content, a link rel="alternate".
  expect(textOf(named(root, 'author')[0]!, 'name')).toBe(feed.author);
  expect(named(root, 'link').map((link) => [attribute(link, 'rel'), attribute(link, 'href')])).toEqual([['self', feed.url]]);
  for (const entry of entries) expect(named(entry, 'link').map((link) => [attribute(link, 'rel'), attribute(link, 'type'), attribute(link, 'href')])).toEqual([['alternate', 'application/cap+xml', textOf(entry, 'id')]]);
  expect(new Set(entries.map((entry) => textOf(entry, 'id'))).size).toBe(entries.length);
});

test('holds what is Actual and Public, and nothing else; the newest first, and no more than the limit', () => {
  const expected = messages.filter(isPublic);
  expect(expected.length).toBeGreaterThan(5);
  expect(expected.length).toBeLessThan(messages.length);
  const entries = named(read(atomFeed(messages, feed, 0)), 'entry');
  expect(entries.map((entry) => textOf(entry, 'id')).sort()).toEqual(expected.map(({ identifier }) => `${feed.filesUrl}${capFileName(identifier)}`).sort());
  const times = entries.map((entry) => instantMs(textOf(entry, 'updated')));
  expect(times).toEqual([...times].sort((a, b) => b - a));
  expect(named(read(atomFeed(messages, { ...feed, entriesMax: 3 }, 0)), 'entry').map((entry) => textOf(entry, 'id'))).toEqual(entries.slice(0, 3).map((entry) => textOf(entry, 'id')));
});

test('without messages it is a feed all the same', () => {
  const root = read(atomFeed([], feed, Date.UTC(2026, 0, 1)));
  expect([named(root, 'entry').length, textOf(root, 'updated'), textOf(root, 'title')]).toEqual([0, '2026-01-01T07:00:00+07:00', feed.title]);
});

test('another parser reads it too', async () => {
  expect(await wellFormed([atomFeed(messages, feed, 0), atomFeed([], feed, 0), '<feed>'])).toEqual([true, true, false]);
});

test('each identifier has a file of its own, whose name any disk takes', () => {
  const identifiers = ['a/b', 'a_b', 'a_002fb', 'a:b', 'a.b', 'ạ', '../x', 'A/B', 'a\u0000', 'a%2Fb'];
  const names = identifiers.map(capFileName);
  expect(new Set(names).size).toBe(identifiers.length);
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9._-]+\.xml$/);
});
