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
};

/** One group after the other: api makes the registry that the others read, and the simulator needs an open door. */
export const startOrder = [['api'], ['ingest', 'traffic'], ['simulator']];

/**
 * `httpPort` names the port where `/readyz` answers; a process without one has nothing to ask. `env` is the app's own.
 * @type {{ name: string, httpPort: keyof typeof ports | null, env: (city: { ports: Record<string, number>, folder: string }) => Record<string, string> }[]}
 */
const apps = [
  { name: 'api', httpPort: 'API_PORT', env: ({ ports }) => ({ TRAFFIC_URL: `http://127.0.0.1:${ports.TRAFFIC_HTTP_PORT}` }) },
  { name: 'ingest', httpPort: 'INGEST_HTTP_PORT', env: ({ folder }) => ({ STATE_DIR: join(folder, 'ingest') }) },
  { name: 'traffic', httpPort: 'TRAFFIC_HTTP_PORT', env: () => ({}) },
  { name: 'simulator', httpPort: null, env: () => ({}) },
];

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
    env: { ...shared, DATABASE_URL: typeof databaseUrls === 'string' ? databaseUrls : databaseUrls[app.name], ...app.env({ ports, folder: pathIn(name) }) },
    ...(app.httpPort === null ? {} : { readyUrl: `http://127.0.0.1:${ports[app.httpPort]}/readyz` }),
  }));
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
  curl http://127.0.0.1:${ports.INGEST_HTTP_PORT}/metrics
  curl http://127.0.0.1:${ports.TRAFFIC_HTTP_PORT}/readyz
  npm run stop
`;
}
