/**
 * How every process of Nhịp starts and stops.
 *
 * The only place that reads the environment and that owns signals. What an app opens it gives to `onStop`; on SIGTERM
 * or SIGINT these run in reverse order within a deadline. An error that nobody caught ends the process at once: a
 * supervisor starts it again, and every consumer bears being killed.
 */
import { collectDefaultMetrics, Registry as Metrics } from 'prom-client';
import { z } from 'zod';
import { readConfiguration, type Environment } from './configuration.js';
import { createHealth, type Health } from './health.js';
import { createLog, logLevels, withoutPasswords, type Logger, type LogLevel } from './log.js';

export interface Service {
  readonly name: string;
  readonly log: Logger;
  /** prom-client's registry of this process, shown at `/metrics`. */
  readonly metrics: Metrics;
  readonly health: Health;
  /** Called at the end, last one first. */
  onStop(label: string, stop: () => Promise<unknown> | unknown): void;
  /** For what cannot be gone on with, such as a consumer that stopped: logs it and ends the process with code 1. */
  crash(error: unknown, message: string): void;
}

export interface ServiceOptions<C> {
  readonly name: string;
  readonly config: z.ZodType<C>;
  start(config: C, service: Service): Promise<void>;
}

/** What is needed of the process around; tests bring their own. */
export interface Host {
  readonly env: Environment;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  exit(code: number): void;
  readonly stderr: { write(text: string): unknown };
}

export const stopDeadlineMs = 10_000;

const baseConfiguration = z.object({
  LOG_LEVEL: z.enum(logLevels, `expected one of ${logLevels.join(', ')}`).default('info'),
});

/** Reads the configuration, starts, and lives until a signal. Never rejects: what fails is logged, and the exit code is 1. */
export async function startService<C>({ name, config, start }: ServiceOptions<C>, host: Host = process as Host): Promise<void> {
  const settings = readSettings(name, config, host);
  if (settings === null) return host.exit(1);

  const { service, stop } = createService(name, settings.level, (code) => host.exit(code));
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT']) {
    host.on(signal, () => {
      if (stopping) return host.exit(1); // Asked twice: the person does not want to wait.
      stopping = true;
      service.log.info({ signal }, 'stopping');
      void stop(stopDeadlineMs).then((clean) => host.exit(clean ? 0 : 1));
    });
  }
  host.on('uncaughtException', (error) => service.crash(error, 'uncaught exception'));
  host.on('unhandledRejection', (error) => service.crash(error, 'unhandled rejection'));

  service.health.report('start', false, 'starting');
  try {
    await start(settings.config, service);
    service.health.report('start', true);
    service.log.info({ node: process.version }, 'started');
  } catch (error) {
    if (!stopping) service.crash(error, 'start failed');
  }
}

/** Reads an app's configuration and the part that all share. Prints all problems together and hands back null when there are any. */
export function readSettings<C>(name: string, config: z.ZodType<C>, host: Pick<Host, 'env' | 'stderr'>): { config: C; level: LogLevel } | null {
  const own = readConfiguration(config, host.env);
  const base = readConfiguration(baseConfiguration, host.env);
  if ('config' in own && 'config' in base) return { config: own.config, level: base.config.LOG_LEVEL };
  const problems = [own, base].flatMap((reading) => ('problems' in reading ? reading.problems : []));
  host.stderr.write(`${name} cannot start, its configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
  return null;
}

/** A service without a process around it: what `startService` uses, and tests of one part. */
export function createService(name: string, level: LogLevel, exit: (code: number) => void): { service: Service; stop(deadlineMs: number): Promise<boolean> } {
  const log = createLog(name, level);
  const metrics = new Metrics();
  metrics.setDefaultLabels({ service: name });
  collectDefaultMetrics({ register: metrics });
  const stops: { label: string; stop: () => Promise<unknown> | unknown }[] = [];

  const service: Service = {
    name,
    log,
    metrics,
    health: createHealth(metrics),
    onStop: (label, stop) => void stops.push({ label, stop }),
    crash(error, message) {
      log.fatal({ error }, message);
      exit(1);
    },
  };

  return { service, stop: (deadlineMs) => stopAll(stops, log, deadlineMs) };
}

/** True when everything ended in good order and in time. */
async function stopAll(stops: { label: string; stop: () => Promise<unknown> | unknown }[], log: Logger, deadlineMs: number): Promise<boolean> {
  let waitingFor = '';
  let clean = true;
  const inOrder = (async () => {
    for (let next = stops.pop(); next !== undefined; next = stops.pop()) {
      waitingFor = next.label;
      try {
        await next.stop();
      } catch (error) {
        clean = false;
        log.error({ part: next.label, error }, 'part did not stop in good order');
      }
    }
    return true;
  })();

  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), deadlineMs)));
  const inTime = await Promise.race([inOrder, deadline]);
  clearTimeout(timer);
  if (!inTime) log.fatal({ part: waitingFor, deadlineMs }, 'stop took too long');
  else if (clean) log.info({}, 'stopped');
  return inTime && clean;
}

/** A sentence for a person out of an error, without its stack. */
export function sentenceOf(error: unknown): string {
  return withoutPasswords(error instanceof Error ? error.message : String(error));
}
