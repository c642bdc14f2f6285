/** The shared servers of instance `test`, as TypeScript sees them: what infra/ offers to tests. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repository } from './places.js';

export const instanceName = 'test';

export interface ProcessPlan {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly readyUrl?: string;
}

export interface Supervisor {
  start(name?: string): void;
  untilReady(name?: string): Promise<void>;
  stop(name?: string): Promise<void>;
  pid(name: string): number | null;
  restarts(name: string): number;
  kill9(name: string): Promise<void>;
}

interface Infra {
  ensureKafka(name: string): Promise<{ brokers: string; pid: number }>;
  stopKafka(name: string): Promise<boolean>;
  killKafka(name: string): Promise<boolean>;
  ensureDatabase(name: string): Promise<{ adminUrl: string; pid: number }>;
  stopDatabase(name: string): Promise<boolean>;
  killDatabase(name: string): Promise<boolean>;
  createDatabase(name: string, database: string): Promise<{ adminUrl: string; urls: Record<string, string> }>;
  dropDatabase(name: string, database: string): Promise<void>;
  /** The same list that `npm start` runs. */
  cityProcesses(city: { name: string; brokers: string; databaseUrls: Record<string, string>; ports: Record<string, number> }): ProcessPlan[];
  supervise(plans: readonly ProcessPlan[], options: { folder: string; onLine?: (name: string, line: string) => void; onEvent?: (name: string, event: string) => void }): Supervisor;
  endLeftovers(folder: string): Promise<string[]>;
  /** The environment in which `mosquitto`, `mosquitto_passwd` and `mosquitto_pub` are found. */
  mosquittoSoftware(): Promise<Record<string, string>>;
  /** The environment in which `xmllint` is found. */
  xmllintSoftware(): Promise<Record<string, string>>;
  /** The words that run docker-compose. */
  composeSoftware(): Promise<readonly string[]>;
  /** A secret of an instance: made at first need, the same at every call. */
  secret(name: string, key: string): string;
  /** The Python that has this program's modules. */
  pythonSoftware(name: string): Promise<string>;
  remember(file: string, pid: number): void;
  /** Null: the process of that record is gone. */
  recall(file: string): { pid: number } | null;
}

/** Loaded by path, since it is plain JavaScript that must run before anything is installed. */
export async function infra(): Promise<Infra> {
  const files = ['local/instance.mjs', 'local/kafka.mjs', 'local/postgres.mjs', 'local/supervisor.mjs', 'local/processes.mjs', 'local/process-record.mjs', 'local/test-software.mjs', 'database/create.mjs'];
  const modules: Partial<Infra>[] = [];
  // One after the other: Jest's loader fails when modules that share an import are loaded at once.
  for (const file of files) modules.push((await import(pathToFileURL(join(repository, 'infra', file)).href)) as Partial<Infra>);
  return Object.assign({}, ...modules) as Infra;
}
