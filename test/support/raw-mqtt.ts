/**
 * A bare MQTT client for tests: sends any packet or any bytes, and says what came back. Unlike a real client it repairs,
 * repeats and answers nothing by itself.
 */
import { connect as connectSocket, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { mqttGenerate, type MqttPacket, mqttParser } from '#messaging';

export type Version = 4 | 5;
export type Received = MqttPacket & Record<string, unknown> & { readonly cmd: string };

export interface RawOptions {
  readonly port: number;
  readonly version?: Version;
  /** A certificate to trust: then the connection is TLS. */
  readonly ca?: Buffer;
}

export interface ConnectOptions {
  readonly user?: string;
  readonly secret?: string;
  readonly clientId?: string;
  readonly clean?: boolean;
  readonly keepalive?: number;
  readonly properties?: object;
}

const deadlineMs = 10_000;

export class RawMqtt {
  readonly received: Received[] = [];
  closed = false;
  private readonly waiting = new Set<() => void>();

  private constructor(
    readonly socket: Socket,
    readonly version: Version,
  ) {
    const parser = mqttParser({ protocolVersion: version });
    parser.on('packet', (packet) => {
      this.received.push(packet as Received);
      this.wake();
    });
    socket.on('data', (bytes) => parser.parse(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  static async open({ port, version = 4, ca }: RawOptions): Promise<RawMqtt> {
    const socket: Socket = ca === undefined ? connectSocket({ port, host: '127.0.0.1', noDelay: true }) : connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost' });
    const raw = new RawMqtt(socket, version);
    await new Promise<void>((resolve, reject) => {
      socket.once(ca === undefined ? 'connect' : 'secureConnect', () => resolve());
      socket.once('error', reject);
    });
    return raw;
  }

  /** Opens, and hands back the CONNACK. */
  static async connected(options: RawOptions, connect: ConnectOptions): Promise<{ raw: RawMqtt; connack: Received }> {
    const raw = await RawMqtt.open(options);
    return { raw, connack: await raw.connect(connect) };
  }

  connect({ user, secret, clientId = user ?? '', clean = true, keepalive = 60, properties }: ConnectOptions): Promise<Received> {
    this.send({
      cmd: 'connect', protocolId: 'MQTT', protocolVersion: this.version, clientId, clean, keepalive,
      ...(user === undefined ? {} : { username: user }),
      ...(secret === undefined ? {} : { password: Buffer.from(secret) }),
      ...(properties === undefined ? {} : { properties }),
    });
    return this.next('connack');
  }

  publish(topic: string, payload: string | Buffer, { qos = 1, id = 1, dup = false, properties }: { qos?: 0 | 1 | 2; id?: number; dup?: boolean; properties?: object } = {}): void {
    this.send({ cmd: 'publish', topic, payload, qos, dup, retain: false, ...(qos === 0 ? {} : { messageId: id }), ...(properties === undefined ? {} : { properties }) });
  }

  send(packet: MqttPacket): void {
    this.bytes(mqttGenerate(packet, { protocolVersion: this.version }));
  }

  bytes(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Takes the first packet of this kind that has come or comes. */
  async next(cmd: string): Promise<Received> {
    await this.until(() => this.received.some((packet) => packet.cmd === cmd), cmd);
    const [packet] = this.received.splice(this.received.findIndex((one) => one.cmd === cmd), 1);
    return packet!;
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.closed, 'the end');
  }

  /** Waits until `holds`, asked after each packet and at the end. */
  async until(holds: () => boolean, what: string): Promise<void> {
    const since = Date.now();
    while (!holds()) {
      if (this.closed && what !== 'the end') throw new Error(`closed before ${what}; came: ${JSON.stringify(this.received)}`);
      if (Date.now() - since > deadlineMs) throw new Error(`no ${what} in ${deadlineMs} ms; came: ${JSON.stringify(this.received)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, 200);
        const waiting = this.waiting;
        waiting.add(done);
        function done(): void {
          clearTimeout(timer);
          waiting.delete(done);
          resolve();
        }
      });
    }
  }

  end(): void {
    this.socket.destroy();
  }

  private wake(): void {
    for (const done of [...this.waiting]) done();
  }
}
