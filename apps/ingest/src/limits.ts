/** Every limit of the doors, with its unit; configuration.ts gives the values. */
export interface MqttLimits {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  /** Connections before their CONNECT is accepted. */
  readonly unauthenticatedMax: number;
  /** Connections that begin in a second; more wait their turn. A TLS handshake costs far more than a plain login. */
  readonly arrivalsPerSecondMax: number;
  readonly tlsArrivalsPerSecondMax: number;
  readonly connectSecondsMax: number;
  /** Before the client is known it may send no more than this. */
  readonly connectBytesMax: number;
  readonly payloadBytesMax: number;
  /** A whole PUBLISH, announced to MQTT 5 clients. */
  readonly packetBytesMax: number;
  readonly keepAliveSecondsMax: number;
  /** From the first byte of a packet to its last. */
  readonly packetSecondsMax: number;
  /** Bytes of packets that have begun and not ended, of all connections together. */
  readonly unfinishedBytesMax: number;
  /** PUBLISH of QoS 1 and 2 on their way, announced to MQTT 5 clients; beyond it a 3.1.1 client is not read from. */
  readonly receiveMaximum: number;
  readonly windowBytesMax: number;
  /** Of all connections, waiting for Kafka; a connection learns of it with its next bytes, and all at once a quarter beyond. */
  readonly pendingBytesMax: number;
  readonly topicAliasMax: number;
  /** Topics remembered per connection. */
  readonly topicsMax: number;
  /** Answers that the client does not read. */
  readonly writeBytesMax: number;
  readonly filtersMax: number;
  readonly commandsInFlightMax: number;
  readonly commandsQueuedMax: number;
}

export interface HttpLimits {
  readonly payloadBytesMax: number;
  /** Messages that are being received or are on their way into Kafka. */
  readonly requestsMax: number;
  /** How long Kafka may take before the client is asked to try again. */
  readonly answerSecondsMax: number;
}
