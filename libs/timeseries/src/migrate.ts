/**
 * Brings a schema to the present: the plumbing tables, then the numbered SQL files of a folder, each once, in order.
 *
 * An advisory lock lets many processes start at once. A file that was changed after it ran is an error: write a new one.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { Database, Log } from './database.js';

export interface Migration {
  readonly name: string;
  readonly sql: string;
}

export interface MigrateOptions {
  readonly db: Database;
  /** Exists already (infra makes it, owned by the app's role) or is created. */
  readonly schema: string;
  readonly folder: URL;
  readonly log: Log;
  /** Run before the folder's own files, for example the plumbing tables of a consumer. */
  readonly first?: readonly Migration[];
}

/** The plumbing tables of a consumer, to be migrated before its own. */
export async function plumbing(): Promise<Migration> {
  return { name: '0000-plumbing.sql', sql: await readFile(new URL('./plumbing.sql', import.meta.url), 'utf8') };
}

export async function migrate({ db, schema, folder, log, first = [] }: MigrateOptions): Promise<void> {
  const files = (await readdir(folder)).filter((name) => /^\d{4}-.+\.sql$/.test(name)).sort();
  const own = await Promise.all(files.map(async (name) => ({ name, sql: await readFile(new URL(name, folder), 'utf8') })));
  const wanted = [...first, ...own];

  await db.transaction(async ({ query, client }) => {
    await query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`migrate:${schema}`]);
    const [known] = await query('select 1 from pg_namespace where nspname = $1', [schema]);
    if (known === undefined) await query(`create schema ${schema}`);
    await query(`set local search_path to ${schema}, public`);
    await query('create table if not exists migration (name text primary key, sha256 text not null, at timestamptz not null default now())');
    const done = new Map((await query('select name, sha256 from migration')).map((row) => [row['name'] as string, row['sha256'] as string]));

    for (const { name, sql } of wanted) {
      const sha256 = createHash('sha256').update(sql).digest('hex');
      const before = done.get(name);
      if (before === sha256) continue;
      if (before !== undefined) throw new Error(`migration ${schema}/${name} was changed after it ran: write a new file instead`);
      await client.query(sql);
      await query('insert into migration (name, sha256) values ($1, $2)', [name, sha256]);
      log.info({ schema, migration: name }, 'migration applied');
    }
  });
}
