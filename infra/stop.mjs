// @ts-check
/**
 * `npm run stop`: ends the city, its servers and those of the tests, also what a crash left behind.
 * It ends only what stands in the records under `.local/`, and is still the same process.
 */
import { existsSync, readdirSync } from 'node:fs';
import { pathIn } from './local/instance.mjs';
import { stopKafka } from './local/kafka.mjs';
import { stopDatabase } from './local/postgres.mjs';
import { end, forget, recall } from './local/process-record.mjs';
import { instances } from './local/settings.mjs';
import { endLeftovers } from './local/supervisor.mjs';

const deadlineMs = 60_000;
const names = /** @type {import('./local/settings.mjs').InstanceName[]} */ (Object.keys(instances));

for (const name of names.filter((name) => existsSync(pathIn(name)))) {
  // The supervisor first: it would start again what is ended behind its back.
  for (const command of ['start', 'test']) {
    const live = recall(pathIn(name, `${command}.pid`));
    if (live !== null) say(name, `npm ${command}`, await end(live, 'SIGTERM', deadlineMs));
    forget(pathIn(name, `${command}.pid`));
  }
  for (const folder of foldersWithProcesses(pathIn(name))) {
    for (const process of await endLeftovers(folder)) say(name, process);
  }
  if (await stopKafka(name)) say(name, 'Kafka');
  if (await stopDatabase(name)) say(name, 'TimescaleDB');
}

/** A supervisor's folder is the instance's own, or (for tests) one below it. @param {string} instance */
function foldersWithProcesses(instance) {
  const below = readdirSync(instance, { withFileTypes: true }).filter((entry) => entry.isDirectory() && existsSync(`${instance}/${entry.name}/run`));
  return [instance, ...below.map((entry) => `${instance}/${entry.name}`)];
}

/** @param {string} name @param {string} what @param {string} [how] */
function say(name, what, how = 'ended') {
  console.log(`${name}: ${what} ${how}`);
}
