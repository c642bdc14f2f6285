// @ts-check
/**
 * Starts, finds again, stops and kills the Kafka broker of an instance: one process, broker and controller in one (KRaft).
 * It outlives the script that started it. After a kill -9 the next start recovers the log; nothing need be cleaned by hand.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, tail } from './command.mjs';
import { pathIn, serverPorts } from './instance.mjs';
import { withLock } from './lock.mjs';
import { needDisk, needPort, Problem } from './needs.mjs';
import { end, forget, recall, remember } from './process-record.mjs';
import { kafka, kafkaSettings } from './settings.mjs';
import { kafkaSoftware, needsOfKafka } from './software.mjs';

/** @typedef {import('./settings.mjs').InstanceName} InstanceName */

const startDeadlineMs = 90_000;
const stopDeadlineMs = 20_000;

/**
 * Brings the broker up, or finds it running.
 * @param {InstanceName} name
 * @returns {Promise<{ brokers: string, pid: number, started: boolean }>} `started`: by this call
 */
export function ensureKafka(name) {
  return withLock(lockFile(name), async () => {
    const live = recall(recordFile(name));
    if (live !== null && live.port !== undefined) {
      await untilReady(name, live.pid, live.port);
      return { brokers: `127.0.0.1:${live.port}`, pid: live.pid, started: false };
    }
    const { port, pid } = await start(name);
    await untilReady(name, pid, port);
    return { brokers: `127.0.0.1:${port}`, pid, started: true };
  });
}

/** Whether it runs. @param {InstanceName} name */
export function kafkaLives(name) {
  return recall(recordFile(name)) !== null;
}

/** Throws a Problem when something would keep it from starting. @param {InstanceName} name */
export async function checkKafka(name) {
  await needsOfKafka(name);
  if (kafkaLives(name)) return;
  needDisk(pathIn(name));
  const { kafka: door, controller } = serverPorts(name);
  await needPort(door, `Kafka of instance ${name}`);
  await needPort(controller, `the Kafka controller of instance ${name}`);
}

/** Stops it in good order; kills it when it does not end in time. @param {InstanceName} name */
export function stopKafka(name) {
  return finish(name, 'SIGTERM');
}

/** @param {InstanceName} name */
export function killKafka(name) {
  return finish(name, 'SIGKILL');
}

/** @param {InstanceName} name @param {NodeJS.Signals} signal @returns {Promise<boolean>} whether there was one */
function finish(name, signal) {
  return withLock(lockFile(name), async () => {
    const live = recall(recordFile(name));
    if (live !== null) await end(live, signal, stopDeadlineMs);
    forget(recordFile(name));
    return live !== null;
  });
}

/** @param {InstanceName} name */
async function start(name) {
  await checkKafka(name);
  const classPath = await kafkaSoftware();
  const { kafka: door } = serverPorts(name);
  mkdirSync(pathIn(name, 'kafka', 'log'), { recursive: true });
  const properties = pathIn(name, 'kafka', 'server.properties');
  writeFileSync(properties, propertiesOf(name));
  writeFileSync(pathIn(name, 'kafka', 'log4j2.xml'), loggingOf(name));
  await format(name, classPath, properties);

  const log = consoleLog(name);
  rmSync(log, { force: true });
  const file = openSync(log, 'a');
  const java = ['-cp', classPath, ...javaOptions(name), 'kafka.Kafka', properties];
  const child = spawn('java', java, { cwd: pathIn(name, 'kafka'), detached: true, stdio: ['ignore', file, file] });
  child.on('error', () => {});
  child.unref();
  if (child.pid === undefined) throw new Problem('Kafka could not be started: the command java is missing.');
  remember(recordFile(name), child.pid, { port: door.port });
  return { pid: child.pid, port: door.port };
}

/**
 * Gives the data folder its cluster id, once. Its metadata log is made by the server's first start: while there is none,
 * the folder holds nothing to lose, and a format that may have been interrupted is done again.
 * @param {InstanceName} name @param {string} classPath @param {string} properties
 */
async function format(name, classPath, properties) {
  const data = pathIn(name, 'kafka', 'data');
  if (existsSync(`${data}/__cluster_metadata-0`)) return;
  rmSync(data, { recursive: true, force: true });
  const log = consoleLog(name);
  const java = (/** @type {string[]} */ ...args) => run('java', ['-cp', classPath, '-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', 'kafka.tools.StorageTool', ...args], { log });
  // A Kafka uuid: 16 bytes in base64url, which the tools cannot take when it begins with a dash.
  const clusterId = `N${randomBytes(16).toString('base64url').slice(1)}`;
  await java('format', '--cluster-id', clusterId, '--config', properties);
}

/** @param {InstanceName} name */
function propertiesOf(name) {
  const { kafka: door, controller } = serverPorts(name);
  const settings = {
    ...kafkaSettings,
    listeners: `PLAINTEXT://127.0.0.1:${door.port},CONTROLLER://127.0.0.1:${controller.port}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${door.port}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${controller.port}`,
    'log.dirs': pathIn(name, 'kafka', 'data'),
  };
  return Object.entries(settings).map(([key, value]) => `${key}=${value}\n`).join('');
}

/** @param {InstanceName} name */
function javaOptions(name) {
  return [
    `-Xms${kafka.heapMb}m`,
    `-Xmx${kafka.heapMb}m`,
    // On 2 cores the parallel threads of another collector would compete with the broker's own.
    '-XX:+UseSerialGC',
    '-XX:+ExitOnOutOfMemoryError',
    '-Djava.awt.headless=true',
    `-Dlog4j2.configurationFile=${pathIn(name, 'kafka', 'log4j2.xml')}`,
  ];
}

/** At most 4 files of 10 MB. @param {InstanceName} name */
function loggingOf(name) {
  const log = pathIn(name, 'kafka', 'log');
  return `<Configuration status="WARN">
  <Appenders>
    <RollingFile name="file" fileName="${log}/kafka.log" filePattern="${log}/kafka.%i.log">
      <PatternLayout pattern="%d{ISO8601} %-5p %m (%c{1})%n"/>
      <Policies><SizeBasedTriggeringPolicy size="10 MB"/></Policies>
      <DefaultRolloverStrategy max="3"/>
    </RollingFile>
  </Appenders>
  <Loggers><Root level="INFO"><AppenderRef ref="file"/></Root></Loggers>
</Configuration>
`;
}

/** @param {InstanceName} name @param {number} pid @param {number} port */
async function untilReady(name, pid, port) {
  for (const until = Date.now() + startDeadlineMs; Date.now() < until; await sleep(100)) {
    if (await servesBrokers('127.0.0.1', port)) return;
    if (recall(recordFile(name))?.pid !== pid) {
      throw new Problem(`Kafka of instance ${name} ended while it started; its logs are in ${pathIn(name, 'kafka')}.\n${lastWords(name)}`);
    }
  }
  throw new Problem(`Kafka of instance ${name} did not answer within ${startDeadlineMs / 1000} s; its logs are in ${pathIn(name, 'kafka')}.`);
}

/**
 * Asks for the cluster's brokers (Metadata v5, no topics). The port opens before the broker is admitted to its cluster,
 * and until then the list is empty.
 * @param {string} host @param {number} port
 * @returns {Promise<boolean>}
 */
export function servesBrokers(host, port) {
  const request = Buffer.alloc(4 + 8 + 2 + 4 + 1);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(3, 4); // Metadata
  request.writeInt16BE(5, 6); // version
  request.writeInt32BE(1, 8); // correlation id
  request.writeInt16BE(-1, 12); // no client id
  // No topics (int32 0), and none to be made (int8 0): zeros already.
  return new Promise((resolve) => {
    const socket = connect({ port, host, timeout: 2_000 });
    let answer = Buffer.alloc(0);
    const done = (/** @type {boolean} */ ready) => {
      socket.destroy();
      resolve(ready);
    };
    socket.on('connect', () => socket.write(request));
    socket.on('data', (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      // Size, correlation id, throttle time, then the number of brokers.
      if (answer.length >= 16) done(answer.readInt32BE(12) > 0);
    });
    for (const event of ['error', 'timeout', 'close']) socket.on(event, () => done(false));
  });
}

/** @param {InstanceName} name */
function lastWords(name) {
  return [consoleLog(name), pathIn(name, 'kafka', 'log', 'kafka.log')]
    .filter(existsSync)
    .map((file) => tail(readFileSync(file, 'utf8'), 8))
    .join('\n');
}

/** @param {InstanceName} name */
const recordFile = (name) => pathIn(name, 'kafka.pid');
/** @param {InstanceName} name */
const lockFile = (name) => pathIn(name, 'kafka.lock');
/** @param {InstanceName} name */
const consoleLog = (name) => pathIn(name, 'kafka', 'log', 'console.log');
