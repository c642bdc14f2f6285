/** Kafka and MQTT packets behind a few functions. The only place that imports kafkajs and mqtt-packet. */
export * from './broadcast-reader.js';
export * from './frame.js';
export * from './kafka.js';
export * from './mqtt-packet.js';
export * from './packed-producer.js';
export * from './partition.js';
export * from './plain-producer.js';
export * from './round-strategy.js';
