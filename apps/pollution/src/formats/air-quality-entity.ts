/**
 * A station's closed hour as an entity AirQualityObserved of FIWARE, key-values: means in µg/m³, and the VN_AQI as
 * `airQualityIndex` for a regulatory station alone (Circular 10/2021/TT-BTNMT, articles 30 and 31).
 *
 * The model requires a location and knows nothing below 0: a station without coordinates has no entity, and a mean below
 * 0 (a drifting zero) is left out.
 */
import { type Pollutant, pollutants } from '#contracts';
import type { HourResult } from '../hour.js';
import { mayPublishVnAqi } from '../station-grade.js';

export interface AirQualityEntity {
  readonly id: string;
  readonly type: 'AirQualityObserved';
  readonly dateObserved: string;
  readonly [attribute: string]: unknown;
}

export interface StationHour {
  readonly station: string;
  readonly nameVi: string;
  readonly longitude: number | null;
  readonly latitude: number | null;
  /** Start of the hour. */
  readonly hourMs: number;
  readonly revision: number;
  readonly result: Pick<HourResult, 'grade' | 'means' | 'vnAqi'>;
}

/** Names of the data model, where they are not ours. */
const attributeNames: Partial<Readonly<Record<Pollutant, string>>> = { benzene: 'c6h6', h2s: 'sh2' };
const hourMs = 3_600_000;

export function airQualityEntity({ station, nameVi, longitude, latitude, hourMs: startMs, revision, result }: StationHour): AirQualityEntity | null {
  if (longitude === null || latitude === null) return null;
  const from = new Date(startMs).toISOString();
  const means = pollutants.flatMap((pollutant) => {
    const ugM3 = result.means[pollutant]?.ugM3 ?? null;
    return ugM3 === null || ugM3 < 0 ? [] : [[attributeNames[pollutant] ?? pollutant, pollutant === 'tsp' ? Math.round(ugM3) : Math.round(ugM3 * 100) / 100] as const];
  });
  const aqi = mayPublishVnAqi(result.grade) ? (result.vnAqi?.aqi ?? null) : null;
  return {
    id: `urn:ngsi-ld:AirQualityObserved:${station}`,
    type: 'AirQualityObserved',
    name: nameVi,
    dateObserved: from,
    dateObservedFrom: from,
    dateObservedTo: new Date(startMs + hourMs).toISOString(),
    location: { type: 'Point', coordinates: [longitude, latitude] },
    refPointOfInterest: `urn:ngsi-ld:PointOfInterest:${station}`,
    stationGrade: result.grade,
    revision,
    ...Object.fromEntries(means),
    ...(aqi === null ? {} : { airQualityIndex: aqi, airQualityIndexMethod: 'VN_AQI, QĐ 1459/QĐ-TCMT' }),
  };
}
