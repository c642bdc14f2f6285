/**
 * A Mosquitto that somebody else runs, behind the bridge: ingest is killed five times while two publishers go on, and
 * every message that the broker had acknowledged is a row in the end, with its value.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { refusedTopic, type Device } from '#contracts';
import { registerDevices } from '../apps/api/src/register.js';
import { sleep, startCity, type City } from './support/city.js';
import { freePort, startMosquitto, type Mosquitto } from './support/mosquitto.js';
import { repository } from './support/places.js';
import { entriesOf } from './support/topic-reader.js';

const kills = 5;
const devicesPerBridge = 10;
const ratePerS = 500; // Of each publisher.
const bare = { parent: null, geometry: null, zone: null, roadClass: null, lanes: null, lengthM: null, freeFlowKmh: null, timeZone: 'Asia/Ho_Chi_Minh' };
const device = (id: string, gateway: string | null, domain: Device['domain'] = 'traffic'): Device => ({ id, domain, asset: 'street', gateway, codec: 'json', replay: false });
const gateway = (id: string) => ({ id, nameVi: 'Cổng', nameEn: 'Gate', asset: null });
const namesOf = (prefix: string): string[] => Array.from({ length: devicesPerBridge }, (_, n) => `${prefix}-${n}`);

let broker: Mosquitto;
let city: City;

beforeAll(async () => {
  const tlsPort = await freePort();
  const passwords = { bridge: 'for the bridge', sender: 'for devices' };
  broker = await startMosquitto({ passwords, tlsPort });
  const { folder } = broker;
  writeFileSync(join(folder, 'bridge-password'), `${passwords.bridge}\n`);
  const login = { user: 'bridge', passwordFile: 'bridge-password' };
  const bridges = [
    { id: 'old', url: `mqtt://127.0.0.1:${broker.port}`, protocol: '3.1.1', gateway: 'gate-old', subscriptions: [{ topic: 'city/{domain}/{device}/{stream}' }], ...login },
    { id: 'new', url: `mqtts://localhost:${tlsPort}`, caFile: 'cert.pem', protocol: '5', gateway: 'gate-new', subscriptions: [{ topic: 'district/+/{device}/up', domain: 'traffic', stream: 'readings' }], ...login },
  ];
  writeFileSync(join(folder, 'bridges.json'), JSON.stringify({ bridges }));
  city = await startCity({
    assets: [{ ...bare, id: 'street', kind: 'segment', nameVi: 'Phố', nameEn: 'Street' }],
    gateways: ['gate-old', 'gate-new'].map(gateway),
    devices: [...namesOf('old').map((id) => device(id, 'gate-old')), ...namesOf('new').map((id) => device(id, 'gate-new')), device('lone', null), device('air', 'gate-old', 'pollution')],
    apps: ['api', 'ingest', 'traffic'],
    env: { ingest: { BRIDGE_FILE: join(folder, 'bridges.json') } },
  });
}, 240_000);

afterAll(async () => {
  await city?.stop();
  await broker?.remove();
}, 60_000);

/** Publishes at QoS 1 until told to end, and knows what the broker has acknowledged: device and second, to speed. */
class Publisher {
  readonly acknowledged = new Map<string, number>();
  private n = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly client: MqttClient,
    private readonly names: readonly string[],
    private readonly topicOf: (name: string) => string,
    startMs: number,
  ) {
    this.timer = setInterval(() => {
      for (let i = 0; i < ratePerS / 50; i++) this.publish(startMs);
    }, 20);
  }

  async end(): Promise<void> {
    clearInterval(this.timer);
    await this.client.endAsync();
  }

  private publish(startMs: number): void {
    const n = this.n++;
    const name = this.names[n % this.names.length]!;
    const observedAt = new Date(startMs + 1_000 * Math.floor(n / this.names.length)).toISOString();
    const speedKmh = n % 120;
    this.client.publish(this.topicOf(name), JSON.stringify({ observedAt, periodS: 1, speedKmh }), { qos: 1 }, (error) => {
      if (!error) this.acknowledged.set(`${name} ${observedAt}`, speedKmh);
    });
  }
}

const connect = (version: 4 | 5): Promise<MqttClient> => mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: version, username: 'sender', password: 'for devices' });
const rowsOf = (): Promise<Record<string, unknown>[]> => city.db.query('select device, observed_at, speed_kmh from traffic.reading join traffic.channel c on c.id = channel_id');

async function metric(name: string): Promise<number[]> {
  const text = await (await fetch(`http://127.0.0.1:${city.ingestHttpPort}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith(`${name}{`)).map((line) => Number(line.split(' ').at(-1)));
}

it(`loses nothing that the broker had, though ingest is killed ${kills} times`, async () => {
  const startMs = Math.floor(Date.now() / 1_000) * 1_000 - 3 * 3_600_000;
  const publishers = [
    new Publisher(await connect(4), namesOf('old'), (name) => `city/traffic/${name}/readings`, startMs),
    new Publisher(await connect(5), namesOf('new'), (name) => `district/7/${name}/up`, startMs),
  ];
  for (let kill = 0; kill < kills; kill++) {
    await sleep(500 + 500 * Math.random());
    await city.supervisor.kill9('ingest');
    await city.supervisor.untilReady('ingest');
  }
  await sleep(500);
  await Promise.all(publishers.map((publisher) => publisher.end()));
  const expected = new Map(publishers.flatMap(({ acknowledged }) => [...acknowledged]));

  let rows: Record<string, unknown>[] = [];
  for (const end = Date.now() + 90_000; Date.now() < end && rows.length < expected.size; await sleep(200)) rows = await rowsOf();
  const stored = new Map(rows.map((row) => [`${String(row['device'])} ${(row['observed_at'] as Date).toISOString()}`, row['speed_kmh']]));
  expect([...expected].filter(([key, speed]) => stored.get(key) !== speed)).toEqual([]);
  expect(rows.length).toBe(expected.size);

  // Until nothing is in flight, what was given twice is still on its way.
  for (const end = Date.now() + 10_000; Date.now() < end && (await metric('nhip_ingest_bridge_in_flight')).some((messages) => messages > 0); ) await sleep(50);
  expect(await city.untilCommitted(60_000)).toBe(true);
  const accounting = await city.accounting();
  console.log(`${expected.size} acknowledged by the broker and stored; ${accounting.repeated} came again, as they may`);
  expect(accounting).toMatchObject({ stored: expected.size, corrected: 0, deadLettered: 0, entries: expected.size + accounting.repeated });
  expect(city.supervisor.restarts('ingest')).toBe(kills);
}, 240_000);

it('dead-letters what is for no device of its gateway, and keeps what is for no domain', async () => {
  const client = await connect(4);
  const reading = JSON.stringify({ observedAt: new Date().toISOString(), periodS: 1, speedKmh: 1 });
  for (const [name, domain, stream] of [['ghost', 'traffic', 'readings'], ['lone', 'traffic', 'readings'], ['new-0', 'traffic', 'readings'], ['air', 'traffic', 'readings'], ['old-0', 'traffic', 'secrets'], ['Ngã tư', 'traffic', 'readings']]) {
    await client.publishAsync(`city/${domain}/${name}/${stream}`, reading, { qos: 1 });
  }
  await client.publishAsync('city/traffic/old-1/readings', 'x'.repeat(300_000), { qos: 1 });
  await client.publishAsync('city/traffic/old-0/readings', JSON.stringify({ observedAt: new Date().toISOString(), periodS: 1, speedKmh: 137 }), { qos: 1 });
  await client.endAsync();
  const isIn = async (): Promise<boolean> => (await city.db.query('select 1 from traffic.reading where speed_kmh = 137')).length > 0;
  for (const end = Date.now() + 20_000; Date.now() < end && !(await isIn()); ) await sleep(50);
  expect(await city.untilCommitted(20_000)).toBe(true);
  const letters = await city.db.query('select device, publisher, reason, details from traffic.dead_letter order by device');
  expect(letters).toEqual([
    { device: 'air', publisher: '?gate-old', reason: 'wrong-domain', details: expect.stringContaining('pollution') },
    { device: 'ghost', publisher: '?gate-old', reason: 'unknown-device', details: expect.stringContaining('"ghost"') },
    { device: 'lone', publisher: '?gate-old', reason: 'other-gateway', details: 'device: expected one behind gate-old, lone is behind no gateway' },
    { device: 'new-0', publisher: '?gate-old', reason: 'other-gateway', details: 'device: expected one behind gate-old, new-0 is behind gate-new' },
  ]);
  const refused = await entriesOf(city.brokers, refusedTopic(city.name));
  expect(refused.map(({ device: topic, publisher, codec, payload }) => [topic, publisher, codec, payload.length])).toEqual([
    ['city/traffic/old-0/secrets', 'gate-old', 'unknown-stream', reading.length],
    ['city/traffic/Ng%C3%A3%20t%C6%B0/readings', 'gate-old', 'topic-name', reading.length],
    ['city/traffic/old-1/readings', 'gate-old', 'payload-too-large', 65_536],
  ]);
  const listed = execFileSync(process.execPath, ['dist/apps/ingest/src/run-refused.js', '--limit', '2'], { cwd: repository, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '', KAFKA_BROKERS: city.brokers, TOPIC_ROOT: city.name } });
  expect(listed.trim().split('\n').map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual(['topic-name', 'payload-too-large']);
  expect(await metric('nhip_ingest_bridge_connected')).toEqual([1, 1]);
}, 60_000);

it('stores by a replay what was dead-lettered, when the registry has been put right, and nothing else', async () => {
  await registerDevices(city.db, [device('ghost', 'gate-old'), device('lone', 'gate-old')]);
  const letters = await city.db.query('select id, device from traffic.dead_letter order by device');
  const answers: [unknown, unknown, unknown][] = [];
  for (const letter of letters) {
    const url = `http://127.0.0.1:${city.apiPort}/v1/traffic/dead-letters/${String(letter['id'])}/replay`;
    const replay = async (): Promise<{ stored: number; refused: { reason: string }[] }> => (await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${city.token}` } })).json() as never;
    const { stored, refused } = await replay();
    answers.push([letter['device'], stored, refused.map(({ reason }) => reason)]);
  }
  expect(answers).toEqual([['air', 0, ['wrong-domain']], ['ghost', 1, []], ['lone', 1, []], ['new-0', 0, ['other-gateway']]]);
  const publishers = await city.db.query(`select c.device, p.name from traffic.reading join traffic.channel c on c.id = channel_id join traffic.publisher p on p.id = publisher_id where c.device in ('ghost', 'lone') order by 1`);
  expect(publishers).toEqual([{ device: 'ghost', name: 'gate-old' }, { device: 'lone', name: 'gate-old' }]);
}, 60_000);
