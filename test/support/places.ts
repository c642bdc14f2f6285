/** Where the repository is, from the sources as well as from dist. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = upwards(dirname(fileURLToPath(import.meta.url)));

function upwards(folder: string): string {
  if (existsSync(join(folder, 'nest-cli.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('not inside the repository');
  return upwards(parent);
}
