/**
 * Payloads that must end as dead letters, each with the reason that names what is wrong with it; and a few messages of
 * which only a part is wrong, so that the rest must be stored.
 */
import type { DeadLetterReason, Domain } from '#contracts';
import { payloadOf } from '../support/payloads.js';

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

/** What a domain's readings look like: a number of a good one, the least that is right, and values that cannot be. */
const words: Readonly<Record<Domain, { readonly number: RegExp; readonly least: object; readonly wrong: object; readonly impossible: readonly (readonly [kind: string, change: object])[] }>> = {
  traffic: {
    number: /"speedKmh":[\d.]+/,
    least: { count: 1 },
    wrong: { count: 0.5 },
    impossible: [['wrong type', { count: '42' }], ['negative count', { count: -1 }], ['speed out of range', { speedKmh: 301 }]],
  },
  pollution: {
    number: /"pm25UgM3":[\d.]+/,
    least: { pm25UgM3: 12.5 },
    wrong: { pm25UgM3: -999 },
    impossible: [['wrong type', { pm25UgM3: '42' }], ['a code for missing', { pm25UgM3: -999 }], ['humidity out of range', { humidityPct: 151 }], ['imputed, and not said how', { flags: ['imputed'] }]],
  },
};

/** For messages published as `device`; none of them holds a reading that is right. */
export function poisons(domain: Domain, device: string, nowMs: number): Poison[] {
  const good = reading(domain, device, nowMs);
  const { number, impossible } = words[domain];
  const one = (kind: string, reason: DeadLetterReason, payload: string | Buffer): Poison => ({ kind, payload: Buffer.from(payload as string), letters: [reason], stored: 0 });
  const changed = (change: Record<string, unknown>): string => JSON.stringify({ ...JSON.parse(good), ...change });
  return [
    one('empty', 'undecodable', ''),
    one('broken JSON', 'undecodable', good.slice(0, -7)),
    one('two values', 'undecodable', `${good}${good}`),
    one('invalid UTF-8', 'undecodable', Buffer.concat([Buffer.from('{"device":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')])),
    one('deep nesting', 'undecodable', `${'['.repeat(5_000)}${']'.repeat(5_000)}`),
    one('deep objects', 'undecodable', `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`),
    one('NaN', 'undecodable', good.replace(number, (found) => found.replace(/:.*/, ':NaN'))),
    one('infinite number', 'invalid', good.replace(number, (found) => found.replace(/:.*/, ':1e999'))),
    ...impossible.map(([kind, change]) => one(kind, 'invalid', changed(change as Record<string, unknown>))),
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

/** The least that is stored of a device; of traffic a count alone, so that nothing is congested. */
export function leastReading(domain: Domain, device: string, observedAtMs: number): object {
  return { device, observedAt: new Date(observedAtMs).toISOString(), periodS: 60, ...words[domain].least };
}

/** For a device of its own, since some of these readings are stored. */
export function partlyWrong(domain: Domain, device: string, nowMs: number): Poison[] {
  const right = (offsetMs: number, channel?: string): object => ({ ...leastReading(domain, device, nowMs + offsetMs), ...(channel === undefined ? {} : { channel }) });
  const tooMany = channelsMax + 6;
  return [
    { kind: 'one wrong of three', payload: Buffer.from(JSON.stringify([right(0), { ...right(1), ...words[domain].wrong }, right(2)])), letters: ['invalid'], stored: 2 },
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
export function reading(domain: Domain, device: string, observedAtMs: number): string {
  const packet = payloadOf(domain).packet(device, '');
  packet.patch(observedAtMs, 0, 0, 1);
  return packet.bytes.subarray(packet.packetIdAt + 2).toString('latin1');
}
