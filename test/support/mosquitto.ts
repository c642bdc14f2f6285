/** A Mosquitto as a city may have it: a process of our own, with what it keeps in a folder of its own. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { infra } from './instance.js';

export interface Mosquitto {
  readonly port: number;
  readonly folder: string;
  /** In which its programs are found. */
  readonly env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
  /** With what it keeps. */
  start(): Promise<void>;
  remove(): Promise<void>;
}

export interface MosquittoSettings {
  /** Lines of its configuration beside the listener on `port`. */
  readonly lines?: readonly string[];
  /** By user. Empty: anybody may come in. */
  readonly passwords?: Readonly<Record<string, string>>;
  /** A second listener, over TLS, for `localhost`; its certificate is `cert.pem` in the folder. */
  readonly tlsPort?: number;
}

/** Mosquitto without a limit to what it queues, and with its state on the disk. */
export async function startMosquitto({ lines = [], passwords = {}, tlsPort }: MosquittoSettings = {}): Promise<Mosquitto> {
  const env = { ...process.env, ...(await (await infra()).mosquittoSoftware()) };
  const folder = mkdtempSync(join(tmpdir(), 'nhip-mosquitto-'));
  const port = await freePort();
  const users = Object.entries(passwords);
  // As root it would become the user `mosquitto`, whom this machine need not have.
  const settings = ['user root', 'persistence true', `persistence_location ${folder}/`, 'autosave_interval 1', 'max_queued_messages 0', 'max_queued_bytes 0', `listener ${port} 127.0.0.1`, ...lines];
  if (users.length > 0) writeFileSync(join(folder, 'passwords'), '');
  for (const [user, password] of users) execFileSync('mosquitto_passwd', ['-b', join(folder, 'passwords'), user, password], { env, stdio: 'ignore' });
  settings.push(...(users.length > 0 ? ['allow_anonymous false', `password_file ${join(folder, 'passwords')}`] : ['allow_anonymous true']));
  if (tlsPort !== undefined) {
    makeCertificate(folder);
    settings.push(`listener ${tlsPort} 127.0.0.1`, `certfile ${join(folder, 'cert.pem')}`, `keyfile ${join(folder, 'key.pem')}`);
  }
  writeFileSync(join(folder, 'mosquitto.conf'), `${settings.join('\n')}\n`);

  let child: ChildProcess | null = null;
  const stop = async (): Promise<void> => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGTERM');
    await ended;
  };
  const start = async (): Promise<void> => {
    let said = '';
    const started = spawn('mosquitto', ['-c', join(folder, 'mosquitto.conf')], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    started.stderr.setEncoding('utf8').on('data', (text) => (said = `${said}${text}`.slice(-2_000)));
    for (const end = Date.now() + 10_000; !(await takesConnections(port)); await new Promise((resolve) => setTimeout(resolve, 20))) {
      if (started.exitCode !== null || Date.now() > end) throw new Error(`mosquitto did not start: ${said}`);
    }
  };
  await start();
  return {
    port, folder, env, start, stop,
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Signed by itself, for `localhost` and 127.0.0.1: `cert.pem` and `key.pem`. */
export function makeCertificate(folder: string): void {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')], { stdio: 'ignore' });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(() => resolve(true)));
    socket.on('error', () => resolve(false));
  });
}
