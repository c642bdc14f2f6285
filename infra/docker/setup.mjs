// @ts-check
/**
 * Run once by docker-compose before the processes start, and harmless when run again: waits until Kafka and the database
 * work, then makes the roles and schemas of the apps. Topics are made by whoever needs them first, with their settings.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { rolesSql } from '../database/roles.mjs';
import { servesBrokers } from '../local/kafka.mjs';
import { appRoles } from '../local/settings.mjs';

const deadlineMs = 120_000;
const { DATABASE_URL, KAFKA_BROKERS } = process.env;
const passwords = Object.fromEntries(appRoles.map(({ app }) => [app, process.env[`${app.toUpperCase()}_DATABASE_PASSWORD`]]));
const missing = [...Object.entries({ DATABASE_URL, KAFKA_BROKERS }), ...Object.entries(passwords).map(([app, value]) => [`${app.toUpperCase()}_DATABASE_PASSWORD`, value])].filter(([, value]) => !value).map(([name]) => name);
if (missing.length > 0 || DATABASE_URL === undefined || KAFKA_BROKERS === undefined) throw new Error(`missing: ${missing.join(', ')}`);

await untilDone('Kafka', async () => {
  const [host = '', port] = (KAFKA_BROKERS.split(',')[0] ?? '').split(':');
  if (!(await servesBrokers(host, Number(port)))) throw new Error(`${host}:${port} does not answer`);
});
await untilDone('database', async () => {
  const client = new pg.Client({ connectionString: DATABASE_URL, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    await client.query('create extension if not exists timescaledb');
    const { settings, roles } = rolesSql((_, app) => passwords[app] ?? '');
    await client.query(settings);
    await client.query(roles);
  } finally {
    await client.end();
  }
});

/** @param {string} what @param {() => Promise<void>} work */
async function untilDone(what, work) {
  for (const until = Date.now() + deadlineMs; ; await sleep(500)) {
    try {
      await work();
      return console.log(`${what}: done`);
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}
