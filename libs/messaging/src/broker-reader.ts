/**
 * Reads from an MQTT broker that is not ours, and acknowledges a message to it only when the message is durable here.
 *
 * mqtt.js writes the PUBACK as soon as `handleMessage` calls back. Called back with an error it writes none and goes on
 * with the next packet (its own tests pin that): the PUBACK is then ours to write, later. The session at the broker is
 * kept, so what was not acknowledged comes again with the next connection, after `kill -9` of this process too.
 */
import mqtt, { type IPublishPacket, type MqttClient } from 'mqtt';
import type { Log } from './kafka.js';
import type { Waiter } from './packed-producer.js';

export interface BrokerMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** Property of MQTT 5; empty: none. */
  readonly contentType: string;
  /** A copy that the broker had kept and gives to each new subscriber, however old it is. */
  readonly retained: boolean;
  /** The broker has sent it before, and had no acknowledgement. */
  readonly again: boolean;
}

export interface BrokerSettings {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly url: string;
  /** Certificates to trust in place of the system's. */
  readonly ca: Buffer | null;
  /** MQTT 3.1.1 or 5. */
  readonly version: 4 | 5;
  /** The name of the session: no other client of that broker may have it. */
  readonly clientId: string;
  readonly user: string | null;
  readonly filters: readonly string[];
  /** Messages taken and not yet durable; MQTT 5 brokers are told. */
  readonly inFlightMax: number;
  /** How long the broker keeps the session without us; 3.1.1 has no word for it. */
  readonly sessionExpiryS: number;
  readonly keepAliveS: number;
}

export interface BrokerReaderOptions extends BrokerSettings {
  readonly log: Log;
  /** Asked before each connection, so that a password can be changed without a restart. */
  password(): Promise<Buffer | null>;
  /** Gives the message away; `waiter.durable([token])` acknowledges it. What it throws ends the process. */
  take(message: BrokerMessage, waiter: Waiter, token: number): 'given' | 'done';
  /** False: read no more until `resume`. */
  room(): boolean;
  /** `trouble` empty: connected and subscribed. */
  onState(trouble: string): void;
}

/** From the first packet to the answer to our subscriptions. */
const readyMsMax = 20_000;
const firstPauseMs = 250;
const pauseMsMax = 15_000;
/** A connection that lived so long was a good one: the next pause is short again. */
const goodAfterMs = 10_000;

export class BrokerReader {
  connected = false;
  /** Connections that were made. */
  connections = 0;
  /** Messages taken that are not durable yet, of ended connections too: Kafka still gets those. */
  inFlight = 0;
  private connection: BrokerConnection | null = null;
  private failures = 0;
  private trouble = '';
  private timer: NodeJS.Timeout | undefined;
  private stopping = false;

  constructor(readonly options: BrokerReaderOptions) {}

  /** Connects, and again after each loss, without end. */
  start(): void {
    void this.connect();
  }

  /** There is room again. */
  resume(): void {
    this.connection?.resume();
  }

  /** Takes nothing more; what is durable is still acknowledged. */
  stopTaking(): void {
    this.stopping = true;
    clearTimeout(this.timer);
  }

  /** Leaves the broker; its session stays there. */
  async close(): Promise<void> {
    this.stopTaking();
    await this.connection?.leave();
  }

  // ---- what its connection asks

  mayTake(): boolean {
    return !this.stopping && this.inFlight < this.options.inFlightMax && this.options.room();
  }

  /** Messages of any connection have become durable. */
  settled(messages: number): void {
    this.inFlight -= messages;
    this.connection?.resume();
  }

  ready(): void {
    this.connected = true;
    this.connections++;
    const { url, clientId, onState, log } = this.options;
    this.trouble = '';
    onState('');
    log.info({ url, clientId }, 'broker connected');
  }

  ended(why: string, livedMs: number): void {
    this.connected = false;
    this.connection = null;
    if (this.stopping) return;
    this.failures = livedMs >= goodAfterMs ? 0 : this.failures + 1;
    // Half of it by chance: processes that lost a broker together do not come back to it together.
    const pauseMs = Math.min(pauseMsMax, firstPauseMs * 2 ** Math.min(this.failures, 10)) * (0.5 + Math.random() / 2);
    const { url, clientId, onState, log } = this.options;
    onState(why);
    if (why !== this.trouble) log.warn({ url, clientId, because: why }, 'broker away, trying again without end');
    this.trouble = why;
    this.timer = setTimeout(() => void this.connect(), pauseMs);
  }

  private async connect(): Promise<void> {
    try {
      const password = await this.options.password();
      if (!this.stopping) this.connection = new BrokerConnection(this, password);
    } catch (error) {
      this.ended(sentence(error as Error), 0);
    }
  }
}

const notYet = new Error('acknowledged later');

/** One connection, with a client of its own: packet ids mean nothing beyond it, and neither do acknowledgements. */
class BrokerConnection implements Waiter {
  pending: number[] = [];
  private readonly client: MqttClient;
  private readonly sinceMs = performance.now();
  private live = true;
  private why = '';
  private held: { readonly packet: IPublishPacket; goOn(): void } | null = null;
  private holding: NodeJS.Timeout | undefined;
  private readonly deadline: NodeJS.Timeout;
  private given = 0;
  private durables = 0;
  /** Done already, but those given before them are not: acknowledgements keep the order of receipt [MQTT-4.6.0-2]. */
  private readonly done: { readonly after: number; readonly token: number }[] = [];

  constructor(
    private readonly reader: BrokerReader,
    password: Buffer | null,
  ) {
    const { url, ca, version, clientId, user, inFlightMax, sessionExpiryS, keepAliveS } = reader.options;
    this.client = mqtt.connect(url, {
      protocolVersion: version,
      clientId,
      clean: false,
      keepalive: keepAliveS,
      reconnectPeriod: 0,
      connectTimeout: readyMsMax,
      ...(user === null ? {} : { username: user }),
      ...(password === null ? {} : { password }),
      ...(ca === null ? {} : { ca }),
      ...(version === 5 ? { properties: { sessionExpiryInterval: sessionExpiryS, receiveMaximum: inFlightMax } } : {}),
    });
    this.client.handleMessage = (packet, goOn) => this.arrived(packet, () => goOn(notYet));
    this.client.on('connect', () => this.subscribe());
    this.client.on('error', (error) => (this.why ||= sentence(error)));
    this.client.on('disconnect', ({ reasonCode }) => (this.why ||= `the broker sent us away with reason code ${reasonCode ?? 0}`));
    this.client.on('close', () => this.closed());
    this.deadline = setInterval(() => {
      // The answer to our subscriptions may lie behind messages that we have no room for.
      if (this.held === null) this.end('the broker did not answer in time');
    }, readyMsMax);
  }

  durable(tokens: number[]): void {
    const acknowledged: number[] = [];
    for (const token of tokens) {
      this.durables++;
      acknowledged.push(token);
      while (this.done[0]?.after === this.durables) acknowledged.push(this.done.shift()!.token);
    }
    this.acknowledge(acknowledged);
    this.reader.settled(tokens.length);
  }

  resume(): void {
    if (this.held === null || !this.reader.mayTake()) return;
    const { packet, goOn } = this.held;
    this.held = null;
    clearInterval(this.holding);
    this.take(packet);
    goOn();
  }

  async leave(): Promise<void> {
    if (!this.live) return;
    const gone = new Promise<void>((resolve) => this.client.once('close', resolve));
    this.client.end();
    const late = setTimeout(() => this.client.stream.destroy(), 1_000);
    await gone;
    clearTimeout(late);
  }

  private arrived(packet: IPublishPacket, goOn: () => void): void {
    if (this.reader.mayTake()) {
      this.take(packet);
      return goOn();
    }
    // mqtt.js waits for `goOn`, reads nothing more, and so holds the broker back. It would miss answers to its pings too
    // and take the broker for dead, which is not the broker's fault.
    this.held = { packet, goOn };
    this.holding = setInterval(() => {
      this.client.sendPing();
      this.client.reschedulePing(true);
    }, 400 * this.reader.options.keepAliveS);
  }

  private take(packet: IPublishPacket): void {
    const token = packet.qos === 1 ? packet.messageId! : 0;
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    this.given++;
    this.reader.inFlight++;
    const outcome = this.reader.options.take({ topic: packet.topic, payload, contentType: packet.properties?.contentType ?? '', retained: packet.retain, again: packet.dup }, this, token);
    if (outcome === 'given') return;
    this.given--;
    this.reader.inFlight--;
    if (this.given === this.durables) this.acknowledge([token]);
    else this.done.push({ after: this.given, token });
  }

  /** PUBACK is the same in both versions as long as it says nothing but yes; a message of QoS 0 has none. */
  private acknowledge(tokens: readonly number[]): void {
    if (!this.live) return;
    const bytes = tokens.filter((token) => token !== 0).flatMap((token) => [0x40, 2, token >> 8, token & 0xff]);
    if (bytes.length > 0) this.client.stream.write(Buffer.from(bytes));
  }

  private subscribe(): void {
    const { filters, version } = this.reader.options;
    // Always, though the session may know them: a filter may be new. Copies that the broker keeps are then sent by MQTT 5
    // for new filters alone.
    const subscriptions = Object.fromEntries(filters.map((filter) => [filter, version === 5 ? { qos: 1 as const, rh: 1 } : { qos: 1 as const }]));
    this.client.subscribe(subscriptions, (error, granted) => {
      if (this.client.stream.destroyed) return; // 'close' follows, and says why.
      if (error !== null && error !== undefined) return this.end(`the broker refuses a subscription: ${sentence(error)}`);
      const quiet = granted?.filter(({ qos }) => qos === 0).map(({ topic }) => topic) ?? [];
      if (quiet.length > 0) this.reader.options.log.warn({ filters: quiet }, 'broker grants QoS 0 only: what it loses is lost');
      clearInterval(this.deadline);
      this.reader.ready();
    });
  }

  private end(why: string): void {
    this.why ||= why;
    this.client.stream.destroy();
  }

  private closed(): void {
    if (!this.live) return;
    this.live = false;
    this.held = null;
    clearInterval(this.holding);
    clearInterval(this.deadline);
    this.client.end(true);
    this.reader.ended(this.why || 'closed by the broker', performance.now() - this.sinceMs);
  }
}

function sentence(error: Error): string {
  // Node leaves the message of several failed addresses empty.
  return error instanceof AggregateError && error.message === '' ? error.errors.map(String).join(', ') : error.message;
}
