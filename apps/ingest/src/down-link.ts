/** The way down to one connected client: its SUBSCRIBE and UNSUBSCRIBE, and the PUBLISH that come of them. */
import type { ISubscribePacket, IUnsubscribePacket } from '#messaging';
import { generate, type Version } from './control-packets.js';
import type { MqttLimits } from './limits.js';
import { reason } from './reason-codes.js';
import { type Client, type Devices, isRefusal, rightToSubscribe } from './rights.js';
import { type Delivery, type DownMessage, Subscriptions } from './subscriptions.js';
import type { Tally } from './tally.js';

export interface DownLinkOptions {
  readonly client: Client;
  readonly address: string;
  readonly version: Version;
  /** What the client said in its CONNECT that it takes. */
  readonly packetBytesMax: number;
  readonly receiveMaximum: number;
  readonly limits: MqttLimits;
  readonly devices: Devices;
  readonly tally: Tally;
  write(bytes: Buffer): void;
}

export class DownLink {
  private readonly subscriptions: Subscriptions;

  constructor(private readonly options: DownLinkOptions) {
    const { limits, receiveMaximum } = options;
    const inFlightMax = Math.min(limits.commandsInFlightMax, receiveMaximum);
    this.subscriptions = new Subscriptions({ filtersMax: limits.filtersMax, queuedMax: limits.commandsQueuedMax, inFlightMax }, (message, qos, packetId) => this.send(message, qos, packetId));
  }

  /** Writes the SUBACK. */
  subscribe({ messageId, subscriptions }: ISubscribePacket): void {
    const granted = subscriptions.map(({ topic, qos }) => this.grant(topic, qos));
    this.options.write(generate({ cmd: 'suback', messageId: messageId!, granted }, this.options.version));
  }

  /** Writes the UNSUBACK. */
  unsubscribe({ messageId, unsubscriptions }: IUnsubscribePacket): void {
    const granted = unsubscriptions.map((filter) => (this.subscriptions.remove(filter) ? reason.success : reason.noSubscriptionExisted));
    this.options.write(generate({ cmd: 'unsuback', messageId: messageId!, granted }, this.options.version));
  }

  /** The devices below whose names something is subscribed. */
  devices(): Set<string> {
    return this.subscriptions.devices();
  }

  deliver(message: DownMessage): Delivery {
    return this.subscriptions.deliver(message);
  }

  /** A PUBACK of the client. */
  acknowledged(packetId: number): void {
    this.subscriptions.acknowledged(packetId);
  }

  /** After a change of the registry: what is no longer granted is taken away. */
  judgeAnew(): void {
    const { client, devices, tally } = this.options;
    for (const _ of this.subscriptions.keepOnly((filter) => !isRefusal(rightToSubscribe(filter, client, devices)))) tally.count('subscriptions', 'taken-away');
  }

  /** The QoS that is granted, or why not; 3.1.1 knows one way of saying no [MQTT-3.9.3-2]. */
  private grant(filter: string, qos: number): number {
    const { client, address, version, devices, tally } = this.options;
    const refuse = (refused: string, code: number): number => {
      tally.refused('subscriptions', refused, { client: client.id, address, filter: filter.slice(0, 200) });
      return version === 5 ? code : 0x80;
    };
    const right = rightToSubscribe(filter, client, devices);
    if (isRefusal(right)) return refuse(right.refused, right.code);
    const grantedQos = qos === 0 ? 0 : 1;
    if (!this.subscriptions.add(filter, right, grantedQos)) return refuse('too-many-filters', reason.quotaExceeded);
    tally.count('subscriptions', 'granted');
    return grantedQos;
  }

  private send({ topic, payload }: DownMessage, qos: 0 | 1, packetId: number): boolean {
    const bytes = generate({ cmd: 'publish', topic, payload, qos, dup: false, retain: false, ...(qos === 0 ? {} : { messageId: packetId }) }, this.options.version);
    if (bytes.length > this.options.packetBytesMax) return false; // [MQTT-3.1.2-24]
    this.options.write(bytes);
    return true;
  }
}
