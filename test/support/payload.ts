/**
 * The readings that benchmarks and faults publish: about 200 bytes of our own JSON, of fixed length.
 *
 * Every value follows from (device, value index), so that the log of acknowledgements needs to keep one number per
 * message, and a comparison can say what each row must hold. Packets are encoded once per device and channel; per
 * message only digits are patched, which keeps the generator cheap enough to share the machine with what it measures.
 */
import { mqttTopic } from '#contracts';

export const numericValuesPerReading = 8; // count, speedKmh, occupancy, lengthM and four classes.
export const periodS = 60;

/** What one message says. `speedTenths` 315 is 31.5 km/h, `occupancyThousandths` 123 is 0.123. */
export interface Values {
  readonly count: number;
  readonly speedTenths: number;
  readonly occupancyThousandths: number;
  readonly motorcycle: number;
}

/** Fixed in every payload. */
export const constants = { lengthM: 4.2, car: 10, bus: 1, truck: 1 } as const;
const otherVehicles = constants.car + constants.bus + constants.truck;

/** A message with this bit in its value index corrects the one without: the same moment, other values. */
export const correctionBit = 0x8000_0000;

/**
 * Values of message `value` of device number `device`. Speed goes through free, slow and middling times of
 * `phase` messages each, so that congestion begins and ends, and hovers between the two thresholds.
 */
export function valuesOf(device: number, value: number, phase: number): Values {
  let hash = Math.imul(value + 1, 0x9e3779b1) ^ Math.imul(device + 1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  const count = 40 + (hash % 60);
  const part = Math.floor(((value & 0x7fff_ffff) + device * 37) / phase) % 4;
  const spread = hash >>> 8;
  const speedTenths = part === 1 ? 100 + (spread % 80) : part === 3 ? 230 + (spread % 100) : 380 + (spread % 200);
  return { count, speedTenths, occupancyThousandths: (hash >>> 16) % 1000, motorcycle: count - otherVehicles };
}

/** One device's packet for one channel, ready to be patched and written. */
export interface Packet {
  readonly bytes: Buffer;
  readonly packetIdAt: number;
  readonly instantAt: number;
  readonly countAt: number;
  readonly speedAt: number;
  readonly occupancyAt: number;
  readonly motorcycleAt: number;
}

/** `channel` '' leaves the field out. */
export function readingPacket(domain: string, device: string, channel: string): Packet {
  const payload = Buffer.from(
    `{"device":"${device}"${channel === '' ? '' : `,"channel":"${channel}"`},"observedAt":"2026-11-22T07:00:00.000Z","periodS":${periodS},` +
      `"count":42,"speedKmh":31.5,"occupancy":0.123,"lengthM":${constants.lengthM},` +
      `"countByClass":{"motorcycle":30,"car":${constants.car},"bus":${constants.bus},"truck":${constants.truck}}}`,
    'latin1',
  );
  const topic = mqttTopic(domain, device, 'readings');
  const bytes = publishPacket(topic, payload);
  const at = (text: string) => bytes.indexOf(text) + text.length;
  return {
    bytes,
    packetIdAt: bytes.length - payload.length - 2,
    instantAt: at('"observedAt":"'),
    countAt: at('"count":'),
    speedAt: at('"speedKmh":'),
    occupancyAt: at('"occupancy":0.'),
    motorcycleAt: at('"motorcycle":'),
  };
}

/** MQTT 3.1.1 PUBLISH at QoS 1 with packet id 0; any payload. */
export function publishPacket(topic: string, payload: Buffer): Buffer {
  const name = Buffer.from(topic, 'utf8');
  const length = 2 + name.length + 2 + payload.length;
  const head: number[] = [0x32];
  for (let rest = length; ; ) {
    const digit = rest % 128;
    rest = Math.floor(rest / 128);
    head.push(rest > 0 ? digit | 0x80 : digit);
    if (rest === 0) break;
  }
  return Buffer.concat([Buffer.from(head), Buffer.from([name.length >> 8, name.length & 0xff]), name, Buffer.from([0, 0]), payload]);
}

const dayMs = 86_400_000;
let patchedDay = NaN;
let patchedDate = Buffer.alloc(10);

/** Writes moment and values into the packet. */
export function patch(packet: Packet, observedAtMs: number, values: Values): void {
  const b = packet.bytes;
  const day = Math.floor(observedAtMs / dayMs);
  if (day !== patchedDay) {
    patchedDay = day;
    patchedDate = Buffer.from(new Date(day * dayMs).toISOString().slice(0, 10), 'latin1');
  }
  let at = packet.instantAt;
  // Ten bytes by hand: a call of Buffer.copy costs more than the loop.
  for (let i = 0; i < 10; i++) b[at + i] = patchedDate[i]!;
  at += 11;
  let ms = observedAtMs - day * dayMs;
  const hours = (ms / 3_600_000) | 0;
  ms -= hours * 3_600_000;
  const minutes = (ms / 60_000) | 0;
  ms -= minutes * 60_000;
  const seconds = (ms / 1000) | 0;
  two(b, at, hours);
  two(b, at + 3, minutes);
  two(b, at + 6, seconds);
  three(b, at + 9, ms - seconds * 1000);
  two(b, packet.countAt, values.count);
  const whole = (values.speedTenths / 10) | 0;
  two(b, packet.speedAt, whole);
  b[packet.speedAt + 3] = 48 + values.speedTenths - whole * 10;
  three(b, packet.occupancyAt, values.occupancyThousandths);
  two(b, packet.motorcycleAt, values.motorcycle);
}

function two(b: Buffer, at: number, n: number): void {
  const tens = (n / 10) | 0;
  b[at] = 48 + tens;
  b[at + 1] = 48 + n - tens * 10;
}

function three(b: Buffer, at: number, n: number): void {
  const hundreds = (n / 100) | 0;
  b[at] = 48 + hundreds;
  two(b, at + 1, n - hundreds * 100);
}
