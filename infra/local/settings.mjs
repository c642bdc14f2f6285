// @ts-check
/**
 * The figures of the private Kafka and TimescaleDB that `npm start` and `npm test` run: versions, ports, memory.
 * Data only. Instance `main` is the running city; `test` belongs to tests and benchmarks, which kill -9 its servers.
 * A port can be moved by the variable that stands beside it; `given` names the variables for servers that others run.
 */

/** @typedef {'main' | 'test'} InstanceName */
/** @typedef {{ variable: string, port: number }} Port */

export const kafka = {
  version: '4.1.2',
  artifact: 'org.apache.kafka:kafka_2.13',
  // Kafka speaks slf4j 1.7 but does not bring the bridge to the log4j it does bring.
  logging: 'org.apache.logging.log4j:log4j-slf4j-impl:2.24.3',
  javaMin: 17,
  heapMb: 512,
};

export const postgres = { version: '17', suite: 'trixie', packages: ['postgresql-17', 'postgresql-17-timescaledb'] };

/** Programs from the Python package index that tests run, each in a virtual environment of its own. */
export const pythonPrograms = { 'paho-mqtt': '2.1.0', schemathesis: '4.32.5' };

export const nodeMin = '20.19.0';
export const diskNeededGb = 3;

/** @type {Record<InstanceName, { kafka: Port, controller: Port, postgres: Port, given: { brokers: string, databaseUrl: string } }>} */
export const instances = {
  main: {
    kafka: { variable: 'NHIP_KAFKA_PORT', port: 29092 },
    controller: { variable: 'NHIP_KAFKA_CONTROLLER_PORT', port: 29093 },
    postgres: { variable: 'NHIP_POSTGRES_PORT', port: 25432 },
    given: { brokers: 'KAFKA_BROKERS', databaseUrl: 'DATABASE_URL' },
  },
  test: {
    kafka: { variable: 'NHIP_TEST_KAFKA_PORT', port: 29192 },
    controller: { variable: 'NHIP_TEST_KAFKA_CONTROLLER_PORT', port: 29193 },
    postgres: { variable: 'NHIP_TEST_POSTGRES_PORT', port: 25532 },
    given: { brokers: 'NHIP_TEST_KAFKA_BROKERS', databaseUrl: 'NHIP_TEST_ADMIN_URL' },
  },
};

/** The database of the running city. Tests make their own, under random names. */
export const cityDatabase = 'nhip';

/** The server's superuser, and the group whose members may be granted a view of the registry. */
export const superuser = 'nhip';
export const domainGroup = 'nhip_domains';

/** One login role and one schema per app; `api` owns the registry, and the members of the group read parts of it. */
export const appRoles = [
  { app: 'api', role: 'nhip_api', schema: 'registry', inGroup: false },
  { app: 'ingest', role: 'nhip_ingest', schema: 'ingest', inGroup: true },
  { app: 'traffic', role: 'nhip_traffic', schema: 'traffic', inGroup: true },
  { app: 'pollution', role: 'nhip_pollution', schema: 'pollution', inGroup: true },
  { app: 'alerts', role: 'nhip_alerts', schema: 'alerts', inGroup: true },
];

/** For a machine of 2 cores that mostly writes, and loses nothing that was committed. */
export const postgresSettings = {
  shared_preload_libraries: 'timescaledb',
  // What was committed is on the disk. Never to be traded for speed, in tests neither: faults pull the plug.
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  wal_level: 'replica',
  // The newest chunks and their unique indexes stay in memory, so COPY rarely waits for a page to be read or evicted.
  shared_buffers: '1GB',
  // A page's first change after a checkpoint goes to the WAL whole: few checkpoints, spread out, and compressed pages.
  max_wal_size: '4GB',
  min_wal_size: '512MB',
  checkpoint_timeout: '15min',
  checkpoint_completion_target: '0.9',
  wal_compression: 'lz4',
  wal_buffers: '16MB',
  // Reaching a commit costs one flush; letting the walwriter run ahead in the meantime shortens that flush.
  wal_writer_flush_after: '1MB',
  effective_cache_size: '3GB',
  work_mem: '16MB',
  maintenance_work_mem: '256MB',
  random_page_cost: '1.1',
  // Our statements are short; compiling one costs more than it saves.
  jit: 'off',
  max_connections: '100',
  max_worker_processes: '8',
  max_logical_replication_workers: '0',
  max_parallel_workers_per_gather: '1',
  // Vacuum competes with the writers for 2 cores: fewer at a time, and looking sooner, so that each has little to do.
  autovacuum_max_workers: '2',
  autovacuum_naptime: '30s',
  // With the Apache edition no job of TimescaleDB has work to do, while its scheduler would hold every database open.
  'timescaledb.max_background_workers': '0',
  'timescaledb.telemetry_level': 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  logging_collector: 'on',
  log_rotation_size: '10MB',
  log_rotation_age: '1d',
  log_filename: 'postgres-%Y-%m-%d-%H%M%S.log',
  log_line_prefix: '%m [%p] %u@%d ',
  log_checkpoints: 'on',
  unix_socket_directories: '',
};

/** One broker for everything, so every internal topic has one replica; and few partitions, since each costs files and start-up time. */
export const kafkaSettings = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'auto.create.topics.enable': 'false',
  'num.partitions': '1',
  'default.replication.factor': '1',
  'min.insync.replicas': '1',
  'offsets.topic.num.partitions': '4',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.num.partitions': '4',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  // A group of one member need not wait for others, and a member that was killed is missed after 6 s.
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '6000',
  // A broker that was killed is admitted again only when its former self has timed out: 3 s instead of 9.
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  // What bounds the disk when a topic says nothing itself; per partition.
  'log.retention.hours': '24',
  'log.retention.bytes': String(1024 ** 3),
  'log.segment.bytes': String(128 * 1024 ** 2),
  'log.retention.check.interval.ms': '60000',
  // The cleaner's default of 128 MB would be a quarter of the heap.
  'log.cleaner.dedupe.buffer.size': String(16 * 1024 ** 2),
  'log.cleaner.io.buffer.size': String(256 * 1024),
  'num.network.threads': '2',
  'num.io.threads': '4',
  'num.recovery.threads.per.data.dir': '2',
};
