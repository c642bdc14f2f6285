/**
 * How a command for people (`npm run import` and alike) runs: the same configuration as a service, words instead of
 * JSON, and an exit code: 0 done, 1 refused or failed.
 */
import type { z } from 'zod';
import type { Logger } from './log.js';
import { createLog } from './log.js';
import { readSettings, sentenceOf, type Host } from './start-service.js';

export interface Command {
  /** Arguments after the name of the script. */
  readonly args: readonly string[];
  /** Warnings and worse, on standard error: standard output belongs to the answer. */
  readonly log: Logger;
  print(line: string): void;
  complain(line: string): void;
}

export interface CommandOptions<C> {
  readonly name: string;
  readonly config: z.ZodType<C>;
  /** Returns the exit code. An error is printed as one sentence; LOG_LEVEL=debug shows its stack. */
  run(config: C, command: Command): Promise<number>;
}

/** Like `Host`, with the arguments and standard output. */
export interface CommandHost extends Omit<Host, 'on' | 'exit'> {
  readonly argv: readonly string[];
  readonly stdout: { write(text: string): unknown };
  exitCode?: number | string | null | undefined;
}

export async function runCommand<C>({ name, config, run }: CommandOptions<C>, host: CommandHost = process): Promise<void> {
  const settings = readSettings(name, config, host);
  if (settings === null) {
    host.exitCode = 1;
    return;
  }
  const level = settings.level === 'info' ? 'warn' : settings.level;
  const log = createLog(name, level, { write: (line) => void host.stderr.write(line) });
  const command: Command = {
    args: host.argv.slice(2),
    log,
    print: (line) => void host.stdout.write(`${line}\n`),
    complain: (line) => void host.stderr.write(`${line}\n`),
  };
  try {
    host.exitCode = await run(settings.config, command);
  } catch (error) {
    host.exitCode = 1;
    command.complain(`${name}: ${sentenceOf(error)}`);
    log.debug({ error }, 'command failed');
  }
}
