/**
 * The first admin's password, told once: in a file for whoever starts the city to show and remove, or on standard output,
 * as a line of its own. Never in the log, which is kept.
 */
import type { Database } from '#timeseries';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { firstAdmin, makeFirstAdmin } from './people.js';

export async function welcomeFirstAdmin(db: Database, file: string | undefined): Promise<void> {
  const password = await makeFirstAdmin(db);
  if (password === null) return;
  if (file === undefined) return void process.stdout.write(`\nFirst admin: name ${firstAdmin}, password ${password}\nThis is shown once; "npm run people -- reset ${firstAdmin}" makes another.\n\n`);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await rm(`${file}.part`, { force: true });
  await writeFile(`${file}.part`, `${password}\n`, { mode: 0o600, flag: 'wx' });
  await rename(`${file}.part`, file);
}
