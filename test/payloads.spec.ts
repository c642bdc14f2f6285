/**
 * What other people's devices and systems really send: every file of the recorded payloads becomes what its own
 * documentation says, or is refused with the right reason. Expected values: the resolved packs of the SenML working group,
 * and the figures of the other examples, written down here by hand. Prints what each file became.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Rejected } from '#contracts';
import { codecOf, type NamedValues, resolveSenml, type ResolvedRecord } from '#codecs';
import { observationsFrom as pollutionFrom } from '../apps/pollution/src/observation.js';
import { observationsFrom as trafficFrom } from '../apps/traffic/src/observation.js';
import { recordedData } from './support/recorded-data.js';

const data = recordedData('payloads', 'github.com/core-wg/senml-spec, github.com/smart-data-models and the data formats page of thethingsindustries.com/docs');
const folders = ['senml', 'TrafficFlowObserved', 'AirQualityObserved', 'ttn'];
const receivedAtMs = Date.UTC(2026, 10, 22, 7);
const at = (time: string): number => Date.parse(time);

/** Of the domain, sent by `device`, whose record has `codec`. */
interface Case {
  readonly domain: 'traffic' | 'pollution';
  readonly device: string;
  readonly codec: string;
  /** Readings without what is null, and reasons of refusal in full. */
  readonly becomes: readonly unknown[];
}

const flow = { channel: 'lane-1:forward', observedAtMs: at('2016-12-07T11:10:00Z'), periodS: 300, count: 197, speedKmh: 52.6, occupancy: 0.76, lengthM: 9.87, flags: 0 };
const flowCase: Case = { domain: 'traffic', device: 'valladolid-1', codec: 'ngsi-ld', becomes: [flow] };

const madrid = { channel: '', observedAtMs: at('2016-03-15T11:00:00Z'), periodS: 3600, flags: 0 };
const shares = { humidityPct: { value: 0.54, unit: '1' }, reliabilityPct: { value: 0.7, unit: '1' } };
const coInMilligrams = { coUgM3: { value: 500, unit: 'GP' }, ...shares };
const weather = { temperatureC: 12.2, humidityPct: 54, windSpeedMs: 0.64, reliabilityPct: 70 };
const gases = { noUgM3: 45, noxUgM3: 139, so2UgM3: 11 };
const air = (values: object, raw: object, ...refusals: string[]): Case => ({ domain: 'pollution', device: 'madrid-1', codec: 'ngsi-ld:3600', becomes: [{ ...madrid, values, raw: JSON.stringify(raw) }, ...refusals] });
const noPressure = 'invalid: pressure: expected 300 to 1200 hPa, found 1.1';

const sensor = 'urn:dev:ow:10e2073a01080063';
const humidity = (time: number, humidityPct: number): unknown => ({ channel: '', observedAtMs: time * 1000 - 60_000, periodS: 60, values: { humidityPct }, flags: 0 });
const senml = (becomes: readonly unknown[], device = sensor): Case => ({ domain: 'pollution', device, codec: 'senml-json:60', becomes });
const temperatureNow = (observedAtMs: number, flags: number): unknown => ({ channel: '', observedAtMs, periodS: 60, values: { temperatureC: 23.1 }, flags });
const notOurs = (...names: string[]): string => `invalid: message: expected at least one value for pm25UgM3, pm10UgM3, pm1UgM3, tspUgM3 …, found ${names.map((name) => JSON.stringify(name)).join(', ')}`;
const electric = notOurs(`${sensor}:voltage`, `${sensor}:current`);
const otherSensor = sensor.slice(0, -1);
const electric3 = notOurs(`${otherSensor}:voltage`, `${otherSensor}:current`);
const ex4 = [21.2, 21.3, 21.4, 21.4, 21.5, 21.5, 21.5, 21.6, 21.7, 21.5].map((value, index) => humidity(1_320_067_464 + 10 * index, value)).concat([humidity(1_320_067_555, 21.5), humidity(1_320_067_556, 21.5)]);
const ex5 = [20, 20.3, 20.7, 21.2].map((value, index) => humidity(1_320_067_464 + 60 * index, value));

const cases: Readonly<Record<string, readonly Case[]>> = {
  'TrafficFlowObserved/example.json': [flowCase],
  'TrafficFlowObserved/example.jsonld': [flowCase],
  'TrafficFlowObserved/example-normalized.json': [flowCase],
  'TrafficFlowObserved/example-normalized.jsonld': [flowCase],
  'TrafficFlowObserved/schema.json': [{ ...flowCase, becomes: ['invalid: type: expected TrafficFlowObserved, found object'] }],

  // Without a unit a pollutant is µg/m³; the model's own example of the pressure is no pressure, and one of the rain is no number.
  'AirQualityObserved/example.json': [air({ ...weather, ...gases, coUgM3: 500, tspUgM3: 73.3, windDirectionDeg: 176, precipitationMm: 0 }, shares, noPressure)],
  'AirQualityObserved/example.jsonld': [air({ ...weather, ...gases, coUgM3: 500, no2UgM3: 69, windDirectionDeg: 180, precipitationMm: 0 }, shares)],
  'AirQualityObserved/example-normalized.json': [
    air({ ...weather, ...gases, coUgM3: 500_000, no2UgM3: 69, tspUgM3: 73.3, windDirectionDeg: 176 }, coInMilligrams, 'invalid: precipitation: expected a number, found true or false', noPressure),
  ],
  'AirQualityObserved/example-normalized.jsonld': [air({ ...weather, ...gases, coUgM3: 500_000, no2UgM3: 69, tspUgM3: 73.3, windDirectionDeg: 186, precipitationMm: 0 }, coInMilligrams, noPressure)],
  // Its interval says the hour that the others leave to the device's record.
  'AirQualityObserved/example-geojsonfeature.json': [{ ...air({ ...weather, ...gases, coUgM3: 500_000, no2UgM3: 69, windDirectionDeg: 186, precipitationMm: 0 }, coInMilligrams), codec: 'ngsi-ld' }],
  'AirQualityObserved/schema.json': [{ ...air({}, {}), becomes: ['invalid: type: expected AirQualityObserved, found object'] }],

  // "Now" is the receipt, of which the time is estimated.
  'senml/ex1.json': [senml([temperatureNow(receivedAtMs - 60_000, 2048)]), senml([`device-mismatch: device: expected air-1, found "${sensor}"`], 'air-1')],
  'senml/ex1.gen.resolved.json': [senml([temperatureNow(1_498_780_179_000 - 60_000, 0)])],
  'senml/ex2.json': [senml([electric])],
  'senml/ex2.gen.resolved.json': [senml([electric])],
  'senml/ex3.json': [senml([electric3], otherSensor)],
  'senml/ex3.gen.resolved.json': [senml([electric3], otherSensor)],
  'senml/ex4.json': [senml(ex4)],
  'senml/ex4.gen.resolved.json': [senml(ex4)],
  // Position and battery are no readings of the air.
  'senml/ex5.json': [senml(ex5)],
  'senml/ex5.gen.resolved.json': [senml(ex5)],

  'ttn/uplink-message-example.repaired.json': [
    { domain: 'pollution', device: 'dev1', codec: 'the-things-stack:600', becomes: [{ channel: '', observedAtMs: at('2020-02-12T15:15:45.789Z') - 600_000, periodS: 600, values: { temperatureC: 1 }, flags: 0 }] },
    { domain: 'pollution', device: 'dev1', codec: 'the-things-stack', becomes: ["invalid: period: expected how long a value stands for, in s: in the message, or in the codec of the device's record, such as senml-json:60"] },
    { domain: 'pollution', device: 'dev2', codec: 'the-things-stack:600', becomes: ['device-mismatch: device: expected dev2, found dev1'] },
    { domain: 'traffic', device: 'dev1', codec: 'the-things-stack:600', becomes: ['invalid: message: expected at least one value for count, speedKmh, occupancy, lengthM …, found temperature, luminosity'] },
  ],
};

const from = { traffic: trafficFrom, pollution: pollutionFrom };
const bytesOf = (name: string): Buffer => readFileSync(join(data!, name));

function results(payload: Buffer, { domain, device, codec }: Case): unknown[] {
  return from[domain](payload, 0, payload.length, { device, receivedAtMs, codec }, null).map((result) => (result instanceof Rejected ? result.message : known(result)));
}

/** Without what is null, and without what a reading of pollution repeats from its message. */
function known(observation: object): unknown {
  const { values, ...rest } = observation as { values?: Record<string, unknown> };
  const said = Object.entries(rest).filter(([, value]) => value !== null);
  const metrics = Object.entries(values ?? {}).filter(([name, value]) => value !== null && !['device', 'channel', 'observedAt', 'periodS', 'flags', 'raw'].includes(name));
  return { ...Object.fromEntries(said), ...(values === undefined ? {} : { values: Object.fromEntries(metrics) }) };
}

const described = data === null ? describe.skip : describe;

described('every recorded payload', () => {
  const files = data === null ? [] : folders.flatMap((folder) => readdirSync(join(data, folder)).filter((name) => name !== 'LICENSE.md').map((name) => `${folder}/${name}`));

  test('has a line here', () => {
    expect(Object.keys(cases).sort()).toEqual(files.sort());
  });

  const lines: string[] = [];
  afterAll(() => {
    console.info(lines.join('\n'));
  });
  test.each(Object.entries(cases).flatMap(([name, each]) => each.map((one) => [name, one] as const)))('%s', (name, one) => {
    const became = results(bytesOf(name), one);
    lines.push(`${name}, ${one.domain} ${one.device} ${one.codec}: ${became.map((result) => (typeof result === 'string' ? result : JSON.stringify(result))).join(' · ')}`);
    expect(became).toEqual(one.becomes);
  });
});

described('whatever is changed in them', () => {
  const others: readonly unknown[] = [null, true, 'x\ud800', 1e300, [{}], { value: null }];

  /** Every copy of the message in which one value is another, or is gone. */
  function* changed(message: unknown): Generator<unknown> {
    if (typeof message === 'object' && message !== null) {
      for (const [key, value] of Object.entries(message)) {
        const put = (inner: unknown): unknown => (Array.isArray(message) ? message.with(Number(key), inner) : { ...message, [key]: inner });
        for (const inner of changed(value)) yield put(inner);
        const { [key]: _, ...rest } = message as Record<string, unknown>;
        yield rest;
      }
    }
    yield* others;
  }

  test('is read or refused, and never our fault', () => {
    let messages = 0;
    for (const [name, [one]] of Object.entries(cases)) {
      if (/schema|resolved/.test(name)) continue;
      for (const message of changed(JSON.parse(bytesOf(name).toString('utf8')))) {
        const payload = Buffer.from(JSON.stringify(message));
        for (const domain of ['traffic', 'pollution'] as const) if (results(payload, { ...one!, domain }).length === 0) throw new Error(`${name}: nothing became of ${payload.toString()}`);
        messages += 1;
      }
    }
    expect(messages).toBeGreaterThan(3_000);
  });
});

described('SenML resolves as its working group resolved it', () => {
  const json = (name: string): Record<string, unknown>[] => JSON.parse(bytesOf(`senml/${name}`).toString('utf8')) as Record<string, unknown>[];
  /** As the resolved files write a record; times to the millisecond, since theirs are rounded. */
  const written = (record: ResolvedRecord | Rejected | Record<string, unknown>, timed: boolean): unknown => {
    const { relative: _, t, ...rest } = record as ResolvedRecord;
    return timed ? { ...rest, t: Math.round(t * 1000) } : rest;
  };

  test.each([['ex1', false], ['ex2', false], ['ex3', true], ['ex4', true], ['ex5', true]] as const)('%s', (name, timed) => {
    const resolved = json(`${name}.gen.resolved.json`).map((record) => written(record, timed));
    expect(resolveSenml(json(`${name}.json`), receivedAtMs / 1000).map((record) => written(record, timed))).toEqual(resolved);
    // What is resolved stays as it is.
    expect(resolveSenml(json(`${name}.gen.resolved.json`), 0).map((record) => written(record, true))).toEqual(json(`${name}.gen.resolved.json`).map((record) => written(record, true)));
  });

  test('the CBOR form of ex3, as RFC 8428 dumps it in section 6', () => {
    const current = (t: string, v: string): string => `a3 00 67 63757272656e74 06 ${t} 02 ${v}`;
    const hex = [
      `87 a7 21 78 1b ${Buffer.from('urn:dev:ow:10e2073a0108006:').toString('hex')} 22 fb 41d303a15b001062 23 61 41 20 05 00 67 766f6c74616765 01 61 56 02 fb 405e066666666666`,
      current('24', 'fb 3ff3333333333333'), current('23', 'fb 3ff4cccccccccccd'), current('22', 'fb 3ff6666666666666'),
      current('21', 'f9 3e00'), current('20', 'fb 3ff999999999999a'), current('00', 'fb 3ffb333333333333'),
    ].join('');
    const bytes = Buffer.from(hex.replace(/ /g, ''), 'hex');
    const [pack] = codecOf('senml-cbor')!(bytes, 0, bytes.length, receivedAtMs) as [NamedValues];
    expect(pack.values.map(({ name, unit, atMs, value }) => ({ n: name, u: unit, t: atMs, v: value }))).toEqual(json('ex3.gen.resolved.json').map((record) => written(record, true)));
  });
});

described('The Things Stack', () => {
  test('what the formatter made, at the time of the network server, is in the neutral form', () => {
    const bytes = bytesOf('ttn/uplink-message-example.repaired.json');
    const atMs = at('2020-02-12T15:15:45.789Z');
    expect(codecOf('the-things-stack')!(bytes, 0, bytes.length, receivedAtMs)).toEqual([
      { device: 'dev1', type: null, values: [{ name: 'temperature', value: 1, unit: null, atMs }, { name: 'luminosity', value: 0.64, unit: null, atMs }] },
    ]);
  });
});
