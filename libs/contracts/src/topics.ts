/**
 * Names of MQTT and Kafka topics.
 *
 * `root` is `city` in every installation; tests take a root of their own, so that they share a broker without meeting.
 */
export const topicRoot = 'city';

/** MQTT `city/<domain>/<device>/<stream>`: where a device publishes. */
export const mqttTopic = (domain: string, device: string, stream: string): string => `${topicRoot}/${domain}/${device}/${stream}`;

/** Kafka `city.<domain>.<stream>.v1`: frames of what devices published. */
export const streamTopic = (root: string, domain: string, stream: string): string => `${root}.${domain}.${stream}.v1`;

/**
 * What came over a bridge and can be meant for no domain: frames whose device is the MQTT topic (as in a URL, at most 255
 * characters), whose publisher is the bridge's gateway and whose codec is the reason.
 */
export const refusedTopic = (root: string): string => `${root}.devices.refused.v1`;

/** Conditions that domains raise and clear, for alerts. */
export const conditionsTopic = (root: string): string => `${root}.alarms.conditions.v1`;

/** Devices and gateways that connected or went away. */
export const connectionsTopic = (root: string): string => `${root}.devices.connections.v1`;

/** Messages down to connected devices; every ingest reads all of it, nothing is kept for the absent. */
export const commandsTopic = (root: string): string => `${root}.devices.commands.v1`;
