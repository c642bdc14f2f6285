// @ts-check
/**
 * The processes of a city, in the order in which they are shown; a new app is one line here.
 * Every process is told all ports, so that it can find the others.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { moved, pathIn, repository, secret } from './instance.mjs';

/** @typedef {import('./settings.mjs').InstanceName} InstanceName */
/** @typedef {import('./supervisor.mjs').ProcessPlan} ProcessPlan */

/** Ports of the running city, unless the variable of the same name says another; tests give their own. */
const ports = {
  API_PORT: 18000,
  INGEST_HTTP_PORT: 18080,
  MQTT_PORT: 18830,
  MQTT_TLS_PORT: 18883,
  TRAFFIC_HTTP_PORT: 18101,
  POLLUTION_HTTP_PORT: 18102,
  ALERTS_HTTP_PORT: 18110,
};

/** One group after the other: api makes the registry that the others read, and the simulator needs an open door. */
export const startOrder = [['api'], ['ingest', 'traffic', 'pollution', 'alerts'], ['simulator']];

/**
 * @typedef {object} App
 * @property {string} name
 * @property {keyof typeof ports} [httpPort] Where `/readyz` answers; a process without one has nothing to ask.
 * @property {(city: { ports: Record<string, number>, folder: string }) => Record<string, string>} [env] Its own, beside what all get.
 */
const apps = /** @type {App[]} */ ([
  { name: 'api', httpPort: 'API_PORT', env: ({ ports, folder }) => ({ ...domainUrls(ports), ALERTS_URL: `http://127.0.0.1:${ports.ALERTS_HTTP_PORT}`, FIRST_ADMIN_FILE: firstAdminFile(folder) }) },
  { name: 'ingest', httpPort: 'INGEST_HTTP_PORT', env: ({ folder }) => ({ STATE_DIR: join(folder, 'ingest') }) },
  { name: 'traffic', httpPort: 'TRAFFIC_HTTP_PORT' },
  { name: 'pollution', httpPort: 'POLLUTION_HTTP_PORT' },
  { name: 'alerts', httpPort: 'ALERTS_HTTP_PORT', env: ({ ports }) => domainUrls(ports) },
  { name: 'simulator', env: ({ folder }) => ({ SIMULATOR_SECRETS_FILE: join(folder, 'simulator', 'secrets.json') }) },
]);

/** Where api puts the first admin's password for `npm start` to show. @param {string} folder */
const firstAdminFile = (folder) => join(folder, 'api', 'first-admin-password');

/** Where each domain answers. @param {Record<string, number>} ports */
function domainUrls(ports) {
  return { TRAFFIC_URL: `http://127.0.0.1:${ports.TRAFFIC_HTTP_PORT}`, POLLUTION_URL: `http://127.0.0.1:${ports.POLLUTION_HTTP_PORT}` };
}

/** Made at the first start of an instance, and handed to every process. */
const secrets = ['INTERNAL_SECRET'];

/** @returns {typeof ports} */
export function cityPorts() {
  return /** @type {typeof ports} */ (Object.fromEntries(Object.entries(ports).map(([variable, port]) => [variable, moved({ variable, port }).port])));
}

/**
 * @param {object} city
 * @param {InstanceName} city.name
 * @param {string} city.brokers
 * @param {string | Record<string, string>} city.databaseUrls One for all, or one per app.
 * @param {Record<string, number>} city.ports As `cityPorts` returns them.
 * @returns {ProcessPlan[]}
 */
export function cityProcesses({ name, brokers, databaseUrls, ports }) {
  const shared = {
    ...process.env,
    NODE_ENV: process.env.NODE_ENV ?? 'production',
    CITY_CODE: process.env.CITY_CODE ?? 'vn-hn',
    KAFKA_BROKERS: brokers,
    ...Object.fromEntries(secrets.map((key) => [key, process.env[key] ?? secret(name, key)])),
    ...Object.fromEntries(Object.entries(ports).map(([key, port]) => [key, String(port)])),
  };
  return apps.map((app) => ({
    name: app.name,
    command: [process.execPath, join('dist', 'apps', app.name, 'src', 'main.js')],
    cwd: repository,
    env: {
      ...shared,
      DATABASE_URL: typeof databaseUrls === 'string' ? databaseUrls : databaseUrls[app.name],
      ...app.env?.({ ports, folder: pathIn(name) }),
    },
    ...(app.httpPort === undefined ? {} : { readyUrl: `http://127.0.0.1:${ports[app.httpPort]}/readyz` }),
  }));
}

/**
 * The command that enters the simulated town into the registry; running it again changes nothing. It needs what api needs.
 * @param {InstanceName} name
 * @param {ProcessPlan[]} plans
 */
export function registration(name, plans) {
  const { env } = /** @type {ProcessPlan} */ (plans.find((plan) => plan.name === 'api'));
  const args = [join('dist', 'apps', 'simulator', 'src', 'main.js'), 'register', '--out', pathIn(name, 'simulator')];
  return { command: process.execPath, args, cwd: repository, env };
}

/**
 * The command that puts a token for the commands of `welcome` into a file: of an operator, for 30 days, anew at each start.
 * @param {InstanceName} name
 * @param {ProcessPlan[]} plans
 */
export function tokenForTrying(name, plans) {
  const { env } = /** @type {ProcessPlan} */ (plans.find((plan) => plan.name === 'api'));
  const args = [join('dist', 'apps', 'api', 'src', 'run-people.js'), 'token', 'admin', '--for', 'npm start', '--role', 'operator', '--days', '30', '--out', pathIn(name, 'api', 'token')];
  return { command: process.execPath, args, cwd: repository, env };
}

/**
 * The first admin's password, when it was made at this start. `told` forgets it: it is shown once.
 * @param {InstanceName} name
 */
export function firstAdmin(name) {
  const file = firstAdminFile(pathIn(name));
  const password = existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
  return { password, told: () => rmSync(file, { force: true }) };
}

/**
 * What `npm start` prints when the city runs.
 * @param {ReturnType<typeof cityPorts>} ports
 * @param {string | null} password Of the first admin, at the first start.
 */
export function welcome(ports, password) {
  const api = `http://127.0.0.1:${ports.API_PORT}`;
  const signIn = password === null ? 'npm run people -- reset admin   # a new password for admin' : `name admin, password ${password}   (shown this once)`;
  return `
The city is running. Ctrl-C ends it.

  Open      ${api}/
  Sign in   ${signIn}
  Logs      .local/main/log/

Try:
  npm run accounting                # what became of every message
  curl -H @.local/main/api/token '${api}/v1/traffic/latest?limit=3'   # as an operator; npm run people -- token makes others
  npm run replay -- traffic-berlin --from 2023-03-01 --days 3 --speed 0   # recorded days, through the MQTT door
`;
}
