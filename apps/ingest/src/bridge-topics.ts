/**
 * How the topics of another's broker are read: `city/{domain}/{device}/{stream}`, `v3/+/devices/{device}/up`.
 *
 * A placeholder stands for a whole level; `+` and `#` are as in a filter. What a template leaves out is said beside it.
 */
const names = ['domain', 'device', 'stream'] as const;
export type TopicPart = (typeof names)[number];

export interface TopicTemplate {
  /** By level: a text that must be there, or what is read from it; null: anything. */
  readonly levels: readonly (string | { readonly part: TopicPart } | null)[];
  /** It ends with `#`: more levels may follow. */
  readonly more: boolean;
  readonly parts: ReadonlySet<TopicPart>;
}

/** A template, or what is wrong with it: a sentence that begins with "expected". */
export function parseTemplate(text: string): TopicTemplate | string {
  const words = text.split('/');
  const more = words.at(-1) === '#';
  if (more) words.pop();
  const levels: (string | { readonly part: TopicPart } | null)[] = [];
  const parts = new Set<TopicPart>();
  for (const word of words) {
    const part = names.find((name) => word === `{${name}}`);
    if (part !== undefined) {
      if (parts.has(part)) return `expected {${part}} once`;
      parts.add(part);
      levels.push({ part });
    } else if (word === '+') levels.push(null);
    else if (/[{}+#\0]/.test(word)) return `expected whole levels: a text, +, {domain}, {device} or {stream}, and # at the end alone, found ${JSON.stringify(word)}`;
    else levels.push(word);
  }
  return levels.length === 0 || text === '' ? 'expected a topic' : { levels, more, parts };
}

/** The filter that subscribes to all that the template reads. */
export function filterOf({ levels, more }: TopicTemplate): string {
  return [...levels.map((level) => (typeof level === 'string' ? level : '+')), ...(more ? ['#'] : [])].join('/');
}

/** What the topic says by this template; null: it is not one of its topics. */
export function readTopic(topic: string, { levels, more }: TopicTemplate): Partial<Record<TopicPart, string>> | null {
  const words = topic.split('/');
  if (words.length < levels.length || (words.length > levels.length && !more)) return null;
  const read: Partial<Record<TopicPart, string>> = {};
  for (const [index, level] of levels.entries()) {
    const word = words[index]!;
    if (level === null) continue;
    if (typeof level === 'string') {
      if (word !== level) return null;
    } else read[level.part] = word;
  }
  return read;
}

/** Whether text may be subscribed to; `$share/<group>/` may stand before it. */
export function isFilter(text: string): boolean {
  const shared = /^\$share\/[^/+#]+\/(.+)$/s.exec(text);
  const levels = (shared?.[1] ?? text).split('/');
  if (text === '' || text.startsWith('$share/') !== (shared !== null)) return false;
  return levels.every((level, index) => level === '+' || (level === '#' ? index === levels.length - 1 : !/[+#\0]/.test(level)));
}
