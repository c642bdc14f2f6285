/**
 * PUBLISH packets that are encoded once and then only have their digits changed, which keeps a generator cheap enough to
 * share the machine with what it measures; and the arithmetic by which values follow from a number.
 */
import { mqttTopic } from '#contracts';

/** One device's packet for one channel. */
export interface Packet {
  readonly bytes: Buffer;
  readonly packetIdAt: number;
  /** Writes moment and values of message `value` of device number `device`; `phase` as in `valuesOf` of the domain. */
  patch(observedAtMs: number, device: number, value: number, phase: number): void;
}

/** A message with this bit in its value index corrects the one without: the same moment, other values. */
export const correctionBit = 0x8000_0000;

/** 32 bits that look random, the same for the same numbers. */
export function hashOf(device: number, value: number): number {
  const hash = Math.imul(value + 1, 0x9e3779b1) ^ Math.imul(device + 1, 0x85ebca6b);
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
}

/** The packet of a payload with an `observedAt`, and where in it the text after each of `marks` stands. */
export function patchable(domain: string, device: string, payload: string, marks: readonly string[]): { bytes: Buffer; packetIdAt: number; instantAt: number; at: number[] } {
  const body = Buffer.from(payload, 'latin1');
  const bytes = publishPacket(mqttTopic(domain, device, 'readings'), body);
  const at = (mark: string): number => bytes.indexOf(mark) + mark.length;
  return { bytes, packetIdAt: bytes.length - body.length - 2, instantAt: at('"observedAt":"'), at: marks.map(at) };
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

/** Writes a moment as `2026-11-22T07:00:00.000`. */
export function patchInstant(b: Buffer, instantAt: number, observedAtMs: number): void {
  const day = Math.floor(observedAtMs / dayMs);
  if (day !== patchedDay) {
    patchedDay = day;
    patchedDate = Buffer.from(new Date(day * dayMs).toISOString().slice(0, 10), 'latin1');
  }
  let at = instantAt;
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
}

/** 315 as `31.5`. */
export function tenths(b: Buffer, at: number, n: number): void {
  const whole = (n / 10) | 0;
  two(b, at, whole);
  b[at + 3] = 48 + n - whole * 10;
}

export function two(b: Buffer, at: number, n: number): void {
  const tens = (n / 10) | 0;
  b[at] = 48 + tens;
  b[at + 1] = 48 + n - tens * 10;
}

export function three(b: Buffer, at: number, n: number): void {
  const hundreds = (n / 100) | 0;
  b[at] = 48 + hundreds;
  two(b, at + 1, n - hundreds * 100);
}
