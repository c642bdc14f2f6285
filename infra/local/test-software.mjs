// @ts-check
/**
 * Installs what only tests need, into the same cache: Mosquitto with its command line clients, xmllint, and Python
 * programs. Debian's packages are unpacked there and not installed, so that no broker of theirs starts on this machine.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CommandFailed, output, run } from './command.mjs';
import { Problem } from './needs.mjs';
import { pythonPrograms } from './settings.mjs';
import { aptInstall, cache, checksum, install } from './software.mjs';

const mosquittoPrograms = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto_passwd', '/usr/bin/mosquitto_pub'];

/** Everything, so that no test has to wait for it. */
export async function testSoftware() {
  await mosquittoSoftware();
  await xmllintSoftware();
  await composeSoftware();
  for (const name of /** @type {(keyof typeof pythonPrograms)[]} */ (Object.keys(pythonPrograms))) await pythonSoftware(name);
}

/** The environment in which `mosquitto` and its clients are found: the machine's own where it has them. */
export async function mosquittoSoftware() {
  if (mosquittoPrograms.every((file) => existsSync(file))) return { PATH: ['/usr/sbin', '/usr/bin', process.env.PATH ?? ''].join(delimiter) };
  return unpacked('mosquitto', ['mosquitto', 'mosquitto-clients'], 'Mosquitto and its clients are missing, which tests use as the broker of others: install mosquitto and mosquitto-clients, or start as root on Debian.');
}

/** The environment in which `xmllint` is found, which checks XML against a schema: the machine's own where it has it. */
export async function xmllintSoftware() {
  if (await output('xmllint', ['--version']).then(() => true, () => false)) return { PATH: process.env.PATH ?? '' };
  return unpacked('xmllint', ['libxml2-utils'], 'xmllint is missing, by which tests check CAP messages against their schema: install libxml2-utils, or start as root on Debian.');
}

/**
 * Debian's packages with all that they need and this machine lacks, unpacked into the cache.
 * @param {string} name @param {string[]} packages @param {string} sentence
 */
async function unpacked(name, packages, sentence) {
  const folder = await install(`${name}-${checksum(JSON.stringify([packages, process.arch]))}`, async (target, log) => {
    const archives = join(target, 'archives');
    mkdirSync(join(archives, 'partial'), { recursive: true });
    // Into a folder of ours, so that neither apt's locks nor root are needed where there are package lists.
    const download = ['-o', `Dir::Cache::archives=${archives}`, '-o', 'Debug::NoLocking=1', '--download-only', ...packages];
    await orSay(aptInstall(log, ...download), sentence);
    for (const archive of readdirSync(archives).filter((file) => file.endsWith('.deb'))) await run('dpkg', ['-x', join(archives, archive), target], { log });
  });
  const libraries = ['lib', 'usr/lib'].map((place) => join(folder, place)).filter((place) => existsSync(place)).flatMap((place) => readdirSync(place).filter((entry) => entry.endsWith('-linux-gnu')).map((triplet) => join(place, triplet)));
  return { PATH: [join(folder, 'usr/sbin'), join(folder, 'usr/bin'), process.env.PATH ?? ''].join(delimiter), LD_LIBRARY_PATH: libraries.join(delimiter) };
}

/**
 * The words that run docker-compose: the machine's own, of whatever kind, else Debian's package. No engine is needed to
 * have a file read and checked.
 */
export async function composeSoftware() {
  for (const words of [['docker', 'compose'], ['docker-compose']]) {
    const [command = '', ...args] = words;
    if (await output(command, [...args, 'version']).then(() => true, () => false)) return words;
  }
  const log = join(cache, 'docker-compose.log');
  await orSay(aptInstall(log, 'docker-compose'), 'docker-compose is missing, which a test has check docker-compose.yml: install docker-compose, or start as root on Debian.');
  return ['docker-compose'];
}

/**
 * The Python of the virtual environment that holds a program of settings.mjs. Run what it brings by `-m`: its scripts name
 * the folder in which they were made.
 * @param {keyof typeof pythonPrograms} name
 */
export async function pythonSoftware(name) {
  const requirement = `${name}==${pythonPrograms[name]}`;
  const folder = await install(`${name}-${checksum(requirement)}`, async (target, log) => {
    const make = () => run('python3', ['-m', 'venv', target], { log });
    const installed = make().catch(() => aptInstall(log, 'python3-venv').then(make));
    await orSay(installed, `Python 3 with its module venv is missing, in which tests run ${name}: install python3-venv, or start as root on Debian.`);
    await run(join(target, 'bin', 'python3'), ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--no-input', requirement], { log });
  });
  return join(folder, 'bin', 'python3');
}

/** Without root a failed install is no riddle. @param {Promise<void>} work @param {string} sentence */
async function orSay(work, sentence) {
  await work.catch((error) => {
    throw error instanceof CommandFailed && process.getuid?.() !== 0 ? new Problem(sentence) : error;
  });
}
