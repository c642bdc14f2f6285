/**
 * What processes cost, from /proc: processor time and memory, each with all of its children.
 *
 * A server such as PostgreSQL does its work in children that come and go; what an ended child has used stays in its
 * parent's account once it was reaped, so the sum over a tree never loses anything.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly ownTicks: number;
  readonly reapedTicks: number;
}

/** µs of processor time, user and system, since the start of each named process with its children; 0 where it is not alive. */
export function cpuUsOf(pids: Readonly<Record<string, number>>): Record<string, number> {
  return ofTrees(pids, (tree) => (tree.reduce((sum, { ownTicks, reapedTicks }) => sum + ownTicks + reapedTicks, 0) * 1e6) / ticksPerSecond);
}

/** MB of its own plus its share of what it shares with others. Costs a second for a server with many children: not while measuring. */
export function memoryMbOf(pids: Readonly<Record<string, number>>): Record<string, number> {
  return ofTrees(pids, (tree) => Math.round(tree.reduce((sum, { pid }) => sum + memoryKb(pid), 0) / 1024));
}

function ofTrees(pids: Readonly<Record<string, number>>, figure: (tree: readonly Process[]) => number): Record<string, number> {
  const all = processes();
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, figure(treeOf(pid, all))]));
}

export interface Machine {
  readonly busyUs: number;
  readonly allUs: number;
}

/** Of all processors together. */
export function machineTime(): Machine {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.trim().split(/\s+/).slice(1, 9).map(Number);
  const all = fields.reduce((sum, ticks) => sum + ticks, 0);
  const idle = fields[3]! + fields[4]!;
  return { busyUs: ((all - idle) * 1e6) / ticksPerSecond, allUs: (all * 1e6) / ticksPerSecond };
}

function processes(): Map<number, Process> {
  const found = new Map<number, Process>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // The name in brackets may itself hold brackets and blanks: fields are counted from its end.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
      const pid = Number(name);
      found.set(pid, { pid, parent: fields[1]!, ownTicks: fields[11]! + fields[12]!, reapedTicks: fields[13]! + fields[14]! });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

function treeOf(root: number, all: ReadonlyMap<number, Process>): Process[] {
  const tree = [...all.values()].filter(({ pid }) => pid === root);
  for (let index = 0; index < tree.length; index++) for (const one of all.values()) if (one.parent === tree[index]!.pid) tree.push(one);
  return tree;
}

function memoryKb(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
