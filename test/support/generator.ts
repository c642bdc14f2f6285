/**
 * The generator: a process of its own that publishes readings over many connections and keeps the log of
 * acknowledgements. Driven over IPC by `generator-process.ts`.
 *
 * At rate 0 it is a closed loop: each acknowledgement makes room for one more message. At a rate it is paced in steps
 * of a millisecond; what could not be sent because no window had room is not made up for later.
 */
import { performance } from 'node:perf_hooks';
import { mqttTopic } from '#contracts';
import { Latencies } from './latencies.js';
import { MessageLog } from './message-log.js';
import { MqttConnection, packetIdPosition } from './mqtt-connection.js';
import { correctionBit, publishPacket, type Packet } from './packet.js';
import { payloadOf } from './payloads.js';
import type { Answer, GeneratorSpec, Request, Sample, Span, Statistics } from './generator-words.js';

/** At a given rate, at most this much is sent at once after a pause of the process. */
const burstMs = 20;
const sampleEveryMs = 5;

/** What is published next on one connection: new readings go round its devices and channels. */
interface Line {
  readonly connection: MqttConnection;
  readonly devices: readonly number[];
  next: number;
  channel: number;
  /** Numbers in the log to publish again, in order, before anything new. */
  readonly queue: number[];
  queueAt: number;
  /** New readings still to publish. */
  remaining: number;
}

class Generator {
  private readonly log = new MessageLog();
  private readonly latencies = new Latencies();
  private readonly packets: Packet[][];
  private readonly lines: Line[];
  private readonly lineOf = new Map<MqttConnection, Line>();
  private readonly lineOfDevice: Line[] = [];
  private readonly lastMs: Float64Array;
  private readonly valueNext: Uint32Array;
  private readonly raw: Buffer[] = [];
  private observedFromMs: number | null;
  private observedStepMs: number | null;
  private rate: number | null = null;
  private onlyQueued = false;
  private due = 0;
  private pacedAtMs = 0;
  private pacer: NodeJS.Timeout | undefined;
  private turn = 0;
  private sentAgain = 0;
  private lost = 0;
  private lastLoss = '';
  private markedAtMs = performance.now();
  private markedCpu = process.cpuUsage();
  private sampleGapMs = 0;
  private sampleNextMs = Infinity;
  private samples: Sample[] = [];

  constructor(private readonly spec: GeneratorSpec) {
    const { domain, devices, channels, clients, host, port, window, localAddresses } = spec;
    const payload = payloadOf(domain);
    this.packets = devices.map(({ id }) => channels.map((channel) => payload.packet(id, channel)));
    this.observedFromMs = spec.observedFromMs;
    this.observedStepMs = spec.observedStepMs;
    this.lastMs = new Float64Array(devices.length).fill(-1);
    this.valueNext = new Uint32Array(devices.length);
    this.lines = clients.map((client, index) => {
      const localAddress = localAddresses.length === 0 ? undefined : localAddresses[index % localAddresses.length];
      const connection = new MqttConnection({ host, port, localAddress, client: client.id, secret: client.secret, window }, {
        acknowledged: (number, sentAtMs, nowMs) => this.acknowledged(number, sentAtMs, nowMs),
        room: (of) => this.room(of),
        bytesOf: (number) => this.bytesOf(number),
        sentAgain: (number) => (this.sentAgain++, this.log.sentAgain(number)),
        connected: (of) => this.room(of),
        lost: (_, reason) => (this.lost++, (this.lastLoss = reason)),
      });
      const line: Line = { connection, devices: client.devices, next: 0, channel: 0, queue: [], queueAt: 0, remaining: 0 };
      this.lineOf.set(connection, line);
      for (const device of client.devices) this.lineOfDevice[device] = line;
      return line;
    });
    setInterval(() => this.tellSamples(), sampleEveryMs);
  }

  async answer(request: Request): Promise<Statistics> {
    switch (request.do) {
      case 'connect': await this.connect(); break;
      case 'load': this.load(request.rate, request.messages); break;
      case 'rate': this.changeRate(request.rate); break;
      case 'pause': this.rate = null; break;
      case 'settle': await this.settled(); break;
      case 'again': this.again(request.span, request.corrected); this.load(request.rate); await this.settled(); this.rate = null; break;
      case 'observe': this.observedFromMs = request.fromMs; this.observedStepMs = request.stepMs; this.beginAnew(); break;
      case 'raw': this.publishRaw(request.messages); break;
      case 'look': break;
      case 'mark': return this.mark();
      case 'sample': this.sampleGapMs = request.perSecond === 0 ? 0 : 1000 / request.perSecond; this.sampleNextMs = request.perSecond === 0 ? Infinity : performance.now(); break;
      case 'write': this.log.write(request.file); break;
      case 'end': for (const { connection } of this.lines) connection.end(); break;
    }
    return this.statistics();
  }

  private beginAnew(): void {
    this.lastMs.fill(-1);
    // A moment of which not all channels were sent stays as it is.
    for (const line of this.lines) line.channel = 0;
  }

  private async connect(): Promise<void> {
    const gapMs = 1000 / this.spec.connectsPerSecond;
    const startedAt = performance.now();
    for (const [index, { connection }] of this.lines.entries()) {
      const waitMs = startedAt + index * gapMs - performance.now();
      if (waitMs > 1) await sleep(waitMs);
      connection.start();
    }
    while (this.lines.some(({ connection }) => !connection.connected)) await sleep(20);
  }

  private load(rate: number, messages = Infinity): void {
    this.rate = rate;
    // Each device the same number, however fast its connection is.
    for (const line of this.lines) line.remaining = Math.round((messages * line.devices.length) / this.spec.devices.length);
    this.due = 0;
    this.pacedAtMs = performance.now();
    clearTimeout(this.pacer);
    if (rate === 0) for (const { connection } of this.lines) this.room(connection);
    else this.pace();
  }

  private changeRate(rate: number): void {
    const paced = this.rate !== null && this.rate > 0;
    if (paced && rate > 0) this.rate = rate;
    else if (this.rate !== null) this.load(rate);
  }

  /** One step of the pacer. */
  private pace(): void {
    const { rate } = this;
    if (rate === null || rate === 0) return;
    const nowMs = performance.now();
    this.due += Math.min(nowMs - this.pacedAtMs, burstMs) * rate / 1000;
    this.pacedAtMs = nowMs;
    for (let blocked = 0; this.due >= 1 && blocked < this.lines.length; ) {
      const line = this.lines[this.turn]!;
      this.turn = (this.turn + 1) % this.lines.length;
      if (line.connection.ready && this.publishNext(line, nowMs)) {
        this.due -= 1;
        blocked = 0;
      } else blocked++;
    }
    // No window had room: that part of the rate is given up, not saved for a burst.
    if (this.due >= 1) this.due = 0;
    this.pacer = setTimeout(() => this.pace(), 1);
  }

  private room(connection: MqttConnection): void {
    const line = this.lineOf.get(connection)!;
    // At a rate the pacer sends, not the acknowledgements; between phases only what is queued is sent.
    if (this.rate !== null && this.rate > 0) return;
    const nowMs = performance.now();
    while (connection.ready && this.publishNext(line, nowMs));
  }

  /** Publishes the next message of a line: what is queued, else a new reading. False: nothing to publish. */
  private publishNext(line: Line, nowMs: number): boolean {
    if (line.queueAt < line.queue.length) {
      const number = line.queue[line.queueAt++]!;
      if (line.queueAt === line.queue.length) {
        line.queue.length = 0;
        line.queueAt = 0;
      }
      const bytes = this.bytesOf(number);
      bytes[0] = 0x32;
      line.connection.publish(bytes, packetIdPosition(bytes), number, nowMs);
      return true;
    }
    if (this.onlyQueued || this.rate === null || line.remaining <= 0) return false;
    line.remaining--;
    const device = line.devices[line.next]!;
    const channel = line.channel;
    const { channels } = this.spec;
    if (channel === 0) this.lastMs[device] = this.momentOf(device);
    const observedAtMs = this.lastMs[device]!;
    const value = this.valueNext[device]!++;
    const packet = this.packets[device]![channel]!;
    packet.patch(observedAtMs, device, value, this.spec.phase);
    const number = this.log.add(device, channel, observedAtMs, value, false);
    line.connection.publish(packet.bytes, packet.packetIdAt, number, nowMs);
    if (nowMs >= this.sampleNextMs) this.sample(device, channel, observedAtMs, nowMs);
    line.channel = channel + 1 === channels.length ? 0 : channel + 1;
    if (line.channel === 0) line.next = line.next + 1 === line.devices.length ? 0 : line.next + 1;
    return true;
  }

  private momentOf(device: number): number {
    const last = this.lastMs[device]!;
    if (last < 0) return this.observedFromMs ?? Date.now();
    if (this.observedStepMs !== null) return last + this.observedStepMs;
    if (this.observedFromMs !== null) return last + 1;
    return Math.max(last + 1, Date.now());
  }

  private bytesOf(number: number): Buffer {
    const { device, channel, observedAtMs, value, poison } = this.log.at(number);
    if (poison) return this.raw[value]!;
    const packet = this.packets[device]![channel]!;
    packet.patch(observedAtMs, device, value, this.spec.phase);
    return packet.bytes;
  }

  private again(span: Span, corrected: boolean): void {
    this.onlyQueued = true;
    for (let number = span.from; number < span.to; number++) {
      const { device, channel, observedAtMs, value, poison } = this.log.at(number);
      if (poison) continue;
      const other = corrected ? (value ^ correctionBit) >>> 0 : value;
      this.lineOfDevice[device]!.queue.push(this.log.add(device, channel, observedAtMs, other, false));
    }
  }

  private publishRaw(messages: readonly { device: number; payload: Buffer }[]): void {
    for (const { device, payload } of messages) {
      const { id } = this.spec.devices[device]!;
      const index = this.raw.push(publishPacket(mqttTopic(this.spec.domain, id, 'readings'), Buffer.from(payload))) - 1;
      const line = this.lineOfDevice[device]!;
      line.queue.push(this.log.add(device, 0, 0, index, true));
    }
    for (const { connection } of this.lines) this.room(connection);
  }

  private async settled(): Promise<void> {
    const unsent = (): boolean => this.lines.some(({ queue, remaining }) => queue.length > 0 || (this.rate !== null && Number.isFinite(remaining) && remaining > 0));
    while (unsent() || this.log.acknowledged < this.log.length) await sleep(5);
    this.onlyQueued = false;
  }

  private acknowledged(number: number, sentAtMs: number, nowMs: number): void {
    this.log.acknowledge(number);
    this.latencies.add(nowMs - sentAtMs);
  }

  private sample(device: number, channel: number, observedAtMs: number, nowMs: number): void {
    this.sampleNextMs = Math.max(this.sampleNextMs + this.sampleGapMs, nowMs);
    this.samples.push({ device, channel, observedAtMs, sentAtNs: process.hrtime.bigint() });
  }

  private tellSamples(): void {
    if (this.samples.length === 0) return;
    tell({ kind: 'samples', samples: this.samples });
    this.samples = [];
  }

  private mark(): Statistics {
    const until = this.statistics();
    this.latencies.clear();
    this.markedAtMs = performance.now();
    this.markedCpu = process.cpuUsage();
    return until;
  }

  private statistics(): Statistics {
    const cpu = process.cpuUsage(this.markedCpu);
    return {
      published: this.log.length,
      acknowledged: this.log.acknowledged,
      sentAgain: this.sentAgain,
      oldestUnacknowledged: this.lines.reduce((oldest, { connection }) => Math.min(oldest, connection.oldest), Infinity),
      connected: this.lines.reduce((sum, { connection }) => sum + (connection.connected ? 1 : 0), 0),
      connectionsLost: this.lost,
      lastLoss: this.lastLoss,
      pubackMs: this.latencies.summary(),
      cpuUs: cpu.user + cpu.system,
      rssMb: Math.round(process.memoryUsage.rss() / 1e6),
      seconds: (performance.now() - this.markedAtMs) / 1000,
    };
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function tell(answer: Answer): void {
  process.send!(answer);
}

let generator: Generator | null = null;
process.on('message', (message: { spec: GeneratorSpec } | { id: number; request: Request }) => {
  if ('spec' in message) {
    generator = new Generator(message.spec);
    return;
  }
  generator!.answer(message.request).then(
    (statistics) => {
      tell({ kind: 'done', request: message.id, statistics });
      if (message.request.do === 'end') setTimeout(() => process.exit(0), 50);
    },
    (error: unknown) => tell({ kind: 'failed', request: message.id, error: String(error) }),
  );
});
// A benchmark that dies must not leave its load behind.
process.on('disconnect', () => process.exit(0));
// Ctrl-C is the parent's affair.
process.on('SIGINT', () => undefined);
