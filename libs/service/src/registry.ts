/**
 * The registry, kept in memory and kept current: by NOTIFY at once, by a look at the change number every 2 s otherwise.
 *
 * While the database is away the process goes on from memory. One that starts meanwhile takes the snapshot; one that
 * gets an answer from the database never does.
 */
import { Unavailable, type DatedRow } from '#contracts';
import { listen, type Database } from '#timeseries';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Health } from './health.js';
import type { Logger } from './log.js';
import { RegistryMemory, type Client, type KnownAsset, type KnownDevice } from './registry-memory.js';
import { readAll, readChange, readChanges, type ChangeNumber } from './registry-rows.js';
import { readSnapshot, writeSnapshot } from './registry-snapshot.js';

export interface Registry {
  device(id: string): KnownDevice | undefined;
  asset(id: string): KnownAsset | undefined;
  /** Who may log in under this name, and the hashes of the secrets in force. */
  client(id: string): Client | undefined;
  devicesBehind(gateway: string): ReadonlySet<string>;
  rows(kind: string): readonly DatedRow[];
  readonly counts: RegistryMemory['counts'];
  /** Looks for changes now, for whoever met a name that it does not know. Never rejects. */
  refresh(): Promise<void>;
  /** Called after each change has been taken in. */
  onChange(changed: () => void): void;
  close(): Promise<void>;
}

export interface RegistryOptions {
  readonly db: Database;
  readonly log: Logger;
  readonly health: Health;
  /** Absent: the process waits for the database at its start. */
  readonly snapshotFile?: string;
}

const pollMs = 2_000;
const retryMs = 1_000;
/** A database that says nothing for so long counts as away: its machine may be gone without a word. */
const answerDeadlineMs = 5_000;
const snapshotEveryMs = 10_000;

/** Returns once the registry is in memory: from the database, else from the snapshot, else as soon as the database is there. */
export async function watchRegistry(options: RegistryOptions): Promise<Registry> {
  const watch = new RegistryWatch(options);
  await watch.start();
  return watch;
}

class RegistryWatch implements Registry {
  private memory = new RegistryMemory();
  private at: ChangeNumber | null = null;
  private readonly listeners: (() => void)[] = [];
  private running: Promise<void> | null = null;
  private again = false;
  private away = false;
  private closing = false;
  private stopListening: (() => Promise<void>) | null = null;
  private poll: NodeJS.Timeout | undefined;
  private snapshotTimer: NodeJS.Timeout | undefined;
  private snapshotAtMs = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly options: RegistryOptions) {}

  device(id: string): KnownDevice | undefined {
    return this.memory.device(id);
  }
  asset(id: string): KnownAsset | undefined {
    return this.memory.asset(id);
  }
  client(id: string): Client | undefined {
    return this.memory.client(id);
  }
  devicesBehind(gateway: string): ReadonlySet<string> {
    return this.memory.devicesBehind(gateway);
  }
  rows(kind: string): readonly DatedRow[] {
    return this.memory.rows(kind);
  }
  get counts(): RegistryMemory['counts'] {
    return this.memory.counts;
  }
  onChange(changed: () => void): void {
    this.listeners.push(changed);
  }

  async start(): Promise<void> {
    await this.first();
    this.poll = setInterval(() => void this.refresh(), pollMs);
    // Not awaited: the database may be away, and polling is enough to be right.
    void listen(this.options.db, 'registry_changed', this.options.log, () => void this.refresh()).then((stop) => {
      if (this.closing) void stop();
      else this.stopListening = stop;
    });
  }

  async close(): Promise<void> {
    this.closing = true;
    clearInterval(this.poll);
    clearTimeout(this.snapshotTimer);
    await this.stopListening?.();
    await this.running;
    await this.writing;
  }

  /** Takes changes in; calls during a run make one more run after it. Never rejects. */
  refresh(): Promise<void> {
    if (this.closing) return Promise.resolve();
    if (this.running !== null) {
      this.again = true;
      return this.running;
    }
    this.running = this.takeChanges()
      .catch((error: unknown) => this.missed(error))
      .finally(() => {
        this.running = null;
        if (!this.again) return;
        this.again = false;
        void this.refresh();
      });
    return this.running;
  }

  private async first(): Promise<void> {
    const { log, health, snapshotFile } = this.options;
    for (let tries = 1; ; tries++) {
      try {
        await this.takeChanges();
        return;
      } catch (error) {
        if (!(error instanceof Unavailable) && !isNotMigrated(error)) throw error;
        if (error instanceof Unavailable && snapshotFile !== undefined && (await this.startFromSnapshot(snapshotFile))) return this.missed(error);
        health.report('registry', false, error instanceof Unavailable ? 'the database is away' : 'the registry is not there yet');
        if (tries === 1) log.warn({ error: String(error) }, 'waiting for the registry');
        await sleep(retryMs);
      }
    }
  }

  private async startFromSnapshot(file: string): Promise<boolean> {
    const snapshot = await readSnapshot(file);
    if (typeof snapshot === 'string') {
      this.options.log.warn({ file, because: snapshot }, 'no snapshot of the registry');
      return false;
    }
    this.memory = snapshot.memory;
    this.at = snapshot.at;
    this.options.log.warn({ file, ...this.memory.counts }, 'registry taken from its snapshot');
    return true;
  }

  private async takeChanges(): Promise<void> {
    const { db, log, health } = this.options;
    const now = await inTime(readChange(db));
    const before = this.at;
    const fresh = before === null || before.identity !== now.identity || before.n > now.n || now.reloadFrom > before.n;
    if (fresh || now.n > before.n) {
      const sinceMs = performance.now();
      if (fresh) {
        const { memory, at } = await readAll(db);
        this.memory = memory;
        this.at = at;
        log.info({ ...memory.counts, durationMs: Math.round(performance.now() - sinceMs) }, 'registry read');
      } else {
        const { at, rows } = await readChanges(db, this.memory, before.n);
        this.at = at;
        log.info({ rows, change: at.n, durationMs: Math.round(performance.now() - sinceMs) }, 'registry changes read');
      }
      this.snapshotSoon();
      for (const changed of this.listeners) changed();
    }
    if (this.away) log.info({}, 'registry is current again');
    this.away = false;
    health.report('registry', true);
  }

  private missed(error: unknown): void {
    // Ready all the same: what is known goes on being served.
    this.options.health.report('registry', true, 'goes on from memory: the database is away');
    if (!(error instanceof Unavailable)) this.options.log.error({ error }, 'registry could not be read');
    else if (!this.away) this.options.log.warn({ error: error.message }, 'registry goes on from memory');
    this.away = true;
  }

  /** At once when the last one is old, so that a revocation reaches the file too; never more often than the limit. */
  private snapshotSoon(): void {
    const file = this.options.snapshotFile;
    if (file === undefined || this.snapshotTimer !== undefined || this.closing) return;
    this.snapshotTimer = setTimeout(
      () => {
        this.snapshotTimer = undefined;
        this.snapshotAtMs = performance.now();
        this.writing = this.writing
          .then(() => (this.at === null ? undefined : writeSnapshot(file, this.memory, this.at)))
          .catch((error: unknown) => this.options.log.error({ file, error }, 'snapshot of the registry could not be written'));
      },
      this.snapshotAtMs === 0 ? 0 : Math.max(0, this.snapshotAtMs + snapshotEveryMs - performance.now()),
    );
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Unavailable('database', `no answer in ${answerDeadlineMs} ms`)), answerDeadlineMs)));
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined); // When it came too late, its error is of no interest.
  }
}

/** Undefined table or schema: api has not migrated yet. */
function isNotMigrated(error: unknown): boolean {
  return ['42P01', '3F000'].includes((error as { code?: string }).code ?? '');
}
