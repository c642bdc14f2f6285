/**
 * The readings that benchmarks and faults publish as traffic: about 200 bytes of our own JSON, of fixed length.
 *
 * Every value follows from (device, value index), so that the log of acknowledgements needs to keep one number per
 * message, and a comparison can say what each row must hold.
 */
import { hashOf, patchable, patchInstant, tenths, three, two, type Packet } from './packet.js';
import type { Payload } from './payload-form.js';

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

/**
 * Values of message `value` of device number `device`. Speed goes through free, slow and middling times of
 * `phase` messages each, so that congestion begins and ends, and hovers between the two thresholds.
 */
export function valuesOf(device: number, value: number, phase: number): Values {
  const hash = hashOf(device, value);
  const count = 40 + (hash % 60);
  const part = Math.floor(((value & 0x7fff_ffff) + device * 37) / phase) % 4;
  const spread = hash >>> 8;
  const speedTenths = part === 1 ? 100 + (spread % 80) : part === 3 ? 230 + (spread % 100) : 380 + (spread % 200);
  return { count, speedTenths, occupancyThousandths: (hash >>> 16) % 1000, motorcycle: count - otherVehicles };
}

/** `channel` '' leaves the field out. */
export function readingPacket(device: string, channel: string): Packet {
  const payload =
    `{"device":"${device}"${channel === '' ? '' : `,"channel":"${channel}"`},"observedAt":"2026-11-22T07:00:00.000Z","periodS":${periodS},` +
    `"count":42,"speedKmh":31.5,"occupancy":0.123,"lengthM":${constants.lengthM},` +
    `"countByClass":{"motorcycle":30,"car":${constants.car},"bus":${constants.bus},"truck":${constants.truck}}}`;
  const { bytes, packetIdAt, instantAt, at } = patchable('traffic', device, payload, ['"count":', '"speedKmh":', '"occupancy":0.', '"motorcycle":']);
  const [countAt, speedAt, occupancyAt, motorcycleAt] = at as [number, number, number, number];
  return {
    bytes,
    packetIdAt,
    patch(observedAtMs, number, value, phase) {
      const values = valuesOf(number, value, phase);
      patchInstant(bytes, instantAt, observedAtMs);
      two(bytes, countAt, values.count);
      tenths(bytes, speedAt, values.speedTenths);
      three(bytes, occupancyAt, values.occupancyThousandths);
      two(bytes, motorcycleAt, values.motorcycle);
    },
  };
}

/** What the columns of `traffic` hold of these readings, written from the notes on its tables. */
export const trafficPayload: Payload = {
  packet: readingPacket,
  columns: [
    ['period_s', 'int4'], ['flags', 'int2'], ['count', 'int4'], ['speed_kmh', 'float4'], ['occupancy', 'float4'], ['length_m', 'float4'],
    ['motorcycle', 'int4'], ['car', 'int4'], ['bus', 'int4'], ['truck', 'int4'], ['trailer', 'int4'], ['bicycle', 'int4'], ['other', 'int4'], ['occupancy_raw', 'float4'],
  ],
  row(device, value, phase) {
    const { count, speedTenths, occupancyThousandths, motorcycle } = valuesOf(device, value, phase);
    const { lengthM, car, bus, truck } = constants;
    return [periodS, 0, count, Math.fround(speedTenths / 10), Math.fround(occupancyThousandths / 1000), Math.fround(lengthM), motorcycle, car, bus, truck, null, null, null, null];
  },
  sums: [
    ['n_observed', 'int4'], ['n_imputed', 'int4'], ['observed_s', 'int8'], ['imputed_s', 'int8'], ['count', 'int8'],
    ['speed_sum', 'float8'], ['speed_weight', 'float8'], ['occupancy_sum', 'float8'], ['occupancy_s', 'float8'],
    ['motorcycle', 'int8'], ['car', 'int8'], ['bus', 'int8'], ['truck', 'int8'], ['trailer', 'int8'], ['bicycle', 'int8'], ['other', 'int8'],
  ],
  terms(device, value, phase) {
    const { count, speedTenths, occupancyThousandths, motorcycle } = valuesOf(device, value, phase);
    const { car, bus, truck } = constants;
    // Speed is weighted by flow, occupancy by time.
    return [1, 0, periodS, 0, count, count * Math.fround(speedTenths / 10), count, Math.fround(occupancyThousandths / 1000) * periodS, periodS, motorcycle, car, bus, truck, null, null, null];
  },
};
