/**
 * The readings that benchmarks and faults publish as pollution: about 200 bytes of our own JSON, of fixed length.
 *
 * Everything follows from (device, value index), as in payload.ts. Ozone is null in each of them: missing must stay
 * missing, in rows and in sums. Wind direction is stored and never summed.
 */
import { hashOf, patchable, patchInstant, tenths, three, type Packet } from './packet.js';
import { periodS } from './payload.js';
import type { Payload } from './payload-form.js';

/** What one message says; tenths of µg/m³ and of °C, 100 to 999. */
export interface AirValues {
  readonly pm25Tenths: number;
  readonly pm10UgM3: number;
  readonly no2Tenths: number;
  readonly temperatureTenths: number;
}

/** Fixed in every payload. */
export const airConstants = { coUgM3: 1_200, humidityPct: 81, windDirectionDeg: 225, precipitationMm: 0.2 } as const;

export function airValuesOf(device: number, value: number): AirValues {
  const hash = hashOf(device, value);
  return { pm25Tenths: 100 + (hash % 900), pm10UgM3: 100 + ((hash >>> 10) % 900), no2Tenths: 100 + ((hash >>> 16) % 900), temperatureTenths: 200 + ((hash >>> 22) % 200) };
}

/** `channel` '' leaves the field out. */
export function airPacket(device: string, channel: string): Packet {
  const { coUgM3, humidityPct, windDirectionDeg, precipitationMm } = airConstants;
  const payload =
    `{"device":"${device}"${channel === '' ? '' : `,"channel":"${channel}"`},"observedAt":"2026-11-22T07:00:00.000Z","periodS":${periodS},` +
    `"pm25UgM3":31.5,"pm10UgM3":131,"no2UgM3":24.5,"coUgM3":${coUgM3},"o3UgM3":null,` +
    `"temperatureC":27.5,"humidityPct":${humidityPct},"windDirectionDeg":${windDirectionDeg},"precipitationMm":${precipitationMm}}`;
  const { bytes, packetIdAt, instantAt, at } = patchable('pollution', device, payload, ['"pm25UgM3":', '"pm10UgM3":', '"no2UgM3":', '"temperatureC":']);
  const [pm25At, pm10At, no2At, temperatureAt] = at as [number, number, number, number];
  return {
    bytes,
    packetIdAt,
    patch(observedAtMs, number, value) {
      const values = airValuesOf(number, value);
      patchInstant(bytes, instantAt, observedAtMs);
      tenths(bytes, pm25At, values.pm25Tenths);
      three(bytes, pm10At, values.pm10UgM3);
      tenths(bytes, no2At, values.no2Tenths);
      tenths(bytes, temperatureAt, values.temperatureTenths);
    },
  };
}

/** As the tables of pollution have them. */
const metrics = [
  'pm25_ug_m3', 'pm10_ug_m3', 'o3_ug_m3', 'no2_ug_m3', 'so2_ug_m3', 'co_ug_m3', 'tsp_ug_m3', 'pb_ug_m3', 'benzene_ug_m3', 'nh3_ug_m3', 'h2s_ug_m3', 'no_ug_m3', 'nox_ug_m3', 'pm1_ug_m3',
  'temperature_c', 'humidity_pct', 'pressure_hpa', 'wind_speed_ms', 'wind_direction_deg', 'precipitation_mm', 'reliability_pct',
] as const;
const averaged = metrics.filter((metric) => metric !== 'wind_direction_deg' && metric !== 'precipitation_mm');

function byMetric(device: number, value: number): Partial<Record<(typeof metrics)[number], number>> {
  const { pm25Tenths, pm10UgM3, no2Tenths, temperatureTenths } = airValuesOf(device, value);
  const { coUgM3, humidityPct, windDirectionDeg, precipitationMm } = airConstants;
  return {
    pm25_ug_m3: Math.fround(pm25Tenths / 10), pm10_ug_m3: pm10UgM3, no2_ug_m3: Math.fround(no2Tenths / 10), co_ug_m3: coUgM3,
    temperature_c: Math.fround(temperatureTenths / 10), humidity_pct: humidityPct, wind_direction_deg: windDirectionDeg, precipitation_mm: Math.fround(precipitationMm),
  };
}

/** What the columns of `pollution` hold of these readings, written from the notes on its tables. */
export const airPayload: Payload = {
  packet: airPacket,
  columns: [['period_s', 'int4'], ['flags', 'int2'], ...metrics.map((metric) => [metric, 'float4'] as const)],
  row(device, value) {
    const of = byMetric(device, value);
    return [periodS, 0, ...metrics.map((metric) => of[metric] ?? null)];
  },
  sums: [['n_observed', 'int4'], ['n_excluded', 'int4'], ['precipitation_mm_sum', 'float8'], ...averaged.flatMap((metric) => [[`${metric}_sum`, 'float8'], [`${metric}_s`, 'float8']] as const)],
  terms(device, value) {
    const of = byMetric(device, value);
    // Weighted by time; rain adds up.
    return [1, 0, of.precipitation_mm ?? null, ...averaged.flatMap((metric) => (of[metric] === undefined ? [null, null] : [of[metric] * periodS, periodS]))];
  },
};
