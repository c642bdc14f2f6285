/**
 * One MQTT connection, from its CONNECT to its end. The path of a message: `take` gets bytes from the socket, `publish`
 * gives the message to #messaging's PackedProducer, and `durable` acknowledges it once Kafka has it.
 *
 * Whatever a client sends wrongly ends its own connection, with a reason, and nothing else.
 */
import type { Socket } from 'node:net';
import { codecOfContentType } from '#contracts';
import type { IConnectPacket, ISubscribePacket, IUnsubscribePacket, PackedProducer, Route, Waiter } from '#messaging';
import { connack, connackRefused, keepAlive, refusedConnect } from './connect.js';
import { answer, disconnect, packetType, pingresp, readConnect, readControl, type Version } from './control-packets.js';
import type { Deadlined, DeadlineWheel } from './deadline-wheel.js';
import { DownLink } from './down-link.js';
import type { MqttLimits } from './limits.js';
import type { Login } from './login.js';
import { PacketReader, type PacketSink } from './packet-reader.js';
import { PublishPacket, readPublish } from './publish-packet.js';
import { readFrom } from './read-buffer.js';
import { reason } from './reason-codes.js';
import { type Client, type Devices, isRefusal, type Refusal, refusals } from './rights.js';
import { SessionWindow, tokenOf } from './session-window.js';
import type { Tally } from './tally.js';
import { type RouteFinder, type TopicEntry, TopicRoutes } from './topic-routes.js';

/** What a connection needs of the door it came through. */
export interface ConnectionHost {
  readonly limits: MqttLimits;
  readonly producer: Pick<PackedProducer, 'add' | 'full'>;
  readonly devices: Devices;
  readonly tally: Tally;
  readonly wheel: DeadlineWheel<MqttConnection>;
  /** The process ends: nothing more is read. */
  readonly stopping: boolean;
  login(name: string, password: Buffer, address: string): Login;
  finderFor(client: Client): RouteFinder<Route>;
  /** Its CONNECT is accepted: others of the same session end, and the city hears of it. */
  opened(connection: MqttConnection): void;
  /** A mistake of ours that its bytes have brought to light; it ends, all others go on. */
  fault(error: unknown, connection: MqttConnection): void;
  /** Called once, when it takes nothing any more. */
  closed(connection: MqttConnection, why: string): void;
  paused(connection: MqttConnection, paused: boolean): void;
  /** The bytes of its unfinished packet have become `by` more; false: there are too many of all connections. */
  unfinished(by: number): boolean;
  /** Its filters may be others now. */
  subscribed(connection: MqttConnection): void;
  newClientId(): string;
}

type State = 'waiting' | 'open' | 'closing' | 'closed';

/** How long a client has to read our last words. */
const lastWordsS = 2;
/** Read by one connection at a time, and used up at once. */
const packet = new PublishPacket();
const emptyWindow = new SessionWindow();
/** Answers to the chunk that is being read just now; there is only ever one. */
const gathered: Buffer[] = [];

export class MqttConnection implements Waiter, PacketSink, Deadlined {
  pending: number[] = [];
  state: State = 'waiting';
  version: Version = 4;
  client: Client = nobody;
  clientId = '';
  /** Of the secret it logged in with. */
  hash: Buffer = noHash;
  downLink: DownLink | null = null;
  /** Where the door keeps it: as a session, and as one that subscribes below the names of devices. */
  sessionKey = '';
  readonly listedUnder = new Set<string>();
  private window = emptyWindow;
  private routes: TopicRoutes<Route> | null = null;
  private readonly reader: PacketReader;
  private isPaused = false;
  private taking = false;
  private heardAtS: number;
  private silenceSecondsMax: number;
  private unfinishedBytes = 0;
  private unfinishedSinceS = 0;
  private packetsSeen = 0;
  private problemInformation = true;

  constructor(
    private readonly host: ConnectionHost,
    private readonly socket: Socket,
    readonly address: string,
    plain: boolean,
  ) {
    this.reader = new PacketReader(this, host.limits.connectBytesMax);
    this.heardAtS = host.wheel.nowS;
    this.silenceSecondsMax = host.limits.connectSecondsMax;
    socket.on('error', () => undefined); // A 'close' follows, and says all.
    socket.on('close', () => this.gone());
    host.wheel.put(this);
    readFrom(socket, (chunk, bytes) => this.take(chunk, bytes), plain);
  }

  // ---- from the socket

  /** False: read no more until there is room. */
  private take(chunk: Buffer, bytes: number): boolean {
    if (this.state === 'closing' || this.state === 'closed') return true; // Read and forgotten, so that the client's end is seen.
    // A CONNECT has its deadline from the beginning: bytes that trickle in do not move it.
    if (this.state === 'open') this.heardAtS = this.host.wheel.nowS;
    this.taking = true;
    try {
      this.reader.read(chunk, bytes);
    } catch (error) {
      this.host.fault(error, this);
      this.close('our-fault', reason.unspecified);
    }
    this.taking = false;
    if (gathered.length > 0) this.writeNow(Buffer.concat(gathered.splice(0)));
    if (this.reader.unfinishedBytes !== 0 || this.unfinishedBytes !== 0) this.countUnfinished();
    if (!this.mustPause()) return true;
    this.pause();
    return false;
  }

  /** Reads no more until `resumeIfRoom`. */
  pause(): void {
    if (this.isPaused || this.state !== 'open') return;
    this.isPaused = true;
    this.host.tally.count('pauses', this.host.producer.full ? 'kafka' : 'window');
    this.socket.pause();
    this.host.paused(this, true);
  }

  packet(bytes: Buffer, at: number, start: number, end: number): boolean {
    const type = bytes[at]! >> 4;
    if (this.state !== 'open') return this.connect(bytes, at, start, end);
    if (type === packetType.publish) return this.publish(bytes[at]!, bytes, start, end);
    return this.control(type, bytes, at, start, end);
  }

  unreadable(code: number): void {
    this.refuseConnection(code === reason.packetTooLarge ? 'packet-too-large' : 'malformed-packet', code);
  }

  private publish(first: number, bytes: Buffer, start: number, end: number): boolean {
    const code = readPublish(packet, first, bytes, start, end, this.version);
    if (code !== 0) return this.refuseConnection(code === reason.malformedPacket ? 'malformed-publish' : 'protocol-error', code);
    const { limits, producer, tally } = this.host;
    const window = this.window;

    const entry = this.topicEntry(bytes);
    if (entry === null) return false;
    if (packet.payloadEnd - packet.payloadStart > limits.payloadBytesMax) return this.refuseConnection('payload-too-large', reason.packetTooLarge);
    if (packet.qos === 2 && window.isRepeat(packet.packetId)) {
      tally.count('mqttMessages', 'repeated');
      return this.answer(answer(packetType.pubrec, packet.packetId, 0, this.version), false);
    }
    // [MQTT-3.3.4-9]. A 3.1.1 client knows no such limit: it is not read from while its window is full.
    if (packet.qos !== 0 && this.version === 5 && window.inFlight >= limits.receiveMaximum) return this.refuseConnection('receive-maximum', reason.receiveMaximumExceeded);
    const target = this.target(entry, bytes);
    if (isRefusal(target)) return this.refuseMessage(target, entry.topic);

    const token = tokenOf(packet.qos, packet.packetId, end - start);
    window.take(token);
    producer.add(target, bytes, packet.payloadStart, packet.payloadEnd, this, token);
    return true;
  }

  /** By name or alias; null when the connection had to be ended. */
  private topicEntry(bytes: Buffer): TopicEntry<Route> | null {
    const routes = this.routes!;
    if (packet.topicAlias > this.host.limits.topicAliasMax) {
      this.refuseConnection('topic-alias', reason.topicAliasInvalid);
      return null;
    }
    if (packet.topicStart === packet.topicEnd) {
      const known = routes.aliased(packet.topicAlias);
      if (known !== undefined) return known;
      this.refuseConnection('topic-alias', reason.protocolError);
      return null;
    }
    const entry = routes.find(bytes, packet.topicStart, packet.topicEnd);
    if (isRefusal(entry)) {
      this.refuseConnection(entry.refused, entry.code);
      return null;
    }
    if (packet.topicAlias !== 0) routes.setAlias(packet.topicAlias, entry);
    return entry;
  }

  private target(entry: TopicEntry<Route>, bytes: Buffer): Route | Refusal {
    if (packet.contentTypeEnd === 0) return this.routes!.target(entry, '');
    const codec = codecOfContentType(bytes.toString('utf8', packet.contentTypeStart, packet.contentTypeEnd));
    return codec === null ? refusals.unknownContentType : this.routes!.target(entry, codec);
  }

  // ---- from Kafka

  durable(tokens: number[]): void {
    this.host.tally.accepted.mqtt += tokens.length;
    const acks = this.window.settle(tokens);
    if (this.state !== 'open') return;
    if (acks.length > 0) this.write(acks);
    if (this.isPaused) this.resumeIfRoom();
  }

  /** Reads on when both its own window and the producer have room. */
  resumeIfRoom(): void {
    if (!this.isPaused || this.state !== 'open' || this.host.stopping || this.mustPause()) return;
    this.isPaused = false;
    this.heardAtS = this.host.wheel.nowS;
    this.host.paused(this, false);
    this.socket.resume();
  }

  stopReading(): void {
    this.socket.pause();
  }

  private mustPause(): boolean {
    if (this.state !== 'open') return false;
    const { limits, producer } = this.host;
    return this.window.messages >= limits.receiveMaximum || this.window.bytes >= limits.windowBytesMax || producer.full;
  }

  // ---- refusing

  private refuseMessage({ refused, code }: Refusal, topic: string): boolean {
    const facts = { client: this.client.id, address: this.address, topic: topic.slice(0, 200) };
    // MQTT 3.1.1 has no answer that says no: closing is all it leaves us, and acknowledging would be a lie.
    if (this.version === 4) return this.refuseConnection(refused, code, facts);
    this.host.tally.refused('mqttMessages', refused, facts);
    if (packet.qos === 0) return true;
    this.window.refuse();
    const type = packet.qos === 1 ? packetType.puback : packetType.pubrec;
    return this.answer(answer(type, packet.packetId, code, this.version, this.problemInformation ? refused : ''), true);
  }

  /** Always false, so that callers can end with it. */
  private refuseConnection(why: string, code: number, facts: object = {}): false {
    if (this.state === 'waiting') {
      this.refuseConnect(why, code);
      return false;
    }
    this.host.tally.refused('mqttMessages', why, { client: this.client.id, address: this.address, ...facts });
    this.close(why, code);
    return false;
  }

  /** An answer that needs no Kafka, in its place among those that do. */
  private answer(bytes: Buffer, final: boolean): boolean {
    const now = this.window.answer(bytes, final);
    if (now !== null) this.write(now);
    return this.state === 'open';
  }

  /** What answers the packets of one chunk goes out together: a flood of PINGREQ must not cost a system call each. */
  private write(bytes: Buffer): void {
    if (this.taking) gathered.push(bytes);
    else this.writeNow(bytes);
  }

  private writeNow(bytes: Buffer): void {
    this.socket.write(bytes);
    if (this.socket.writableLength <= this.host.limits.writeBytesMax) return;
    this.host.tally.refused('mqttMessages', 'not-reading', { client: this.client.id, address: this.address });
    this.end('not-reading');
    this.socket.destroy();
  }

  // ---- CONNECT

  private connect(bytes: Buffer, at: number, start: number, end: number): boolean {
    if (this.state !== 'waiting') return false;
    if (bytes[at] !== packetType.connect << 4) return this.refuseConnection('not-a-connect', reason.protocolError); // [MQTT-3.1.0-1]
    const read = readConnect(bytes, at, start, end);
    this.version = read.version;
    if ('code' in read) return this.refuseConnection('malformed-connect', read.code);
    const { packet: connect, version } = read;
    const refused = refusedConnect(connect, version);
    if (refused !== null) return this.refuseConnection(refused.why, refused.code);

    const login = this.host.login(connect.username ?? '', connect.password ?? noHash, this.address);
    if (login === 'wrong') return this.refuseConnection('wrong-credentials', reason.badUserNameOrPassword);
    if (login === 'too-many-attempts') return this.refuseConnection('too-many-attempts', reason.connectionRateExceeded);
    this.open(connect, login.client, login.hash);
    return true;
  }

  private open(connect: IConnectPacket, client: Client, hash: Buffer): void {
    const { limits } = this.host;
    this.client = client;
    this.hash = hash;
    this.clientId = connect.clientId === '' ? this.host.newClientId() : connect.clientId;
    const { maximumPacketSize = Infinity, receiveMaximum = 0xffff } = connect.properties ?? {};
    const { devices, tally } = this.host;
    this.downLink = new DownLink({ client, address: this.address, version: this.version, packetBytesMax: maximumPacketSize, receiveMaximum, limits, devices, tally, write: (bytes) => this.write(bytes) });
    this.problemInformation = connect.properties?.requestProblemInformation !== false;
    this.window = new SessionWindow();
    this.routes = new TopicRoutes(this.host.finderFor(client), limits.topicsMax);
    this.reader.packetBytesMax = limits.packetBytesMax;
    const keepAliveS = keepAlive(connect, this.version, limits);
    this.silenceSecondsMax = keepAliveS === 0 ? Infinity : Math.ceil(1.5 * keepAliveS); // [MQTT-3.1.2-22]
    // Without a keep-alive only the network itself can tell that the other end has gone.
    if (keepAliveS === 0) this.socket.setKeepAlive(true, 60_000);
    this.heardAtS = this.host.wheel.nowS;
    this.host.wheel.put(this);
    this.state = 'open';
    this.socket.write(connack(connect, this.version, this.clientId, keepAliveS, limits));
    this.host.tally.count('connects', 'accepted');
    this.host.opened(this);
  }

  private refuseConnect(why: string, code: number): void {
    this.host.tally.refused('connects', why, { address: this.address });
    const answer = connackRefused(code, this.version);
    if (answer !== null) this.socket.write(answer);
    this.end(why);
  }

  // ---- all other packets

  private control(type: number, bytes: Buffer, at: number, start: number, end: number): boolean {
    if (type === packetType.connect) return this.refuseConnection('second-connect', reason.protocolError); // [MQTT-3.1.0-2]
    // [MQTT-4.12.0-6]: no AUTH where no method was agreed on, and this door agrees on none.
    if (type === packetType.auth) return this.refuseConnection('authentication-method', reason.protocolError);
    // The packet most sent after PUBLISH, and nothing to parse in it.
    if (type === packetType.pingreq && bytes[at] === 0xc0 && start === end) {
      this.write(pingresp);
      return this.state === 'open';
    }
    const control = readControl(this.version, bytes, at, end);
    if (control === null) return this.refuseConnection('malformed-packet', reason.malformedPacket);
    if (control.cmd === 'pubrel') return this.release(control.messageId!);
    if (control.cmd === 'subscribe') return this.subscribe(control);
    if (control.cmd === 'unsubscribe') return this.unsubscribe(control);
    if (control.cmd === 'puback') {
      this.downLink!.acknowledged(control.messageId!);
      return true;
    }
    if (control.cmd === 'disconnect') {
      this.end('closed');
      return false;
    }
    // PUBREC and PUBCOMP answer a QoS 2 that we never send; the rest only a server sends.
    return this.refuseConnection('protocol-error', reason.protocolError);
  }

  private release(packetId: number): boolean {
    const outcome = this.window.release(packetId);
    if (outcome === 'early') return this.refuseConnection('protocol-error', reason.protocolError);
    this.write(answer(packetType.pubcomp, packetId, outcome === 'done' ? 0 : reason.packetIdentifierNotFound, this.version));
    return this.state === 'open';
  }

  private subscribe(packet: ISubscribePacket): boolean {
    if (packet.properties?.subscriptionIdentifier !== undefined) return this.refuseConnection('subscription-identifier', reason.subscriptionIdentifiersNotSupported);
    this.downLink!.subscribe(packet);
    this.host.subscribed(this);
    return this.state === 'open';
  }

  private unsubscribe(packet: IUnsubscribePacket): boolean {
    this.downLink!.unsubscribe(packet);
    return this.state === 'open';
  }

  // ---- its end

  get deadlineS(): number {
    // Who is not read from cannot be heard.
    if (this.isPaused) return this.host.wheel.nowS + 1;
    const unfinishedUntilS = this.unfinishedBytes > 0 && this.state === 'open' ? this.unfinishedSinceS + this.host.limits.packetSecondsMax : Infinity;
    return Math.min(this.heardAtS + this.silenceSecondsMax, unfinishedUntilS);
  }

  expire(): void {
    if (this.state === 'closing') this.socket.destroy();
    else if (this.state === 'waiting') {
      this.host.tally.refused('connects', 'connect-deadline', { address: this.address });
      this.end('connect-deadline');
      this.socket.destroy();
    } else this.close(this.heardAtS + this.silenceSecondsMax <= this.host.wheel.nowS ? 'keep-alive' : 'slow-packet', reason.keepAliveTimeout);
  }

  /** Ends it from our side; MQTT 5 is told why. */
  close(why: string, code: number): void {
    if (this.state === 'open' && this.version === 5) this.write(disconnect(code));
    this.end(why);
  }

  /** Takes nothing more; the socket is destroyed when the client has read our last words or had its time to. */
  private end(why: string): void {
    if (this.state === 'closing' || this.state === 'closed') return;
    if (this.taking && gathered.length > 0) this.socket.write(Buffer.concat(gathered.splice(0)));
    const wasPaused = this.isPaused;
    this.state = 'closing';
    this.leave(why);
    this.silenceSecondsMax = lastWordsS;
    this.heardAtS = this.host.wheel.nowS;
    this.host.wheel.put(this);
    this.socket.end();
    if (wasPaused) this.socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private gone(): void {
    if (this.state !== 'closing' && this.state !== 'closed') this.leave('lost');
    this.state = 'closed';
    this.host.wheel.remove(this);
  }

  private leave(why: string): void {
    this.reader.forget();
    this.countUnfinished();
    if (this.isPaused) this.host.paused(this, false);
    this.isPaused = false;
    this.host.closed(this, why);
  }

  private countUnfinished(): void {
    const by = this.reader.unfinishedBytes - this.unfinishedBytes;
    // One that has begun now, be it behind others that ended in the same bytes.
    if (this.unfinishedBytes === 0 || this.reader.packets !== this.packetsSeen) this.unfinishedSinceS = this.host.wheel.nowS;
    this.packetsSeen = this.reader.packets;
    this.unfinishedBytes += by;
    const room = this.host.unfinished(by);
    if (!room && by > 0) this.refuseConnection('unfinished-packets', reason.quotaExceeded);
  }
}

const nobody: Client = { id: '', kind: 'device' };
const noHash = Buffer.alloc(0);
