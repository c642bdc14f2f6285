/**
 * A device's MQTT connection as a good device would have it: QoS 1, a bounded window, a ring buffer, order kept.
 *
 * What was not acknowledged is sent again, in its first order, after the next connection. The window is our own, since
 * mqtt.js does not honour the server's receive maximum when it publishes; and each connection gets a new mqtt.js client
 * without its store, since that sends again in its own way.
 */
import mqtt, { type ErrorWithReasonCode, type IConnackPacket, type MqttClient } from 'mqtt';
import { chance, seedOf } from './chance.js';

export interface LinkSettings {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly url: string;
  /** Device or gateway; also the user name. */
  readonly client: string;
  readonly secret: string;
  /** MQTT 3.1.1 or 5. */
  readonly protocolVersion: 4 | 5;
  /** Messages on their way at once. */
  readonly window: number;
  /** Messages kept while there is no connection; beyond it the oldest is lost. */
  readonly bufferMax: number;
  /** Longest pause between two attempts to connect. */
  readonly pauseMsMax: number;
  /** A sentence whenever something went wrong that was right before. */
  readonly onTrouble: (text: string) => void;
}

export interface LinkCounts {
  published: number;
  acknowledged: number;
  /** Sent once more after a loss of connection. */
  sentAgain: number;
  /** Refused by the server with a reason; not sent again. */
  refused: number;
  /** Fell out of the ring buffer. */
  lost: number;
}

interface Message {
  readonly topic: string;
  readonly payload: string;
  sent: boolean;
}

const keepAliveS = 60;
const connectTimeoutMs = 10_000;
const firstPauseMs = 500;
/** After "busy" or "quota exceeded", before the next attempt. */
const busyPauseMs = 1_000;
const busyCodes: ReadonlySet<number> = new Set([0x83, 0x89, 0x97]);

export class Link {
  readonly counts: LinkCounts = { published: 0, acknowledged: 0, sentAgain: 0, refused: 0, lost: 0 };
  private client: MqttClient | null = null;
  private open = false;
  private stopped = false;
  private window: number;
  private failures = 0;
  private trouble = '';
  private waiting: Message[] = [];
  private inFlight: Message[] = [];
  private timer: NodeJS.Timeout | null = null;
  private watchers: { atMost: number; resolve: () => void }[] = [];

  constructor(private readonly settings: LinkSettings) {
    this.window = settings.window;
  }

  get connected(): boolean {
    return this.open;
  }

  /** Messages that nobody has acknowledged yet. */
  get pending(): number {
    return this.waiting.length + this.inFlight.length;
  }

  connect(): void {
    const { url, client: id, secret, protocolVersion } = this.settings;
    const client = mqtt.connect(url, { clientId: id, username: id, password: secret, protocolVersion, clean: true, keepalive: keepAliveS, connectTimeout: connectTimeoutMs, reconnectPeriod: 0, resubscribe: false });
    this.client = client;
    let reason = 'the connection was closed';
    client.on('connect', (packet) => this.admitted(packet));
    client.on('error', (error) => (reason = reasonOf(error, id)));
    client.on('disconnect', (packet) => (reason = `disconnected by the server, reason code ${packet.reasonCode}`));
    client.on('close', () => this.closed(client, reason));
  }

  publish(topic: string, payload: string): void {
    this.counts.published++;
    this.waiting.push({ topic, payload, sent: false });
    if (this.waiting.length > this.settings.bufferMax) {
      this.waiting.shift();
      this.counts.lost++;
    }
    this.pump();
  }

  /** Resolves once at most so many messages are pending. */
  atMost(count: number): Promise<void> {
    if (this.pending <= count) return Promise.resolve();
    return new Promise((resolve) => this.watchers.push({ atMost: count, resolve }));
  }

  /** Waits for what is pending, but no longer than the deadline, and disconnects properly. */
  async stop(deadlineMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, deadlineMs)));
    if (this.open) await Promise.race([this.atMost(0), deadline]);
    clearTimeout(timer);
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    const client = this.client;
    this.client = null;
    if (client !== null) await new Promise<void>((resolve) => client.end(!this.open, () => resolve()));
    this.open = false;
  }

  private admitted(packet: IConnackPacket): void {
    this.open = true;
    this.failures = 0;
    this.trouble = '';
    this.window = Math.min(this.settings.window, packet.properties?.receiveMaximum ?? this.settings.window);
    this.pump();
  }

  private pump(): void {
    const client = this.client;
    if (!this.open || client === null) return;
    while (this.inFlight.length < this.window && this.waiting.length > 0) {
      const message = this.waiting.shift()!;
      this.inFlight.push(message);
      if (message.sent) this.counts.sentAgain++;
      message.sent = true;
      client.publish(message.topic, message.payload, { qos: 1 }, (error) => this.answered(client, message, error ?? null));
    }
  }

  private answered(client: MqttClient, message: Message, error: Error | ErrorWithReasonCode | null): void {
    // An answer to a connection that is gone: its messages are waiting again already.
    if (client !== this.client) return;
    const code = error !== null && 'code' in error && typeof error.code === 'number' ? error.code : null;
    // mqtt.js fails what is on its way when the connection breaks; `closed` puts it back.
    if (error !== null && code === null) return;
    const at = this.inFlight.indexOf(message);
    if (at < 0) return;
    if (code !== null && busyCodes.has(code)) {
      this.complain(`the server is busy (reason code ${code})`);
      this.breakOff(client, busyPauseMs);
      return;
    }
    this.inFlight.splice(at, 1);
    if (code === null) this.counts.acknowledged++;
    else {
      this.counts.refused++;
      this.complain(`a message on ${message.topic} was refused, reason code ${code}`);
    }
    this.pump();
    this.tell();
  }

  private closed(client: MqttClient, reason: string): void {
    if (client !== this.client) return;
    this.complain(reason);
    const pauseMs = Math.min(this.settings.pauseMsMax, firstPauseMs * 2 ** this.failures);
    this.failures++;
    // Devices that lost their connection together must not come back together.
    this.breakOff(client, pauseMs * (0.5 + 0.5 * chance(seedOf(this.settings.client, 0), this.failures)));
  }

  private breakOff(client: MqttClient, pauseMs: number): void {
    this.client = null;
    this.open = false;
    client.end(true);
    this.waiting = [...this.inFlight, ...this.waiting];
    this.inFlight = [];
    if (!this.stopped) this.timer = setTimeout(() => this.connect(), pauseMs);
  }

  private complain(text: string): void {
    if (this.stopped || text === this.trouble) return;
    this.trouble = text;
    this.settings.onTrouble(`${this.settings.client}: ${text}`);
  }

  private tell(): void {
    if (this.watchers.length === 0) return;
    const [ready, rest] = [this.watchers.filter(({ atMost }) => this.pending <= atMost), this.watchers.filter(({ atMost }) => this.pending > atMost)];
    this.watchers = rest;
    for (const { resolve } of ready) resolve();
  }
}

const badCredentials: ReadonlySet<number> = new Set([4, 5, 0x86, 0x87]);

function reasonOf(error: Error, client: string): string {
  const code = 'code' in error ? error.code : null;
  if (typeof code === 'number' && badCredentials.has(code)) return `the server does not know ${client} with this secret; register it anew (npm run import) and give the new secret`;
  return error.message === '' ? String(code) : error.message;
}
