/**
 * Other people's devices and systems, whole way: a webhook of The Things Stack, a broker's notifications and SenML by
 * both doors, with `application/json` on whatever is JSON, to rows; and out again as FIWARE and DATEX II.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'cborg';
import mqtt from 'mqtt';
import type { Device } from '#contracts';
import { sleep, startCity, type City } from './support/city.js';
import { recordedData } from './support/recorded-data.js';

const folder = recordedData('payloads', 'the data formats page of thethingsindustries.com/docs');
const bare = { parent: null, zone: null, roadClass: null, lanes: null, lengthM: null, freeFlowKmh: null, timeZone: 'Asia/Ho_Chi_Minh' };
const device = (id: string, rest: Partial<Device>): Device => ({ id, domain: 'traffic', asset: 'street', gateway: null, codec: 'json', replay: false, ...rest });

(folder === null ? describe.skip : describe)('other people\'s devices', () => {
  let city: City;

  beforeAll(async () => {
    city = await startCity({
      assets: [
        { ...bare, id: 'street', kind: 'segment', nameVi: 'Phố', nameEn: 'Street', geometry: { type: 'LineString', coordinates: [[105.85, 21.01], [105.86, 21.02]] } },
        { ...bare, id: 'roof', kind: 'station', nameVi: 'Mái nhà', nameEn: 'Roof', geometry: { type: 'Point', coordinates: [105.85, 21.01] } },
      ],
      gateways: [{ id: 'tts', nameVi: 'The Things Stack', nameEn: 'The Things Stack', asset: null }, { id: 'orion', nameVi: 'Orion', nameEn: 'Orion', asset: null }],
      devices: [
        // Recorded in 2020.
        device('dev1', { domain: 'pollution', asset: 'roof', gateway: 'tts', codec: 'the-things-stack:600', replay: true }),
        device('dev2', { domain: 'pollution', asset: 'roof', gateway: 'tts', codec: 'the-things-stack:600' }),
        device('camera-1', { gateway: 'orion', codec: 'ngsi-v2' }),
        device('loop-1', { codec: 'senml-cbor:60' }),
      ],
      apps: ['api', 'ingest', 'traffic', 'pollution'],
    });
  }, 120_000);

  afterAll(() => city?.stop(), 60_000);

  const post = async (path: string, client: string, body: string | Buffer, contentType = 'application/json'): Promise<number> => {
    const authorization = `Basic ${Buffer.from(`${client}:${city.secrets.get(client)}`).toString('base64')}`;
    return (await fetch(`http://127.0.0.1:${city.ingestHttpPort}/v1/ingest/${path}/readings`, { method: 'POST', body: body as string, headers: { authorization, 'content-type': contentType } })).status;
  };
  const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${city.apiPort}${path}`, { headers: { authorization: `Bearer ${city.token}` } });
  const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 120_000;
  const [from, to] = [new Date(startMs).toISOString(), new Date(startMs + 60_000).toISOString()];

  it('a webhook of The Things Stack with a gateway\'s credentials, as it is', async () => {
    const uplink = readFileSync(join(folder!, 'ttn', 'uplink-message-example.repaired.json'));
    expect(await post('pollution/dev1', 'tts', uplink)).toBe(202);
    expect(await post('pollution/dev1', 'tts', uplink)).toBe(202);
    expect(await post('pollution/dev2', 'tts', uplink)).toBe(202);
    expect(await city.untilCommitted(30_000)).toBe(true);
    expect(await city.db.query('select c.device, r.observed_at, r.period_s, r.temperature_c from pollution.reading r join pollution.channel c on c.id = r.channel_id')).toEqual([
      { device: 'dev1', observed_at: new Date('2020-02-12T15:05:45.789Z'), period_s: 600, temperature_c: 1 },
    ]);
    expect(await city.db.query('select device, publisher, reason, details from pollution.dead_letter')).toEqual([{ device: 'dev2', publisher: 'tts', reason: 'device-mismatch', details: 'device: expected dev2, found dev1' }]);
    expect(await city.accounting('pollution')).toEqual({ entries: 3, stored: 1, corrected: 0, repeated: 1, deadLettered: 1 });
  }, 60_000);

  it('notifications of a context broker by HTTP, SenML by MQTT', async () => {
    const entity = (vehicleType: string, intensity: number): object => ({ id: `e-${vehicleType}`, type: 'TrafficFlowObserved', dateObserved: `${from}/${to}`, laneId: 1, vehicleType, intensity, averageVehicleSpeed: 24.5 });
    expect(await post('traffic/camera-1', 'orion', JSON.stringify({ subscriptionId: 's', data: [entity('motorcycle', 44), entity('car', 9)] }))).toBe(202);
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${city.mqttPort}`, { protocolVersion: 4, username: 'loop-1', password: city.secrets.get('loop-1')! });
    const record = (fields: object): Map<number, unknown> => new Map(Object.entries(fields).map(([label, value]) => [Number(label), value as unknown]));
    // bn, bt; n, v; n, u, v: by the labels of RFC 8428.
    const pack = [record({ '-2': 'urn:dev:ow:loop-1:', '-3': startMs / 1000 + 60, '0': 'count', '2': 12 }), record({ '0': 'speed', '1': 'm/s', '2': 10 })];
    await client.publishAsync('city/traffic/loop-1/readings', Buffer.from(encode(pack)), { qos: 1 });
    await client.endAsync();
    expect(await city.untilCommitted(30_000)).toBe(true);
    expect(await city.db.query('select c.device, c.channel, r.observed_at, r.period_s, r.count, r.speed_kmh, r.motorcycle, r.car from traffic.reading r join traffic.channel c on c.id = r.channel_id order by 1, 2')).toEqual([
      { device: 'camera-1', channel: 'lane-1:car', observed_at: new Date(startMs), period_s: 60, count: 9, speed_kmh: 24.5, motorcycle: null, car: 9 },
      { device: 'camera-1', channel: 'lane-1:motorcycle', observed_at: new Date(startMs), period_s: 60, count: 44, speed_kmh: 24.5, motorcycle: 44, car: null },
      { device: 'loop-1', channel: '', observed_at: new Date(startMs), period_s: 60, count: 12, speed_kmh: 36, motorcycle: null, car: null },
    ]);
  }, 60_000);

  it('traffic out again: FIWARE and DATEX II', async () => {
    const answer = await ask('/v1/traffic/fiware?device=loop-1');
    expect([answer.status, await answer.json()]).toEqual([
      200,
      [expect.objectContaining({ id: 'urn:ngsi-ld:TrafficFlowObserved:loop-1', refRoadSegment: 'urn:ngsi-ld:RoadSegment:street', intensity: 12, averageVehicleSpeed: 36, congested: false, location: { type: 'LineString', coordinates: [[105.85, 21.01], [105.86, 21.02]] } })],
    ]);
    const xml = await ask('/v1/traffic/datex');
    expect([xml.status, xml.headers.get('content-type')]).toEqual([200, 'application/xml; charset=utf-8']);
    const text = await xml.text();
    expect(text.match(/<roa:siteMeasurements>/g)).toHaveLength(3);
    expect(text).toContain('id="camera-1/lane-1:motorcycle"');
    const sites = await ask('/v1/traffic/datex/sites?device=loop-1');
    expect([sites.status, (await sites.text()).match(/<roa:measurementSite id="[^"]+"/g)]).toEqual([200, ['<roa:measurementSite id="loop-1"']]);
    expect([(await ask('/v1/traffic/datex?device=nobody')).status, (await ask('/v1/traffic/fiware?withinS=0')).status]).toEqual([404, 422]);
  });

  it('a station\'s hour out again: FIWARE, without an index, since it is a reference station', async () => {
    // Two hours ago: it has closed, whatever the grace.
    const hourMs = Math.floor(Date.now() / 3_600_000 - 2) * 3_600_000;
    const uplink = (atMs: number, pm25: number): string => JSON.stringify({ end_device_ids: { device_id: 'dev2' }, uplink_message: { received_at: new Date(atMs).toISOString(), decoded_payload: { pm25, period: 3600 } } });
    expect(await post('pollution/dev2', 'tts', uplink(hourMs + 3_600_000, 40))).toBe(202);
    let entities: unknown[] = [];
    for (const end = Date.now() + 20_000; Date.now() < end && entities.length === 0; await sleep(200)) entities = (await (await ask('/v1/pollution/fiware')).json()) as unknown[];
    expect(entities).toEqual([expect.objectContaining({ id: 'urn:ngsi-ld:AirQualityObserved:roof', dateObserved: new Date(hourMs).toISOString(), stationGrade: 'reference', pm25: 40, location: { type: 'Point', coordinates: [105.85, 21.01] } })]);
    expect(entities[0]).not.toHaveProperty('airQualityIndex');
  }, 60_000);
});
