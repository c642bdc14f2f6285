/**
 * One MQTT 3.1.1 connection of the generator, written on a bare socket: QoS 1, a window of unacknowledged messages,
 * one message per write and so per TCP segment.
 *
 * After a loss of connection it connects again and sends all that is unacknowledged once more, in the first order
 * and with DUP set, before anything new: a fold over event time depends on the order.
 */
import { writeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  readonly localAddress?: string | undefined;
  readonly client: string;
  readonly secret: string;
  readonly window: number;
}

export interface ConnectionEvents {
  /** The first acknowledgement of message `number`, sent first at `sentAtMs` (performance.now()). */
  acknowledged(number: number, sentAtMs: number, nowMs: number): void;
  /** A burst of acknowledgements has been read: there is room in the window. */
  room(connection: MqttConnection): void;
  /** Bytes of message `number`, to send it again after a loss of connection. */
  bytesOf(number: number): Buffer;
  sentAgain(number: number): void;
  connected(connection: MqttConnection): void;
  lost(connection: MqttConnection, reason: string): void;
}

const connackBytes = 4;
const pubackBytes = 4;
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);
const pingEveryMs = 60_000;
const keepAliveS = 180;

export class MqttConnection {
  private socket: Socket | null = null;
  private descriptor = -1;
  private open = false;
  /** What the kernel would not take at once is on its way through the stream; nothing may overtake it. */
  private blocked = false;
  private closing = false;
  private rest = Buffer.alloc(0);
  private connacked = false;
  private retryMs = 50;
  private ping: NodeJS.Timeout | null = null;
  /** Per packet id, 1 to window: message number (-1: free) and time of the first sending. */
  private readonly numbers: Int32Array;
  private readonly sentAtMs: Float64Array;
  private readonly free: Int32Array;
  private freeCount: number;

  constructor(
    readonly settings: ConnectionSettings,
    private readonly events: ConnectionEvents,
  ) {
    const { window } = settings;
    this.numbers = new Int32Array(window + 1).fill(-1);
    this.sentAtMs = new Float64Array(window + 1);
    this.free = Int32Array.from({ length: window }, (_, i) => window - i);
    this.freeCount = window;
  }

  /** Whether a message may be published now. */
  get ready(): boolean {
    return this.open && !this.blocked && this.freeCount > 0;
  }

  get connected(): boolean {
    return this.open;
  }

  get unacknowledged(): number {
    return this.settings.window - this.freeCount;
  }

  /** The lowest number that is on its way; Infinity when none is. */
  get oldest(): number {
    return this.numbers.reduce((oldest, number) => (number >= 0 && number < oldest ? number : oldest), Infinity);
  }

  start(): void {
    const { host, port, localAddress } = this.settings;
    this.connacked = false;
    this.rest = Buffer.alloc(0);
    const socket: Socket = connect({
      host,
      port,
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
      onread: { buffer: readBuffer, callback: (length, buffer) => this.read(socket, buffer as Buffer, length) },
    });
    this.socket = socket;
    let reason = 'closed by the server';
    socket.on('connect', () => socket.write(connectPacket(this.settings)));
    socket.on('error', (error) => (reason = error.message));
    socket.on('close', () => this.closed(socket, reason));
  }

  /** Publishes; the caller has seen `ready`. The packet id is written into `bytes`, which may be used again afterwards. */
  publish(bytes: Buffer, packetIdAt: number, number: number, nowMs: number): void {
    const id = this.free[--this.freeCount]!;
    this.numbers[id] = number;
    this.sentAtMs[id] = nowMs;
    bytes[packetIdAt] = id >> 8;
    bytes[packetIdAt + 1] = id & 0xff;
    this.write(bytes);
  }

  /** Ends the connection properly; what is unacknowledged stays so. */
  end(): void {
    this.closing = true;
    if (this.socket === null) return;
    if (this.open) this.socket.end(Buffer.from([0xe0, 0x00]));
    else this.socket.destroy();
  }

  private write(bytes: Buffer): void {
    // A destroyed socket's descriptor may already be another connection's.
    if (this.socket === null || this.socket.destroyed) return;
    let written = 0;
    if (!this.blocked) {
      // Straight to the kernel: a stream's own write costs as much again as all the rest of a message.
      try {
        written = writeSync(this.descriptor, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return; // The socket's own event tells of the loss.
      }
      if (written === bytes.length) return;
    }
    this.blocked = true;
    this.socket.write(Buffer.from(bytes.subarray(written)), () => {
      if (this.socket?.writableLength === 0) this.blocked = false;
    });
  }

  private read(socket: Socket, buffer: Buffer, length: number): boolean {
    if (socket !== this.socket) return true;
    let bytes = buffer.subarray(0, length);
    if (this.rest.length > 0) bytes = Buffer.concat([this.rest, bytes]);
    const nowMs = performance.now();
    let at = 0;
    if (!this.connacked) {
      if (bytes.length < connackBytes) return this.keep(bytes);
      if (bytes[0] !== 0x20 || bytes[3] !== 0) {
        socket.destroy(new Error(`refused: CONNACK ${bytes.subarray(0, connackBytes).toString('hex')}`));
        return true;
      }
      at = connackBytes;
      this.accept(socket);
    }
    const freeBefore = this.freeCount;
    for (; at + 2 <= bytes.length; at += 2 + bytes[at + 1]!) {
      if (bytes[at] === 0x40) {
        if (at + pubackBytes > bytes.length) break;
        this.acknowledge((bytes[at + 2]! << 8) | bytes[at + 3]!, nowMs);
      }
    }
    const result = this.keep(bytes.subarray(at));
    if (this.freeCount > freeBefore) this.events.room(this);
    return result;
  }

  private keep(bytes: Buffer): boolean {
    this.rest = bytes.length === 0 ? (bytes as Buffer<ArrayBuffer>) : Buffer.from(bytes);
    return true;
  }

  private acknowledge(id: number, nowMs: number): void {
    const number = this.numbers[id] ?? -1;
    if (number < 0) return; // Acknowledged twice: sent again before the first acknowledgement had come.
    this.numbers[id] = -1;
    this.free[this.freeCount++] = id;
    this.events.acknowledged(number, this.sentAtMs[id]!, nowMs);
  }

  private accept(socket: Socket): void {
    this.connacked = true;
    this.retryMs = 50;
    this.descriptor = (socket as unknown as { _handle: { fd: number } })._handle.fd;
    this.open = true;
    this.blocked = false;
    this.ping = setInterval(() => socket.write(Buffer.from([0xc0, 0x00])), pingEveryMs);
    const again = [...this.numbers.keys()].filter((id) => this.numbers[id]! >= 0).sort((a, b) => this.numbers[a]! - this.numbers[b]!);
    for (const id of again) {
      const bytes = Buffer.from(this.events.bytesOf(this.numbers[id]!));
      const packetIdAt = packetIdPosition(bytes);
      bytes[0] = bytes[0]! | 0x08;
      bytes[packetIdAt] = id >> 8;
      bytes[packetIdAt + 1] = id & 0xff;
      this.events.sentAgain(this.numbers[id]!);
      this.write(bytes);
    }
    this.events.connected(this);
  }

  private closed(socket: Socket, reason: string): void {
    if (socket !== this.socket) return;
    this.open = false;
    this.descriptor = -1;
    if (this.ping !== null) clearInterval(this.ping);
    this.ping = null;
    this.socket = null;
    if (this.closing) return;
    this.events.lost(this, reason);
    setTimeout(() => !this.closing && this.start(), this.retryMs * (0.5 + Math.random()));
    this.retryMs = Math.min(this.retryMs * 2, 1000);
  }
}

function connectPacket({ client, secret }: ConnectionSettings): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length >> 8, value.length & 0xff]), Buffer.from(value, 'latin1')]);
  const body = Buffer.concat([text('MQTT'), Buffer.from([4, 0xc2, keepAliveS >> 8, keepAliveS & 0xff]), text(client), text(client), text(secret)]);
  if (body.length > 16_383) throw new RangeError('names too long');
  const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  return Buffer.concat([Buffer.from([0x10, ...length]), body]);
}

/** Where a PUBLISH packet holds its packet id. */
export function packetIdPosition(packet: Buffer): number {
  let at = 1;
  while ((packet[at]! & 0x80) !== 0) at++;
  at += 1;
  return at + 2 + packet.readUInt16BE(at);
}
