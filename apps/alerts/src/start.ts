/**
 * The wiring of alerts, from the bottom up: database, Kafka, the book of alarms, relay, questions about gaps, routes.
 *
 * The order matters twice: tables exist before anything is consumed, and the topic is checked against what was consumed
 * so far before the first round, so that a topic made anew is a message to a person and not a silent gap.
 */
import { alarmChangesTopic, conditionsTopic, domainNames, Unavailable } from '#contracts';
import { connectKafka, ensureTopics, PlainProducer, RoundStrategy, topicEnds, whileUnavailable } from '#messaging';
import { createHttpApp, listenHttp, openApiModule, routeGuard, serviceModule, signedPrincipal, type Service } from '#service';
import { type Database, EntryStore, migrate, openDatabase, plumbing, prepareStream, type Relay, startRelay, startRetention, type Stream } from '#timeseries';
import type { DynamicModule } from '@nestjs/common';
import { enter } from './book.js';
import { type AlertsConfiguration, domainUrl } from './configuration.js';
import { AlertsConsumer, type ConsumerOptions, consumerOptions } from './consumer.js';
import { type GapWatch, watchGaps } from './gaps.js';
import { type AlertsMetrics, alertsMetrics } from './metrics.js';
import type { ConditionEntry } from './reading-conditions.js';
import { AlarmRoutes, type RouteOptions, routeOptions } from './routes.js';
import { countHeld, schema } from './tables.js';

type Kafka = ReturnType<typeof connectKafka>;

const mib = 1024 ** 2;
/** Conditions come from one partition, so that all alarms are entered in one order. */
const partition = 0;

export async function startAlerts(config: AlertsConfiguration, service: Service): Promise<void> {
  const { log, health } = service;
  const db = openDatabase({ url: config.DATABASE_URL, name: 'nhip alerts', connectionsMax: config.DATABASE_CONNECTIONS_MAX, log });
  service.onStop('database', () => db.close());
  await migrate({ db, schema, folder: new URL('./migrations/', import.meta.url), log, first: [await plumbing()] });

  const kafka = connectKafka({ brokers: config.KAFKA_BROKERS, clientId: 'alerts', log });
  const stream = await openStream(config, db, kafka);
  const producer = new PlainProducer(kafka);
  service.onStop('kafka producer', () => producer.close());
  const relay = startRelay({ db, schema, log, send: (topic, messages) => producer.send(topic, messages), onTrouble: (failing) => health.report('outbox', !failing) });
  service.onStop('outbox', () => relay.stop());
  const retention = startRetention({ db, schema, log, tables: [], keptChannels: '', deadLettersDays: config.RETENTION_DEAD_LETTERS_DAYS, deadLettersBytesMax: config.RETENTION_DEAD_LETTERS_MIB * mib, outboxDays: 7 });
  service.onStop('retention', () => retention.stop());

  const metrics = alertsMetrics(service.metrics);
  let watch: GapWatch | null = null;
  const store = bookOf(config, service, db, stream, () => watch?.nudge());
  watch = gapWatch(config, service, db, store, relay, metrics);
  service.onStop('questions', () => watch.stop());

  const onStored: ConsumerOptions['onStored'] = (result, entries) => {
    if (result.announced > 0) relay.nudge();
    metrics.stored(result, entries);
  };
  const consuming: ConsumerOptions = { store, log, onStored };
  const routing: RouteOptions = { db, store, relay, stream, ends: async () => (await topicEnds(kafka, stream.topic)).partitions };
  const app = await createHttpApp(service, alertsModule(service, consuming, routing), { bodyBytesMax: 64 * 1024, body: 'json' });
  app.useGlobalGuards(routeGuard(signedPrincipal(config.INTERNAL_SECRET)));
  app.connectMicroservice({ strategy: roundStrategy(config, service, kafka) });
  await app.startAllMicroservices();
  health.report('consumer', true);
  await listenHttp(service, app, { host: config.HOST, port: config.ALERTS_HTTP_PORT, connectionsMax: 1_000 });
}

async function openStream(config: AlertsConfiguration, db: Database, kafka: Kafka): Promise<Stream> {
  const topic = conditionsTopic(config.TOPIC_ROOT);
  const bounds = { retentionMs: config.TOPIC_RETENTION_HOURS * 3_600_000, retentionBytes: config.TOPIC_RETENTION_MIB * mib };
  await ensureTopics(kafka, [topic, alarmChangesTopic(config.TOPIC_ROOT)].map((name) => ({ topic: name, partitions: 1, ...bounds })));
  const { clusterId, partitions } = await whileUnavailable(() => topicEnds(kafka, topic));
  const stream: Stream = { schema, group: config.CONSUMER_GROUP, topic, clusterId };
  await prepareStream(db, stream, partitions);
  return stream;
}

function bookOf(config: AlertsConfiguration, service: Service, db: Database, stream: Stream, onGap: () => void): EntryStore<ConditionEntry> {
  const { log } = service;
  return new EntryStore<ConditionEntry>({
    db,
    stream,
    log,
    async apply(transaction, entries) {
      const entered = await enter(transaction, entries.map(({ condition }) => condition), config.TOPIC_ROOT, new Date().toISOString());
      if (entered.held > 0) {
        if ((await countHeld(transaction)) > config.HELD_CONDITIONS_MAX) throw new Unavailable('domain', `more than ${config.HELD_CONDITIONS_MAX} conditions wait for missing ones`);
        onGap();
      }
      return entered;
    },
    onOurFault: (error) => service.crash(error, 'every condition fails: this release is at fault'),
  });
}

function gapWatch(config: AlertsConfiguration, { log, health }: Service, db: Database, store: EntryStore<ConditionEntry>, relay: Relay, metrics: AlertsMetrics): GapWatch {
  return watchGaps({
    db,
    log,
    everyMs: config.ASK_AGAIN_MS,
    urlOf: (domain) => domainUrl(config, domain),
    secret: config.INTERNAL_SECRET,
    async enter(conditions, skip) {
      await store.beside(partition, async (transaction) => {
        const { announced } = await enter(transaction, conditions, config.TOPIC_ROOT, new Date().toISOString(), skip);
        return { result: null, announced };
      });
      relay.nudge();
    },
    onTrouble(missing, detail) {
      health.report('gaps', missing === 0, missing === 0 ? '' : `${missing} alarms wait for missing conditions: ${detail}`);
      metrics.gaps(missing);
    },
  });
}

function roundStrategy(config: AlertsConfiguration, service: Service, kafka: Kafka): RoundStrategy {
  const { log, health } = service;
  return new RoundStrategy({
    kafka,
    groupId: config.CONSUMER_GROUP,
    topicRoot: config.TOPIC_ROOT,
    log,
    fetchBytesMin: 1,
    fetchWaitMs: config.FETCH_WAIT_MS,
    partitionBytesMax: mib,
    sessionTimeoutMs: config.SESSION_TIMEOUT_MS,
    onTrouble(failing, error) {
      health.report('consumer', !failing, failing ? String(error) : '');
      if (failing) log.warn({ error: String(error) }, 'round could not be stored, it is tried again');
    },
    onFatal: (error) => service.crash(error, 'consumer stopped'),
  });
}

class AlertsModule {}

function alertsModule(service: Service, consuming: ConsumerOptions, routing: RouteOptions): DynamicModule {
  const title = `Alarms of ${domainNames.join(', ')}`;
  return {
    module: AlertsModule,
    imports: [serviceModule(service), openApiModule({ service: 'alerts', title, controllers: [AlarmRoutes] })],
    controllers: [AlertsConsumer, AlarmRoutes],
    providers: [
      { provide: consumerOptions, useValue: consuming },
      { provide: routeOptions, useValue: routing },
    ],
  };
}
