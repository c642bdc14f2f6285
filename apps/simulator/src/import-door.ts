/** Registers through the same program as `npm run import`, as a child process with our environment: the real door, no shortcut. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** Characters of what the import printed, when it failed. */
const saidMax = 2_000;

/** Arguments as `npm run import` takes them. Throws a sentence with what the import said when it refuses. */
export function importFiles(args: readonly string[]): Promise<void> {
  return new Promise((done, failed) => {
    const program = fileURLToPath(new URL('../../api/src/run-import.js', import.meta.url));
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
    child.on('error', failed);
    child.on('close', (code) => (code === 0 ? done() : failed(new Error(`the import refused: ${said.trim().slice(-saidMax)}`))));
  });
}

/** Secrets by device or gateway, as `--secrets-out` writes them; null where there is no such file. */
export async function secretsIn(file: string): Promise<Map<string, string> | null> {
  const content = await readFile(file, 'utf8').catch(() => null);
  return content === null ? null : new Map(Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(content))));
}
