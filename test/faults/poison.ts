/**
 * Payloads that must end as dead letters, each with the reason that names what is wrong with it; and a few messages of
 * which only a part is wrong, so that the rest must be stored.
 */
import type { DeadLetterReason } from '#contracts';
import { patch, readingPacket, valuesOf } from '../support/payload.js';

export interface Poison {
  readonly kind: string;
  readonly payload: Buffer;
  /** One per letter. */
  readonly letters: readonly DeadLetterReason[];
  /** Readings of the message that are right. */
  readonly stored: number;
}

const channelsMax = 64;
const elementsTooMany = 5_001;
const hourMs = 3_600_000;
const tooOldMs = 20 * 365 * 24 * hourMs;

/** For messages published as `device`; none of them holds a reading that is right. */
export function poisons(device: string, nowMs: number): Poison[] {
  const good = reading(device, nowMs);
  const one = (kind: string, reason: DeadLetterReason, payload: string | Buffer): Poison => ({ kind, payload: Buffer.from(payload as string), letters: [reason], stored: 0 });
  const changed = (change: Record<string, unknown>): string => JSON.stringify({ ...JSON.parse(good), ...change });
  return [
    one('empty', 'undecodable', ''),
    one('broken JSON', 'undecodable', good.slice(0, -7)),
    one('two values', 'undecodable', `${good}${good}`),
    one('invalid UTF-8', 'undecodable', Buffer.concat([Buffer.from('{"device":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')])),
    one('deep nesting', 'undecodable', `${'['.repeat(5_000)}${']'.repeat(5_000)}`),
    one('deep objects', 'undecodable', `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`),
    one('NaN', 'undecodable', good.replace('"speedKmh":', '"speedKmh":NaN,"x":')),
    one('infinite number', 'invalid', good.replace(/"speedKmh":[\d.]+/, '"speedKmh":1e999')),
    one('wrong type', 'invalid', changed({ count: '42' })),
    one('negative count', 'invalid', changed({ count: -1 })),
    one('speed out of range', 'invalid', changed({ speedKmh: 301 })),
    one('not an object', 'invalid', '42'),
    one('null', 'invalid', 'null'),
    one('unknown field', 'invalid', changed({ plate: '30A-123.45' })),
    one('missing period', 'invalid', changed({ periodS: undefined })),
    one('no value at all', 'invalid', JSON.stringify({ device, observedAt: new Date(nowMs).toISOString(), periodS: 60 })),
    one('broken time', 'invalid', changed({ observedAt: '2026-13-45T00:00:00Z' })),
    one('NUL in a name', 'invalid', changed({ channel: 'a\u0000b' })),
    one('half a surrogate pair', 'invalid', changed({ channel: '\ud800' })),
    one('prototype', 'invalid', good.replace('{', '{"__proto__":{"count":1},')),
    one('another device', 'device-mismatch', changed({ device: `${device}x` })),
    one('clock ahead', 'clock-ahead', changed({ observedAt: new Date(nowMs + hourMs).toISOString() })),
    one('too old', 'too-old', changed({ observedAt: new Date(nowMs - tooOldMs).toISOString() })),
    one('huge array', 'too-large', `[${Array.from({ length: elementsTooMany }, () => '0').join(',')}]`),
  ];
}

/** For a device of its own, since some of these readings are stored: counts alone, so that nothing is congested. */
export function partlyWrong(device: string, nowMs: number): Poison[] {
  const right = (offsetMs: number, channel?: string): object => ({ device, ...(channel === undefined ? {} : { channel }), observedAt: new Date(nowMs + offsetMs).toISOString(), periodS: 60, count: 1 });
  const tooMany = channelsMax + 6;
  return [
    { kind: 'one wrong of three', payload: Buffer.from(JSON.stringify([right(0), { ...right(1), count: 0.5 }, right(2)])), letters: ['invalid'], stored: 2 },
    {
      kind: 'too many channels',
      // The device's own channel exists already.
      payload: Buffer.from(JSON.stringify(Array.from({ length: tooMany - 1 }, (_, n) => right(10, `c${n}`)))),
      letters: Array.from({ length: tooMany - channelsMax }, () => 'too-many-channels'),
      stored: channelsMax - 1,
    },
  ];
}

/** A reading of a load as text. */
export function reading(device: string, observedAtMs: number): string {
  const packet = readingPacket('traffic', device, '');
  patch(packet, observedAtMs, valuesOf(0, 0, 1));
  return packet.bytes.subarray(packet.packetIdAt + 2).toString('latin1');
}
