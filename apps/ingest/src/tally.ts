/**
 * What happened at the doors, counted, and for refusals said in the log, a bounded number of times a second.
 *
 * The counters are plain numbers, since the hot path touches them; Prometheus collects them when it asks.
 */
import { Counter, Gauge, Histogram, type Registry as Metrics } from 'prom-client';

export type Door = 'mqtt' | 'http';

interface Log {
  warn(facts: object, message: string): void;
}

const logLinesPerSecondMax = 10;

export class Tally {
  /** Messages that are durable in Kafka, by door. */
  readonly accepted: Record<Door, number> = { mqtt: 0, http: 0 };
  private readonly counts = new Map<string, Map<string, number>>();
  private secondMs = 0;
  private lines = 0;
  private suppressed = 0;

  constructor(private readonly log: Log) {}

  /** One more, or `by` more, of `reason` under `metric`. */
  count(metric: TallyMetric, reason: string, by = 1): void {
    let counts = this.counts.get(metric);
    if (counts === undefined) this.counts.set(metric, (counts = new Map()));
    counts.set(reason, (counts.get(reason) ?? 0) + by);
  }

  of(metric: TallyMetric): ReadonlyMap<string, number> {
    return this.counts.get(metric) ?? noCounts;
  }

  /** A message, or a connection, that is turned away: counted always, logged while the log is not flooded. */
  refused(metric: TallyMetric, reason: string, facts: object): void {
    this.count(metric, reason);
    const secondMs = Math.floor(Date.now() / 1000);
    if (secondMs !== this.secondMs) {
      if (this.suppressed > 0) this.log.warn({ lines: this.suppressed }, 'more refusals, not logged');
      this.secondMs = secondMs;
      this.lines = this.suppressed = 0;
    }
    if (this.lines++ < logLinesPerSecondMax) this.log.warn({ reason, ...facts }, logMessages[metric]);
    else this.suppressed++;
  }
}

const noCounts: ReadonlyMap<string, number> = new Map();
const logMessages = {
  mqttMessages: 'message refused',
  httpMessages: 'message refused',
  bridgeMessages: 'message of a bridge is for no device of its gateway',
  connects: 'connection refused',
  disconnects: 'connection ended',
  subscriptions: 'subscription refused',
  commands: 'command not delivered',
  events: 'connection events dropped',
  pauses: 'connection paused',
} as const;
export type TallyMetric = keyof typeof logMessages;

export interface Gauges {
  connections(): number;
  unauthenticated(): number;
  pausedConnections(): number;
  pendingBytes(): number;
  unfinishedBytes(): number;
}

export interface BatchMetrics {
  observe(facts: { messages: number; bytes: number; durationMs: number }): void;
}

/** What each send to Kafka held and took; made before the producer that reports to it. */
export function batchMetrics(metrics: Metrics): BatchMetrics {
  const registers = [metrics];
  const messagesPerBatch = new Histogram({ name: 'nhip_ingest_batch_messages', help: 'Messages in one send to Kafka', buckets: [1, 10, 100, 500, 1000, 2000, 5000, 10_000], registers });
  const seconds = new Histogram({ name: 'nhip_ingest_batch_seconds', help: 'Time until Kafka had the batch durable', buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10], registers });
  const bytes = new Counter({ name: 'nhip_ingest_batch_bytes_total', help: 'Bytes of frames sent to Kafka', registers });
  return {
    observe(facts) {
      messagesPerBatch.observe(facts.messages);
      seconds.observe(facts.durationMs / 1000);
      bytes.inc(facts.bytes);
    },
  };
}

export function registerMetrics(metrics: Metrics, tally: Tally, gauges: Gauges): void {
  const registers = [metrics];
  const counterOf = (name: string, help: string, metric: TallyMetric): void => {
    new Counter({
      name,
      help,
      labelNames: ['reason'],
      registers,
      collect() {
        this.reset();
        for (const [reason, count] of tally.of(metric)) this.inc({ reason }, count);
      },
    });
  };
  new Counter({
    name: 'nhip_ingest_messages_total',
    help: 'Messages by door and what became of them; accepted: durable in Kafka',
    labelNames: ['door', 'result', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const door of ['mqtt', 'http'] as const) {
        this.inc({ door, result: 'accepted', reason: '' }, tally.accepted[door]);
        for (const [reason, count] of tally.of(`${door}Messages`)) this.inc({ door, result: reason === 'repeated' ? 'repeated' : 'refused', reason }, count);
      }
    },
  });
  counterOf('nhip_ingest_connects_total', 'MQTT connections by how their CONNECT ended', 'connects');
  counterOf('nhip_ingest_disconnects_total', 'MQTT connections that ended, by reason', 'disconnects');
  counterOf('nhip_ingest_pauses_total', 'Times a connection was not read from for a while, by what was full', 'pauses');
  counterOf('nhip_ingest_subscriptions_total', 'Topic filters by what became of them', 'subscriptions');
  counterOf('nhip_ingest_commands_total', 'Messages down to clients by what became of them', 'commands');
  counterOf('nhip_ingest_connection_events_total', 'Connection events by what became of them', 'events');
  const gaugeOf = (name: string, help: string, read: () => number): void => {
    new Gauge({ name, help, registers, collect: function () { this.set(read()); } });
  };
  gaugeOf('nhip_ingest_connections', 'MQTT connections that are open', () => gauges.connections());
  gaugeOf('nhip_ingest_unauthenticated_connections', 'MQTT connections before their CONNECT is accepted', () => gauges.unauthenticated());
  gaugeOf('nhip_ingest_paused_connections', 'MQTT connections that are not read from, for back-pressure', () => gauges.pausedConnections());
  gaugeOf('nhip_ingest_pending_bytes', 'Bytes that wait for Kafka', () => gauges.pendingBytes());
  gaugeOf('nhip_ingest_unfinished_bytes', 'Bytes of packets that have begun and not ended', () => gauges.unfinishedBytes());
}
