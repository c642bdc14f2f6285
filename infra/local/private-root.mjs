// @ts-check
/**
 * Runs programs inside the private Debian root, and decides where the server in it keeps the folder of an instance.
 * In namespaces of its own where the machine allows it: then the folder stays in the instance and is mounted into the root,
 * the mounts vanish with the server, and the server is process 1, so that killing it ends all of its processes at once and
 * no number left in postmaster.pid can belong to a stranger. In a container without that right the folder lies in the root.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { output } from './command.mjs';
import { pathIn, repository } from './instance.mjs';
import { postgres } from './settings.mjs';

/** @typedef {import('./settings.mjs').InstanceName} InstanceName */
/**
 * `folder`: as this machine sees it; `inside`: as the server does; `apart`: in namespaces of its own.
 * @typedef {{ folder: string, inside: string, apart: boolean, run: (...program: string[]) => string[] }} Home
 */

export const mountPoint = '/srv/nhip';

/** For programs in the root, whatever the environment of the one who starts them says. */
export const environment = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C.UTF-8' };

/**
 * @param {InstanceName} name
 * @param {string} root
 * @returns {Promise<Home>}
 */
export async function homeOf(name, root) {
  const folder = pathIn(name, `postgres-${postgres.version}`);
  if (await namespacesWork()) {
    const run = (/** @type {string[]} */ ...program) => ['unshare', '--mount', '--pid', '--fork', '--propagation=private', 'sh', '-c', enter, 'sh', root, folder, ...program];
    return { folder, inside: mountPoint, apart: true, run };
  }
  const inside = `/srv/${name}-${createHash('sha256').update(repository).digest('hex').slice(0, 12)}`;
  // A new instance begins without data, whatever one of the same name left in the root.
  if (!existsSync(folder)) {
    rmSync(join(root, inside), { recursive: true, force: true });
    mkdirSync(join(root, inside));
    rmSync(folder, { force: true });
    mkdirSync(dirname(folder), { recursive: true });
    symlinkSync(join(root, inside), folder);
  }
  return { folder, inside, apart: false, run: (...program) => inRoot(root, ...program) };
}

/** @param {string} root @param {string[]} program */
export function inRoot(root, ...program) {
  return ['chroot', '--userspec=postgres:postgres', root, ...program];
}

/** The user that the package made for its server. @param {string} root */
export function ownerIn(root) {
  const line = readFileSync(join(root, 'etc', 'passwd'), 'utf8').split('\n').find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = /** @type {string} */ (line).split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

/** Whether this machine lets root have mounts and pids of its own; some containers do not. */
export async function namespacesWork() {
  return output('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'true']).then(
    () => true,
    () => false,
  );
}

const enter = `
  mount --bind "$2" "$1${mountPoint}" &&
  mount --bind /dev/shm "$1/dev/shm" &&
  mount -t proc proc "$1/proc" &&
  root="$1" && shift 2 && exec chroot --userspec=postgres:postgres "$root" "$@"`;
