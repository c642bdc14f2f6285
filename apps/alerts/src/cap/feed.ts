/**
 * An Atom feed (RFC 4287) of the messages for the public, the newest first, each with a link to its file.
 *
 * Drills and tests never get in, whoever asks for it: a receiver may sound sirens for whatever a feed holds.
 */
import { instantMs, type CapInfo, type CapMessage } from '#contracts';
import { capTime } from './life.js';
import { escaped } from './write.js';

export const atomNamespace = 'http://www.w3.org/2005/Atom';
export const capContentType = 'application/cap+xml';

export interface Feed {
  /** Absolute; also the feed's name for all time. */
  readonly url: string;
  /** Absolute, ends with "/"; the files of messages are below it. */
  readonly filesUrl: string;
  readonly title: string;
  /** Who sends. */
  readonly author: string;
  readonly entriesMax: number;
}

/** `updatedMs`: when the feed last changed; the feed's `updated` is that or the time of its newest message. */
export function atomFeed(messages: readonly CapMessage[], feed: Feed, updatedMs: number): string {
  const entries = messages
    .filter(isForFeed)
    .sort((a, b) => instantMs(b.sent) - instantMs(a.sent) || (a.identifier < b.identifier ? 1 : -1))
    .slice(0, feed.entriesMax);
  const updated = capTime(Math.max(updatedMs, ...entries.map(({ sent }) => instantMs(sent))));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<feed xmlns="${atomNamespace}" xml:lang="vi">`,
    `  <id>${escaped(feed.url)}</id>`,
    `  <title>${escaped(feed.title)}</title>`,
    `  <updated>${updated}</updated>`,
    `  <author><name>${escaped(feed.author)}</name></author>`,
    `  <link rel="self" type="application/atom+xml" href="${escaped(feed.url)}"/>`,
    ...entries.map((message) => entry(message, feed)),
    '</feed>',
    '',
  ].join('\n');
}

/** Of the real world and for everybody. */
export function isForFeed({ status, scope }: Pick<CapMessage, 'status' | 'scope'>): boolean {
  return status === 'Actual' && scope === 'Public';
}

/** Safe on any disk and in any URL, and another one for each identifier. */
export function capFileName(identifier: string): string {
  return `${identifier.replace(/[^A-Za-z0-9.-]/g, (sign) => `_${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)}.xml`;
}

function entry(message: CapMessage, { filesUrl }: Feed): string {
  const { identifier, sent, msgType, info = [] } = message;
  const url = escaped(`${filesUrl}${capFileName(identifier)}`);
  const title = [...new Set(info.map(({ headline, event }) => headline ?? event))].join(' / ');
  const summary = info.flatMap(({ description, instruction }) => [description, instruction]).filter((text) => text !== undefined).join('\n\n');
  return [
    '  <entry>',
    `    <id>${url}</id>`,
    // Atom wants a title, and a Cancel of others may have no words.
    `    <title>${escaped(title === '' ? `${msgType} ${identifier}` : title)}</title>`,
    `    <updated>${sent}</updated>`,
    `    <link rel="alternate" type="${capContentType}" href="${url}"/>`,
    ...categories(info).map((term) => `    <category term="${term}"/>`),
    ...(summary === '' ? [] : [`    <summary>${escaped(summary)}</summary>`]),
    '  </entry>',
  ].join('\n');
}

function categories(info: readonly CapInfo[]): string[] {
  return [...new Set(info.flatMap(({ category }) => category))];
}
