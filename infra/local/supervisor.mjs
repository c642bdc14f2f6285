// @ts-check
/**
 * Keeps the processes of a city alive: starts them, starts them again with a growing pause when they end, and ends them.
 * Each leads a session of its own, so that Ctrl-C reaches them once, through here, and not twice. Their pids are on
 * record, so that `npm run stop` finds them even when the supervisor itself was killed.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLog } from './log-file.mjs';
import { Problem } from './needs.mjs';
import { end, forget, recall, remember } from './process-record.mjs';

/**
 * @typedef {object} ProcessPlan
 * @property {string} name
 * @property {string[]} command The program and its arguments.
 * @property {Record<string, string | undefined>} env The whole environment.
 * @property {string} [cwd]
 * @property {string} [readyUrl] Answers 2xx once the process can work; without one it is ready when it has lived for 3 s.
 */
/**
 * @typedef {object} Options
 * @property {string} folder Of the instance: records go below `run/`, logs below `log/`.
 * @property {(name: string, line: string) => void} [onLine] Every line a process prints.
 * @property {(name: string, event: string) => void} [onEvent] What the supervisor does: one sentence each.
 */

const firstPauseMs = 100;
const longestPauseMs = 5_000;
const aliveAfterMs = 3_000; // Ready, where there is nothing to ask.
const steadyAfterMs = 10_000; // A life this long wipes the earlier ends away.
const stopDeadlineMs = 12_000; // A service gives itself 10 s: the rest lets it say that they were too few.
const readyDeadlineMs = 60_000;
const endsBeforeReadyMax = 5;

/**
 * Nothing runs until `start`.
 * @param {ProcessPlan[]} plans
 * @param {Options} options
 */
export function supervise(plans, { folder, onLine = () => {}, onEvent = () => {} }) {
  mkdirSync(join(folder, 'run'), { recursive: true });
  const kept = new Map(plans.map((plan) => [plan.name, keep(plan, { folder, onLine, onEvent })]));
  const one = (/** @type {string} */ name) => {
    const found = kept.get(name);
    if (found === undefined) throw new Error(`no process is called ${name}`);
    return found;
  };
  const some = (/** @type {string | undefined} */ name) => (name === undefined ? [...kept.values()] : [one(name)]);
  return {
    /** Starts one process, or all, and returns at once. @param {string} [name] */
    start: (name) => some(name).forEach((process) => process.start()),
    /** Waits until one process, or all, answer their ready check; throws a Problem with the last lines when one cannot. @param {string} [name] */
    untilReady: async (name) => void (await Promise.all(some(name).map((process) => process.untilReady()))),
    /** SIGTERM, after a deadline SIGKILL; not started again until `start`. @param {string} [name] */
    stop: async (name) => void (await Promise.all(some(name).map((process) => process.stop()))),
    /** The pid of the process that lives now; null between two lives. @param {string} name */
    pid: (name) => one(name).pid(),
    /** How often it was started again. @param {string} name */
    restarts: (name) => one(name).restarts(),
    /** Kills it and returns when it is gone; it is started again after its pause. @param {string} name */
    kill9: (name) => one(name).kill9(),
  };
}

/**
 * Ends what an earlier supervisor of this folder left running.
 * @param {string} folder
 * @returns {Promise<string[]>} the names of those that were
 */
export async function endLeftovers(folder) {
  mkdirSync(join(folder, 'run'), { recursive: true });
  const names = readdirSync(join(folder, 'run')).filter((file) => file.endsWith('.pid')).map((file) => file.slice(0, -4));
  const ended = names.map(async (name) => {
    const live = recall(recordFile(folder, name));
    if (live !== null) await end(live, 'SIGTERM', stopDeadlineMs);
    forget(recordFile(folder, name));
    return live === null ? [] : [name];
  });
  return (await Promise.all(ended)).flat();
}

/** @param {ProcessPlan} plan @param {Required<Options>} options */
function keep(plan, { folder, onLine, onEvent }) {
  const record = recordFile(folder, plan.name);
  const log = openLog(join(folder, 'log', `${plan.name}.log`));
  /** @type {import('node:child_process').ChildProcess | null} */
  let child = null;
  let wanted = false;
  let restarts = 0;
  let pauseMs = firstPauseMs;
  let startedAt = 0;
  /** @type {NodeJS.Timeout | undefined} */
  let nextStart;

  function start() {
    wanted = true;
    if (child !== null) return;
    clearTimeout(nextStart);
    startedAt = Date.now();
    const [program, ...args] = plan.command;
    const started = spawn(program, args, { cwd: plan.cwd, env: plan.env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    if (started.pid !== undefined) remember(record, started.pid);
    for (const stream of [started.stdout, started.stderr]) {
      eachLine(/** @type {import('node:stream').Readable} */ (stream), (line) => {
        log.write(line);
        onLine(plan.name, line);
      });
    }
    let over = false;
    const onEnd = (/** @type {string} */ how) => {
      if (over) return;
      over = true;
      child = null;
      forget(record);
      if (!wanted) return;
      if (Date.now() - startedAt >= steadyAfterMs) pauseMs = firstPauseMs;
      restarts += 1;
      const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
      note(`ended with ${how} after ${seconds} s; starts again in ${pauseMs} ms`);
      nextStart = setTimeout(start, pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    };
    started.on('error', (error) => onEnd(error.message));
    started.on('exit', (code, signal) => onEnd(signal ?? `code ${code}`));
  }

  function note(/** @type {string} */ event) {
    log.write(`supervisor: ${event}`);
    onEvent(plan.name, event);
  }

  async function stop() {
    wanted = false;
    clearTimeout(nextStart);
    const live = recall(record);
    if (live !== null && (await end(live, 'SIGTERM', stopDeadlineMs)) === 'killed') {
      note(`did not end within ${stopDeadlineMs / 1000} s of SIGTERM, and was killed`);
    }
    forget(record);
    // The kernel says it is gone a moment before Node does.
    while (child !== null) await sleep(5);
  }

  async function kill9() {
    const live = recall(record);
    if (live === null) return;
    const before = child;
    await end(live, 'SIGKILL', 0);
    while (child !== null && child === before) await sleep(5);
  }

  async function untilReady() {
    const restartsBefore = restarts;
    for (const until = Date.now() + readyDeadlineMs; Date.now() < until; await sleep(100)) {
      if (!wanted) throw new Error(`${plan.name} was stopped before it was ready`);
      if (child !== null && (plan.readyUrl === undefined ? Date.now() - startedAt >= aliveAfterMs : await answers(plan.readyUrl))) return;
      if (restarts - restartsBefore >= endsBeforeReadyMax) break;
    }
    throw new Problem(`${plan.name} does not come up; its log is ${log.path}, and ends with:\n${log.tail(12)}`);
  }

  return { start, stop, kill9, untilReady, pid: () => recall(record)?.pid ?? null, restarts: () => restarts };
}

/** @param {string} url */
function answers(url) {
  return fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
    (response) => response.arrayBuffer().then(() => response.ok),
    () => false,
  );
}

/** @param {import('node:stream').Readable} stream @param {(line: string) => void} take */
function eachLine(stream, take) {
  const lineLengthMax = 64 * 1024;
  let rest = '';
  stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    const lines = (rest + text).split('\n');
    rest = /** @type {string} */ (lines.pop());
    // A line without an end is not gathered for ever.
    if (rest.length > lineLengthMax) rest = (lines.push(rest), '');
    lines.forEach(take);
  });
  stream.on('end', () => rest !== '' && take(rest));
}

/** @param {string} folder @param {string} name */
const recordFile = (folder, name) => join(folder, 'run', `${name}.pid`);
