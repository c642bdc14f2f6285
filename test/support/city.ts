/**
 * A private city for tests, benchmarks and faults: its own database and topics under a random name on the shared
 * servers, and the real processes from dist/ under the real supervisor on free ports. It drops only what it made.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { conditionsTopic, domainNames, streamTopic, type Asset, type Device, type Domain, type Gateway } from '#contracts';
import { connectKafka } from '#messaging';
import { openDatabase, type Database } from '#timeseries';
import { firstAdmin, makeToken } from '../../apps/api/src/people/people.js';
import { registerAssets, registerDevices, registerGateways } from '../../apps/api/src/register.js';
import { infra, instanceName, type Supervisor } from './instance.js';
import { repository } from './places.js';

export type AppName = 'api' | 'ingest' | 'traffic' | 'pollution' | 'alerts';
/** Those of a city that is not asked for more: each process costs a second to start. */
export const appNames: readonly AppName[] = ['api', 'ingest', 'traffic'];

export interface CityPlan {
  readonly assets: readonly Asset[];
  readonly gateways: readonly Gateway[];
  readonly devices: readonly Device[];
  /** Environment beside what every process gets, by app. */
  readonly env?: Partial<Record<AppName, Readonly<Record<string, string>>>>;
  /** Which processes run; those of traffic by default. */
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

/** What is still under way; all 0 when the city is at rest. */
export interface Backlog {
  /** Kafka records not yet committed in the database. */
  readonly records: number;
  /** Ranges whose aggregates are not up to date. */
  readonly stale: number;
  /** Announcements not yet in Kafka. */
  readonly unsent: number;
}

export interface City {
  readonly name: string;
  /** Those that run. */
  readonly apps: readonly AppName[];
  readonly mqttPort: number;
  readonly ingestHttpPort: number;
  readonly trafficPort: number;
  readonly pollutionPort: number;
  readonly alertsPort: number;
  readonly apiPort: number;
  /** Of traffic. */
  readonly readingsTopic: string;
  readonly brokers: string;
  /** As superuser, for looking at everything. */
  readonly db: Database;
  readonly adminUrl: string;
  /** By device or gateway. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Of the first admin, for api: `Authorization: Bearer …`. */
  readonly token: string;
  readonly supervisor: Supervisor;
  /** Of the apps and of both servers; those between two lives are left out. */
  pids(): Promise<Record<string, number>>;
  /** Of all domains that run, or of one. */
  accounting(domain?: Domain): Promise<Accounting>;
  backlog(): Promise<Backlog>;
  /** By `topic/partition` of what the domains and alerts read, where they run: the offset of the next record, and the next offset to be committed. */
  kafkaEnds(): Promise<Map<string, number>>;
  committedEnds(): Promise<Map<string, number>>;
  /** Waits until everything in Kafka is committed in the database; false: not within the deadline. */
  untilCommitted(deadlineMs: number): Promise<boolean>;
  /** Waits until everything in Kafka is committed and all that follows from it is done; false: not within the deadline. */
  untilDrained(deadlineMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

/** Aggregates of minutes that are still filling are made at once, so that a comparison need not wait for their end. */
const prompt = { ROLLUP_EVERY_MS: '500', ROLLUP_REFRESH_S: '0' };
export const promptAggregates = { traffic: prompt, pollution: prompt } as const satisfies CityPlan['env'];

export const quietLog = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Cities that have begun and not ended: what a signal must still undo. */
const open = new Set<() => Promise<void>>();

/** For a process that is told to end in the middle. */
export async function stopOpenCities(): Promise<void> {
  await Promise.all([...open].map((stop) => stop()));
}

const cities = join(repository, '.local', 'cities');

/** A city whose owner was killed has nobody else to clear it away. */
async function clearLeftovers(local: Awaited<ReturnType<typeof infra>>, brokers: string): Promise<void> {
  for (const name of existsSync(cities) ? readdirSync(cities) : []) {
    const folder = join(cities, name);
    if (!existsSync(join(folder, 'owner')) || local.recall(join(folder, 'owner')) !== null) continue;
    await local.endLeftovers(folder);
    await dropTopics(brokers, name).catch(() => undefined);
    await local.dropDatabase(instanceName, name);
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function startCity(plan: CityPlan): Promise<City> {
  const local = await infra();
  const name = `t${randomBytes(5).toString('hex')}`;
  const [{ brokers }] = await Promise.all([local.ensureKafka(instanceName), local.ensureDatabase(instanceName)]);
  await clearLeftovers(local, brokers);
  const folder = join(cities, name);
  mkdirSync(folder, { recursive: true });
  local.remember(join(folder, 'owner'), process.pid);
  const { adminUrl, urls } = await local.createDatabase(instanceName, name);
  const db = openDatabase({ url: adminUrl, name: `test ${name}`, connectionsMax: 4, log: quietLog });
  const ports = await freePorts();
  const apps = plan.apps ?? appNames;
  // The very list of `npm start`, with the names and doors of this city.
  const plans = local.cityProcesses({ name: instanceName, brokers, databaseUrls: urls, ports }).filter((one) => apps.includes(one.name as AppName));
  const supervisor = local.supervise(
    plans.map((one) => ({ ...one, env: { ...one.env, NODE_OPTIONS: undefined, TOPIC_ROOT: name, CONSUMER_GROUP: `${name}-${one.name}`, ...ownFolder(one.name, folder), ...plan.env?.[one.name as AppName] } })),
    { folder, ...(plan.onLine === undefined ? {} : { onLine: plan.onLine }) },
  );
  const running = domainNames.filter((domain) => apps.includes(domain));
  const readers: readonly Reader[] = [...running.map((domain) => ({ schema: domain, topic: streamTopic(name, domain, 'readings') })), ...(apps.includes('alerts') ? [{ schema: 'alerts', topic: conditionsTopic(name) }] : [])];
  let secrets: ReadonlyMap<string, string> = new Map();
  let token = '';

  let ends: Ends | null = null;
  const stop = async (): Promise<void> => {
    if (!open.delete(stop)) return;
    await ends?.close();
    await supervisor.stop();
    await db.close();
    await dropTopics(brokers, name).catch(() => undefined); // A broker that is down cannot be asked; its topics age out.
    await local.dropDatabase(instanceName, name);
    rmSync(folder, { recursive: true, force: true });
  };

  open.add(stop);
  try {
    // Api first: it makes the registry that the others read.
    supervisor.start('api');
    await supervisor.untilReady('api');
    secrets = await register(db, plan);
    token = (await makeToken(db, { person: firstAdmin, name: 'test', role: 'admin', days: 1 }, 'test')).secret;
    for (const app of apps) supervisor.start(app);
    await supervisor.untilReady();
    ends = await openEnds(brokers, readers.map(({ topic }) => topic));
  } catch (error) {
    await stop();
    throw error;
  }

  const { read } = ends;
  const committedEnds = (): Promise<Map<string, number>> => committedOf(db, readers);
  const backlog = async (): Promise<Backlog> => backlogOf(db, readers, await read(), await committedEnds());
  return {
    name, apps, readingsTopic: streamTopic(name, 'traffic', 'readings'),
    mqttPort: ports.MQTT_PORT, ingestHttpPort: ports.INGEST_HTTP_PORT, trafficPort: ports.TRAFFIC_HTTP_PORT, pollutionPort: ports.POLLUTION_HTTP_PORT, alertsPort: ports.ALERTS_HTTP_PORT, apiPort: ports.API_PORT,
    brokers, db, adminUrl, secrets, token, supervisor, backlog, kafkaEnds: read, committedEnds, stop,
    async pids() {
      const [kafka, postgres] = await Promise.all([local.ensureKafka(instanceName), local.ensureDatabase(instanceName)]);
      const found: Record<string, number> = { kafka: kafka.pid, postgres: postgres.pid };
      for (const app of apps) {
        const pid = supervisor.pid(app);
        if (pid !== null) found[app] = pid;
      }
      return found;
    },
    accounting: (domain) => accountingOf(db, domain === undefined ? running : [domain]),
    untilCommitted: (deadlineMs) => until(async () => (await backlog()).records === 0, deadlineMs),
    untilDrained: (deadlineMs) => until(async () => Object.values(await backlog()).every((left) => left === 0), deadlineMs),
  };
}

/** Servers may be down while we wait for what follows when they are back. */
async function until(done: () => Promise<boolean>, deadlineMs: number): Promise<boolean> {
  for (const end = Date.now() + deadlineMs; Date.now() < end; await sleep(20)) if (await done().catch(() => false)) return true;
  return false;
}

function ownFolder(app: string, folder: string): Record<string, string> {
  if (app === 'ingest') return { STATE_DIR: join(folder, 'ingest') };
  return app === 'api' ? { FIRST_ADMIN_FILE: join(folder, 'first-admin-password') } : {};
}

async function register(db: Database, { assets, gateways, devices }: CityPlan): Promise<Map<string, string>> {
  await registerAssets(db, [...assets]);
  const ofGateways = await registerGateways(db, [...gateways]);
  const ofDevices = await registerDevices(db, [...devices]);
  return new Map([...ofGateways, ...ofDevices]);
}

/** Who commits what it reads from which topic. */
interface Reader {
  readonly schema: string;
  readonly topic: string;
}

async function accountingOf(db: Database, of: readonly Domain[]): Promise<Accounting> {
  const [row] = await db.query(
    `select coalesce(sum(entries), 0)::float8 as entries, coalesce(sum(stored), 0)::float8 as stored, coalesce(sum(corrected), 0)::float8 as corrected,
            coalesce(sum(repeated), 0)::float8 as repeated, coalesce(sum(dead_lettered), 0)::float8 as "deadLettered"
       from (${of.map((domain) => `select entries, stored, corrected, repeated, dead_lettered from ${domain}.consumed`).join(' union all ')}) c`,
  );
  return row as Accounting;
}

async function committedOf(db: Database, of: readonly Reader[]): Promise<Map<string, number>> {
  const rows = await db.query(of.map(({ schema }) => `select topic, partition, next_offset::float8 as next from ${schema}.consumed`).join(' union all '));
  return new Map(rows.map((row) => [`${row['topic']}/${row['partition']}`, row['next'] as number]));
}

async function backlogOf(db: Database, of: readonly Reader[], ends: Map<string, number>, committed: Map<string, number>): Promise<Backlog> {
  const records = [...ends].reduce((sum, [partition, end]) => sum + Math.max(0, end - (committed.get(partition) ?? 0)), 0);
  const left = await Promise.all(of.map(({ schema }) => db.query(`select (select count(*) from ${schema}.invalidation)::int as stale, (select count(*) from ${schema}.outbox where sent_at is null)::int as unsent`)));
  const sum = (key: string): number => left.reduce((total, [row]) => total + (row![key] as number), 0);
  return { records, stale: sum('stale'), unsent: sum('unsent') };
}

interface Ends {
  /** By `topic/partition`, the offset of the next record. */
  read(): Promise<Map<string, number>>;
  close(): Promise<void>;
}

/** One connection for all questions; a new one after a failure, since brokers are killed here. */
async function openEnds(brokers: string, topics: readonly string[]): Promise<Ends> {
  const open = (): ReturnType<ReturnType<typeof connectKafka>['admin']> => connectKafka({ brokers: [brokers], clientId: 'test', log: quietLog }).admin();
  let admin = open();
  await admin.connect();
  return {
    async read() {
      try {
        const ofTopics = await Promise.all(topics.map(async (topic) => (await admin.fetchTopicOffsets(topic)).map(({ partition, high }): [string, number] => [`${topic}/${partition}`, Number(high)])));
        return new Map(ofTopics.flat());
      } catch (error) {
        await admin.disconnect().catch(() => undefined);
        admin = open();
        await admin.connect();
        throw error;
      }
    },
    close: () => admin.disconnect().catch(() => undefined),
  };
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

const portNames = ['API_PORT', 'INGEST_HTTP_PORT', 'MQTT_PORT', 'MQTT_TLS_PORT', 'TRAFFIC_HTTP_PORT', 'POLLUTION_HTTP_PORT', 'ALERTS_HTTP_PORT'] as const;

/** Ports that nothing listens on now, all different. */
async function freePorts(): Promise<Record<(typeof portNames)[number], number>> {
  const servers = await Promise.all(
    portNames.map(() => new Promise<ReturnType<typeof createServer>>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
    })),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(portNames.map((name, index) => [name, ports[index]!])) as Record<(typeof portNames)[number], number>;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
