// @ts-check
/**
 * Runs a command for people in the environment of the local city: `node infra/in-city.mjs <app> <script> [arguments]`.
 * What is already in the environment stays, so the same commands work for a city that runs elsewhere.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathIn, repository, serverPorts } from './local/instance.mjs';
import { urlOf } from './local/postgres.mjs';
import { cityPorts, cityProcesses } from './local/processes.mjs';
import { appRoles, cityDatabase } from './local/settings.mjs';

const name = 'main';
const [app = '', script = '', ...args] = process.argv.slice(2);

if (!existsSync(join(repository, script))) {
  console.error(`${script} is not there: run npm start (or npm run build) first.`);
  process.exit(1);
}
const elsewhere = process.env.DATABASE_URL !== undefined;
if (!elsewhere && !existsSync(pathIn(name))) {
  console.error('There is no local city yet: run npm start first, or set DATABASE_URL (and INTERNAL_SECRET) for one that runs elsewhere.');
  process.exit(1);
}

const urls = Object.fromEntries(appRoles.map(({ app: of, role }) => [of, process.env.DATABASE_URL ?? urlOf(name, { role, database: cityDatabase })]));
const brokers = process.env.KAFKA_BROKERS ?? `127.0.0.1:${serverPorts(name).kafka.port}`;
const plan = cityProcesses({ name, brokers, databaseUrls: urls, ports: cityPorts() }).find((one) => one.name === app);
if (plan === undefined) throw new Error(`there is no app ${app}`);

const child = spawn(process.execPath, [join(repository, script), ...args], { stdio: 'inherit', env: { ...plan.env, ...process.env } });
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
