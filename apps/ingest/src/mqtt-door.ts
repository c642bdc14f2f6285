/**
 * The MQTT door: its plain and its TLS port, all connections behind them, and what they share.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { PackedProducer, Route } from '#messaging';
import type { Registry } from '#service';
import { Arrivals } from './arrivals.js';
import type { Attempts } from './attempts.js';
import type { ConnectionEvents } from './connection-events.js';
import { DeadlineWheel } from './deadline-wheel.js';
import type { MqttLimits } from './limits.js';
import { limitedAs, login, type Login, stillValid } from './login.js';
import { type ConnectionHost, MqttConnection } from './mqtt-connection.js';
import { reason } from './reason-codes.js';
import type { Client } from './rights.js';
import type { Routes } from './routes.js';
import type { Delivery, DownMessage } from './subscriptions.js';
import type { Gauges, Tally } from './tally.js';
import type { RouteFinder } from './topic-routes.js';

export interface MqttDoorOptions {
  readonly limits: MqttLimits;
  readonly producer: PackedProducer;
  readonly registry: Registry;
  readonly routes: Routes;
  readonly attempts: Attempts;
  readonly tally: Tally;
  readonly events: Pick<ConnectionEvents, 'add'>;
  readonly log: { error(facts: object, message: string): void };
}

export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export class MqttDoor implements ConnectionHost, Gauges {
  readonly wheel = new DeadlineWheel<MqttConnection>();
  private readonly servers: Server[] = [];
  private readonly arrivals: Arrivals<Socket>[] = [];
  private readonly all = new Set<MqttConnection>();
  private readonly waiting = new Set<MqttConnection>();
  private readonly pausedOnes = new Set<MqttConnection>();
  private readonly sessions = new Map<string, MqttConnection>();
  private readonly subscribers = new Map<string, Set<MqttConnection>>();
  private readonly perAddress = new Map<string, number>();
  private readonly perClient = new Map<string, number>();
  private unfinishedSum = 0;
  private readonly timer: NodeJS.Timeout;
  stopping = false;
  private pausingAll = false;

  constructor(private readonly options: MqttDoorOptions) {
    this.timer = setInterval(() => this.wheel.tick(), 1_000);
    options.producer.onRoom(() => this.resume());
    options.registry.onChange(() => this.registryChanged());
  }

  /** Opens a port and hands it back; with `tls` for TLS 1.2 and later. */
  async listen(host: string, port: number, tls: TlsFiles | null = null): Promise<number> {
    const { limits } = this;
    const begin = tls === null ? (socket: Socket) => this.accept(socket, true) : this.overTls(tls);
    const arrivals = new Arrivals(tls === null ? limits.arrivalsPerSecondMax : limits.tlsArrivalsPerSecondMax, begin);
    // Nothing is read, nor a handshake begun, before a socket's turn has come.
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.arrive(socket, arrivals));
    server.maxConnections = limits.connectionsMax;
    server.on('drop', () => this.tally.refused('connects', 'connections-max', {}));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(new Error(`port ${port} on ${host} cannot be opened: ${error.code === 'EADDRINUSE' ? 'another process has it' : error.message}`, { cause: error })));
      server.listen({ host, port, backlog: 4096 }, resolve);
    });
    this.servers.push(server);
    this.arrivals.push(arrivals);
    return (server.address() as AddressInfo).port;
  }

  /** Takes no more; acknowledges what Kafka gets by `drain`; then sends everybody away. */
  async stop(drain: () => Promise<void>): Promise<void> {
    this.stopping = true;
    for (const server of this.servers) server.close();
    for (const socket of this.arrivals.flatMap((arrivals) => arrivals.stop())) socket.destroy();
    for (const connection of this.all) connection.stopReading();
    await drain();
    for (const connection of this.all) connection.close('shutdown', reason.serverShuttingDown);
    for (let waitedMs = 0; this.all.size > 0 && waitedMs < 1_000; waitedMs += 50) await new Promise((resolve) => setTimeout(resolve, 50));
    clearInterval(this.timer);
    for (const connection of this.all) connection.destroy();
  }

  /** Who is connected and subscribed gets it; what became of it, once per connection. */
  deliver(message: DownMessage): Delivery[] {
    return [...(this.subscribers.get(message.device) ?? [])].map((connection) => connection.downLink!.deliver(message));
  }

  /** What begins a TLS handshake on a socket, and takes it in when that succeeds. */
  private overTls(tls: TlsFiles): (socket: Socket) => void {
    const server = createTlsServer({ ...tls, minVersion: 'TLSv1.2', handshakeTimeout: 1000 * this.limits.connectSecondsMax }, (socket) => this.accept(socket, false));
    server.on('tlsClientError', (error: Error, socket: Socket) => {
      this.tally.refused('connects', 'tls', { address: socket.remoteAddress, error: error.message });
      socket.destroy();
    });
    return (socket) => void server.emit('connection', socket);
  }

  private arrive(socket: Socket, arrivals: Arrivals<Socket>): void {
    socket.on('error', () => undefined); // A 'close' follows, and says all.
    if (this.unauthenticated() < this.limits.unauthenticatedMax) arrivals.add(socket);
    else this.turnAway(socket, 'unauthenticated-max');
  }

  private turnAway(socket: Socket, why: string): void {
    this.tally.refused('connects', why, { address: socket.remoteAddress ?? '' });
    socket.destroy();
  }

  private accept(socket: Socket, plain: boolean): void {
    const address = socket.remoteAddress ?? '';
    const from = limitedAs(address);
    const fromThere = this.perAddress.get(from) ?? 0;
    const { connectionsMax, connectionsPerAddressMax } = this.limits;
    const refused = this.stopping ? 'shutdown' : this.all.size >= connectionsMax ? 'connections-max' : fromThere >= connectionsPerAddressMax ? 'connections-per-address' : null;
    if (refused !== null) return this.turnAway(socket, refused);
    if (!plain) socket.setNoDelay(true);
    this.perAddress.set(from, fromThere + 1);
    const connection = new MqttConnection(this, socket, address, plain);
    this.all.add(connection);
    this.waiting.add(connection);
    socket.once('close', () => {
      this.all.delete(connection);
      const left = this.perAddress.get(from)! - 1;
      if (left === 0) this.perAddress.delete(from);
      else this.perAddress.set(from, left);
    });
  }

  /** A change of the registry: rights are looked up anew, and who may no longer be here goes. */
  private registryChanged(): void {
    const { registry, routes } = this.options;
    routes.generation++;
    for (const connection of this.all) {
      if (connection.state !== 'open') continue;
      if (!stillValid(connection.client, connection.hash, registry)) connection.close('revoked', reason.administrativeAction);
      else connection.downLink?.judgeAnew();
    }
  }

  private resume(): void {
    for (const connection of [...this.pausedOnes]) connection.resumeIfRoom();
  }

  // ---- what a connection asks of its door

  get limits(): MqttLimits {
    return this.options.limits;
  }
  get producer(): PackedProducer {
    return this.options.producer;
  }
  get devices(): Registry {
    return this.options.registry;
  }
  get tally(): Tally {
    return this.options.tally;
  }

  login(name: string, password: Buffer, address: string): Login {
    return login(name, password, limitedAs(address), this.options.registry, this.options.attempts, Date.now());
  }

  finderFor(client: Client): RouteFinder<Route> {
    return this.options.routes.finderFor(client);
  }

  opened(connection: MqttConnection): void {
    this.waiting.delete(connection);
    // The name of a session is the client's own choice, so it counts below the name it has proven.
    connection.sessionKey = `${connection.client.id}\n${connection.clientId}`;
    this.sessions.get(connection.sessionKey)?.close('taken-over', reason.sessionTakenOver); // [MQTT-3.1.4-3]
    this.sessions.set(connection.sessionKey, connection);
    this.perClient.set(connection.client.id, (this.perClient.get(connection.client.id) ?? 0) + 1);
    this.options.events.add(eventOf(connection, 'connected', ''));
  }

  closed(connection: MqttConnection, why: string): void {
    this.waiting.delete(connection);
    if (connection.sessionKey === '') {
      if (why === 'lost') this.tally.count('connects', why);
      return;
    }
    if (this.sessions.get(connection.sessionKey) === connection) this.sessions.delete(connection.sessionKey);
    for (const device of connection.listedUnder) this.unsubscribed(connection, device);
    this.tally.count('disconnects', why);
    const left = this.perClient.get(connection.client.id)! - 1;
    if (left > 0) {
      this.perClient.set(connection.client.id, left);
      return; // It is still here, by another connection.
    }
    this.perClient.delete(connection.client.id);
    this.options.events.add(eventOf(connection, 'disconnected', why));
  }

  paused(connection: MqttConnection, paused: boolean): void {
    if (!paused) {
      this.pausedOnes.delete(connection);
      return;
    }
    this.pausedOnes.add(connection);
    // Each connection may bring one chunk more before it learns that all is full; thousands of them would be too many.
    if (this.pausedOnes.size < this.all.size && this.producer.pendingBytes > 1.25 * this.limits.pendingBytesMax && !this.pausingAll) {
      this.pausingAll = true;
      for (const other of this.all) other.pause();
      this.pausingAll = false;
    }
  }

  unfinished(by: number): boolean {
    this.unfinishedSum += by;
    return this.unfinishedSum <= this.limits.unfinishedBytesMax;
  }

  /** A device that it unsubscribed from stays listed until its end: delivery asks the filters anyway. */
  subscribed(connection: MqttConnection): void {
    for (const device of connection.downLink!.devices()) {
      const connections = this.subscribers.get(device);
      if (connections === undefined) this.subscribers.set(device, new Set([connection]));
      else connections.add(connection);
      connection.listedUnder.add(device);
    }
  }

  fault(error: unknown, { client, address }: MqttConnection): void {
    this.options.log.error({ error, client: client.id, address }, 'connection ended by a fault of ours');
  }

  newClientId(): string {
    return `nhip-${randomUUID()}`;
  }

  private unsubscribed(connection: MqttConnection, device: string): void {
    const connections = this.subscribers.get(device);
    connections?.delete(connection);
    if (connections?.size === 0) this.subscribers.delete(device);
  }

  // ---- gauges

  connections(): number {
    return this.all.size;
  }
  unauthenticated(): number {
    return this.waiting.size + this.arrivals.reduce((sum, { length }) => sum + length, 0);
  }
  pausedConnections(): number {
    return this.pausedOnes.size;
  }
  pendingBytes(): number {
    return this.producer.pendingBytes;
  }
  unfinishedBytes(): number {
    return this.unfinishedSum;
  }
}

function eventOf(connection: MqttConnection, state: 'connected' | 'disconnected', why: string): Parameters<ConnectionEvents['add']>[0] {
  return { client: connection.client.id, state, at: new Date().toISOString(), reason: why, protocol: connection.version === 5 ? 'mqtt5' : 'mqtt3.1.1', address: connection.address };
}
