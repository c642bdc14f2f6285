/**
 * The wiring of ingest: registry, Kafka, what both doors share, the doors, the bridges to brokers of others.
 *
 * The doors open last, when who may come in is known and the topics exist, and are the first to close; only health and
 * metrics can be asked all the time.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandsTopic, connectionsTopic, domains, refusedTopic, streamTopic } from '#contracts';
import { connectKafka, ensureTopics, PackedProducer, PlainProducer, readFromEnd } from '#messaging';
import { createHttpApp, listenHttp, type Registry, type Service, watchRegistry } from '#service';
import { openDatabase } from '#timeseries';
import { Attempts } from './attempts.js';
import { Bridges } from './bridges.js';
import { takeCommand } from './commands.js';
import { attemptLimits, type Configuration, httpLimits, mqttLimits } from './configuration.js';
import { ConnectionEvents } from './connection-events.js';
import { type HttpDoorOptions, httpDoorModule } from './http-door.js';
import { MqttDoor } from './mqtt-door.js';
import { Routes } from './routes.js';
import { batchMetrics, registerMetrics, Tally } from './tally.js';

export async function startIngest(config: Configuration, service: Service): Promise<void> {
  const { log, metrics, health } = service;
  health.report('registry', false, 'not read yet');
  health.report('kafka', false, 'not reached yet');
  let httpDoor: HttpDoorOptions | null = null;
  await openHttp(config, service, () => httpDoor);

  const registry = await openRegistry(config, service);
  const kafka = connectKafka({ brokers: config.KAFKA_BROKERS, clientId: 'ingest', log });
  await ensureTopics(kafka, topicsOf(config));
  const producer = await openProducer(config, service, kafka);

  const tally = new Tally(log);
  const routes = new Routes({ producer, registry, topicRoot: config.TOPIC_ROOT, partitions: config.TOPIC_PARTITIONS });
  const attempts = new Attempts(attemptLimits(config));
  const plainProducer = new PlainProducer(kafka);
  service.onStop('plain producer', () => plainProducer.close());
  const events = new ConnectionEvents({ producer: plainProducer, topicRoot: config.TOPIC_ROOT, partitions: config.TOPIC_PARTITIONS, tally, eventsMax: config.CONNECTION_EVENTS_MAX, gatherMs: 200 });
  service.onStop('connection events', () => events.stop());

  const door = new MqttDoor({ limits: mqttLimits(config), producer, registry, routes, attempts, tally, events, log });
  registerMetrics(metrics, tally, door);
  const bridges = new Bridges(config.BRIDGE_FILE ?? [], { producer, registry, routes, tally, health, log, topicRoot: config.TOPIC_ROOT, member: config.BRIDGE_MEMBER ?? '' }, metrics);
  const commands = readFromEnd({
    kafka,
    topic: commandsTopic(config.TOPIC_ROOT),
    reader: `${config.TOPIC_ROOT}-ingest-commands`,
    log,
    onRecord: (_, value) => takeCommand(value, (message) => door.deliver(message), tally),
    onFatal: (error) => service.crash(error, 'commands are no longer read'),
  });
  service.onStop('commands', () => commands.stop());
  // A domain may answer to the very first connection; but devices do not wait for long.
  await Promise.race([commands.ready, sleep(commandsDeadlineMs)]);

  service.onStop('doors', async () => {
    httpDoor = null;
    bridges.stopTaking();
    await door.stop(() => producer.stop());
    await bridges.close();
  });
  httpDoor = { producer, registry, routes, attempts, tally, limits: httpLimits(config) };
  await openMqtt(config, service, door);
  bridges.start(registry, log);
}

const commandsDeadlineMs = 5_000;

async function openHttp(config: Configuration, service: Service, options: () => HttpDoorOptions | null): Promise<void> {
  const app = await createHttpApp(service, httpDoorModule(service, options), { body: 'none', bodyBytesMax: 0 });
  await listenHttp(service, app, { host: config.HOST, port: config.INGEST_HTTP_PORT, connectionsMax: config.HTTP_CONNECTIONS_MAX, requestDeadlineMs: 1000 * config.HTTP_REQUEST_SECONDS_MAX });
}

async function openRegistry(config: Configuration, { log, health, onStop }: Service): Promise<Registry> {
  const db = openDatabase({ url: config.DATABASE_URL, name: 'nhip ingest', connectionsMax: 2, log });
  onStop('database', () => db.close());
  await mkdir(config.STATE_DIR, { recursive: true });
  const registry = await watchRegistry({ db, log, health, snapshotFile: join(config.STATE_DIR, 'registry.json') });
  onStop('registry', () => registry.close());
  return registry;
}

function topicsOf({ TOPIC_ROOT, TOPIC_PARTITIONS, TOPIC_RETENTION_HOURS, TOPIC_RETENTION_MIB }: Configuration): Parameters<typeof ensureTopics>[1] {
  const topic = (name: string, partitions: number, retentionMs: number, retentionMib: number) => ({ topic: name, partitions, retentionMs, retentionBytes: retentionMib * 1024 ** 2 });
  const dayMs = 24 * 3_600_000;
  return [
    ...Object.entries(domains).flatMap(([domain, { streams }]) => streams.map((stream) => topic(streamTopic(TOPIC_ROOT, domain, stream), TOPIC_PARTITIONS, TOPIC_RETENTION_HOURS * 3_600_000, TOPIC_RETENTION_MIB))),
    topic(connectionsTopic(TOPIC_ROOT), TOPIC_PARTITIONS, 7 * dayMs, 256),
    topic(refusedTopic(TOPIC_ROOT), 1, 7 * dayMs, 256),
    // Of worth only now: kept for a day so that a person can look at what was sent.
    topic(commandsTopic(TOPIC_ROOT), 1, dayMs, 256),
  ];
}

async function openProducer(config: Configuration, { log, health, metrics }: Service, kafka: ReturnType<typeof connectKafka>): Promise<PackedProducer> {
  const batches = batchMetrics(metrics);
  const producer = new PackedProducer({
    kafka,
    city: config.CITY_CODE,
    log,
    bytesMax: config.PENDING_BYTES_MAX,
    lingerMs: config.LINGER_MS,
    onSend: (facts) => batches.observe(facts),
    onTrouble: (failing) => health.report('kafka', !failing, failing ? 'away: messages wait, sockets are not read' : ''),
  });
  await producer.start();
  health.report('kafka', true);
  return producer;
}

async function openMqtt(config: Configuration, { log }: Service, door: MqttDoor): Promise<void> {
  const port = await door.listen(config.HOST, config.MQTT_PORT);
  log.info({ host: config.HOST, port }, 'mqtt open');
  if (config.MQTT_TLS_CERT === undefined || config.MQTT_TLS_KEY === undefined) return;
  const [cert, key] = await Promise.all([readFile(config.MQTT_TLS_CERT), readFile(config.MQTT_TLS_KEY)]);
  const tlsPort = await door.listen(config.HOST, config.MQTT_TLS_PORT, { cert, key });
  log.info({ host: config.HOST, port: tlsPort }, 'mqtt over tls open');
}
