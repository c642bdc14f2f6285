// @ts-check
/**
 * What `npm start` and `npm test` have in common: packages, build and the two servers, side by side where nothing waits
 * for the other. Where DATABASE_URL or KAFKA_BROKERS (for tests the NHIP_TEST_ ones) is set, that server is used instead.
 */
import { build, installPackages } from './build.mjs';
import { checkKafka, ensureKafka, kafkaLives, stopKafka } from './kafka.mjs';
import { needNode, needReachable, Problem } from './needs.mjs';
import { checkDatabase, databaseLives, ensureDatabase, stopDatabase } from './postgres.mjs';
import { instances } from './settings.mjs';
import { kafkaSoftware, timescaleSoftware } from './software.mjs';

/** @typedef {import('./settings.mjs').InstanceName} InstanceName */
/** @typedef {ReturnType<typeof import('./progress.mjs').showProgress>} Board */
/** @typedef {{ brokers: string | undefined, databaseUrl: string | undefined }} Given Servers that somebody else runs. */

/** @param {InstanceName} name @returns {Given} */
export function givenServers(name) {
  const { brokers, databaseUrl } = instances[name].given;
  return { brokers: process.env[brokers] || undefined, databaseUrl: process.env[databaseUrl] || undefined };
}

/** Throws a Problem when something is missing, before anything is begun. @param {InstanceName} name @param {Given} given */
export async function check(name, given) {
  needNode();
  const variables = instances[name].given;
  if (given.databaseUrl === undefined) await checkDatabase(name);
  else await needReachable(variables.databaseUrl, ...addressIn(variables.databaseUrl, given.databaseUrl, 5432));
  if (given.brokers === undefined) await checkKafka(name);
  else await needReachable(variables.brokers, ...addressIn(variables.brokers, `kafka://${given.brokers.split(',')[0]}`, 9092));
}

/**
 * @param {InstanceName} name
 * @param {Given} given
 * @param {Board} board
 * @param {{ afterDatabase?: () => Promise<void> }} [steps] Done once the private database is up.
 * @returns {Promise<{ brokers: string, databaseUrl: string }>} `databaseUrl`: the superuser's, or the given one
 */
export async function prepare(name, given, board, { afterDatabase } = {}) {
  const [, brokers, databaseUrl] = await Promise.all([
    board.step('npm packages', () => installPackages(name)).then(() => board.step('build', () => build(name))),
    given.brokers ?? ownKafka(name, board),
    given.databaseUrl ?? ownDatabase(name, board, afterDatabase),
  ]);
  return { brokers, databaseUrl };
}

/**
 * Notes which servers run already, and hands back the function that stops the others.
 * @param {InstanceName} name
 */
export function stopperOfStarted(name) {
  const found = { kafka: kafkaLives(name), database: databaseLives(name) };
  return async () => void (await Promise.all([found.kafka || stopKafka(name), found.database || stopDatabase(name)]));
}

/** @param {InstanceName} name @param {Board} board */
async function ownKafka(name, board) {
  await board.step('Kafka software', () => kafkaSoftware().then(() => {}));
  let brokers = '';
  await board.step('Kafka', async () => {
    const server = await ensureKafka(name);
    brokers = server.brokers;
    return `${server.started ? 'started' : 'found running'} at ${brokers}`;
  });
  return brokers;
}

/** @param {InstanceName} name @param {Board} board @param {() => Promise<void>} [afterDatabase] */
async function ownDatabase(name, board, afterDatabase) {
  await board.step('TimescaleDB software', () => timescaleSoftware().then(() => {}));
  let adminUrl = '';
  await board.step('TimescaleDB', async () => {
    const server = await ensureDatabase(name);
    adminUrl = server.adminUrl;
    return `${server.started ? 'started' : 'found running'} at ${new URL(adminUrl).host}`;
  });
  if (afterDatabase !== undefined) await board.step('database', afterDatabase);
  return adminUrl;
}

/** @param {string} variable @param {string} url @param {number} usualPort @returns {[string, number]} */
function addressIn(variable, url, usualPort) {
  if (!URL.canParse(url)) throw new Problem(`${variable} cannot be read: it should look like ${variable.includes('BROKERS') ? '127.0.0.1:9092' : 'postgres://role:password@127.0.0.1:5432/nhip'}.`);
  const { hostname, port } = new URL(url);
  return [hostname.replace(/^\[|\]$/g, ''), Number(port || usualPort)];
}
