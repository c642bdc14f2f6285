// @ts-check
/**
 * The processes of a city, in the order in which they are shown; a new app is one line here.
 * Every process is told all ports, so that it can find the others.
 */
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
  { name: 'api', httpPort: 'API_PORT', env: ({ ports }) => ({ ...domainUrls(ports), ALERTS_URL: `http://127.0.0.1:${ports.ALERTS_HTTP_PORT}` }) },
  { name: 'ingest', httpPort: 'INGEST_HTTP_PORT', env: ({ folder }) => ({ STATE_DIR: join(folder, 'ingest') }) },
  { name: 'traffic', httpPort: 'TRAFFIC_HTTP_PORT' },
  { name: 'pollution', httpPort: 'POLLUTION_HTTP_PORT' },
  { name: 'alerts', httpPort: 'ALERTS_HTTP_PORT', env: ({ ports }) => domainUrls(ports) },
  { name: 'simulator', env: ({ folder }) => ({ SIMULATOR_SECRETS_FILE: join(folder, 'simulator', 'secrets.json') }) },
]);

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
 * What `npm start` prints when the city runs.
 * @param {ReturnType<typeof cityPorts>} ports
 */
export function welcome(ports) {
  return `
The city is running. Ctrl-C ends it.

  Open    http://127.0.0.1:${ports.API_PORT}/
  Logs    .local/main/log/

Try:
  npm run accounting                # what became of every message
  npm run deadletters -- list       # what could not be stored, and why
  npm run replay -- traffic-berlin --from 2023-03-01 --days 3 --speed 0   # recorded days, through the MQTT door
`;
}
