/**
 * Announcements: written in the transaction of their cause, relayed to Kafka afterwards by any one live process.
 *
 * A kill between Kafka's acknowledgement and the mark sends a message again; its `seq` tells the receiver. Order comes
 * from `seq` as well, never from the row's number, since transactions commit in another order than they number rows.
 */
import { Unavailable } from '#contracts';
import type pg from 'pg';
import type { Database, Log, Transaction } from './database.js';

export interface Announcement {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly payload: string;
}

export interface RelayOptions {
  readonly db: Database;
  readonly schema: string;
  readonly log: Log;
  /** Resolves when the messages are durable. */
  readonly send: (topic: string, messages: { key: string; value: string; partition: number }[]) => Promise<void>;
  readonly onTrouble?: (failing: boolean) => void;
}

export interface Relay {
  /** Something was committed to the outbox: relay it now. */
  nudge(): void;
  stop(): Promise<void>;
}

const rowsMax = 1_000;
/** How soon another process's commit is noticed when its own relay does not hold the lock. */
const pollMs = 200;
const retryMs = 1_000;

export async function announce({ query }: Transaction, schema: string, announcements: readonly Announcement[]): Promise<void> {
  await query(`insert into ${schema}.outbox (topic, partition, key, payload) select * from unnest($1::text[], $2::int[], $3::text[], $4::text[])`, [
    announcements.map(({ topic }) => topic),
    announcements.map(({ partition }) => partition),
    announcements.map(({ key }) => key),
    announcements.map(({ payload }) => payload),
  ]);
}

export function startRelay({ db, schema, log, send, onTrouble }: RelayOptions): Relay {
  let stopped = false;
  let wake: () => void = () => undefined;
  let nudged = false;
  let holder: pg.Client | null = null;

  /** The lock is the session's: it ends with the process that holds it. */
  async function holdsLock(): Promise<boolean> {
    if (holder !== null) return true;
    const client = await db.connection();
    client.on('error', () => undefined); // 'end' follows and is what counts.
    client.on('end', () => {
      holder = null;
    });
    const { rows } = await client.query('select pg_try_advisory_lock(hashtextextended($1, 0)) as held', [`outbox:${schema}`]);
    if (rows[0].held === true) holder = client;
    else await client.end();
    return holder !== null;
  }

  async function relayOnce(): Promise<number> {
    if (!(await holdsLock())) return 0;
    const rows = await db.query(`select id, topic, partition, key, payload from ${schema}.outbox where sent_at is null order by id limit ${rowsMax}`);
    for (const topic of new Set(rows.map((row) => row['topic'] as string))) {
      const ofTopic = rows.filter((row) => row['topic'] === topic);
      await send(
        topic,
        ofTopic.map((row) => ({ key: row['key'], value: row['payload'], partition: row['partition'] })),
      );
      await db.query(`update ${schema}.outbox set sent_at = now() where id = any($1::bigint[])`, [ofTopic.map((row) => row['id'])]);
    }
    return rows.length;
  }

  async function run(): Promise<void> {
    while (!stopped) {
      let waitMs = holder === null ? retryMs : pollMs;
      try {
        nudged = false;
        if ((await relayOnce()) > 0) waitMs = 0;
        onTrouble?.(false);
      } catch (error) {
        onTrouble?.(true);
        if (!(error instanceof Unavailable)) log.error({ error: String(error) }, 'relay of announcements failed');
        waitMs = retryMs;
        nudged = false;
      }
      if (waitMs > 0 && !nudged && !stopped) await pause(waitMs);
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  const running = run();
  return {
    nudge() {
      nudged = true;
      wake();
    },
    async stop() {
      stopped = true;
      wake();
      await running;
      await holder?.end().catch(() => undefined);
    },
  };
}
