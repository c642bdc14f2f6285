/**
 * The live stream: one reader of the changes' topic for all clients of this process, each of whom has a place in what
 * was read. A client that was away longer than memory reaches gets what it lacks from Kafka, then follows the others.
 */
import { alarmChangesTopic } from '#contracts';
import { type connectKafka, type OffsetReader, readFromOffset, topicEnds } from '#messaging';
import { problem, type Principal, type Service } from '#service';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Counter, Gauge } from 'prom-client';
import { type ClientLimits, StreamClient } from './stream-client.js';
import { changeFrame } from './stream-events.js';
import { type RingBounds, StreamRing } from './stream-ring.js';
import { catchUp } from './stream-catch-up.js';

export interface StreamLimits extends RingBounds, ClientLimits {
  readonly clientsMax: number;
  /** Readers of the past at once; more clients wait for their turn. */
  readonly catchUpsMax: number;
  readonly beatMs: number;
  /** How often it is asked whether the person is still signed in. */
  readonly checkMs: number;
}

export interface StreamOptions {
  readonly service: Service;
  readonly kafka: ReturnType<typeof connectKafka>;
  readonly topicRoot: string;
  readonly limits: StreamLimits;
  /** Whether who was let in with this request would be so still. */
  readonly stillIn: (request: IncomingMessage) => Promise<boolean>;
}

export interface Stream {
  /** Opens a stream for this caller; `lastEventId` null: from now on. Throws a problem when there is no room, or nothing to read yet. */
  open(request: IncomingMessage, response: ServerResponse, caller: Principal, lastEventId: number | null): void;
  /** Ends every stream; to be called before the server is closed, which waits for them. */
  close(): Promise<void>;
}

interface Opened {
  readonly client: StreamClient;
  readonly request: IncomingMessage;
  checkedAtMs: number;
  checking: boolean;
}

const retryMs = 1_000;
const recordsAtOnceMax = 100;

export function startStream({ service, kafka, topicRoot, limits, stillIn }: StreamOptions): Stream {
  const { log, health } = service;
  const topic = alarmChangesTopic(topicRoot);
  const ring = new StreamRing(limits);
  const opened = new Set<Opened>();
  const metrics = streamMetrics(service);
  let reader: OffsetReader | null = null;
  let readUpTo: number | null = null; // Where the topic ended at the start: before that is read, nobody can be live.
  let closing = false;
  // A part of what memory holds: who is up to date must not fall out of it by one fetch.
  const recordsAtOnce = Math.max(1, Math.min(recordsAtOnceMax, Math.floor(limits.framesMax / 4)));

  const complain = (offset: number, because: string): void => log.error({ topic, offset, because }, 'what stands among the changes is none');
  const catching = catchUp({ kafka, topic, log, ring, complain, atOnceMax: limits.catchUpsMax, onFatal: (error) => service.crash(error, 'reader of the past stopped') });

  async function read(): Promise<void> {
    health.report('stream', true, 'the changes of alarms cannot be read yet');
    for (;;) {
      const ends = await topicEnds(kafka, topic).then(({ partitions }) => partitions.get(0) ?? null, () => null);
      if (closing) return;
      if (ends === null) {
        await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
        continue;
      }
      ring.restart(Math.max(ends.low, ends.high - limits.framesMax));
      readUpTo = ends.high;
      reader = readFromOffset({
        kafka, topic, reader: 'stream', log, fromOffset: ring.next,
        async onRecords(records) {
          for (let at = 0; at < records.length && !closing; at += recordsAtOnce) {
            // A burst may be larger than memory reaches: connections get a turn to take their part before it moves on.
            if (at > 0) await new Promise((resolve) => setImmediate(resolve));
            const some = records.slice(at, at + recordsAtOnce);
            for (const record of some) {
              while (ring.next < record.offset) ring.push({ offset: ring.next, bytes: null, path: [] }); // Taken by Kafka itself.
              ring.push(changeFrame(record, complain));
            }
            metrics.read.inc(some.length);
            for (const { client } of opened) client.pump(ring);
          }
        },
        onGap(due, given) {
          log.error({ topic, dueOffset: due, givenOffset: given }, 'changes of alarms are gone before they were read: every client loads anew');
          ring.restart(given);
          readUpTo = given;
          for (const { client } of opened) client.reset(given, given < due ? 'made-anew' : 'retention');
        },
        onFatal: (error) => service.crash(error, 'reader of changes stopped'),
      });
      health.report('stream', true);
      return;
    }
  }

  function beat(): void {
    const nowMs = Date.now();
    for (const one of opened) {
      one.client.beat(nowMs);
      if (one.checking || nowMs - one.checkedAtMs < limits.checkMs) continue;
      one.checking = true;
      void check(one);
    }
  }

  async function check(one: Opened): Promise<void> {
    try {
      if (!(await stillIn(one.request))) one.client.end('signed-out');
    } catch (error) {
      // While nobody can be asked, whoever was let in stays.
      log.warn({ error: String(error) }, 'caller of a stream could not be checked');
    }
    one.checkedAtMs = Date.now();
    one.checking = false;
  }

  const reading = read();
  const beating = setInterval(beat, limits.beatMs);

  return {
    open(request, response, { areas }, lastEventId) {
      const comeAgain = Math.ceil(limits.retryMs / 1_000);
      if (closing || readUpTo === null || ring.next < readUpTo) throw problem(503, 'stream-not-ready', { detail: 'the changes of alarms cannot be read yet; try again', retryAfterS: comeAgain });
      if (opened.size >= limits.clientsMax) throw problem(503, 'stream-full', { detail: `${limits.clientsMax} clients are listening already, which is as many as are let in`, retryAfterS: 10 });
      const client = new StreamClient(response, areas, lastEventId === null ? ring.next : lastEventId + 1, limits, (reason) => {
        opened.delete(one);
        metrics.ended.inc({ reason });
        metrics.clients.set(opened.size);
      });
      const one: Opened = { client, request, checkedAtMs: Date.now(), checking: false };
      opened.add(one);
      metrics.clients.set(opened.size);
      if (client.next >= ring.first && client.next <= ring.next) client.follow(ring);
      else void catching.bring(client);
    },
    async close() {
      closing = true;
      clearInterval(beating);
      for (const { client } of opened) client.end('stopping');
      await reading;
      await Promise.all([reader?.stop(), catching.stop()]);
    },
  };
}

function streamMetrics({ metrics }: Service): { clients: Gauge; read: Counter; ended: Counter } {
  return {
    clients: new Gauge({ name: 'nhip_stream_clients', help: 'Open live streams', registers: [metrics] }),
    read: new Counter({ name: 'nhip_stream_changes_total', help: 'Changes of alarms read for streams', registers: [metrics] }),
    ended: new Counter({ name: 'nhip_stream_ended_total', help: 'Live streams ended, by reason', labelNames: ['reason'], registers: [metrics] }),
  };
}
