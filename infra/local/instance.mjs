// @ts-check
/**
 * Where an instance keeps its things: a folder under `.local/`, ignored by git, with its data, logs, records and secrets.
 * Secrets are made at first need and live as long as the folder; deleting a stopped instance's folder starts it afresh.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Problem } from './needs.mjs';
import { instances } from './settings.mjs';

/** @typedef {import('./settings.mjs').InstanceName} InstanceName */
/** @typedef {import('./settings.mjs').Port} Port */

export const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const local = join(repository, '.local');

/**
 * @param {InstanceName} name
 * @param {...string} parts
 */
export function pathIn(name, ...parts) {
  return join(local, name, ...parts);
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

/** The ports of an instance's servers, as settings and environment say. @param {InstanceName} name */
export function serverPorts(name) {
  const { kafka, controller, postgres } = instances[name];
  return { kafka: moved(kafka), controller: moved(controller), postgres: moved(postgres) };
}

/** @param {Port} wanted @returns {Port} at the port that its variable says, if it is set */
export function moved({ variable, port }) {
  const said = process.env[variable];
  if (!said) return { variable, port };
  if (!/^\d{1,5}$/.test(said) || Number(said) < 1 || Number(said) > 65_535) throw new Problem(`${variable} is ${said}, which is not a port.`);
  return { variable, port: Number(said) };
}
