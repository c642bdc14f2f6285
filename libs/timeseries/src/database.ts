/**
 * PostgreSQL behind a few functions. Errors that are the world's fault become `Unavailable`; all others pass as they are.
 *
 * A connection on which anything failed unexpectedly is thrown away, never reused.
 */
import { Unavailable } from '#contracts';
import { isNativeError } from 'node:util/types';
import pg from 'pg';

export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly name: string;
  readonly connectionsMax: number;
  readonly log: Log;
}

export type Row = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
export type Queryable = Pick<Database, 'query'> | Transaction;

export interface Database {
  query<R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<R[]>;
  /** Runs `work` between BEGIN and COMMIT on one connection; rolls back when it throws. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** A connection of one's own, for LISTEN or a session's advisory lock. The caller ends it. */
  connection(): Promise<pg.Client>;
  close(): Promise<void>;
}

export interface Transaction {
  query<R extends Row = Row>(text: string, values?: readonly unknown[], preparedName?: string): Promise<R[]>;
  readonly client: pg.PoolClient;
}

// bigint columns hold offsets and counts, which stay far below 2^53: numbers, and an error beyond.
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} does not fit a number`);
  return value;
});

export function openDatabase({ url, name, connectionsMax, log }: DatabaseOptions): Database {
  const settings: pg.ClientConfig = { connectionString: url, application_name: name, connectionTimeoutMillis: 5_000, keepAlive: true };
  const pool = new pg.Pool({ ...settings, max: connectionsMax, idleTimeoutMillis: 60_000 });
  pool.on('error', (error) => log.warn({ error: error.message }, 'idle database connection lost'));

  return {
    async query(text, values) {
      try {
        return (await pool.query(text, values as unknown[])).rows;
      } catch (error) {
        throw named(error);
      }
    },

    async transaction(work) {
      let client: pg.PoolClient;
      try {
        client = await pool.connect();
      } catch (error) {
        throw named(error);
      }
      // Between two queries a lost connection is only an event; without a listener it would end the process.
      const lost = (error: Error): void => log.warn({ error: error.message }, 'database connection lost in a transaction');
      client.on('error', lost);
      let broken = true;
      try {
        await client.query('begin');
        const result = await work({
          client,
          async query(text, values, preparedName) {
            return (await client.query(preparedName === undefined ? { text, values: values as unknown[] } : { name: preparedName, text, values: values as unknown[] })).rows;
          },
        });
        // PostgreSQL answers COMMIT with ROLLBACK, and no error, where a statement failed and somebody caught that.
        const { command } = await client.query('commit');
        if (command !== 'COMMIT') throw new Error('transaction rolled back: one of its statements had failed unnoticed');
        broken = false;
        return result;
      } catch (error) {
        broken = !(await rollback(client));
        throw named(error);
      } finally {
        client.off('error', lost);
        client.release(broken);
      }
    },

    async connection() {
      const client = new pg.Client(settings);
      try {
        await client.connect();
        return client;
      } catch (error) {
        throw named(error);
      }
    },

    async close() {
      await pool.end();
    },
  };
}

async function rollback(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('rollback');
    return true;
  } catch {
    return false; // The caller's error is the one that matters; the connection is dropped.
  }
}

/** SQLSTATEs that say "not now": connection exceptions, resources, shutdown, serialisation, deadlock, lock timeout. */
const unavailableStates = /^(08|53|57P|40001|40P01|55P03|58|25006)/;
/** What Node and pg say when the server is not there; no SQLSTATE exists for these. */
const unavailableCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN', 'ENOENT']);
const unavailableMessages = /Connection terminated|connection timeout|timeout exceeded when trying to connect|not queryable|Client was closed/i;

export function isUnavailable(error: unknown): boolean {
  if (error instanceof Unavailable) return true;
  // Not instanceof: an error made by Node itself is none of the Error of a test's own context.
  if (!isNativeError(error)) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string') return unavailableStates.test(code) || unavailableCodes.has(code);
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.some(isUnavailable);
  return unavailableMessages.test(error.message);
}

function named(error: unknown): unknown {
  return !(error instanceof Unavailable) && isUnavailable(error) ? new Unavailable('database', error) : error;
}
