/** Brings clients that were away longer than memory reaches up to the present, from Kafka; a few at a time, others wait. */
import { type connectKafka, type OffsetRecord, readFromOffset, topicEnds } from '#messaging';
import type { Logger } from '#service';
import type { StreamClient } from './stream-client.js';
import { changeFrame } from './stream-events.js';
import { sees, type StreamRing } from './stream-ring.js';

export interface CatchUpOptions {
  readonly kafka: ReturnType<typeof connectKafka>;
  readonly topic: string;
  readonly log: Logger;
  readonly ring: StreamRing;
  readonly complain: (offset: number, because: string) => void;
  readonly atOnceMax: number;
  readonly onFatal: (error: unknown) => void;
}

export interface CatchUp {
  /** The client follows the ring in the end, unless it leaves. Never rejects. */
  bring(client: StreamClient): Promise<void>;
  stop(): Promise<void>;
}

const retryMs = 1_000;

export function catchUp({ kafka, topic, log, ring, complain, atOnceMax, onFatal }: CatchUpOptions): CatchUp {
  const waiting: (() => void)[] = [];
  const running = new Set<Promise<void>>();
  let stopping = false;

  async function bring(client: StreamClient): Promise<void> {
    while (!client.ended && !stopping) {
      const ends = await topicEnds(kafka, topic).then(({ partitions }) => partitions.get(0) ?? null, () => null);
      if (ends === null) await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
      // Whoever stands beyond the end knows another topic than this one.
      else if (client.next > ends.high) client.reset(ring.next, 'made-anew');
      else if (client.next < ends.low) client.reset(ring.next, 'retention');
      else if (client.next < ring.first) await readUp(client);
      if (ends !== null && client.next >= ring.first) return client.follow(ring);
    }
  }

  /** Resolves when the client has reached what memory holds, has left, or lost its place. */
  async function readUp(client: StreamClient): Promise<void> {
    const startedMs = performance.now();
    const from = client.next;
    let done: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (done = resolve));
    const reader = readFromOffset({
      kafka, topic, reader: 'stream-past', log, fromOffset: from, onFatal,
      async onRecords(records) {
        await give(client, records);
        if (client.ended || stopping || client.next >= ring.first) done();
      },
      onGap: () => {
        client.reset(ring.next, 'retention');
        done();
      },
    });
    await Promise.race([finished, client.closed]);
    await reader.stop();
    log.info({ changes: client.next - from, durationMs: Math.round(performance.now() - startedMs) }, 'client of the stream caught up');
  }

  async function give(client: StreamClient, records: readonly OffsetRecord[]): Promise<void> {
    for (let at = 0; at < records.length && !client.ended; at += recordsAtOnceMax) {
      const due = records.slice(at, at + recordsAtOnceMax).filter(({ offset }) => offset >= client.next);
      if (due.length === 0) continue;
      const seen = due.map((record) => changeFrame(record, complain)).flatMap(({ bytes, path }) => (bytes !== null && sees(client.areas, path) ? [bytes] : []));
      await client.give(seen.length === 0 ? null : Buffer.concat(seen), due.at(-1)!.offset + 1);
    }
  }

  async function inTurn(client: StreamClient): Promise<void> {
    while (running.size >= atOnceMax) await new Promise<void>((resolve) => waiting.push(resolve));
    const work = bring(client).catch((error: unknown) => log.error({ error }, 'client of the stream could not catch up'));
    running.add(work);
    await work;
    running.delete(work);
    waiting.shift()?.();
  }

  return {
    bring: inTurn,
    async stop() {
      stopping = true;
      await Promise.all(running);
    },
  };
}

const recordsAtOnceMax = 200;
