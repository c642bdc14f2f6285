// @ts-check
/**
 * What must be true of this machine, checked before anything is begun. A miss is one sentence that says what to do.
 */
// As one name, since an older Node that lacks statfs must come as far as saying that it is too old.
import * as fs from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { output } from './command.mjs';
import { diskNeededGb, instances, kafka, nodeMin } from './settings.mjs';

/** @typedef {import('./settings.mjs').Port} Port */
/** @typedef {import('./settings.mjs').InstanceName} InstanceName */

/** A failure that a person can mend: its message is shown alone, without a stack. */
export class Problem extends Error {}

export function needNode() {
  const [have, need] = [process.versions.node, nodeMin].map((version) => version.split('.').map(Number));
  if (have[0] > need[0] || (have[0] === need[0] && have[1] >= need[1])) return;
  throw new Problem(`Node.js ${nodeMin} or newer is needed; this is ${process.versions.node}.`);
}

/** @param {InstanceName} name */
export function needRoot(name) {
  if (process.getuid?.() === 0) return;
  const { databaseUrl, brokers } = instances[name].given;
  throw new Problem(`A private TimescaleDB needs root: start as root, or set ${databaseUrl} to a server with TimescaleDB (and ${brokers} where Kafka is not to be private either).`);
}

/** @param {InstanceName} name */
export async function needJava(name) {
  const remedy = `install openjdk-${kafka.javaMin}-jre-headless or newer, or set ${instances[name].given.brokers} to a running Kafka`;
  const [printed] = await output('sh', ['-c', 'java -version 2>&1']).then((text) => [text], () => [null]);
  if (printed === null) throw new Problem(`Java is missing: ${remedy}.`);
  const version = /version "(?:1\.)?(\d+)/.exec(printed)?.[1];
  if (Number(version) >= kafka.javaMin) return;
  throw new Problem(`Kafka needs Java ${kafka.javaMin}, but this is Java ${version ?? '(unknown)'}: ${remedy}.`);
}

/** @param {InstanceName} name */
export async function needMaven(name) {
  await output('mvn', ['--version']).catch(() => {
    throw new Problem(`Maven is missing, which fetches Kafka: install maven, or set ${instances[name].given.brokers} to a running Kafka.`);
  });
}

/** @param {string} folder May be still to be made. @returns {void} */
export function needDisk(folder) {
  if (!fs.existsSync(folder)) return needDisk(dirname(folder));
  const { bavail, bsize } = fs.statfsSync(folder);
  const freeGb = (bavail * bsize) / 1024 ** 3;
  if (freeGb >= diskNeededGb) return;
  throw new Problem(`The disk of ${folder} has ${freeGb.toFixed(1)} GB free, and ${diskNeededGb} GB are needed: make room and start again.`);
}

/**
 * @param {Port} wanted
 * @param {string} purpose
 */
export async function needPort({ variable, port }, purpose) {
  const taken = await new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(/** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE'));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)));
  });
  if (!taken) return;
  const owner = ownerOf(port);
  const by = owner === null ? 'another process' : `process ${owner.pid} (${owner.command})`;
  const end = owner === null ? 'end it' : `end it (kill ${owner.pid})`;
  throw new Problem(`Port ${port}, which ${purpose} needs, is taken by ${by}: ${end}, or set ${variable} to a free port.`);
}

/**
 * A server that somebody else runs must at least take a connection.
 * @param {string} variable @param {string} host @param {number} port
 */
export async function needReachable(variable, host, port) {
  const reached = await new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 5_000 }, () => resolve(true));
    for (const event of ['error', 'timeout']) socket.on(event, () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
  if (!reached) throw new Problem(`${variable} names ${host}:${port}, which does not answer: start that server, or unset ${variable} to use a private one.`);
}

/**
 * Who listens on a port, from the tables of the kernel; null when it is not ours to see.
 * @param {number} port
 */
export function ownerOf(port) {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const listening = ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => fs.readFileSync(file, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) && fields[3] === '0A');
  const sockets = new Set(listening.map((fields) => `socket:[${fields[9]}]`));
  for (const pid of fs.readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const holds = fs.readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(readlinkOrNothing(`/proc/${pid}/fd/${fd}`)));
      if (holds) return { pid: Number(pid), command: fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 60) };
    } catch {
      // It ended while we looked, or belongs to someone else.
    }
  }
  return null;
}

/** @param {string} path */
function readlinkOrNothing(path) {
  try {
    return fs.readlinkSync(path);
  } catch {
    return '';
  }
}
