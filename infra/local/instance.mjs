// @ts-check
/**
 * Where an instance keeps its things: a folder under `.local/`, ignored by git, with its data, logs, records and secrets.
 * Secrets are made at first need and live as long as the folder; deleting a stopped instance's folder starts it afresh.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./settings.mjs').InstanceName} InstanceName */

export const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * @param {InstanceName} name
 * @param {...string} parts
 */
export function pathIn(name, ...parts) {
  return join(repository, '.local', name, ...parts);
}

/**
 * A secret of this instance: 40 hex digits, the same at every call. Not safe against two first calls at once;
 * those that need one hold the lock of what they start.
 * @param {InstanceName} name
 * @param {string} key
 */
export function secret(name, key) {
  const file = pathIn(name, 'secrets', key);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    const value = randomBytes(20).toString('hex');
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.part`, `${value}\n`, { mode: 0o600 });
    renameSync(`${file}.part`, file);
    return value;
  }
}
