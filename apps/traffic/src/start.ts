/**
 * The wiring of traffic, from the bottom up: database, registry, Kafka, store, consumer, jobs, routes.
 *
 * The order matters twice: tables exist before anything is consumed, and the topic is checked against what was consumed
 * so far before the first round, so that a topic made anew is a message to a person and not a silent gap.
 */
import { conditionsTopic, streamTopic, trafficFlagBits } from '#contracts';
import { connectKafka, ensureTopics, PlainProducer, RoundStrategy, topicEnds, whileUnavailable } from '#messaging';
import { createHttpApp, listenHttp, principalGuard, type Service, serviceModule, watchRegistry } from '#service';
import { compressWhereLicensed, type Database, migrate, openDatabase, plumbing, prepareStream, RoundStore, startRelay, startRetention, startRollups, type Stream } from '#timeseries';
import { type DynamicModule } from '@nestjs/common';
import type { TrafficConfiguration } from './configuration.js';
import type { Segment } from './congestion.js';
import { type CongestionChange, congestionFold, type ConsumerOptions, consumerOptions, TrafficConsumer } from './consumer.js';
import { limitsFrom } from './limits.js';
import { trafficMetrics } from './metrics.js';
import type { Observation } from './observation.js';
import { type RouteOptions, routeOptions, TrafficRoutes } from './routes.js';
import { keptTables, readings, replayChannels, rollups, schema } from './tables.js';

type Kafka = ReturnType<typeof connectKafka>;

const gib = 1024 ** 3;
const mib = 1024 ** 2;

export async function startTraffic(config: TrafficConfiguration, service: Service): Promise<void> {
  const { log, health } = service;
  const db = openDatabase({ url: config.DATABASE_URL, name: 'nhip traffic', connectionsMax: config.DATABASE_CONNECTIONS_MAX, log });
  service.onStop('database', () => db.close());
  await migrate({ db, schema, folder: new URL('./migrations/', import.meta.url), log, first: [await plumbing()] });

  const registry = await watchRegistry({ db, log, health });
  service.onStop('registry', () => registry.close());
  const limits = limitsFrom(registry);

  const kafka = connectKafka({ brokers: config.KAFKA_BROKERS, clientId: 'traffic', log });
  const { stream, partitions } = await openStream(config, db, kafka);
  const store = new RoundStore<Observation, Segment, CongestionChange>({
    db,
    stream,
    table: readings,
    fold: congestionFold(limits, registry, config.TOPIC_ROOT),
    log,
    onOurFault: (error) => service.crash(error, 'every message fails: this release is at fault'),
  });
  // Segments follow from assets, devices and dated rows: when these change, states are computed anew.
  registry.onChange(() => {
    limits.forget();
    store.forget();
  });

  const producer = new PlainProducer(kafka);
  service.onStop('kafka producer', () => producer.close());
  const relay = startRelay({ db, schema, log, send: (topic, messages) => producer.send(topic, messages), onTrouble: (failing) => health.report('outbox', !failing) });
  service.onStop('outbox', () => relay.stop());
  await startJobs(config, service, db);

  const metrics = trafficMetrics(service.metrics);
  const unpacking = { registry, limits, partitions, log };
  const consuming: ConsumerOptions = {
    ...unpacking,
    store,
    onStored(result, arrivals) {
      if (result.announced > 0) relay.nudge();
      metrics.stored(result, arrivals);
    },
  };
  const routing: RouteOptions = { ...unpacking, db, store, stream, relay, ends: async () => (await topicEnds(kafka, stream.topic)).partitions };
  const app = await createHttpApp(service, trafficModule(service, consuming, routing), { bodyBytesMax: 64 * 1024, body: 'json' });
  app.useGlobalGuards(principalGuard(config.INTERNAL_SECRET));
  app.connectMicroservice({
    strategy: new RoundStrategy({
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
    }),
  });
  await app.startAllMicroservices();
  health.report('consumer', true);
  await listenHttp(service, app, { host: config.HOST, port: config.TRAFFIC_HTTP_PORT, connectionsMax: 1_000 });
}

/** The topics exist, the stream is the one that was consumed so far, and its rows are there to be locked. */
async function openStream(config: TrafficConfiguration, db: Database, kafka: Kafka): Promise<{ stream: Stream; partitions: number }> {
  const topic = streamTopic(config.TOPIC_ROOT, 'traffic', 'readings');
  const bounds = { retentionMs: config.TOPIC_RETENTION_HOURS * 3_600_000, retentionBytes: config.TOPIC_RETENTION_MIB * mib };
  await ensureTopics(kafka, [
    { topic, partitions: config.TOPIC_PARTITIONS, ...bounds },
    { topic: conditionsTopic(config.TOPIC_ROOT), partitions: 1, ...bounds },
  ]);
  const { clusterId, partitions } = await whileUnavailable(() => topicEnds(kafka, topic));
  const stream: Stream = { schema, group: config.CONSUMER_GROUP, topic, clusterId };
  await prepareStream(db, stream, partitions);
  return { stream, partitions: partitions.size };
}

async function startJobs(config: TrafficConfiguration, service: Service, db: Database): Promise<void> {
  const { log, health } = service;
  const table = rollups(trafficFlagBits.imputed);
  const job = startRollups(db, table, log, { everyMs: config.ROLLUP_EVERY_MS, refreshS: config.ROLLUP_REFRESH_S }, (failing) => health.report('aggregates', !failing));
  service.onStop('aggregates', () => job.stop());

  await compressWhereLicensed(db, schema, readings.name, 'channel_id', 'observed_at', config.COMPRESS_AFTER_DAYS, log);
  const retention = startRetention({
    db,
    schema,
    log,
    tables: keptTables({ rows: config.RETENTION_ROWS_DAYS, aggregates: config.RETENTION_AGGREGATES_DAYS }, config.RETENTION_TABLE_GIB * gib),
    keptChannels: replayChannels,
    deadLettersDays: config.RETENTION_DEAD_LETTERS_DAYS,
    deadLettersBytesMax: config.RETENTION_DEAD_LETTERS_MIB * mib,
    outboxDays: 7,
  });
  service.onStop('retention', () => retention.stop());
}

class TrafficModule {}

function trafficModule(service: Service, consuming: ConsumerOptions, routing: RouteOptions): DynamicModule {
  return {
    module: TrafficModule,
    imports: [serviceModule(service)],
    controllers: [TrafficConsumer, TrafficRoutes],
    providers: [
      { provide: consumerOptions, useValue: consuming },
      { provide: routeOptions, useValue: routing },
    ],
  };
}
