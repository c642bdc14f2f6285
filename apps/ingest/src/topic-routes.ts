/**
 * From the bytes of a topic to where its messages go, without making a text of them.
 *
 * A client publishes its topics in much the same order again and again, so each entry remembers which one came after it:
 * one comparison of bytes is nearly always enough. Bounded per connection; a change of the registry makes every entry
 * judge its right anew.
 */
import { isText } from './publish-packet.js';
import { isRefusal, type Refusal, refusals } from './rights.js';

/** What a topic leads to; `codec` empty: that of the device's record. */
export interface RouteFinder<R extends object> {
  /** Grows with each change of the registry. */
  readonly generation: number;
  find(topic: string, codec: string): R | Refusal;
}

export interface TopicEntry<R extends object> {
  readonly bytes: Buffer;
  readonly topic: string;
  target: R | Refusal;
  generation: number;
  /** The entry that was used after this one the last time. */
  next: TopicEntry<R> | null;
  /** Targets for content types on the message. */
  byCodec: Map<string, R | Refusal> | null;
}

export class TopicRoutes<R extends object> {
  private readonly entries = new Map<string, TopicEntry<R>>();
  private last: TopicEntry<R> | null = null;
  private aliases: (TopicEntry<R> | undefined)[] | null = null;

  constructor(
    private readonly finder: RouteFinder<R>,
    private readonly entriesMax: number,
  ) {}

  /** The entry of the topic whose name lies from `start` to `end` of `bytes`; a refusal when that is no text. */
  find(bytes: Buffer, start: number, end: number): TopicEntry<R> | Refusal {
    const last = this.last;
    if (last !== null) {
      const next = last.next;
      if (next !== null && same(next.bytes, bytes, start, end)) return (this.last = next);
    }
    if (!isText(bytes, start, end)) return refusals.malformedTopic;
    const topic = bytes.toString('utf8', start, end);
    const entry = this.entries.get(topic) ?? this.enter(topic);
    if (last !== null) last.next = entry;
    this.last = entry;
    // The first guess about a client is that it has one topic.
    entry.next ??= entry;
    return entry;
  }

  /** Where messages of this topic go now. */
  target(entry: TopicEntry<R>, codec: string): R | Refusal {
    if (entry.generation !== this.finder.generation) {
      entry.generation = this.finder.generation;
      entry.target = this.finder.find(entry.topic, '');
      entry.byCodec = null;
    }
    if (codec === '' || isRefusal(entry.target)) return entry.target;
    entry.byCodec ??= new Map();
    let target = entry.byCodec.get(codec);
    if (target === undefined) entry.byCodec.set(codec, (target = this.finder.find(entry.topic, codec)));
    return target;
  }

  /** `alias` is within the maximum that was announced. */
  setAlias(alias: number, entry: TopicEntry<R>): void {
    (this.aliases ??= [])[alias] = entry;
  }

  aliased(alias: number): TopicEntry<R> | undefined {
    return this.aliases?.[alias];
  }

  private enter(topic: string): TopicEntry<R> {
    if (this.entries.size >= this.entriesMax) this.entries.clear();
    const entry: TopicEntry<R> = {
      bytes: unpooled(topic),
      topic,
      target: this.finder.find(topic, ''),
      generation: this.finder.generation,
      next: null,
      byCodec: null,
    };
    this.entries.set(topic, entry);
    return entry;
  }
}

function same(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  let i = known.length;
  if (end - start !== i) return false;
  // From the end: the names of a client's topics tend to begin alike.
  while (--i >= 0) if (known[i] !== bytes[start + i]) return false;
  return true;
}

/** Not from Node's pool, of which a short text would hold on to 8 KB. */
function unpooled(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}
