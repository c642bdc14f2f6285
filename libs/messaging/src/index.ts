/** Kafka and MQTT behind a few functions. The only place that imports kafkajs and mqtt-packet, and but for the simulator mqtt. */
export * from './broadcast-reader.js';
export * from './broker-reader.js';
export * from './frame.js';
export * from './kafka.js';
export * from './mqtt-packet.js';
export * from './offset-reader.js';
export * from './packed-producer.js';
export * from './partition.js';
export * from './plain-producer.js';
export * from './round-strategy.js';
