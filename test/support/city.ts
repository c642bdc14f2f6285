/**
 * A private city for tests, benchmarks and faults: its own database and topics under a random name on the shared
 * servers, and the real processes from dist/ under the real supervisor on free ports. It drops only what it made.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { streamTopic, type Asset, type Device, type Gateway } from '#contracts';
import { connectKafka } from '#messaging';
import { openDatabase, type Database } from '#timeseries';
import { registerAssets, registerDevices, registerGateways } from '../../apps/api/src/register.js';
import { infra, instanceName, type ProcessPlan, type Supervisor } from './instance.js';
import { repository } from './places.js';

export type AppName = 'api' | 'ingest' | 'traffic';
export const appNames: readonly AppName[] = ['api', 'ingest', 'traffic'];

export interface CityPlan {
  readonly assets: readonly Asset[];
  readonly gateways: readonly Gateway[];
  readonly devices: readonly Device[];
  /** Environment beside what every process gets, by app. */
  readonly env?: Partial<Record<AppName, Readonly<Record<string, string>>>>;
  /** Which processes run; all by default. */
  readonly apps?: readonly AppName[];
  readonly onLine?: (name: string, line: string) => void;
}

export interface Accounting {
  readonly entries: number;
  readonly stored: number;
  readonly corrected: number;
  readonly repeated: number;
  readonly deadLettered: number;
}

export interface City {
  readonly name: string;
  readonly mqttPort: number;
  readonly ingestHttpPort: number;
  readonly trafficPort: number;
  readonly apiPort: number;
  readonly readingsTopic: string;
  readonly brokers: string;
  /** As superuser, for looking at everything. */
  readonly db: Database;
  readonly adminUrl: string;
  /** By device or gateway. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly supervisor: Supervisor;
  /** Of the apps and of both servers; those between two lives are left out. */
  pids(): Promise<Record<string, number>>;
  accounting(): Promise<Accounting>;
  /** Everything in Kafka is committed in the database, and every aggregate is up to date. */
  drained(): Promise<boolean>;
  /** False: not drained within the deadline. */
  untilDrained(deadlineMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

export const quietLog = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export async function startCity(plan: CityPlan): Promise<City> {
  const local = await infra();
  const name = `t${randomBytes(5).toString('hex')}`;
  const folder = join(repository, '.local', 'cities', name);
  mkdirSync(folder, { recursive: true });
  const [{ brokers }] = await Promise.all([local.ensureKafka(instanceName), local.ensureDatabase(instanceName)]);
  const { adminUrl, urls } = await local.createDatabase(instanceName, name);
  const db = openDatabase({ url: adminUrl, name: `test ${name}`, connectionsMax: 4, log: quietLog });
  const [mqttPort, ingestHttpPort, trafficPort, apiPort] = (await freePorts(4)) as [number, number, number, number];
  const ports = { mqttPort, ingestHttpPort, trafficPort, apiPort };
  const apps = plan.apps ?? appNames;
  const supervisor = local.supervise(
    plansOf({ ...plan, apps }, { name, folder, brokers, urls, ...ports }),
    { folder, ...(plan.onLine === undefined ? {} : { onLine: plan.onLine }) },
  );
  const readingsTopic = streamTopic(name, 'traffic', 'readings');
  let secrets: ReadonlyMap<string, string> = new Map();

  const stop = async (): Promise<void> => {
    await supervisor.stop();
    await db.close();
    await dropTopics(brokers, name).catch(() => undefined); // A broker that is down cannot be asked; its topics age out.
    await local.dropDatabase(instanceName, name);
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    // Api first: it makes the registry that the others read.
    supervisor.start('api');
    await supervisor.untilReady('api');
    secrets = await register(db, plan);
    for (const app of apps) supervisor.start(app);
    await supervisor.untilReady();
  } catch (error) {
    await stop();
    throw error;
  }

  const drained = (): Promise<boolean> => isDrained(db, brokers, readingsTopic);
  return {
    name, ...ports, readingsTopic, brokers, db, adminUrl, secrets, supervisor, drained, stop,
    async pids() {
      const [kafka, postgres] = await Promise.all([local.ensureKafka(instanceName), local.ensureDatabase(instanceName)]);
      const found: Record<string, number> = { kafka: kafka.pid, postgres: postgres.pid };
      for (const app of apps) {
        const pid = supervisor.pid(app);
        if (pid !== null) found[app] = pid;
      }
      return found;
    },
    accounting: () => accountingOf(db),
    async untilDrained(deadlineMs) {
      for (const until = Date.now() + deadlineMs; Date.now() < until; await sleep(50)) if (await drained().catch(() => false)) return true;
      return false;
    },
  };
}

interface Where {
  readonly name: string;
  readonly folder: string;
  readonly brokers: string;
  readonly urls: Record<string, string>;
  readonly mqttPort: number;
  readonly ingestHttpPort: number;
  readonly trafficPort: number;
  readonly apiPort: number;
}

function plansOf({ apps, env }: CityPlan, where: Where): ProcessPlan[] {
  const { name, folder, brokers, urls, mqttPort, ingestHttpPort, trafficPort, apiPort } = where;
  const all = { PATH: process.env['PATH'], NODE_ENV: 'production', KAFKA_BROKERS: brokers, TOPIC_ROOT: name, HOST: '127.0.0.1', CONSUMER_GROUP: `${name}-traffic` };
  const own: Record<AppName, Record<string, string>> = {
    api: { API_PORT: String(apiPort), TRAFFIC_URL: `http://127.0.0.1:${trafficPort}` },
    ingest: { MQTT_PORT: String(mqttPort), INGEST_HTTP_PORT: String(ingestHttpPort), STATE_DIR: join(folder, 'ingest') },
    traffic: { TRAFFIC_HTTP_PORT: String(trafficPort) },
  };
  const doors: Record<AppName, number> = { api: apiPort, ingest: ingestHttpPort, traffic: trafficPort };
  return (apps ?? appNames).map((app) => {
    const main = join(repository, 'dist/apps', app, 'src/main.js');
    if (!existsSync(main)) throw new Error(`${app} is not built: npm run build`);
    return {
      name: app,
      command: [process.execPath, main],
      cwd: repository,
      env: { ...all, DATABASE_URL: urls[app], ...own[app], ...env?.[app] },
      readyUrl: `http://127.0.0.1:${doors[app]}/readyz`,
    };
  });
}

async function register(db: Database, { assets, gateways, devices }: CityPlan): Promise<Map<string, string>> {
  await registerAssets(db, [...assets]);
  const ofGateways = await registerGateways(db, [...gateways]);
  const ofDevices = await registerDevices(db, [...devices]);
  return new Map([...ofGateways, ...ofDevices]);
}

async function accountingOf(db: Database): Promise<Accounting> {
  const [row] = await db.query(
    `select coalesce(sum(entries), 0)::float8 as entries, coalesce(sum(stored), 0)::float8 as stored, coalesce(sum(corrected), 0)::float8 as corrected,
            coalesce(sum(repeated), 0)::float8 as repeated, coalesce(sum(dead_lettered), 0)::float8 as "deadLettered" from traffic.consumed`,
  );
  return row as Accounting;
}

async function isDrained(db: Database, brokers: string, topic: string): Promise<boolean> {
  const ends = await endsOf(brokers, topic);
  const consumed = await db.query('select partition, next_offset from traffic.consumed where topic = $1', [topic]);
  const next = new Map(consumed.map((row) => [row['partition'] as number, Number(row['next_offset'])]));
  if (![...ends].every(([partition, end]) => (next.get(partition) ?? 0) >= end)) return false;
  const [left] = await db.query('select (select count(*) from traffic.invalidation)::int as stale, (select count(*) from traffic.outbox where sent_at is null)::int as unsent');
  return left!['stale'] === 0 && left!['unsent'] === 0;
}

async function endsOf(brokers: string, topic: string): Promise<Map<number, number>> {
  const admin = connectKafka({ brokers: [brokers], clientId: 'test', log: quietLog }).admin();
  try {
    await admin.connect();
    return new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

async function dropTopics(brokers: string, root: string): Promise<void> {
  const admin = connectKafka({ brokers: [brokers], clientId: 'test', log: quietLog }).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(`${root}.`));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** Ports that nothing listens on now, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => new Promise<ReturnType<typeof createServer>>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
    })),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
