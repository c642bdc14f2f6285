/** What we hand to FIWARE is valid by the schemas of its data models, and comes back through our own codecs as it left. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { pollutants, vehicleClasses } from '#contracts';
import { airQualityEntity, type StationHour } from '../apps/pollution/src/formats/air-quality-entity.js';
import { observationsFrom as airFrom } from '../apps/pollution/src/observation.js';
import type { ExchangeReading } from '../apps/traffic/src/formats/exchange.js';
import { trafficFlowEntities } from '../apps/traffic/src/formats/traffic-flow-entities.js';
import { observationsFrom } from '../apps/traffic/src/observation.js';
import { recordedData } from './support/recorded-data.js';

const data = recordedData('payloads', 'github.com/smart-data-models');
const described = data === null ? describe.skip : describe;

/** What the models' schemas refer to and the recorded data does not hold, as far as it concerns us. */
const commonSchema = {
  $id: 'https://smart-data-models.github.io/data-models/common-schema.json',
  definitions: {
    'GSMA-Commons': { type: 'object', properties: { id: { type: 'string', anyOf: [{ pattern: '^[\\w\\-\\.\\{\\}\\$\\+\\*\\[\\]`|~^@!,:\\\\]+$', maxLength: 256 }, { format: 'uri' }] }, name: { type: 'string' } } },
    'Location-Commons': {
      type: 'object',
      properties: {
        location: { type: 'object', required: ['type', 'coordinates'], properties: { type: { enum: ['Point', 'LineString', 'Polygon', 'MultiPoint', 'MultiLineString', 'MultiPolygon'] }, coordinates: { type: 'array' } } },
        address: { type: 'object' },
      },
    },
  },
};

const environmentSchema = { $id: 'https://raw.githubusercontent.com/smart-data-models/dataModel.Environment/master/Environment-schema.json', definitions: { airQualityLevel: { type: 'string' } } };

function validator(model: string): (value: unknown) => string {
  const ajv = new Ajv2020({ strict: false, allErrors: true, schemas: [commonSchema, environmentSchema] });
  (formats as unknown as (ajv: Ajv2020) => void)(ajv);
  const validate = ajv.compile(JSON.parse(readFileSync(join(data!, model, 'schema.json'), 'utf8')) as object);
  return (value) => (validate(value) ? 'valid' : ajv.errorsText(validate.errors));
}

const none = Object.fromEntries(vehicleClasses.map((name) => [name, null])) as ExchangeReading['byClass'];
const reading: ExchangeReading = {
  device: 'loop-1', channel: 'lane-2:forward', asset: 'osm-way-7', nameVi: 'Phố Huế', nameEn: 'Hue Street', geometry: { type: 'LineString', coordinates: [[105.85, 21.01], [105.86, 21.02]] }, congested: true,
  observedAtMs: Date.UTC(2026, 10, 22, 7), periodS: 60, count: 30, speedKmh: 36.5, occupancy: 0.125, lengthM: 4, byClass: none,
};

described('TrafficFlowObserved', () => {
  test.each([
    ['all that can be measured', reading],
    ['each class', { ...reading, byClass: { motorcycle: 20, car: 5, bus: 1, truck: 1, trailer: 1, bicycle: 1, other: 1 } }],
    ['almost nothing', { ...reading, channel: '', geometry: null, count: 0, speedKmh: null, occupancy: null, lengthM: null }],
    ['an id with every sign that one may have', { ...reading, device: 'A.b_c:d-1' }],
  ])('valid: %s', (_, one) => {
    const valid = validator('TrafficFlowObserved');
    for (const entity of trafficFlowEntities(one)) expect(valid(entity)).toBe('valid');
  });

  test('the schema does refuse', () => {
    const valid = validator('TrafficFlowObserved');
    const [entity] = trafficFlowEntities(reading);
    expect(valid({ ...entity, occupancy: 12.5 })).toContain('occupancy must be <= 1');
    expect(valid({ ...entity, laneId: 0 })).toContain('laneId must be >= 1');
    expect(valid({ ...entity, vehicleType: 'other' })).toContain('must be equal to one of the allowed values');
    expect(valid({ ...entity, dateObserved: undefined })).toContain("must have required property 'dateObserved'");
  });

  test('comes back as it left', () => {
    const payload = Buffer.from(JSON.stringify(trafficFlowEntities(reading)));
    expect(observationsFrom(payload, 0, payload.length, { device: 'loop-1', receivedAtMs: reading.observedAtMs, codec: 'ngsi-ld' }, null)).toEqual([
      { channel: 'lane-2:forward', observedAtMs: reading.observedAtMs, periodS: 60, count: 30, speedKmh: 36.5, occupancy: 0.125, occupancyRaw: null, lengthM: 4, byClass: null, flags: 0, imputation: null },
    ]);
  });
});

described('AirQualityObserved', () => {
  const mean = (ugM3: number | null): NonNullable<StationHour['result']['means']['pm25']> => ({ ugM3, coverage: 1 }) as NonNullable<StationHour['result']['means']['pm25']>;
  const hour: StationHour = {
    station: 'roof-1', nameVi: 'Mái nhà', longitude: 105.85, latitude: 21.01, hourMs: Date.UTC(2026, 10, 22, 6), revision: 2,
    result: { grade: 'regulatory', means: { pm25: mean(61.25), no2: mean(138), co: mean(null), so2: mean(-0.4), tsp: mean(73.3), benzene: mean(2) }, vnAqi: { aqi: 118 } as StationHour['result']['vnAqi'] },
  };
  const valid = (entity: unknown): string => validator('AirQualityObserved')(entity);

  test('valid, with the index of a regulatory station', () => {
    const entity = airQualityEntity(hour)!;
    expect(valid(entity)).toBe('valid');
    expect(entity).toMatchObject({ dateObserved: '2026-11-22T06:00:00.000Z', dateObservedTo: '2026-11-22T07:00:00.000Z', pm25: 61.25, no2: 138, tsp: 73, c6h6: 2, airQualityIndex: 118, revision: 2 });
    expect(Object.keys(entity)).not.toEqual(expect.arrayContaining(['co']));
    expect(Object.keys(entity)).not.toEqual(expect.arrayContaining(['so2']));
    expect(valid(airQualityEntity({ ...hour, result: { ...hour.result, means: Object.fromEntries(pollutants.map((pollutant) => [pollutant, mean(12.345)])) } }))).toBe('valid');
  });

  test('a reference station has no index, whatever its result holds; not enough data is no index either', () => {
    expect(airQualityEntity({ ...hour, result: { ...hour.result, grade: 'reference' } })).not.toHaveProperty('airQualityIndex');
    expect(airQualityEntity({ ...hour, result: { ...hour.result, vnAqi: { aqi: null } as StationHour['result']['vnAqi'] } })).not.toHaveProperty('airQualityIndex');
  });

  test('without a location there is no entity', () => {
    expect(airQualityEntity({ ...hour, latitude: null })).toBeNull();
    expect(valid({ ...airQualityEntity(hour), location: undefined })).toContain("must have required property 'location'");
    expect(valid({ ...airQualityEntity(hour), airQualityIndex: 1.5 })).toContain('airQualityIndex must be integer');
  });

  test('comes back as it left', () => {
    const payload = Buffer.from(JSON.stringify(airQualityEntity(hour)));
    expect(airFrom(payload, 0, payload.length, { device: 'x', receivedAtMs: 0, codec: 'ngsi-ld' }, null)).toMatchObject([{ observedAtMs: hour.hourMs, periodS: 3600, values: { pm25UgM3: 61.25, no2UgM3: 138, tspUgM3: 73, benzeneUgM3: 2 } }]);
  });
});
