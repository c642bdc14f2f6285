/**
 * The wiring of a domain's service, from the bottom up: database, registry, Kafka, store, consumer, jobs, routes.
 *
 * The order matters twice: tables exist before anything is consumed, and the topic is checked against what was consumed
 * so far before the first round, so that a topic made anew is a message to a person and not a silent gap.
 */
import { conditionsTopic, streamTopic } from '#contracts';
import { connectKafka, ensureTopics, PlainProducer, RoundStrategy, topicEnds, whileUnavailable } from '#messaging';
import { createHttpApp, listenHttp, openApiModule, routeGuard, type Service, serviceModule, signedPrincipal, watchRegistry } from '#service';
import { compressWhereLicensed, type Database, migrate, openDatabase, plumbing, prepareStream, RoundStore, startRelay, startRetention, startRollups, type Stream } from '#timeseries';
import type { DynamicModule, Provider, Type } from '@nestjs/common';
import { type DomainConfiguration, portOf } from './configuration.js';
import { consumerOf } from './consumer.js';
import type { DomainDefinition, TimedObservation } from './definition.js';
import { domainMetrics } from './metrics.js';
import { routesOf } from './routes.js';
import { keptTables, replayChannels } from './kept-tables.js';
import { seriesRoutesOf } from './series-routes.js';

type Kafka = ReturnType<typeof connectKafka>;

const gib = 1024 ** 3;
const mib = 1024 ** 2;

export async function startDomain<O extends TimedObservation, S, C>(config: DomainConfiguration, service: Service, definition: DomainDefinition<O, S, C>): Promise<void> {
  const { name } = definition;
  const { schema } = definition.table;
  const { log, health } = service;
  const db = openDatabase({ url: config.DATABASE_URL, name: `nhip ${name}`, connectionsMax: config.DATABASE_CONNECTIONS_MAX, log });
  service.onStop('database', () => db.close());
  await migrate({ db, schema, folder: definition.migrations, log, first: [await plumbing()] });

  const registry = await watchRegistry({ db, log, health });
  service.onStop('registry', () => registry.close());
  const parts = await definition.prepare({ config, service, db, registry });

  const kafka = connectKafka({ brokers: config.KAFKA_BROKERS, clientId: name, log });
  const { stream, partitions } = await openStream(config, definition, db, kafka);
  const store = new RoundStore<O, S, C>({ db, stream, table: definition.table, fold: parts.fold, log, onOurFault: (error) => service.crash(error, 'every message fails: this release is at fault') });
  // States follow from assets, devices and dated rows: when these change, they are computed anew.
  registry.onChange(() => {
    parts.onRegistryChange();
    store.forget();
  });

  const producer = new PlainProducer(kafka);
  service.onStop('kafka producer', () => producer.close());
  const relay = startRelay({ db, schema, log, send: (topic, messages) => producer.send(topic, messages), onTrouble: (failing) => health.report('outbox', !failing) });
  service.onStop('outbox', () => relay.stop());
  await startJobs(config, service, definition, db);
  await parts.start?.({ store, relay, kafka });

  const metrics = domainMetrics(service.metrics);
  const unpacking = { domain: name, observationsFrom: definition.observationsFrom, age: parts.age, registry, partitions, log };
  const consumer = consumerOf<O>(`${name}.readings`, {
    ...unpacking,
    store,
    onStored(result, arrivals) {
      if (result.announced > 0) relay.nudge();
      metrics.stored(result, arrivals);
      parts.onStored?.(result, arrivals);
    },
  });
  const seriesDb = openDatabase({ url: config.DATABASE_URL, name: `nhip ${name} series`, connectionsMax: config.SERIES_CONNECTIONS_MAX, log });
  service.onStop('series', () => seriesDb.close());
  const { catalogue, flagBits, rollups } = definition;
  const series = seriesRoutesOf({ domain: name, catalogue, flagBits, rollups, registry, db: seriesDb });
  const routes = routesOf<O>({ ...unpacking, schema, db, store, stream, relay, ends: async () => (await topicEnds(kafka, stream.topic)).partitions });
  const app = await createHttpApp(service, domainModule(service, consumer, [series, routes, ...parts.controllers], parts.providers), { bodyBytesMax: 64 * 1024, body: 'json' });
  app.useGlobalGuards(routeGuard(signedPrincipal(config.INTERNAL_SECRET)));
  app.connectMicroservice({ strategy: roundStrategy(config, service, kafka) });
  await app.startAllMicroservices();
  health.report('consumer', true);
  await listenHttp(service, app, { host: config.HOST, port: portOf(config, name), connectionsMax: 1_000 });
}

function roundStrategy(config: DomainConfiguration, service: Service, kafka: Kafka): RoundStrategy {
  const { log, health } = service;
  return new RoundStrategy({
    kafka,
    groupId: config.CONSUMER_GROUP,
    topicRoot: config.TOPIC_ROOT,
    log,
    fetchBytesMin: config.FETCH_BYTES_MIN,
    fetchWaitMs: config.FETCH_WAIT_MS,
    partitionBytesMax: config.FETCH_PARTITION_BYTES_MAX,
    sessionTimeoutMs: config.SESSION_TIMEOUT_MS,
    onTrouble(failing, error) {
      health.report('consumer', !failing, failing ? String(error) : '');
      if (failing) log.warn({ error: String(error) }, 'round could not be stored, it is tried again');
    },
    onFatal: (error) => service.crash(error, 'consumer stopped'),
  });
}

/** The topics exist, the stream is the one that was consumed so far, and its rows are there to be locked. */
async function openStream<O extends TimedObservation, S, C>(config: DomainConfiguration, { name, table }: DomainDefinition<O, S, C>, db: Database, kafka: Kafka): Promise<{ stream: Stream; partitions: number }> {
  const topic = streamTopic(config.TOPIC_ROOT, name, 'readings');
  const bounds = { retentionMs: config.TOPIC_RETENTION_HOURS * 3_600_000, retentionBytes: config.TOPIC_RETENTION_MIB * mib };
  await ensureTopics(kafka, [
    { topic, partitions: config.TOPIC_PARTITIONS, ...bounds },
    { topic: conditionsTopic(config.TOPIC_ROOT), partitions: 1, ...bounds },
  ]);
  const { clusterId, partitions } = await whileUnavailable(() => topicEnds(kafka, topic));
  const stream: Stream = { schema: table.schema, group: config.CONSUMER_GROUP, topic, clusterId };
  await prepareStream(db, stream, partitions);
  return { stream, partitions: partitions.size };
}

async function startJobs<O extends TimedObservation, S, C>(config: DomainConfiguration, service: Service, { table, rollups }: DomainDefinition<O, S, C>, db: Database): Promise<void> {
  const { log, health } = service;
  const { schema } = table;
  const job = startRollups(db, rollups, log, { everyMs: config.ROLLUP_EVERY_MS, refreshS: config.ROLLUP_REFRESH_S }, (failing) => health.report('aggregates', !failing));
  service.onStop('aggregates', () => job.stop());

  await compressWhereLicensed(db, schema, table.name, 'channel_id', 'observed_at', config.COMPRESS_AFTER_DAYS, log);
  const retention = startRetention({
    db,
    schema,
    log,
    tables: keptTables(table.name, { rows: config.RETENTION_ROWS_DAYS, aggregates: config.RETENTION_AGGREGATES_DAYS }, config.RETENTION_TABLE_GIB * gib),
    keptChannels: replayChannels(schema),
    deadLettersDays: config.RETENTION_DEAD_LETTERS_DAYS,
    deadLettersBytesMax: config.RETENTION_DEAD_LETTERS_MIB * mib,
    outboxDays: 7,
  });
  service.onStop('retention', () => retention.stop());
}

class DomainModule {}

function domainModule(service: Service, consumer: Type, routes: Type[], providers: readonly Provider[]): DynamicModule {
  const imports = [serviceModule(service), openApiModule({ service: service.name, title: `Nhịp: ${service.name}`, controllers: routes })];
  return { module: DomainModule, imports, controllers: [consumer, ...routes], providers: [...providers] };
}
