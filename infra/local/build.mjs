// @ts-check
/**
 * Brings `node_modules` and `dist` up to date, and does nothing when they are.
 * What decides is content, not the time of files, which a git checkout changes: the lock file against the one npm keeps
 * of what it installed, and a checksum of the sources against the one noted after the last build.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed, run } from './command.mjs';
import { pathIn, repository } from './instance.mjs';
import { withLock } from './lock.mjs';
import { Problem } from './needs.mjs';

/** @typedef {import('./settings.mjs').InstanceName} InstanceName */

/** @param {InstanceName} name Whose folder takes the log. @returns {Promise<string>} what was done */
export function installPackages(name) {
  return withLock(pathIn('main', 'npm.lock'), async () => {
    if (packagesAreInstalled()) return 'nothing to do';
    const log = pathIn(name, 'log', 'npm-ci.log');
    rmSync(log, { force: true });
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: repository, log }).catch(asProblem('npm ci failed', log, firstErrors));
    return 'installed';
  });
}

/** @param {InstanceName} name Whose folder takes the log. @returns {Promise<string>} what was done */
export function build(name) {
  return withLock(pathIn('main', 'build.lock'), async () => {
    const note = join(repository, 'dist', '.sources');
    const sources = checksumOfSources();
    if (existsSync(note) && readFileSync(note, 'utf8') === sources) return 'nothing to do';
    const log = pathIn(name, 'log', 'build.log');
    rmSync(log, { force: true });
    // Also what no longer has a source must go: a migration that was removed would still be run.
    rmSync(join(repository, 'dist'), { recursive: true, force: true });
    await run('npm', ['run', '-s', 'build'], { cwd: repository, log }).catch(asProblem('the build failed', log));
    writeFileSync(note, sources);
    return 'built';
  });
}

/** Whether all that the lock file names is installed, and nothing else. */
function packagesAreInstalled() {
  const installed = packagesOf(join(repository, 'node_modules', '.package-lock.json'));
  const wanted = packagesOf(join(repository, 'package-lock.json'));
  if (installed === null) return false;
  if (wanted === null) return true; // Nothing to compare with, and nothing that npm ci could do.
  const same = (/** @type {string} */ path) => wanted[path]?.version === installed[path]?.version && wanted[path]?.integrity === installed[path]?.integrity;
  return (
    Object.keys(installed).every((path) => path in wanted) &&
    // Packages for other systems are in the lock file alone.
    Object.keys(wanted).every((path) => path === '' || same(path) || (wanted[path].optional === true && !(path in installed)))
  );
}

/** @param {string} file @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }> | null} */
function packagesOf(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : null;
}

function checksumOfSources() {
  const hash = createHash('sha256');
  const add = (/** @type {string} */ path) => {
    if (existsSync(path)) hash.update(`${path}\0`).update(readFileSync(path)).update('\0');
  };
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'infra/copy-assets.mjs']) add(join(repository, file));
  for (const folder of ['libs', 'apps', 'test']) {
    if (!existsSync(join(repository, folder))) continue;
    const files = readdirSync(join(repository, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) add(path);
  }
  return hash.digest('hex');
}

/** @param {string} what @param {string} log @param {(printed: string) => string} [essence] @returns {(error: unknown) => never} */
function asProblem(what, log, essence) {
  return (error) => {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Problem(`${what}; its log is ${log}.\n${essence === undefined ? error.message : essence(readFileSync(log, 'utf8'))}`);
  };
}

/** npm says what is wrong first, and how it is used at length after that. @param {string} printed */
function firstErrors(printed) {
  return printed.split('\n').filter((line) => line.startsWith('npm error')).slice(0, 6).join('\n');
}
