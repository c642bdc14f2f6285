import { Rejected } from '#contracts';
import { observationsFrom } from '../observation.js';

const receivedAtMs = Date.UTC(2026, 10, 22, 7, 1);

/** The values that differ from nothing, what was kept as it came, and refusals as texts. */
function from(message: unknown, codec: string): unknown[] {
  const payload = Buffer.from(JSON.stringify(message));
  return observationsFrom(payload, 0, payload.length, { device: 'air-1', receivedAtMs, codec }, null).map((result) => {
    if (result instanceof Rejected) return result.message;
    const { device: _, channel: _c, observedAt: _o, periodS: _p, flags: _f, raw: _r, ...metrics } = result.values as Record<string, unknown>;
    return { channel: result.channel, ...metrics, ...(result.raw === null ? {} : { raw: JSON.parse(result.raw) as unknown }) };
  });
}

const entity = (fields: object): object => ({ id: 'urn:ngsi-ld:AirQualityObserved:1', type: 'AirQualityObserved', dateObserved: '2026-11-22T06:00:00Z/2026-11-22T07:00:00Z', location: { type: 'Point', coordinates: [105.8, 21] }, ...fields });

describe('AirQualityObserved', () => {
  test.each([
    ['names in any case', { CO: 400, 'PM2.5': 30, pm10: 50, sh2: 4 }, { coUgM3: 400, pm25UgM3: 30, pm10UgM3: 50, h2sUgM3: 4 }],
    ['mg/m³, the reported value kept', { co: { value: 0.5, unitCode: 'GP' } }, { coUgM3: 500, raw: { coUgM3: { value: 0.5, unit: 'GP' } } }],
    // 46.01 / 24.45 µg/m³ for each ppb.
    ['ppb, by the molar mass', { no2: { value: 100, unitCode: '61' } }, { no2UgM3: 188.1799591, raw: { no2UgM3: { value: 100, unit: '61' } } }],
    ['shares of one', { relativeHumidity: 0.54, reliability: 1 }, { humidityPct: 54, reliabilityPct: 100, raw: { humidityPct: { value: 0.54, unit: '1' }, reliabilityPct: { value: 1, unit: '1' } } }],
    ['codes for none, numbers as texts', { pm25: -999, no2: null, o3: '', so2: '12.5', windSpeed: -1 }, { pm25UgM3: null, no2UgM3: null, o3UgM3: null, so2UgM3: 12.5, windSpeedMs: null }],
    ['a small concentration below zero is a drifting zero, and −1 °C is cold', { pm25: -1, temperature: -1 }, { pm25UgM3: -1, temperatureC: -1 }],
    ['a foreign index is not taken, and 0 of it is nothing', { pm25: 30, airQualityIndex: 0, airQualityLevel: 'good' }, { pm25UgM3: 30 }],
  ])('%s', (_, fields, expected) => {
    expect(from(entity(fields), 'ngsi-ld')).toEqual([{ channel: '', ...expected }]);
  });

  test('a value that is wrong is refused alone, and names what was expected', () => {
    expect(from(entity({ pm25: 30, nh3: { value: 5, unitCode: '61' }, temperature: 'warm', relativeHumidity: 54 }), 'ngsi-ld')).toEqual([
      { channel: '', pm25UgM3: 30 },
      'invalid: nh3: expected a unit of which µg/m³ can be made, found 61',
      'invalid: temperature: expected a number, found a text',
      'invalid: relativeHumidity: expected -10 to 150 %, found 5400',
    ]);
    expect(from(entity({ airQualityIndex: 0 }), 'ngsi-ld')).toEqual([expect.stringContaining('invalid: message: expected at least one value for pm25UgM3')]);
  });
});

test('sensors: units in the names, humidity in per cent, two sensors as channels', () => {
  const uplink = { end_device_ids: { device_id: 'air-1' }, uplink_message: { received_at: '2026-11-22T07:00:00Z', decoded_payload: { period: 600, a: { pm2_5: 12, humidity: 71 }, b: { pm2_5: 13 }, no2_ppb: 10, co_ppm: 0.4, battery: 3.6 } } };
  expect(from(uplink, 'the-things-stack')).toEqual([
    { channel: '', no2UgM3: 18.81799591, coUgM3: 458.241308793, raw: { no2UgM3: { value: 10, unit: 'ppb' }, coUgM3: { value: 0.4, unit: 'ppm' } } },
    { channel: 'a', pm25UgM3: 12, humidityPct: 71 },
    { channel: 'b', pm25UgM3: 13 },
  ]);
});

test('The Things Stack, normalised: with what the formatter made it is one reading, and of two values the normalised one', () => {
  const both = { end_device_ids: { device_id: 'air-1' }, uplink_message: { received_at: '2026-11-22T07:00:00Z', decoded_payload: { temperature: 99, pm25: 12, TempC_SHT: 7 }, normalized_payload: [{ air: { temperature: 21.5 } }] } };
  expect(from(both, 'the-things-stack:600')).toEqual([{ channel: '', temperatureC: 21.5, pm25UgM3: 12 }]);
  const uplink = { end_device_ids: { device_id: 'air-1' }, uplink_message: { received_at: '2026-11-22T07:00:00Z', normalized_payload: [{ air: { temperature: 21.5, relativeHumidity: 60, pressure: 1012.5 }, wind: { speed: 2, direction: 90 } }] } };
  expect(from(uplink, 'the-things-stack:600')).toEqual([{ channel: '', temperatureC: 21.5, humidityPct: 60, pressureHpa: 1012.5, windSpeedMs: 2, windDirectionDeg: 90 }]);
});

test('a wind below zero degrees counts the other way round', () => {
  expect(from(entity({ windDirection: -90 }), 'ngsi-ld')).toEqual([{ channel: '', windDirectionDeg: 270, raw: { windDirectionDeg: { value: -90, unit: '°' } } }]);
});
