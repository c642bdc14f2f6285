/**
 * LISTEN that comes back: a lost connection is made again, and `onNotify` is called once after each new start,
 * since notices sent meanwhile are gone.
 */
import type pg from 'pg';
import type { Database, Log } from './database.js';

const retryMs = 1_000;

/** Calls `onNotify` for each NOTIFY on `channel`, and once after every (re)connection. Returns how to stop. */
export async function listen(db: Database, channel: string, log: Log, onNotify: (payload: string) => void): Promise<() => Promise<void>> {
  let client: pg.Client | null = null;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function start(): Promise<void> {
    if (stopped) return;
    let fresh: pg.Client | null = null;
    try {
      fresh = await db.connection();
      fresh.on('notification', (notice) => onNotify(notice.payload ?? ''));
      fresh.on('error', (error) => log.warn({ channel, error: error.message }, 'listening connection lost'));
      fresh.on('end', again);
      await fresh.query(`listen ${channel}`);
      if (stopped) return void (await fresh.end());
      client = fresh;
      onNotify('');
    } catch (error) {
      log.debug({ channel, error: String(error) }, 'listening not possible yet');
      if (fresh === null) again();
      else fresh.end().catch(() => undefined); // 'end' starts the next try.
    }
  }

  function again(): void {
    client = null;
    if (stopped || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      void start();
    }, retryMs);
  }

  await start();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await client?.end().catch(() => undefined);
  };
}
