/** The configuration of ingest: where its parts are, and every limit with its unit. */
import { payloadBytesMax } from '#contracts';
import { brokerList, cityCode, host, kafkaTopicRoot, port, postgresUrl, text, wholeNumber } from '#service';
import { z } from 'zod';
import type { AttemptLimits } from './attempts.js';
import { type ReadBridge, readBridgeFile } from './bridge-file.js';
import type { HttpLimits, MqttLimits } from './limits.js';

const connections = (otherwise: number) => wholeNumber({ min: 1, max: 1_000_000, unit: 'connections' }).default(otherwise);
const seconds = (otherwise: number, max = 86_400) => wholeNumber({ min: 1, max, unit: 'seconds' }).default(otherwise);
const bytes = (otherwise: number, min = 1_024) => wholeNumber({ min, max: 2 ** 32, unit: 'bytes' }).default(otherwise);
const count = (otherwise: number, max: number, unit: string) => wholeNumber({ min: 1, max, unit }).default(otherwise);

const MiB = 1024 * 1024;

export const configuration = z
  .object({
    DATABASE_URL: postgresUrl(),
    KAFKA_BROKERS: brokerList(),
    CITY_CODE: cityCode(),
    TOPIC_ROOT: kafkaTopicRoot(),
    TOPIC_PARTITIONS: count(4, 1_000, 'partitions'),
    // As in the domains that read these topics: whoever starts first makes them.
    TOPIC_RETENTION_HOURS: count(168, 8_760, 'hours'),
    TOPIC_RETENTION_MIB: wholeNumber({ min: 16, max: 10_000_000, unit: 'MiB for each partition' }).default(10_240),
    HOST: host(),
    STATE_DIR: text('a folder for the snapshot of credentials').default('.local/state/ingest'),

    MQTT_PORT: port().default(18830),
    MQTT_TLS_PORT: port().default(18883),
    MQTT_TLS_CERT: text('a file with a certificate').optional(),
    MQTT_TLS_KEY: text('a file with the key of MQTT_TLS_CERT').optional(),
    MQTT_CONNECTIONS_MAX: connections(20_000),
    MQTT_CONNECTIONS_PER_ADDRESS_MAX: connections(20_000),
    MQTT_UNAUTHENTICATED_MAX: connections(10_000),
    MQTT_ARRIVALS_PER_SECOND_MAX: connections(1_500),
    MQTT_TLS_ARRIVALS_PER_SECOND_MAX: connections(300),
    MQTT_CONNECT_SECONDS_MAX: seconds(5, 60),
    MQTT_CONNECT_BYTES_MAX: bytes(16 * 1024, 512),
    MQTT_PAYLOAD_BYTES_MAX: wholeNumber({ min: 1, max: payloadBytesMax, unit: 'bytes' }).default(payloadBytesMax),
    MQTT_KEEP_ALIVE_SECONDS_MAX: seconds(1_200, 65_535),
    MQTT_PACKET_SECONDS_MAX: seconds(60, 3_600),
    MQTT_UNFINISHED_BYTES_MAX: bytes(64 * MiB),
    MQTT_RECEIVE_MAXIMUM: count(1_000, 65_535, 'messages'),
    MQTT_WINDOW_BYTES_MAX: bytes(4 * MiB),
    MQTT_TOPIC_ALIAS_MAX: count(64, 65_535, 'aliases'),
    MQTT_TOPICS_PER_CONNECTION_MAX: count(4_096, 1_000_000, 'topics'),
    MQTT_WRITE_BYTES_MAX: bytes(MiB),
    MQTT_FILTERS_PER_CONNECTION_MAX: count(100, 100_000, 'topic filters'),
    COMMANDS_IN_FLIGHT_MAX: count(100, 65_535, 'messages'),
    COMMANDS_QUEUED_MAX: count(100, 100_000, 'messages'),

    BRIDGE_FILE: bridges().optional(),
    BRIDGE_MEMBER: text('1 to 32 letters and digits, other for each process that reads the same file', /^[A-Za-z0-9]{1,32}$/).optional(),

    INGEST_HTTP_PORT: port().default(18080),
    HTTP_CONNECTIONS_MAX: connections(2_000),
    HTTP_REQUESTS_MAX: count(500, 100_000, 'requests at once'),
    HTTP_REQUEST_SECONDS_MAX: seconds(10, 600),
    HTTP_ANSWER_SECONDS_MAX: seconds(25, 600),

    ATTEMPTS_PER_ADDRESS: count(100, 1_000_000, 'wrong attempts'),
    ATTEMPTS_PER_NAME: count(10, 1_000_000, 'wrong attempts'),
    ATTEMPT_PER_ADDRESS_FORGIVEN_SECONDS: seconds(1),
    ATTEMPT_PER_NAME_FORGIVEN_SECONDS: seconds(6),
    ATTEMPT_ADDRESSES_REMEMBERED: count(50_000, 10_000_000, 'addresses and names'),

    PENDING_BYTES_MAX: bytes(64 * MiB, MiB),
    LINGER_MS: wholeNumber({ min: 0, max: 1_000, unit: 'milliseconds' }).default(5),
    CONNECTION_EVENTS_MAX: count(20_000, 10_000_000, 'events'),
  })
  .refine((config) => (config.MQTT_TLS_CERT === undefined) === (config.MQTT_TLS_KEY === undefined), 'MQTT_TLS_CERT and MQTT_TLS_KEY: expected both or neither');

/** The name of a file becomes what the file says (bridge-file.ts). */
function bridges() {
  return text('a file that says which brokers to read from').transform((file, context): readonly ReadBridge[] => {
    const read = readBridgeFile(file);
    if (!('problems' in read)) return read;
    for (const problem of read.problems) context.addIssue(problem);
    return z.NEVER;
  });
}

export type Configuration = z.infer<typeof configuration>;

/** Beside the payload: header, topic, packet id, properties. */
const packetOverheadBytes = 4_096;

export function mqttLimits(config: Configuration): MqttLimits {
  return {
    connectionsMax: config.MQTT_CONNECTIONS_MAX,
    connectionsPerAddressMax: config.MQTT_CONNECTIONS_PER_ADDRESS_MAX,
    unauthenticatedMax: config.MQTT_UNAUTHENTICATED_MAX,
    arrivalsPerSecondMax: config.MQTT_ARRIVALS_PER_SECOND_MAX,
    tlsArrivalsPerSecondMax: config.MQTT_TLS_ARRIVALS_PER_SECOND_MAX,
    connectSecondsMax: config.MQTT_CONNECT_SECONDS_MAX,
    connectBytesMax: config.MQTT_CONNECT_BYTES_MAX,
    payloadBytesMax: config.MQTT_PAYLOAD_BYTES_MAX,
    packetBytesMax: config.MQTT_PAYLOAD_BYTES_MAX + packetOverheadBytes,
    keepAliveSecondsMax: config.MQTT_KEEP_ALIVE_SECONDS_MAX,
    packetSecondsMax: config.MQTT_PACKET_SECONDS_MAX,
    unfinishedBytesMax: config.MQTT_UNFINISHED_BYTES_MAX,
    receiveMaximum: config.MQTT_RECEIVE_MAXIMUM,
    windowBytesMax: config.MQTT_WINDOW_BYTES_MAX,
    pendingBytesMax: config.PENDING_BYTES_MAX,
    topicAliasMax: config.MQTT_TOPIC_ALIAS_MAX,
    topicsMax: config.MQTT_TOPICS_PER_CONNECTION_MAX,
    writeBytesMax: config.MQTT_WRITE_BYTES_MAX,
    filtersMax: config.MQTT_FILTERS_PER_CONNECTION_MAX,
    commandsInFlightMax: config.COMMANDS_IN_FLIGHT_MAX,
    commandsQueuedMax: config.COMMANDS_QUEUED_MAX,
  };
}

export function attemptLimits(config: Configuration): AttemptLimits {
  return {
    perAddress: config.ATTEMPTS_PER_ADDRESS,
    perName: config.ATTEMPTS_PER_NAME,
    addressForgivenS: config.ATTEMPT_PER_ADDRESS_FORGIVEN_SECONDS,
    nameForgivenS: config.ATTEMPT_PER_NAME_FORGIVEN_SECONDS,
    remembered: config.ATTEMPT_ADDRESSES_REMEMBERED,
  };
}

export function httpLimits(config: Configuration): HttpLimits {
  return { payloadBytesMax: config.MQTT_PAYLOAD_BYTES_MAX, requestsMax: config.HTTP_REQUESTS_MAX, answerSecondsMax: config.HTTP_ANSWER_SECONDS_MAX };
}
