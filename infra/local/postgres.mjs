// @ts-check
/**
 * Starts, finds again, stops and kills the PostgreSQL server (with TimescaleDB) of an instance.
 * It runs inside the private root as process 1 of a pid namespace: killing that one process ends all of the server's at
 * once, and no number left in postmaster.pid can belong to a stranger. Its data stays in the instance's folder.
 */
import { spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { output, run, tail } from './command.mjs';
import { pathIn, secret } from './instance.mjs';
import { withLock } from './lock.mjs';
import { needDisk, needPort, needRoot, Problem } from './needs.mjs';
import { end, forget, recall, remember } from './process-record.mjs';
import { instances, postgres, postgresSettings, superuser } from './settings.mjs';
import { timescaleSoftware } from './software.mjs';

/** @typedef {import('./settings.mjs').InstanceName} InstanceName */

const startDeadlineMs = 120_000; // Recovery after a kill -9 replays up to max_wal_size.
const stopDeadlineMs = 30_000;
const logFilesMax = 5;
const home = '/srv/nhip'; // The instance's folder, as the server sees it.
const bin = `/usr/lib/postgresql/${postgres.version}/bin`;

/**
 * Brings the server up, or finds it running.
 * @param {InstanceName} name
 * @returns {Promise<{ adminUrl: string, pid: number, started: boolean }>} `started`: by this call
 */
export function ensureDatabase(name) {
  return withLock(lockFile(name), async () => {
    const root = await timescaleSoftware();
    needRoot();
    const live = recall(recordFile(name));
    const { pid, port } = live?.port === undefined ? await start(name, root) : { pid: live.pid, port: live.port };
    await untilReady(name, root, pid, port);
    pruneLogs(name);
    return { adminUrl: urlOf(name, { port }), pid, started: live === null };
  });
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
  return output('chroot', ['--userspec=postgres:postgres', root, `${bin}/psql`, ...args], {
    input: sql,
    env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C.UTF-8', PGPASSWORD: secret(name, superuser) },
  });
}

/**
 * @param {InstanceName} name
 * @param {{ role?: string, database?: string, port?: number }} [to]
 */
export function urlOf(name, { role = superuser, database = 'postgres', port } = {}) {
  const at = port ?? recall(recordFile(name))?.port ?? instances[name].postgres.port;
  return `postgres://${role}:${secret(name, role)}@127.0.0.1:${at}/${database}`;
}

/** @param {InstanceName} name @param {NodeJS.Signals} signal @returns {Promise<boolean>} whether there was one */
function finish(name, signal) {
  return withLock(lockFile(name), async () => {
    const live = recall(recordFile(name));
    if (live !== null) await end(live, signal, stopDeadlineMs);
    forget(recordFile(name));
    return live !== null;
  });
}

/** @param {InstanceName} name @param {string} root */
async function start(name, root) {
  const wanted = instances[name].postgres;
  await needPort(wanted, `PostgreSQL of instance ${name}`);
  const folder = folderOf(name);
  const owner = ownerIn(root);
  for (const path of [folder, join(folder, 'log')]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chownSync(path, owner.uid, owner.gid);
  }
  needDisk(folder);
  const console = pathIn(name, 'postgres-console.log');
  rmSync(console, { force: true });
  await initialise(name, root, owner, console);
  writeFileSync(join(folder, 'postgresql.conf'), configurationOf(wanted.port));
  writeFileSync(join(folder, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n');

  const file = openSync(console, 'a');
  const [command, ...args] = inside(root, folder, `${bin}/postgres`, '-c', `config_file=${home}/postgresql.conf`);
  const child = spawn(command, args, { cwd: '/', env: environment, detached: true, stdio: ['ignore', file, file] });
  child.on('error', () => {});
  child.unref();
  if (child.pid === undefined) throw new Problem('PostgreSQL could not be started: the command unshare (package util-linux) is missing.');
  const pid = await serverBelow(child.pid);
  if (pid === null) throw new Problem(`PostgreSQL of instance ${name} could not be started.\n${lastWords(name)}`);
  remember(recordFile(name), pid, { port: wanted.port });
  return { pid, port: wanted.port };
}

/**
 * Makes the cluster, once; under another name, so that an interrupted attempt is not taken for a cluster.
 * @param {InstanceName} name @param {string} root @param {{ uid: number, gid: number }} owner @param {string} log
 */
async function initialise(name, root, owner, log) {
  const folder = folderOf(name);
  if (existsSync(join(folder, 'data'))) return;
  rmSync(join(folder, 'data.part'), { recursive: true, force: true });
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, secret(name, superuser), { mode: 0o600 });
  chownSync(passwordFile, owner.uid, owner.gid);
  const options = ['-U', superuser, '--auth=scram-sha-256', `--pwfile=${home}/password`, '--encoding=UTF8', '--locale-provider=builtin', '--locale=C.UTF-8'];
  const [command, ...args] = inside(root, folder, `${bin}/initdb`, '-D', `${home}/data.part`, ...options);
  await run(command, args, { log, cwd: '/', env: environment });
  rmSync(passwordFile);
  renameSync(join(folder, 'data.part'), join(folder, 'data'));
}

const environment = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C.UTF-8' };

/**
 * The command that runs a program inside the root, in namespaces of its own: the mounts vanish with the process.
 * @param {string} root @param {string} folder @param {string[]} program
 */
function inside(root, folder, ...program) {
  const script = `
    mount --bind "$2" "$1${home}" &&
    mount --bind /dev/shm "$1/dev/shm" &&
    mount -t proc proc "$1/proc" &&
    root="$1" && shift 2 && exec chroot --userspec=postgres:postgres "$root" "$@"`;
  return ['unshare', '--mount', '--pid', '--fork', '--propagation=private', 'sh', '-c', script, 'sh', root, folder, ...program];
}

/** The server is the only child of `unshare`, and process 1 of its namespace. @param {number} parent */
async function serverBelow(parent) {
  for (let attempt = 0; attempt < 200; attempt++, await sleep(10)) {
    try {
      const child = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim();
      if (child !== '') return Number(child);
    } catch {
      return null;
    }
  }
  return null;
}

/** @param {number} port */
function configurationOf(port) {
  const settings = {
    ...postgresSettings,
    data_directory: `${home}/data`,
    hba_file: `${home}/pg_hba.conf`,
    ident_file: `${home}/data/pg_ident.conf`,
    log_directory: `${home}/log`,
    listen_addresses: '127.0.0.1',
    port: String(port),
  };
  return Object.entries(settings).map(([key, value]) => `${key} = '${value}'\n`).join('');
}

/** @param {string} root */
function ownerIn(root) {
  const line = readFileSync(join(root, 'etc', 'passwd'), 'utf8').split('\n').find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = /** @type {string} */ (line).split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

/** @param {InstanceName} name @param {string} root @param {number} pid @param {number} port */
async function untilReady(name, root, pid, port) {
  const ask = ['--userspec=postgres:postgres', root, `${bin}/pg_isready`, '-q', '-h', '127.0.0.1', '-p', String(port)];
  for (const until = Date.now() + startDeadlineMs; Date.now() < until; await sleep(50)) {
    if (await output('chroot', ask, { env: environment }).then(() => true, () => false)) return;
    if (recall(recordFile(name))?.pid !== pid) {
      forget(recordFile(name));
      throw new Problem(`PostgreSQL of instance ${name} ended while it started; its logs are in ${folderOf(name)}/log.\n${lastWords(name)}`);
    }
  }
  throw new Problem(`PostgreSQL of instance ${name} did not answer within ${startDeadlineMs / 1000} s; its logs are in ${folderOf(name)}/log.`);
}

/** @param {InstanceName} name */
function pruneLogs(name) {
  const log = join(folderOf(name), 'log');
  for (const file of readdirSync(log).sort().slice(0, -logFilesMax)) rmSync(join(log, file), { force: true });
}

/** @param {InstanceName} name */
function lastWords(name) {
  const log = join(folderOf(name), 'log');
  const newest = existsSync(log) ? readdirSync(log).sort().slice(-1).map((file) => join(log, file)) : [];
  return [pathIn(name, 'postgres-console.log'), ...newest]
    .filter(existsSync)
    .map((file) => tail(readFileSync(file, 'utf8'), 8))
    .join('\n');
}

/** @param {InstanceName} name */
const folderOf = (name) => pathIn(name, `postgres-${postgres.version}`);
/** @param {InstanceName} name */
const recordFile = (name) => pathIn(name, 'postgres.pid');
/** @param {InstanceName} name */
const lockFile = (name) => pathIn(name, 'postgres.lock');
