/**
 * docker-compose.yml against the city of `npm start`: the same processes, versions, ports, settings, roles and topics,
 * and an environment that each app's own schema takes. No container runs here: docker-compose reads the file and says
 * what it makes of it, and what a deployed city does first, making roles and schemas, is done to a database of the test.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readConfiguration } from '#service';
import { openDatabase } from '#timeseries';
import { parse } from 'yaml';
import type { z } from 'zod';
import { quietLog } from './support/city.js';
import { infra, instanceName } from './support/instance.js';
import { repository } from './support/places.js';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string | number>>;
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart?: string;
  readonly mem_limit?: string | number;
  readonly ports?: readonly (string | { readonly published: string; readonly target: number; readonly host_ip: string })[];
  readonly volumes?: readonly (string | { readonly source: string; readonly target: string })[];
}

interface Settings {
  readonly kafka: { readonly version: string; readonly heapMb: number };
  readonly postgres: { readonly version: string; readonly packages: readonly string[] };
  readonly instances: { readonly main: Record<'kafka' | 'controller' | 'postgres', { readonly port: number }> };
  readonly kafkaSettings: Readonly<Record<string, string>>;
  readonly postgresSettings: Readonly<Record<string, string>>;
  readonly appRoles: readonly { readonly app: string; readonly role: string; readonly schema: string }[];
  readonly superuser: string;
  readonly cityDatabase: string;
}

const folder = mkdtempSync(join(tmpdir(), 'nhip-compose-'));
const envFile = join(folder, '.env');
const text = (...path: string[]): string => readFileSync(join(repository, ...path), 'utf8');
const load = (path: string): Promise<unknown> => import(pathToFileURL(join(repository, 'infra', path)).href);

let settings: Settings;
let services: Readonly<Record<string, Service>>;
let secrets: Readonly<Record<string, string>>;
let compose: readonly string[];
/** What `npm start` runs, told the ports of the deployed city. */
let local: readonly { name: string; env: Readonly<Record<string, string | undefined>>; readyUrl?: string }[];
/** Addresses that npm start tells every process, whether or not it has learnt to use them. */
const told = ['TRAFFIC_URL', 'POLLUTION_URL', 'ALERTS_URL'];
let startOrder: readonly (readonly string[])[];

beforeAll(async () => {
  const { composeSoftware, cityProcesses } = await infra();
  settings = (await load('local/settings.mjs')) as Settings;
  const processes = (await load('local/processes.mjs')) as { cityPorts(): Record<string, number>; startOrder: string[][] };
  startOrder = processes.startOrder;
  local = cityProcesses({ name: instanceName, brokers: '127.0.0.1:29092', databaseUrls: Object.fromEntries(settings.appRoles.map(({ app, role }) => [app, `postgres://${role}:x@127.0.0.1:25432/nhip`])), ports: processes.cityPorts() });
  execFileSync('sh', [join(repository, 'infra/docker/make-env.sh'), envFile]);
  secrets = entriesOf(readFileSync(envFile, 'utf8'));
  compose = await composeSoftware();
  services = composed();
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true }));

function composed(): Readonly<Record<string, Service>> {
  const [command = '', ...words] = compose;
  // Nothing of this shell may fill in what the file of secrets lacks.
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
  const args = [...words, '--env-file', envFile, '-f', join(repository, 'docker-compose.yml'), '--profile', 'simulator', '--profile', 'mosquitto', 'config'];
  return (parse(execFileSync(command, args, { env, encoding: 'utf8' }), { merge: true }) as { services: Record<string, Service> }).services;
}

/** Lines of the form NAME=value. */
function entriesOf(file: string): Record<string, string> {
  return Object.fromEntries([...file.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
}

const environmentOf = (name: string): Record<string, string> => Object.fromEntries(Object.entries(services[name]!.environment).map(([key, value]) => [key, String(value)]));

/** Found by its name, so that an app made tomorrow is held to it too. */
async function schemaOf(app: string): Promise<z.ZodObject> {
  const exported = (await import(`../apps/${app}/src/configuration.js`)) as Record<string, z.ZodObject>;
  return exported[`${app}Configuration`] ?? exported['configuration']!;
}

/** Names of variables that an app's schema knows, whether or not the whole is refined. */
const variablesOf = (schema: z.ZodObject): string[] => Object.keys(schema.shape);

test('there is a service for each process of npm start, and nothing else but the servers and what is done once', () => {
  const wanted = [...local.map(({ name }) => name), 'kafka', 'database', 'setup', 'simulated-town', 'mosquitto'];
  expect(Object.keys(services).sort()).toEqual(wanted.sort());
  for (const { name } of local) expect(services[name]!.command).toEqual(['node', `dist/apps/${name}/src/main.js`]);
});

describe('each app', () => {
  // Where the two cities lie differently.
  const places = new Set(['HOST', 'KAFKA_BROKERS', 'INTERNAL_SECRET']);
  const isPlace = (name: string): boolean => places.has(name) || /_(URL|FILE|DIR)$/.test(name);

  test('takes the environment it is given, and reads from it what it reads at npm start', async () => {
    for (const { name, env } of local) {
      const schema = await schemaOf(name);
      const deployed = readConfiguration(schema, environmentOf(name));
      expect([name, 'problems' in deployed ? deployed.problems : []]).toEqual([name, []]);
      const started = readConfiguration(schema, { ...env, LOG_LEVEL: 'info' });
      if (!('config' in deployed && 'config' in started)) throw new Error(`${name}: npm start would not take its environment`);
      const [there, here] = [deployed.config as Record<string, unknown>, started.config as Record<string, unknown>];
      for (const variable of variablesOf(schema)) if (!isPlace(variable)) expect([name, variable, there[variable]]).toEqual([name, variable, here[variable]]);
    }
  });

  test('is told nothing that no app knows, and no secret that is not its own', async () => {
    const known = new Map<string, Set<string>>();
    for (const { name } of local) known.set(name, new Set([...variablesOf(await schemaOf(name)), 'LOG_LEVEL', 'CITY_CODE']));
    const anyone = new Set([...[...known.values()].flatMap((names) => [...names]), ...told]);
    for (const { name } of local) {
      const own = known.get(name)!;
      const environment = environmentOf(name);
      expect([name, Object.keys(environment).filter((variable) => !anyone.has(variable))]).toEqual([name, []]);
      const holding = Object.entries(environment).filter(([, value]) => Object.entries(secrets).some(([key, secret]) => isSecret(key) && value.includes(secret)));
      expect([name, holding.map(([variable]) => variable).filter((variable) => !own.has(variable))]).toEqual([name, []]);
    }
  });

  test('finds the others where they are', async () => {
    for (const { name, env } of local) {
      for (const [variable, value] of Object.entries(environmentOf(name)).filter(([variable]) => variable.endsWith('_URL') && variable !== 'DATABASE_URL' && variable in env)) {
        const [there, here] = [new URL(value), new URL(env[variable]!)];
        expect([variable, there.port]).toEqual([variable, here.port]);
        expect(Object.keys(services)).toContain(there.hostname);
        expect(services[there.hostname]!.healthcheck!.test.join(' ')).toContain(`:${there.port}/`);
      }
    }
  });

  test('is asked where it says that it is ready, waits for those that npm start begins before it, and is started again', () => {
    for (const { name, readyUrl } of local) {
      if (readyUrl !== undefined) expect(services[name]!.healthcheck!.test).toEqual(['CMD', 'node', 'infra/docker/ready.mjs', readyUrl]);
      expect(services[name]!.restart).toBe('unless-stopped');
      expect(services[name]!.mem_limit).toBeDefined();
    }
    for (const [index, names] of startOrder.entries()) {
      // The simulator needs the door alone.
      for (const name of names) for (const before of startOrder[index - 1] ?? ['setup']) if (name !== 'simulator' || before === 'ingest') expect([name, ...everythingBefore(name)]).toContain(before);
    }
  });

  function everythingBefore(name: string, found = new Set<string>()): Set<string> {
    for (const other of Object.keys(services[name]?.depends_on ?? {})) if (!found.has(other)) everythingBefore(other, found.add(other));
    return found;
  }
});

test('only the doors of api, ingest and Mosquitto are published, on this machine alone until told otherwise', () => {
  for (const [name, { ports = [] }] of Object.entries(services)) {
    const published = ports.map((port) => (typeof port === 'string' ? port : `${port.host_ip}:${port.published}:${port.target}`).replace(/\/tcp$/, ''));
    expect([name, published]).toEqual([name, ({ api: [18000], ingest: [18830, 18883, 18080], mosquitto: [1883] }[name] ?? []).map((port) => `127.0.0.1:${port}:${port}`)]);
  }
});

describe('the servers', () => {
  test('Kafka has the version, ports, heap and settings of the local one', () => {
    const { kafka, kafkaSettings, instances: { main } } = settings;
    expect(services['kafka']!.image).toBe(`apache/kafka:${kafka.version}`);
    const environment = environmentOf('kafka');
    const wanted = Object.fromEntries(Object.entries(kafkaSettings).map(([name, value]) => [`KAFKA_${name.replaceAll('.', '_').toUpperCase()}`, value]));
    expect(environment).toMatchObject(wanted);
    const beside = Object.keys(environment).filter((name) => !(name in wanted)).sort();
    expect(beside).toEqual(['CLUSTER_ID', 'KAFKA_ADVERTISED_LISTENERS', 'KAFKA_CONTROLLER_LISTENER_NAMES', 'KAFKA_CONTROLLER_QUORUM_VOTERS', 'KAFKA_HEAP_OPTS', 'KAFKA_JVM_PERFORMANCE_OPTS', 'KAFKA_LISTENERS', 'KAFKA_LOG_DIRS']);
    expect(environment).toMatchObject({
      KAFKA_LISTENERS: `PLAINTEXT://:${main.kafka.port},CONTROLLER://:${main.controller.port}`,
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://kafka:${main.kafka.port}`,
      KAFKA_CONTROLLER_QUORUM_VOTERS: `1@kafka:${main.controller.port}`,
      KAFKA_HEAP_OPTS: `-Xms${kafka.heapMb}m -Xmx${kafka.heapMb}m`,
    });
    expect(targets('kafka')).toContain(environment['KAFKA_LOG_DIRS']);
    for (const { name } of local) if ('KAFKA_BROKERS' in environmentOf(name)) expect(environmentOf(name)['KAFKA_BROKERS']).toBe(`kafka:${main.kafka.port}`);
  });

  test('TimescaleDB has the versions, port and settings of the local one, but for what a container needs', async () => {
    const { postgres, postgresSettings, instances: { main }, superuser, cityDatabase } = settings;
    const { ensureDatabase } = await infra();
    const db = openDatabase({ url: (await ensureDatabase(instanceName)).adminUrl, name: 'test', connectionsMax: 1, log: quietLog });
    const [extension] = await db.query(`select default_version as version from pg_available_extensions where name = 'timescaledb'`);
    await db.close();
    expect(services['database']!.image).toBe(`timescale/timescaledb:${extension!['version']}-pg${postgres.version}`);
    const own = Object.fromEntries([...text('infra/docker/postgresql.conf').matchAll(/^([a-z_.]+) = '(.*)'$/gm)].map(([, name, value]) => [name, value]));
    const different = {
      listen_addresses: '*', port: String(main.postgres.port), logging_collector: 'off', 'timescaledb.max_background_workers': '4', max_worker_processes: '12',
    };
    const absent = ['unix_socket_directories', 'log_rotation_size', 'log_rotation_age', 'log_filename'];
    expect(own).toEqual({ ...Object.fromEntries(Object.entries(postgresSettings).filter(([name]) => !absent.includes(name))), ...different });
    expect(environmentOf('database')).toMatchObject({ POSTGRES_USER: superuser, POSTGRES_DB: cityDatabase });
    expect(targets('database')).toEqual(expect.arrayContaining(['/var/lib/postgresql/data', '/etc/nhip/postgresql.conf']));
  });

  test('each app logs in to the database as its own role, with the password that the set-up gives it', () => {
    const { appRoles, instances: { main }, cityDatabase, superuser } = settings;
    const setup = environmentOf('setup');
    expect(setup['DATABASE_URL']).toBe(`postgres://${superuser}:${secrets['POSTGRES_PASSWORD']}@database:${main.postgres.port}/${cityDatabase}`);
    for (const { app, role } of appRoles) {
      const password = setup[`${app.toUpperCase()}_DATABASE_PASSWORD`]!;
      expect(password).toMatch(/^[0-9a-f]{48}$/);
      expect(environmentOf(app)['DATABASE_URL']).toBe(`postgres://${role}:${password}@database:${main.postgres.port}/${cityDatabase}`);
    }
    expect(environmentOf('simulated-town')['DATABASE_URL']).toBe(environmentOf('api')['DATABASE_URL']);
  });
});

const targets = (name: string): string[] => (services[name]!.volumes ?? []).map((volume) => (typeof volume === 'string' ? volume.split(':')[1]! : volume.target));
const isSecret = (name: string): boolean => /PASSWORD|SECRET/.test(name);

describe('secrets', () => {
  test('are made at random, readable for their owner alone, and never written over', () => {
    const made = Object.entries(secrets).filter(([name]) => isSecret(name) || name === 'KAFKA_CLUSTER_ID');
    expect(made.length).toBe(settings.appRoles.length + 4);
    expect(new Set(made.map(([, value]) => value)).size).toBe(made.length);
    for (const [name, value] of made) expect([name, value]).toEqual([name, expect.stringMatching(name === 'KAFKA_CLUSTER_ID' ? /^[A-Za-z0-9][A-Za-z0-9_-]{21}$/ : /^[0-9a-f]{48}$/)]);
    expect(Buffer.from(secrets['KAFKA_CLUSTER_ID']!, 'base64url').length).toBe(16);
    expect(statSync(envFile).mode & 0o777).toBe(0o600);
    expect(() => execFileSync('sh', [join(repository, 'infra/docker/make-env.sh'), envFile], { stdio: 'pipe' })).toThrow(/there already/);
    expect(entriesOf(readFileSync(envFile, 'utf8'))).toEqual(secrets);
  });

  test('stand in no file of the repository, and no service starts without them', () => {
    for (const file of ['docker-compose.yml', 'infra/docker/city.env', 'infra/docker/kafka.env', 'infra/docker/env.example', 'infra/docker/Dockerfile']) {
      for (const [, name, value] of text(file).matchAll(/^\s*(?:ENV )?(\w*(?:PASSWORD|SECRET|CLUSTER_ID))[=:][ \t]*(.*)$/gm)) expect([file, name, value]).toEqual([file, name, expect.stringMatching(/^(\$\{\w+:\?.*\}|)$/)]);
      for (const [, password] of text(file).matchAll(/postgres:\/\/\w+:(.*)@/g)) expect([file, password]).toEqual([file, expect.stringMatching(/^\$\{\w+(:\?.*)?\}$/)]);
    }
    for (const ignored of ['.gitignore', '.dockerignore']) expect(text(ignored)).toMatch(/^(\*\*\/)?\.env$/m);
    const [command = '', ...words] = compose;
    const empty = join(folder, 'empty.env');
    writeFileSync(empty, '');
    expect(() => execFileSync(command, [...words, '--env-file', empty, '-f', join(repository, 'docker-compose.yml'), 'config'], { env: { PATH: process.env['PATH'] }, stdio: 'pipe' })).toThrow(/make-env\.sh/);
  });
});

test('what is done first makes the roles and schemas in an empty database, twice without harm', async () => {
  const { ensureKafka, ensureDatabase, dropDatabase, secret } = await infra();
  const [{ brokers }, { adminUrl }] = await Promise.all([ensureKafka(instanceName), ensureDatabase(instanceName)]);
  const name = `t${randomBytes(5).toString('hex')}`;
  const admin = openDatabase({ url: adminUrl, name: 'test', connectionsMax: 1, log: quietLog });
  const own = new URL(adminUrl);
  own.pathname = `/${name}`;
  try {
    await admin.query(`create database ${name} template template0`);
    // Roles are the server's: they keep the passwords that its other databases use.
    const passwords = Object.fromEntries(settings.appRoles.map(({ app, role }) => [`${app.toUpperCase()}_DATABASE_PASSWORD`, secret(instanceName, role)]));
    const env = { PATH: process.env['PATH'], ...passwords, DATABASE_URL: own.href, KAFKA_BROKERS: brokers };
    for (let time = 0; time < 2; time++) expect(execFileSync(process.execPath, [join(repository, 'infra/docker/setup.mjs')], { env, encoding: 'utf8' })).toBe('Kafka: done\ndatabase: done\n');
    for (const { app, role, schema } of settings.appRoles) {
      const url = new URL(own);
      [url.username, url.password] = [role, passwords[`${app.toUpperCase()}_DATABASE_PASSWORD`]!];
      const db = openDatabase({ url: url.href, name: 'test', connectionsMax: 1, log: quietLog });
      const [row] = await db.query(`select current_schema() as schema, has_schema_privilege($1, 'create') as own, (select count(*) from pg_extension where extname = 'timescaledb')::int as extension`, [schema]);
      await db.close();
      expect(row).toEqual({ schema, own: true, extension: 1 });
    }
  } finally {
    await admin.close();
    await dropDatabase(instanceName, name);
  }
});
