/**
 * The registry in a file, so that a process can start while the database is away. Hashes of secrets, never secrets.
 *
 * One JSON text per line: a head, the rows, and at the end their number, by which a file that was cut off is known.
 * Written beside, flushed and renamed: a reader sees the old or the new one. Only its owner may read it.
 */
import { constants } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { RegistryMemory, rowKinds, type RowKind, type RowsByKind } from './registry-memory.js';
import type { ChangeNumber } from './registry-rows.js';

const format = 'nhip-registry-1';
const linesPerWrite = 1_000;

export async function writeSnapshot(file: string, memory: RegistryMemory, at: ChangeNumber): Promise<void> {
  const part = `${file}.part`;
  await rm(part, { force: true });
  const handle = await open(part, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    let lines = `${JSON.stringify({ format, identity: at.identity, n: at.n })}\n`;
    let count = 0;
    for (const row of memory.everything()) {
      lines += `${JSON.stringify(row)}\n`;
      if (++count % linesPerWrite === 0) {
        await handle.writeFile(lines);
        lines = '';
        await setImmediate(); // Sockets come first.
      }
    }
    await handle.writeFile(`${lines}${JSON.stringify({ rows: count })}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(part, file);
}

export type Snapshot = { readonly memory: RegistryMemory; readonly at: ChangeNumber };

/** The snapshot, or in a few words why there is none that can be used. */
export async function readSnapshot(file: string): Promise<Snapshot | string> {
  let lines: string[];
  try {
    lines = (await readFile(file, 'utf8')).split('\n');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is none' : String(error);
  }
  try {
    const head = JSON.parse(lines[0] ?? '') as { format?: unknown; identity: string; n: number };
    const rows = lines.slice(1, -2);
    const end = JSON.parse(lines.at(-2) ?? '') as { rows?: unknown };
    if (head.format !== format || end.rows !== rows.length) return 'it is of another format or was cut off';
    const memory = new RegistryMemory();
    let before: RowKind = 'asset';
    for (const line of rows) {
      const [kind, row] = JSON.parse(line) as [RowKind, RowsByKind[RowKind]];
      if (!rowKinds.includes(kind)) return `it holds rows of an unknown kind, ${JSON.stringify(kind)}`;
      if (kind !== 'asset' && before === 'asset') memory.settle();
      before = kind;
      memory.apply(kind, [row]);
    }
    if (before === 'asset') memory.settle();
    return { memory, at: { identity: head.identity, n: head.n, reloadFrom: 0 } };
  } catch (error) {
    return `it cannot be read: ${String(error)}`;
  }
}
