// @ts-check
/**
 * Remembers a process in a file, and finds it again later, from another process too.
 * A pid alone can be fooled, since the kernel hands out old numbers again: the file also holds the start time and the boot.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** @typedef {{ pid: number, startTicks: string, bootId: string, port?: number }} ProcessRecord */

/**
 * Writes the record of a live process. Nothing is written when it has ended already.
 * @param {string} file
 * @param {number} pid
 * @param {{ port?: number }} [facts]
 */
export function remember(file, pid, facts = {}) {
  const startTicks = startTicksOf(pid);
  if (startTicks === null) return;
  writeFileSync(`${file}.part`, JSON.stringify({ pid, startTicks, bootId: bootId(), ...facts }));
  renameSync(`${file}.part`, file);
}

/** @param {string} file */
export function forget(file) {
  rmSync(file, { force: true });
}

/**
 * The process of a record, if it is the same one and still alive.
 * @param {string} file
 * @returns {ProcessRecord | null}
 */
export function recall(file) {
  /** @type {ProcessRecord} */
  let record;
  try {
    record = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
  return record.bootId === bootId() && startTicksOf(record.pid) === record.startTicks ? record : null;
}

/**
 * Sends a signal and waits for the end; after the deadline comes SIGKILL.
 * @param {ProcessRecord} record
 * @param {NodeJS.Signals} signal
 * @param {number} deadlineMs
 * @returns {Promise<'ended' | 'killed'>}
 */
export async function end(record, signal, deadlineMs) {
  const alive = () => startTicksOf(record.pid) === record.startTicks;
  send(record.pid, signal);
  for (const until = Date.now() + deadlineMs; Date.now() < until; await sleep(20)) if (!alive()) return 'ended';
  send(record.pid, 'SIGKILL');
  while (alive()) await sleep(10);
  return 'killed';
}

/**
 * When a process started, in ticks since boot; null when there is none, or only its zombie.
 * @param {number} pid
 */
export function startTicksOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may itself hold brackets and blanks: the fields are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : fields[19];
  } catch {
    return null;
  }
}

/**
 * The children that a process has now.
 * @param {number} pid
 * @returns {ProcessRecord[]}
 */
export function childrenOf(pid) {
  try {
    const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
    return pids.flatMap((child) => {
      const startTicks = startTicksOf(child);
      return startTicks === null ? [] : [{ pid: child, startTicks, bootId: bootId() }];
    });
  } catch {
    return []; // It has ended.
  }
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

function bootId() {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
