// @ts-check
/**
 * Installs Kafka and TimescaleDB into a cache of the user, so that a second clone starts fast.
 * A folder has its final name only once it is complete, and that name holds a checksum of the recipe: what an interrupted
 * install left is thrown away and made again, and a changed recipe gets a folder of its own.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CommandFailed, output, run } from './command.mjs';
import { withLock } from './lock.mjs';
import { needDisk, needJava, needMaven, needRoot, Problem } from './needs.mjs';
import { mountPoint, namespacesWork } from './private-root.mjs';
import { kafka, postgres } from './settings.mjs';

/** @typedef {import('./settings.mjs').InstanceName} InstanceName */

export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nhip');

/** The class path of Kafka. Maven checks what it downloads. */
export async function kafkaSoftware() {
  const pom = kafkaPom();
  const folder = await install(kafkaFolder(pom), async (target, log) => {
    writeFileSync(join(target, 'pom.xml'), pom);
    await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=libs'], { cwd: target, log });
  });
  return join(folder, 'libs', '*');
}

/** What must be there to run Kafka, and to install it where that is still to be done. @param {InstanceName} name */
export async function needsOfKafka(name) {
  await needJava(name);
  if (existsSync(join(cache, kafkaFolder(kafkaPom())))) return;
  await needMaven(name);
  needDisk(cache);
}

/** The same for TimescaleDB. @param {InstanceName} name */
export function needsOfTimescale(name) {
  needRoot(name);
  if (!existsSync(join(cache, timescaleFolder()))) needDisk(cache);
}

/** The root folder of a small Debian with PostgreSQL and TimescaleDB; the host's own Debian may be too old for the package. */
export async function timescaleSoftware() {
  const { suite, packages } = postgres;
  return install(timescaleFolder(), async (target, log) => {
    await needDebootstrap(log);
    const include = `--include=${packages.join(',')}`;
    // In a namespace of its own: what debootstrap mounts and starts is gone when it is, even after kill -9.
    const apart = (await namespacesWork()) ? ['unshare', '--mount', '--pid', '--fork', '--kill-child'] : [];
    const [command, ...args] = [...apart, 'debootstrap', '--variant=minbase', include, suite, target, ...(await mirror(log))];
    await run(command, args, { log, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
    for (const path of rootLeftOut) rmSync(join(target, path), { recursive: true, force: true });
    mkdirSync(join(target, mountPoint), { recursive: true });
  });
}

// Downloads, and the cluster that Debian makes for itself.
const rootLeftOut = ['var/cache/apt', 'var/lib/apt/lists', 'var/lib/postgresql/17', 'usr/share/doc', 'usr/share/locale', 'usr/share/man'];

/**
 * @param {string} name
 * @param {(target: string, log: string) => Promise<void>} make
 */
export async function install(name, make) {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  needDisk(cache);
  return withLock(join(cache, `${name}.lock`), async () => {
    if (existsSync(folder)) return folder; // Another process made it while we waited.
    const target = `${folder}.part`;
    if (readFileSync('/proc/self/mounts', 'utf8').includes(` ${target}/`)) {
      throw new Problem(`An interrupted install left mounts under ${target}: unmount them (umount -R), then start again.`);
    }
    rmSync(target, { recursive: true, force: true });
    rmSync(`${folder}.log`, { force: true });
    mkdirSync(target, { recursive: true });
    try {
      await make(target, `${folder}.log`);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      throw new Problem(`The install of ${name} failed; the log is ${folder}.log. ${error.message}`);
    }
    renameSync(target, folder);
    return folder;
  });
}

/** @param {string} log */
async function needDebootstrap(log) {
  if (existsSync('/usr/sbin/debootstrap')) return;
  if (!existsSync('/usr/bin/apt-get')) throw new Problem('debootstrap is missing: install it and start again.');
  await aptInstall(log, 'debootstrap', 'debian-archive-keyring');
}

/** Debian packages, without those they merely recommend. @param {string} log @param {string[]} packagesAndOptions */
export async function aptInstall(log, ...packagesAndOptions) {
  const install = () => apt(log, 'install', '--no-install-recommends', ...packagesAndOptions);
  // A fresh image has no package lists yet, or old ones.
  await install().catch(() => apt(log, 'update').then(install));
}

/**
 * The mirror that this machine already uses, if it is a Debian; else debootstrap takes its own default.
 * @param {string} log
 */
async function mirror(log) {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const codename = /^VERSION_CODENAME=(\w+)/m.exec(release)?.[1];
  if (!/^ID=debian$/m.test(release) || codename === undefined) return [];
  const inUse = async () => {
    const uris = await output('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', `Codename: ${codename}`]);
    return uris.split('\n').filter((uri) => uri.startsWith('http')).slice(0, 1);
  };
  const known = await inUse();
  // Without package lists apt does not say; what an update cannot find, debootstrap may.
  return known.length > 0 ? known : apt(log, 'update').then(inUse, () => []);
}

/** @param {string} log @param {string[]} args */
function apt(log, ...args) {
  return run('apt-get', ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120', ...args], { log, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
}

/** @param {string} pom */
function kafkaFolder(pom) {
  return `kafka-${kafka.version}-${checksum(pom)}`;
}

function timescaleFolder() {
  const { suite, packages, version } = postgres;
  return `timescaledb-pg${version}-${suite}-${checksum(JSON.stringify([suite, packages, rootLeftOut, process.arch]))}`;
}

function kafkaPom() {
  const dependency = (/** @type {string} */ coordinates) => {
    const [group, artifact, version] = coordinates.split(':');
    return `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  };
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>nhip</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${dependency(`${kafka.artifact}:${kafka.version}`)}
${dependency(kafka.logging)}
  </dependencies>
</project>
`;
}

/** @param {string} recipe */
export function checksum(recipe) {
  return createHash('sha256').update(recipe).digest('hex').slice(0, 12);
}
