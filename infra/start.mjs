// @ts-check
/**
 * `npm start`: from a fresh machine to a running city, in the foreground. Ctrl-C ends what this start began; servers that
 * it found running stay. Written with Node's own modules alone, since nothing is installed yet.
 */
import { createDatabase } from './database/create.mjs';
import { CommandFailed, endCommands, run } from './local/command.mjs';
import { pathIn } from './local/instance.mjs';
import { needPort, Problem } from './local/needs.mjs';
import { pruneLogs } from './local/postgres.mjs';
import { check, givenServers, prepare, stopperOfStarted } from './local/prepare.mjs';
import { forget, recall, remember } from './local/process-record.mjs';
import { cityPorts, cityProcesses, firstAdmin, registration, startOrder, tokenForTrying, welcome } from './local/processes.mjs';
import { showProgress } from './local/progress.mjs';
import { cityDatabase } from './local/settings.mjs';
import { endLeftovers, supervise } from './local/supervisor.mjs';

const name = 'main';
const record = pathIn(name, 'start.pid');
const lineLengthMax = 400; // On the terminal; the log has all of it.
const board = showProgress();
/** @type {(() => Promise<unknown>)[]} What is to be undone at the end, the last first. */
const undo = [];
let stopping = false;

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    if (stopping) return;
    board.say('\nStopping; what is under way is finished first.');
    void stop(0);
  });
}
// A terminal that was closed takes no more lines; the city is to be stopped all the same.
process.stdout.on('error', () => {});

try {
  await start();
} catch (error) {
  if (stopping) await new Promise(() => {}); // Broken off on purpose: `stop` ends the process.
  board.say(error instanceof Problem || error instanceof CommandFailed ? `\n${error.message}` : `\n${/** @type {Error} */ (error).stack}`);
  await stop(1);
}

async function start() {
  const startedAt = Date.now();
  const other = recall(record);
  if (other !== null) throw new Problem(`The city is running already (process ${other.pid}); npm run stop ends it.`);
  await endLeftovers(pathIn(name));
  const given = givenServers(name);
  const ports = cityPorts();
  await check(name, given);
  for (const [variable, port] of Object.entries(ports)) await needPort({ variable, port }, `the city (${variable})`);
  remember(record, process.pid);
  undo.push(async () => forget(record), stopperOfStarted(name));

  /** @type {Record<string, string> | undefined} */
  let urls;
  const servers = await prepare(name, given, board, {
    afterDatabase: async () => void ({ urls } = await createDatabase(name, cityDatabase)),
  });

  const plans = cityProcesses({ name, brokers: servers.brokers, databaseUrls: urls ?? servers.databaseUrl, ports });
  const city = supervise(plans, {
    folder: pathIn(name),
    onLine: (process, line) => isGrave(line) && board.say(`[${process}] ${line.slice(0, lineLengthMax)}`),
    onEvent: (process, event) => board.say(`[${process}] ${event}`),
  });
  undo.push(() => city.stop());
  for (const names of startOrder) {
    if (names.includes('simulator')) {
      const { command, args, ...rest } = registration(name, plans);
      await board.step('simulated town registered', () => run(command, args, { ...rest, log: pathIn(name, 'log', 'register.log') }));
    }
    await board.step(names.join(', '), async () => {
      names.forEach((process) => city.start(process));
      await Promise.all(names.map((process) => city.untilReady(process)));
    });
  }
  const { command, args, ...rest } = tokenForTrying(name, plans);
  // People may have put the first admin off: the city runs all the same.
  await run(command, args, { ...rest, log: pathIn(name, 'log', 'people.log') }).catch(() => board.say('No token for the commands below: there is no person "admin" any more. npm run people -- token makes one.'));
  setInterval(() => pruneLogs(name), 60_000);
  const { password, told } = firstAdmin(name);
  board.say(`${welcome(ports, password)}\nUp after ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
  told();
}

/** @param {number} code */
async function stop(code) {
  stopping = true;
  board.breakOff();
  endCommands();
  for (const step of undo.reverse()) await step().catch((error) => board.say(error.message));
  process.exit(code);
}

/** An error, or something that is not a log line at all. @param {string} line */
function isGrave(line) {
  return !/^\{"level":"(warn|info|debug|trace)"/.test(line) && line.trim() !== '';
}
