import { Rejected, type TrafficReading } from '#contracts';
import { observationsFrom, type Observation } from '../observation.js';

const receivedAtMs = Date.UTC(2026, 10, 22, 7, 1);

function from(message: unknown, codec: string, device = 'loop-1'): unknown[] {
  const payload = Buffer.from(JSON.stringify(message));
  return observationsFrom(payload, 0, payload.length, { device, receivedAtMs, codec }, null).map((result) => (result instanceof Rejected ? result.message : brief(result)));
}

/** What differs from a reading that says nothing. */
function brief(observation: Observation): Partial<TrafficReading> {
  const { observedAtMs, byClass, ...rest } = observation;
  const said = Object.entries({ ...rest, flags: rest.flags === 0 ? null : rest.flags }).filter(([, value]) => value !== null);
  return Object.fromEntries([['observedAt', new Date(observedAtMs).toISOString()], ...(byClass === null ? [] : [['byClass', Object.fromEntries(Object.entries(byClass).filter(([, count]) => count !== null))]]), ...said]) as Partial<TrafficReading>;
}

describe('TrafficFlowObserved', () => {
  const entity = (fields: object): object => ({ id: 'urn:ngsi-ld:TrafficFlowObserved:1', type: 'TrafficFlowObserved', ...fields });
  const period = { dateObservedFrom: '2026-11-22T07:00:00Z', dateObservedTo: '2026-11-22T07:01:00Z' };
  const minute = { observedAt: '2026-11-22T07:00:00.000Z', periodS: 60 };

  test('a batch of several classes becomes channels, each with its class', () => {
    const of = (vehicleType: string, intensity: number): object => entity({ ...period, laneId: 2, laneDirection: 'forward', vehicleType, intensity, averageVehicleSpeed: 24.5 });
    expect(from({ subscriptionId: 's', data: [of('motorcycle', 44), of('car', 9), of('lorry', 1), of('moped', 2)] }, 'ngsi-v2')).toEqual([
      { ...minute, channel: 'lane-2:forward:motorcycle', count: 44, speedKmh: 24.5, byClass: { motorcycle: 44 } },
      { ...minute, channel: 'lane-2:forward:car', count: 9, speedKmh: 24.5, byClass: { car: 9 } },
      { ...minute, channel: 'lane-2:forward:lorry', count: 1, speedKmh: 24.5, byClass: { truck: 1 } },
      { ...minute, channel: 'lane-2:forward:moped', count: 2, speedKmh: 24.5, byClass: { motorcycle: 2 } },
    ]);
  });

  test('beside its classes an entity for all vehicles would count twice, and is refused', () => {
    const of = (fields: object): object => entity({ ...period, intensity: 5, ...fields });
    expect(from([of({ laneId: 1 }), of({ laneId: 1, vehicleType: 'car' }), of({ laneId: 2 }), of({ laneId: 1, dateObservedFrom: '2026-11-22T06:59:30Z' })], 'ngsi-ld')).toEqual([
      'invalid: vehicleType: expected either one entity for all vehicles of a lane or one for each class: both would count twice',
      { ...minute, channel: 'lane-1:car', count: 5, byClass: { car: 5 } },
      { ...minute, channel: 'lane-2', count: 5 },
      { observedAt: '2026-11-22T06:59:30.000Z', periodS: 90, channel: 'lane-1', count: 5 },
    ]);
    expect(from([of({}), of({ vehicleType: 'bus' })], 'ngsi-ld')).toEqual([expect.stringContaining('invalid: vehicleType'), { ...minute, channel: 'bus', count: 5, byClass: { bus: 5 } }]);
  });

  test.each([
    ['an interval', { dateObserved: '2026-11-22T07:00:00Z/2026-11-22T07:05:00Z', intensity: 1 }, { observedAt: '2026-11-22T07:00:00.000Z', periodS: 300, channel: '', count: 1 }],
    ['from and to', { ...period, dateObserved: '2026-11-22T07:01:00Z', intensity: 1 }, { ...minute, channel: '', count: 1 }],
    ['a start with the period of the device', { dateObserved: '2026-11-22T06:00:00', intensity: 1 }, { observedAt: '2026-11-22T06:00:00.000Z', periodS: 900, channel: '', count: 1 }],
    ['the time of the broker, at the end of the period', { intensity: { value: 1, observedAt: '2026-11-22T07:00:00Z' } }, { observedAt: '2026-11-22T06:45:00.000Z', periodS: 900, channel: '', count: 1 }],
    ['−1 is none', { ...period, intensity: 3, averageVehicleSpeed: -1, occupancy: -1 }, { ...minute, channel: '', count: 3 }],
    ['other units, the raw occupancy kept', { ...period, averageVehicleSpeed: { value: 10, unitCode: 'MTS' }, occupancy: { value: 12.5, unitCode: 'P1' } }, { ...minute, channel: '', speedKmh: 36, occupancy: 0.125, occupancyRaw: 12.5 }],
    ['numbers as texts', { ...period, intensity: '197', laneId: '1' }, { ...minute, channel: 'lane-1', count: 197 }],
    ['a device of its own name', { ...period, intensity: 1, refDevice: 'urn:ngsi-ld:Device:loop-1' }, { ...minute, channel: '', count: 1 }],
  ])('%s', (_, fields, expected) => {
    expect(from(entity(fields), 'ngsi-ld:900')).toEqual([expected]);
  });

  test.each([
    ['another type', { ...period, type: 'AirQualityObserved' }, 'invalid: type: expected TrafficFlowObserved, found AirQualityObserved'],
    ['nothing measured', { ...period, congested: true }, 'invalid: message: expected at least one value for count, speedKmh, occupancy, lengthM …, found dateObservedFrom, dateObservedTo, congested'],
    ['no period', { dateObserved: '2026-11-22T07:00:00Z', intensity: 1 }, "invalid: dateObserved: expected an interval, or dateObservedFrom and dateObservedTo, or a period in the codec of the device's record, such as ngsi-ld:3600"],
    ['a time that is none', { dateObserved: 'today', intensity: 1 }, 'invalid: dateObserved: expected a time such as 2026-11-22T07:00:00Z, or an interval of two with "/" between them'],
    ['an end before the start', { dateObserved: '2026-11-22T07:05:00Z/2026-11-22T07:00:00Z', intensity: 1 }, 'invalid: dateObserved: expected an end after the start'],
    ['half a lane', { ...period, laneId: 1.5, intensity: 1 }, 'invalid: laneId: expected a whole number, 1 to 64'],
    ['a direction of its own', { ...period, laneDirection: 'north', intensity: 1 }, 'invalid: laneDirection: expected "forward" or "backward"'],
    ['a class of its own', { ...period, vehicleType: 'tuktuk', intensity: 1 }, 'invalid: vehicleType: expected one of agriculturalVehicle, bicycle'],
    ['another device', { ...period, intensity: 1, refDevice: 'urn:ngsi-ld:Device:xloop-1' }, 'device-mismatch: refDevice: expected loop-1, found "urn:ngsi-ld:Device:xloop-1"'],
    ['half a vehicle', { ...period, intensity: 1.5 }, 'invalid: count: expected a whole number of vehicles, 0 to 1000000, or null'],
  ])('refused: %s', (_, fields, expected) => {
    expect(from(entity(fields), 'ngsi-ld')).toEqual([expect.stringContaining(expected)]);
  });

  test('a value that is wrong is refused alone', () => {
    expect(from(entity({ ...period, intensity: 'many', averageVehicleSpeed: { value: 30, unitCode: 'MTR' }, occupancy: 0.1 }), 'ngsi-ld')).toEqual([
      { ...minute, channel: '', occupancy: 0.1 },
      'invalid: intensity: expected a number, found a text',
      'invalid: averageVehicleSpeed: expected a unit of which km/h can be made, found MTR',
    ]);
  });
});

describe('values side by side', () => {
  const at = { observedAt: '2026-11-22T06:59:00.000Z', periodS: 60 };
  const bt = Date.UTC(2026, 10, 22, 7) / 1000;

  test('SenML: one reading for each channel and moment; the time of a sample is the end of its period', () => {
    const pack = [{ bn: 'urn:dev:ow:loop-1:', bt, n: 'lane-1:count', v: 12 }, { n: 'lane-1:speed', u: 'm/s', v: 10 }, { n: 'lane-2:count', v: 3 }, { n: 'lane-1:count', v: 9, t: 60 }, { n: 'lane-1:motorcycle', v: 7 }];
    expect(from(pack, 'senml-json:60')).toEqual([
      { ...at, channel: 'lane-1', count: 12, speedKmh: 36, byClass: { motorcycle: 7 } },
      { ...at, channel: 'lane-2', count: 3 },
      { observedAt: '2026-11-22T07:00:00.000Z', periodS: 60, channel: 'lane-1', count: 9 },
    ]);
  });

  test.each([
    ['a period in the pack', [{ n: 'count', bt, v: 5 }, { n: 'period', u: 'min', v: 1 }], { ...at, channel: '', count: 5 }],
    ['the update time', [{ n: 'count', bt, v: 5, ut: 60 }], { ...at, channel: '', count: 5 }],
    ['by its unit, where the device alone is named', [{ n: 'loop-1', bt, u: 'km/h', v: 50, ut: 60 }], { ...at, channel: '', speedKmh: 50 }],
    ['no time is that of the receipt, flagged', [{ n: 'count', v: 5, ut: 60 }], { observedAt: '2026-11-22T07:00:00.000Z', periodS: 60, channel: '', count: 5, flags: 8 }],
    ['of two values for one field the first', [{ n: 'count', bt, v: 5, ut: 60 }, { n: 'vehicles', v: 6 }, { n: 'count', v: 7 }], { ...at, channel: '', count: 5 }],
    ['per cent, the raw value kept', [{ n: 'occupancy', u: '%', bt, v: 8, ut: 60 }], { ...at, channel: '', occupancy: 0.08, occupancyRaw: 8 }],
  ])('SenML: %s', (_, pack, expected) => {
    expect(from(pack, 'senml-json')).toEqual([expected]);
  });

  test.each([
    ['no period', [{ n: 'count', bt, v: 5 }], "invalid: period: expected how long a value stands for, in s: in the message, or in the codec of the device's record, such as senml-json:60"],
    ['another device', [{ bn: 'urn:dev:ow:xloop-1:', n: 'count', v: 5 }], 'device-mismatch: device: expected loop-1, found "urn:dev:ow:xloop-1:count"'],
    ['another device that begins alike', [{ bn: 'loop-10:', n: 'count', v: 5 }], 'device-mismatch: device: expected loop-1, found "loop-10:count"'],
    ['nothing known', [{ n: 'voltage', u: 'V', v: 120 }], 'invalid: message: expected at least one value for count, speedKmh, occupancy, lengthM …, found voltage'],
    ['a time that no calendar has', [{ n: 'count', t: 1e300, v: 5, ut: 60 }], 'invalid: observedAt: expected a time of 1970 to 2199'],
  ])('SenML refused: %s', (_, pack, expected) => {
    expect(from(pack, 'senml-json')).toEqual([expect.stringContaining(expected)]);
  });

  test('The Things Stack: lanes as objects within the payload', () => {
    const uplink = (device_id: string, decoded_payload: object): object => ({ end_device_ids: { device_id }, uplink_message: { received_at: '2026-11-22T07:00:00Z', decoded_payload } });
    const payload = { period: 60, battery: 3.6, 'lane-1': { count: 4, speed_kmh: 31, motorcycles: 3 }, 'lane-2': { count: 0 } };
    expect(from(uplink('loop-1', payload), 'the-things-stack')).toEqual([
      { ...at, channel: 'lane-1', count: 4, speedKmh: 31, byClass: { motorcycle: 3 } },
      { ...at, channel: 'lane-2', count: 0 },
    ]);
    expect(from(uplink('loop-2', payload), 'the-things-stack')).toEqual(['device-mismatch: device: expected loop-1, found loop-2']);
  });
});

test('a name has at most 8 parts and 256 characters: what is longer is nobody\'s', () => {
  const payload = { period: 60, 'a.b.c.d.e.f.g.h.count': 1, 'a.b.c.d.e.f.g.count': 2, [`${'x.'.repeat(120)}count`]: 3, [`${'a'.repeat(251)}.count`]: 4 };
  expect(from({ end_device_ids: { device_id: 'loop-1' }, uplink_message: { received_at: '2026-11-22T07:00:00Z', decoded_payload: payload } }, 'the-things-stack')).toEqual([
    { observedAt: '2026-11-22T06:59:00.000Z', periodS: 60, channel: 'a.b.c.d.e.f.g', count: 2 },
  ]);
});

test('what would be no period is no part of a codec', () => {
  for (const codec of ['senml-json:0', 'senml-json:86401', 'senml-json:', 'senml-json:x', 'json:60', 'pems:60', 'xml:60']) expect(from([], codec)).toEqual([expect.stringContaining('unknown-codec')]);
});
