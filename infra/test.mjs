// @ts-check
/**
 * `npm test`: all checks against private servers, in two lanes side by side: what needs no servers, and what does, one
 * stage after the other, since faults break the servers. The last line is `N passed, N failed` alone.
 * `--full` adds the long rounds; `--only types,unit` runs some stages and leaves the servers running.
 * A stage of Jest counts its tests, any other stage counts as one.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed, endCommands, run, tail } from './local/command.mjs';
import { installPackages } from './local/build.mjs';
import { pathIn, repository } from './local/instance.mjs';
import { needNode, Problem } from './local/needs.mjs';
import { check, givenServers, prepare, stopperOfStarted } from './local/prepare.mjs';
import { forget, remember } from './local/process-record.mjs';
import { showProgress } from './local/progress.mjs';
import { testSoftware } from './local/test-software.mjs';

/** @typedef {{ name: string, script: string, args?: string[], jest?: true, servers?: true, optional?: true, full?: true }} Stage */
/** @typedef {{ passed: number, failed: number, skipped: number, complaint: string }} Outcome */

/** `servers`: needs them, and the build. `optional`: only where package.json has the script. `full`: only with --full. */
const stages = /** @type {Stage[]} */ ([
  { name: 'types', script: 'types' },
  { name: 'lint', script: 'lint' },
  { name: 'dependencies', script: 'deps' },
  { name: 'unit', script: 'test:unit', jest: true },
  { name: 'integration', script: 'test:int', jest: true, servers: true },
  { name: 'end-to-end', script: 'test:e2e', jest: true, servers: true },
  // Short: 30 s of standing still instead of 90; the long stops are in the long rounds.
  { name: 'faults', script: 'faults', args: ['--rounds', '1', '--short'], servers: true, optional: true },
  { name: 'long', script: 'test:long', servers: true, optional: true, full: true },
]);

const name = 'test';
const record = pathIn(name, 'test.pid');
const board = showProgress();
const failuresShownMax = 10;
let stopping = false;
let stopServers = async () => {};

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => void close(130));
process.stdout.on('error', () => {});

try {
  const { chosen, keepServers } = choice(process.argv.slice(2));
  const outcomes = await runStages(chosen, keepServers);
  const sum = (/** @type {'passed' | 'failed'} */ key) => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  await close(sum('failed') > 0 ? 1 : 0, `${sum('passed')} passed, ${sum('failed')} failed`);
} catch (error) {
  if (stopping) await new Promise(() => {}); // Broken off on purpose: `close` ends the process.
  board.say(error instanceof Problem ? `\n${error.message}\n` : `\n${/** @type {Error} */ (error).stack}\n`);
  await close(1, '0 passed, 1 failed');
}

/** @param {string[]} args */
function choice(args) {
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const at = args.indexOf('--only');
  const only = at < 0 ? null : (args[at + 1] ?? '').split(',');
  const unknown = only?.filter((wanted) => stages.every((stage) => stage.name !== wanted)) ?? [];
  if (unknown.length > 0) throw new Problem(`There is no stage ${unknown.join(', ')}; there are ${stages.map((stage) => stage.name).join(', ')}.`);
  const chosen = stages.filter((stage) => {
    if (stage.optional && !(stage.script in scripts)) return false;
    return only === null ? !stage.full || args.includes('--full') : only.includes(stage.name);
  });
  return { chosen, keepServers: only !== null };
}

/** @param {Stage[]} chosen @param {boolean} keepServers @returns {Promise<Outcome[]>} */
async function runStages(chosen, keepServers) {
  let env = process.env;
  if (chosen.some((stage) => stage.servers)) {
    const given = givenServers(name);
    await check(name, given);
    if (!keepServers) stopServers = stopperOfStarted(name);
    const { brokers, databaseUrl } = await prepare(name, given, board);
    await board.step('software of tests', testSoftware);
    env = { ...env, NHIP_TEST_KAFKA_BROKERS: brokers, NHIP_TEST_ADMIN_URL: databaseUrl };
    remember(record, process.pid);
  } else {
    needNode();
    await board.step('npm packages', () => installPackages(name));
  }
  const lanes = [chosen.filter((stage) => !stage.servers), chosen.filter((stage) => stage.servers)];
  return (await Promise.all(lanes.map((lane) => runLane(lane, env)))).flat();
}

/** @param {Stage[]} lane @param {NodeJS.ProcessEnv} env @returns {Promise<Outcome[]>} */
async function runLane(lane, env) {
  const outcomes = [];
  for (const stage of lane) outcomes.push(await runStage(stage, env));
  return outcomes;
}

/** @param {Stage} stage @param {NodeJS.ProcessEnv} env @returns {Promise<Outcome>} */
async function runStage(stage, env) {
  const log = pathIn(name, 'log', `stage-${stage.name}.log`);
  const report = pathIn(name, 'log', `stage-${stage.name}.json`);
  for (const file of [log, report]) rmSync(file, { force: true });
  const jest = stage.jest ? ['--passWithNoTests', '--json', `--outputFile=${report}`] : [];
  const stageEnv = stage.jest ? { ...env, NODE_OPTIONS: `${env.NODE_OPTIONS ?? ''} --experimental-vm-modules`.trim() } : env;
  /** @type {Outcome | undefined} */
  let outcome;
  await board
    .step(stage.name, async (note) => {
      const looking = setInterval(() => existsSync(log) && note(tail(readFileSync(log, 'utf8'), 1)), 1_000);
      const error = await run('npm', ['run', '-s', stage.script, '--', ...jest, ...(stage.args ?? [])], { cwd: repository, log, env: stageEnv })
        .then(() => null, (failure) => failure)
        .finally(() => clearInterval(looking));
      if (error !== null && !(error instanceof CommandFailed)) throw error;
      const printed = existsSync(log) ? readFileSync(log, 'utf8') : '';
      outcome = stage.jest ? countedByJest(report, error, printed) : countedAsOne(error, printed);
      if (outcome.failed > 0) throw new Error(stage.name); // Shown as failed; the rest goes on.
      return stage.jest ? inWords(outcome) : undefined;
    })
    .catch((error) => {
      if (outcome === undefined) throw error;
      board.say(`\n${outcome.complaint}\n\n${stage.name}: ${inWords(outcome)}; all of its output is in ${log}\n`);
    });
  return /** @type {Outcome} */ (/** @type {unknown} */ (outcome));
}

/** @param {CommandFailed | null} error @param {string} printed @returns {Outcome} */
function countedAsOne(error, printed) {
  return error === null
    ? { passed: 1, failed: 0, skipped: 0, complaint: '' }
    : { passed: 0, failed: 1, skipped: 0, complaint: tail(printed, 40) };
}

/** @param {string} file @param {CommandFailed | null} error @param {string} printed @returns {Outcome} */
function countedByJest(file, error, printed) {
  if (!existsSync(file)) return countedAsOne(error ?? new CommandFailed('jest', 0, ''), printed);
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  const outcome = { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests, complaint: failuresIn(report) };
  // Jest can also fail by something that is no test, such as a handle that was left open or a wrong option.
  return error !== null && failed === 0 ? { ...outcome, failed: 1, complaint: tail(printed, 40) } : outcome;
}

/** @param {{ testResults: { name: string, message: string, assertionResults: { status: string, fullName: string, failureMessages: string[] }[] }[] }} report */
function failuresIn({ testResults }) {
  const failures = testResults.flatMap(({ name: file, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    const place = file.slice(repository.length + 1);
    if (assertionResults.length === 0 && message !== '') return [`${place}\n${head(message)}`];
    return failed.map(({ fullName, failureMessages }) => `${place}: ${fullName}\n${head(failureMessages.join('\n'))}`);
  });
  const more = failures.length - failuresShownMax;
  return [...failures.slice(0, failuresShownMax), ...(more > 0 ? [`and ${more} more`] : [])].join('\n\n');
}

/** @param {string} text */
function head(text) {
  return text.replaceAll(/\x1b\[[0-9;]*m/g, '').split('\n').filter((line) => !line.includes('/node_modules/')).slice(0, 16).map((line) => `    ${line}`).join('\n');
}

/** @param {Outcome} outcome */
function inWords({ passed, failed, skipped }) {
  return [`${passed} passed`, ...(failed > 0 ? [`${failed} failed`] : []), ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', ');
}

/** Stops the servers that this run started, and says its last word. @param {number} code @param {string} [lastLine] */
async function close(code, lastLine) {
  if (stopping) return;
  stopping = true;
  board.breakOff();
  endCommands();
  await stopServers().catch((error) => board.say(error.message));
  forget(record);
  if (lastLine !== undefined) board.say(`\n${lastLine}`);
  process.exit(code);
}
