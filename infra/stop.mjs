// @ts-check
/**
 * `npm run stop`: ends the city, its servers and those of the tests, also what a crash left behind.
 * It ends only what stands in the records under `.local/`, and is still the same process.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { local, pathIn } from './local/instance.mjs';
import { stopKafka } from './local/kafka.mjs';
import { stopDatabase } from './local/postgres.mjs';
import { end, forget, recall } from './local/process-record.mjs';
import { instances } from './local/settings.mjs';
import { endLeftovers } from './local/supervisor.mjs';

const deadlineMs = 60_000;
const names = /** @type {import('./local/settings.mjs').InstanceName[]} */ (Object.keys(instances));

// The supervisors first: they would start again what is ended behind their back.
for (const name of names) {
  for (const command of ['start', 'test']) {
    const live = recall(pathIn(name, `${command}.pid`));
    if (live !== null) say(name, `npm ${command}`, await end(live, 'SIGTERM', deadlineMs));
    forget(pathIn(name, `${command}.pid`));
  }
}
for (const folder of foldersWithProcesses()) {
  for (const process of await endLeftovers(folder)) say(basename(folder), process);
}
for (const name of names.filter((name) => existsSync(pathIn(name)))) {
  if (await stopKafka(name)) say(name, 'Kafka');
  if (await stopDatabase(name)) say(name, 'TimescaleDB');
}

/** Supervisors keep their records in the folder of an instance, or (in tests) in one of a city of their own. */
function foldersWithProcesses() {
  return below(local).flatMap((folder) => [folder, ...below(folder)]).filter((folder) => existsSync(join(folder, 'run')));
}

/** @param {string} folder */
function below(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}

/** @param {string} name @param {string} what @param {string} [how] */
function say(name, what, how = 'ended') {
  console.log(`${name}: ${what} ${how}`);
}
