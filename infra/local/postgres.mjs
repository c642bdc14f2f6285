// @ts-check
/**
 * Starts, finds again, stops and kills the PostgreSQL server (with TimescaleDB) of an instance, inside the private root.
 * It outlives the script that started it. After a kill -9 the next start recovers; nothing need be cleaned by hand.
 */
import { spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { output, run, tail } from './command.mjs';
import { pathIn, secret, serverPorts } from './instance.mjs';
import { withLock } from './lock.mjs';
import { needDisk, needPort, Problem } from './needs.mjs';
import { childrenOf, end, forget, recall, remember } from './process-record.mjs';
import { environment, homeOf, inRoot, ownerIn } from './private-root.mjs';
import { postgres, postgresSettings, superuser } from './settings.mjs';
import { needsOfTimescale, timescaleSoftware } from './software.mjs';

/** @typedef {import('./settings.mjs').InstanceName} InstanceName */
/** @typedef {import('./private-root.mjs').Home} Home */

const startDeadlineMs = 120_000; // Recovery after a kill -9 replays up to max_wal_size.
const stopDeadlineMs = 30_000;
const logFilesMax = 5;
const bin = `/usr/lib/postgresql/${postgres.version}/bin`;

/**
 * Brings the server up, or finds it running.
 * @param {InstanceName} name
 * @returns {Promise<{ adminUrl: string, pid: number, started: boolean }>} `started`: by this call
 */
export function ensureDatabase(name) {
  return withLock(lockFile(name), async () => {
    await checkDatabase(name);
    const root = await timescaleSoftware();
    const live = recall(recordFile(name));
    const { pid, port } = live?.port === undefined ? await start(name, root) : { pid: live.pid, port: live.port };
    await untilReady(name, root, pid, port);
    pruneLogs(name);
    return { adminUrl: urlOf(name, { port }), pid, started: live === null };
  });
}

/** Whether it runs. @param {InstanceName} name */
export function databaseLives(name) {
  return recall(recordFile(name)) !== null;
}

/** Throws a Problem when something would keep it from starting. @param {InstanceName} name */
export async function checkDatabase(name) {
  needsOfTimescale(name);
  if (databaseLives(name)) return;
  needDisk(pathIn(name));
  await needPort(serverPorts(name).postgres, `PostgreSQL of instance ${name}`);
}

/** Stops it in good order (open connections are ended); kills it when that takes too long. @param {InstanceName} name */
export function stopDatabase(name) {
  return finish(name, 'SIGINT');
}

/** Kills all of the server's processes at once. @param {InstanceName} name */
export function killDatabase(name) {
  return finish(name, 'SIGKILL');
}

/**
 * Runs SQL as the superuser with the root's own psql, and hands back what it prints (rows without decoration).
 * @param {InstanceName} name
 * @param {string} database
 * @param {string} sql
 */
export async function psql(name, database, sql) {
  const root = await timescaleSoftware();
  const port = recall(recordFile(name))?.port;
  if (port === undefined) throw new Problem(`The database of instance ${name} is not running.`);
  const args = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', String(port), '-U', superuser, '-d', database];
  const [command, ...rest] = inRoot(root, `${bin}/psql`, ...args);
  return output(command, rest, { input: sql, env: { ...environment, PGPASSWORD: secret(name, superuser) } });
}

/**
 * @param {InstanceName} name
 * @param {{ role?: string, database?: string, port?: number }} [to]
 */
export function urlOf(name, { role = superuser, database = 'postgres', port } = {}) {
  const at = port ?? recall(recordFile(name))?.port ?? serverPorts(name).postgres.port;
  return `postgres://${role}:${secret(name, role)}@127.0.0.1:${at}/${database}`;
}

/** @param {InstanceName} name @param {NodeJS.Signals} signal @returns {Promise<boolean>} whether there was one */
function finish(name, signal) {
  return withLock(lockFile(name), async () => {
    const live = recall(recordFile(name));
    if (live !== null) {
      // Where the server is not process 1 of a namespace, its children would outlive it for a moment.
      const children = signal === 'SIGKILL' ? childrenOf(live.pid) : [];
      await end(live, signal, stopDeadlineMs);
      for (const child of children) await end(child, 'SIGKILL', 0);
    }
    forget(recordFile(name));
    return live !== null;
  });
}

/** @param {InstanceName} name @param {string} root */
async function start(name, root) {
  const wanted = serverPorts(name).postgres;
  const home = await homeOf(name, root);
  const { folder } = home;
  const owner = ownerIn(root);
  for (const path of [folder, join(folder, 'log')]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chownSync(path, owner.uid, owner.gid);
  }
  const console = pathIn(name, 'postgres-console.log');
  rmSync(console, { force: true });
  await initialise(name, home, owner, console);
  writeFileSync(join(folder, 'postgresql.conf'), configurationOf(home, wanted.port));
  writeFileSync(join(folder, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n');

  const file = openSync(console, 'a');
  const [command, ...args] = home.run(`${bin}/postgres`, '-c', `config_file=${home.inside}/postgresql.conf`);
  const child = spawn(command, args, { cwd: '/', env: environment, detached: true, stdio: ['ignore', file, file] });
  child.on('error', () => {});
  child.unref();
  if (child.pid === undefined) throw new Problem('PostgreSQL could not be started: the command unshare (package util-linux) is missing.');
  const pid = home.apart ? await onlyChildOf(child.pid) : child.pid;
  if (pid === null) throw new Problem(`PostgreSQL of instance ${name} could not be started.\n${lastWords(name)}`);
  remember(recordFile(name), pid, { port: wanted.port });
  return { pid, port: wanted.port };
}

/**
 * Makes the cluster, once; under another name, so that an interrupted attempt is not taken for a cluster.
 * @param {InstanceName} name @param {Home} home @param {{ uid: number, gid: number }} owner @param {string} log
 */
async function initialise(name, { folder, inside, run: within }, owner, log) {
  if (existsSync(join(folder, 'data'))) return;
  rmSync(join(folder, 'data.part'), { recursive: true, force: true });
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, secret(name, superuser), { mode: 0o600 });
  chownSync(passwordFile, owner.uid, owner.gid);
  const options = ['-U', superuser, '--auth=scram-sha-256', `--pwfile=${inside}/password`, '--encoding=UTF8', '--locale-provider=builtin', '--locale=C.UTF-8'];
  const [command, ...args] = within(`${bin}/initdb`, '-D', `${inside}/data.part`, ...options);
  await run(command, args, { log, cwd: '/', env: environment });
  rmSync(passwordFile);
  renameSync(join(folder, 'data.part'), join(folder, 'data'));
}

/** `unshare` itself is not the server, but its parent. @param {number} parent */
async function onlyChildOf(parent) {
  for (let attempt = 0; attempt < 200; attempt++, await sleep(10)) {
    const [child] = childrenOf(parent);
    if (child !== undefined) return child.pid;
  }
  return null;
}

/** @param {Home} home @param {number} port */
function configurationOf({ inside, apart }, port) {
  const settings = {
    ...postgresSettings,
    // Without mounts the root has no /dev/shm.
    ...(apart ? {} : { dynamic_shared_memory_type: 'mmap' }),
    data_directory: `${inside}/data`,
    hba_file: `${inside}/pg_hba.conf`,
    ident_file: `${inside}/data/pg_ident.conf`,
    log_directory: `${inside}/log`,
    listen_addresses: '127.0.0.1',
    port: String(port),
  };
  return Object.entries(settings).map(([key, value]) => `${key} = '${value}'\n`).join('');
}

/** @param {InstanceName} name @param {string} root @param {number} pid @param {number} port */
async function untilReady(name, root, pid, port) {
  const [command, ...ask] = inRoot(root, `${bin}/pg_isready`, '-q', '-h', '127.0.0.1', '-p', String(port));
  for (const until = Date.now() + startDeadlineMs; Date.now() < until; await sleep(50)) {
    if (await output(command, ask, { env: environment }).then(() => true, () => false)) return;
    if (recall(recordFile(name))?.pid !== pid) {
      forget(recordFile(name));
      throw new Problem(`PostgreSQL of instance ${name} ended while it started; its logs are in ${logFolder(name)}.\n${lastWords(name)}`);
    }
  }
  throw new Problem(`PostgreSQL of instance ${name} did not answer within ${startDeadlineMs / 1000} s; its logs are in ${logFolder(name)}.`);
}

/** @param {InstanceName} name */
export function pruneLogs(name) {
  const log = logFolder(name);
  if (!existsSync(log)) return;
  for (const file of readdirSync(log).sort().slice(0, -logFilesMax)) rmSync(join(log, file), { force: true });
}

/** @param {InstanceName} name */
function lastWords(name) {
  const log = logFolder(name);
  const newest = existsSync(log) ? readdirSync(log).sort().slice(-1).map((file) => join(log, file)) : [];
  return [pathIn(name, 'postgres-console.log'), ...newest]
    .filter(existsSync)
    .map((file) => tail(readFileSync(file, 'utf8'), 8))
    .join('\n');
}

/** @param {InstanceName} name */
const logFolder = (name) => pathIn(name, `postgres-${postgres.version}`, 'log');
/** @param {InstanceName} name */
const recordFile = (name) => pathIn(name, 'postgres.pid');
/** @param {InstanceName} name */
const lockFile = (name) => pathIn(name, 'postgres.lock');
