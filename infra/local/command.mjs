// @ts-check
/**
 * Runs another program to its end. What it prints goes to a log file, and its tail into the error when it fails.
 * It leads a group of its own, so that it and its children can be ended together, and the kernel kills it when we die:
 * half an install must not go on writing while the next one begins.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/** Ends all that `run` and `output` have begun and that is not over: for a start that was broken off. */
export function endCommands() {
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ log: string, cwd?: string, env?: NodeJS.ProcessEnv }} options
 */
export async function run(command, args, { log, cwd, env }) {
  mkdirSync(dirname(log), { recursive: true });
  const file = openSync(log, 'a');
  const from = statSync(log).size;
  try {
    const child = spawn(...tied(command, args), { cwd, env, detached: true, stdio: ['ignore', file, file] });
    const code = await ended(child);
    if (code !== 0) throw new CommandFailed(command, code, tail(readFileSync(log).subarray(from).toString(), 20));
  } finally {
    closeSync(file);
  }
}

/**
 * Runs a program and hands back what it printed.
 * @param {string} command
 * @param {string[]} args
 * @param {{ input?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export async function output(command, args, { input, env } = {}) {
  const child = spawn(...tied(command, args), { env, detached: true, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
  let printed = '';
  let complaint = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => (printed += text));
  child.stderr?.setEncoding('utf8').on('data', (text) => (complaint += text));
  child.stdin?.on('error', () => {}).end(input);
  const code = await ended(child);
  if (code !== 0) throw new CommandFailed(command, code, tail(complaint || printed, 20));
  return printed;
}

export class CommandFailed extends Error {
  /**
   * @param {string} command
   * @param {number | string | null} code
   * @param {string} lastLines
   */
  constructor(command, code, lastLines) {
    super(`${command} ended with ${code}:\n${lastLines}`);
    this.code = code;
  }
}

/**
 * @param {string} text
 * @param {number} lines
 */
export function tail(text, lines) {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

/** @param {string} command @param {string[]} args @returns {[string, string[]]} */
function tied(command, args) {
  return ['setpriv', ['--pdeathsig', 'KILL', command, ...args]];
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number | string | null>}
 */
function ended(child) {
  running.add(child);
  return new Promise((resolve) => {
    const over = (/** @type {number | string | null} */ how) => {
      running.delete(child);
      resolve(how);
    };
    child.on('error', (error) => over(/** @type {NodeJS.ErrnoException} */ (error).code ?? error.message));
    child.on('close', (code, signal) => over(code ?? signal));
  });
}
