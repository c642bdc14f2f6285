/**
 * Measures how long a message takes from its first byte sent until its row can be read by anybody.
 *
 * The generator names some of the messages it sends; their rows are looked for every few ms, and a row counts as
 * visible when an answer that holds it has arrived. So each figure includes one question to the database and up to one
 * pause between two of them: it is an upper bound, a few ms too high, never too low.
 */
import pg from 'pg';
import type { GeneratorProcess } from '../support/generator-process.js';
import type { Sample } from '../support/generator-words.js';
import { Latencies } from '../support/latencies.js';
import { sleep } from '../support/city.js';

const pauseMs = 4;
/** With a second of backlog a few ms matter no more, but their price does. */
const lateMs = 1000;
const latePauseMs = 50;
const askedAtOnceMax = 50;

export interface RowLatency {
  /** Forgets what was measured so far. */
  clear(): void;
  /** Of the samples sent since `clear`, once all their rows are there. Sampling must have ended. */
  take(): Promise<{ p50: number; p99: number; max: number; count: number }>;
  stop(): Promise<void>;
}

export async function measureRowLatency(url: string, generator: GeneratorProcess, names: { readonly devices: readonly string[]; readonly channels: readonly string[] }): Promise<RowLatency> {
  const client = new pg.Client({ connectionString: url, application_name: 'row latency' });
  await client.connect();
  // Planning over a hypertable costs ten times the question itself, so it is done once; and since a table that is empty
  // at that moment would be read whole ever after, only the index may be used.
  await client.query('set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set enable_bitmapscan = off; set enable_material = off; set max_parallel_workers_per_gather = 0');
  const latencies = new Latencies();
  const channelIds = new Map<string, number>();
  let waiting: Sample[] = [];
  let stopping = false;
  generator.onSamples = (samples) => waiting.push(...samples);

  async function look(): Promise<void> {
    const asked = waiting.slice(0, askedAtOnceMax);
    const ids = await idsOf(client, channelIds, asked, names);
    const times = asked.map(({ observedAtMs }) => new Date(observedAtMs).toISOString());
    const { rows } = await client.query({
      name: 'visible',
      text: `select w.n::int as n from unnest($1::int[], $2::timestamptz[]) with ordinality as w (channel_id, at, n)
              where exists (select from traffic.reading r where r.channel_id = w.channel_id and r.observed_at = w.at and r.observed_at between $3 and $4)`,
      values: [ids, times, times.reduce((a, b) => (a < b ? a : b)), times.reduce((a, b) => (a > b ? a : b))],
    });
    const now = process.hrtime.bigint();
    const visible = new Set(rows.map(({ n }) => asked[n - 1]!));
    for (const { sentAtNs } of visible) latencies.add(Number(now - sentAtNs) / 1e6);
    waiting = waiting.filter((sample) => !visible.has(sample));
  }

  const looking = (async () => {
    while (!stopping) {
      const oldest = waiting[0];
      if (oldest !== undefined) await look();
      await sleep(oldest !== undefined && Number(process.hrtime.bigint() - oldest.sentAtNs) / 1e6 > lateMs ? latePauseMs : pauseMs);
    }
  })();

  return {
    clear() {
      latencies.clear();
      waiting = [];
    },
    async take() {
      for (const until = Date.now() + 30_000; waiting.length > 0 && Date.now() < until; ) await sleep(pauseMs);
      const summary = latencies.summary();
      return summary;
    },
    async stop() {
      stopping = true;
      generator.onSamples = () => undefined;
      await looking;
      await client.end();
    },
  };
}

/** A device's first message makes its channel, so a channel may not be known yet: −1. */
async function idsOf(client: pg.Client, known: Map<string, number>, samples: readonly Sample[], names: { readonly devices: readonly string[]; readonly channels: readonly string[] }): Promise<number[]> {
  const key = ({ device, channel }: Sample): string => `${names.devices[device]}/${names.channels[channel]}`;
  if (samples.some((sample) => !known.has(key(sample)))) {
    for (const { id, device, channel } of (await client.query('select id, device, channel from traffic.channel')).rows) known.set(`${device}/${channel}`, id);
  }
  return samples.map((sample) => known.get(key(sample)) ?? -1);
}
