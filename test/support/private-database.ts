/** A database of one's own on the shared server, with the registry in it; and a door before it that can be shut. */
import { randomBytes } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { migrate, openDatabase, type Database } from '#timeseries';
import { infra, instanceName } from './instance.js';

export const noLog = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export interface PrivateDatabase {
  /** As the role of api, which owns the registry. */
  readonly db: Database;
  /** As superuser, for what nobody may do. */
  readonly admin: Database;
  /** DATABASE_URL by app. */
  readonly urls: Record<string, string>;
  drop(): Promise<void>;
}

export async function privateDatabase(): Promise<PrivateDatabase> {
  const local = await infra();
  const name = `t${randomBytes(6).toString('hex')}`;
  await local.ensureDatabase(instanceName);
  const { adminUrl, urls } = await local.createDatabase(instanceName, name);
  const db = openDatabase({ url: urls['api']!, name: `test ${name}`, connectionsMax: 4, log: noLog });
  const admin = openDatabase({ url: adminUrl, name: `test ${name}`, connectionsMax: 1, log: noLog });
  await migrate({ db, schema: 'registry', folder: new URL('../../apps/api/src/migrations/', import.meta.url), log: noLog });
  return {
    db, admin, urls,
    async drop() {
      await Promise.all([db.close(), admin.close()]);
      await local.dropDatabase(instanceName, name);
    },
  };
}

export interface Door {
  /** The same database, through the door. */
  readonly url: string;
  /** Ends all connections and refuses new ones. */
  shut(): Promise<void>;
  open(): Promise<void>;
  close(): Promise<void>;
}

export async function doorBefore(url: string): Promise<Door> {
  const behind = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(behind.port), behind.hostname);
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  const listen = (port: number): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const shut = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const before = new URL(url);
  before.hostname = '127.0.0.1';
  before.port = String(port);
  return { url: before.href, shut, open: () => listen(port), close: () => (server.listening ? shut() : Promise.resolve()) };
}

/** A test has failed by then; a loop that went on would keep Jest from ending. */
const untilMs = 50_000;

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const givenUpAt = Date.now() + untilMs; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (Date.now() > givenUpAt) throw new Error(`waited ${untilMs} ms in vain`);
  }
}
