/**
 * The clients that devices are built with, unchanged, against the door: MQTT 3.1.1 and 5, with TLS and without. What
 * they publish is a row in the end, at every QoS; wrong secrets and foreign topics are answered as the standard says.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import type { Device } from '#contracts';
import { sleep, startCity, type City } from './support/city.js';
import { infra } from './support/instance.js';
import { freePort, makeCertificate } from './support/mosquitto.js';
import { repository } from './support/places.js';

interface Way {
  readonly version: 4 | 5;
  readonly tls: boolean;
}

interface Session {
  readonly host: string;
  readonly port: number;
  readonly version: 4 | 5;
  /** File of a certificate to trust; empty: no TLS. */
  readonly ca: string;
  readonly user: string;
  readonly password: string;
  readonly topic: string;
}

const ways: Way[] = [4, 5].flatMap((version) => [false, true].map((tls) => ({ version: version as 4 | 5, tls })));
const messagesPerQos = 20;
const clients = ['mqttjs', 'mosquitto', 'paho'];
const nameOf = (client: string, { version, tls }: Way): string => `${client}-${version}${tls ? '-tls' : ''}`;
const names = clients.flatMap((client) => ways.map((way) => nameOf(client, way)));
const bare = { parent: null, geometry: null, zone: null, roadClass: null, lanes: null, lengthM: null, freeFlowKmh: null, timeZone: 'Asia/Ho_Chi_Minh' };
const device = (id: string): Device => ({ id, domain: 'traffic', asset: 'street', gateway: null, codec: 'json', replay: false });

let city: City;
let folder: string;
let tlsPort: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nhip-clients-'));
  makeCertificate(folder);
  tlsPort = await freePort();
  city = await startCity({
    assets: [{ ...bare, id: 'street', kind: 'segment', nameVi: 'Phố', nameEn: 'Street' }],
    gateways: [],
    devices: names.map(device),
    apps: ['api', 'ingest', 'traffic'],
    env: { ingest: { MQTT_TLS_PORT: String(tlsPort), MQTT_TLS_CERT: join(folder, 'cert.pem'), MQTT_TLS_KEY: join(folder, 'key.pem') } },
  });
}, 120_000);

afterAll(async () => {
  await city?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

function sessionOf(name: string, { version, tls }: Way): Session {
  return { host: 'localhost', port: tls ? tlsPort : city.mqttPort, version, ca: tls ? join(folder, 'cert.pem') : '', user: name, password: city.secrets.get(name)!, topic: `city/traffic/${name}/readings` };
}

const startMs = Math.floor(Date.now() / 1_000) * 1_000 - 600_000;
/** One for each second, every third of another QoS. */
const messages: [string, 0 | 1 | 2][] = Array.from({ length: 3 * messagesPerQos }, (_, n) => [JSON.stringify({ observedAt: new Date(startMs + 1_000 * n).toISOString(), periodS: 1, speedKmh: n }), (n % 3) as 0 | 1 | 2]);

/** What a program prints, its exit code, and what it complains of. */
function run(command: string, args: readonly string[], input: string, env: Record<string, string> = {}): Promise<{ code: number; printed: string; complaint: string }> {
  return new Promise((resolve) => {
    const child = execFile(command, [...args], { env: { ...process.env, ...env }, timeout: 30_000 }, (error, printed, complaint) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), printed, complaint }));
    child.stdin!.end(input);
  });
}

async function expectRows(name: string): Promise<void> {
  const rowsOf = () => city.db.query('select speed_kmh from traffic.reading join traffic.channel c on c.id = channel_id where device = $1 order by observed_at', [name]);
  for (const end = Date.now() + 20_000; Date.now() < end && (await rowsOf()).length < 3 * messagesPerQos; ) await sleep(50);
  expect((await rowsOf()).map((row) => row['speed_kmh'])).toEqual(messages.map((_, n) => n));
}

describe.each(ways)('version $version, TLS $tls', (way) => {
  it('mqtt.js', async () => {
    const { host, port, version, ca, user, password, topic } = sessionOf(nameOf('mqttjs', way), way);
    const client = await mqtt.connectAsync(`${way.tls ? 'mqtts' : 'mqtt'}://${host}:${port}`, { protocolVersion: version, username: user, password, ...(ca === '' ? {} : { ca: readFileSync(ca) }) });
    await Promise.all(messages.map(([text, qos]) => client.publishAsync(topic, text, { qos })));
    await client.endAsync();
    await expectRows(user);
  }, 60_000);

  it('mosquitto_pub', async () => {
    const { host, port, version, ca, user, password, topic } = sessionOf(nameOf('mosquitto', way), way);
    const env = await (await infra()).mosquittoSoftware();
    const args = (secret: string, on: string, qos: number): string[] => ['-h', host, '-p', String(port), '-V', version === 5 ? 'mqttv5' : 'mqttv311', '-u', user, '-P', secret, '-t', on, '-q', String(qos), ...(ca === '' ? [] : ['--cafile', ca])];
    for (const qos of [0, 1, 2]) {
      const lines = messages.filter(([, of]) => of === qos).map(([text]) => `${text}\n`).join('');
      expect(await run('mosquitto_pub', [...args(password, topic, qos), '-l'], lines, env)).toEqual({ code: 0, printed: '', complaint: '' });
    }
    await expectRows(user);

    const wrong = await run('mosquitto_pub', [...args('wrong', topic, 1), '-m', 'x'], '', env);
    expect(wrong).toMatchObject({ code: version === 5 ? 134 : 4, complaint: expect.stringMatching(/bad user name or password/i) });
    const foreign = await run('mosquitto_pub', [...args(password, 'city/traffic/somebody-else/readings', 1), '-m', 'x'], '', env);
    expect(`${foreign.printed}${foreign.complaint}`).toMatch(version === 5 ? /Not authorized/ : /connection was lost|Connection lost|protocol/i);
  }, 60_000);

  it('paho-mqtt', async () => {
    const session = sessionOf(nameOf('paho', way), way);
    const python = await (await infra()).pythonSoftware('paho-mqtt');
    const script = join(repository, 'test', 'support', 'paho-client.py');
    const said = await run(python, [script], JSON.stringify({ ...session, filter: `city/traffic/${session.user}/#`, messages }));
    expect(said.complaint).toBe('');
    expect(JSON.parse(said.printed)).toEqual({ connected: 'Success', subscribed: [1, way.version === 5 ? 0x87 : 0x80], published: true });
    await expectRows(session.user);

    const wrong = await run(python, [script], JSON.stringify({ ...session, password: 'wrong', filter: '#', messages: [] }));
    expect(JSON.parse(wrong.printed)).toEqual({ connected: expect.stringMatching(/Bad user name or password/) });
  }, 60_000);
});

it('leaves no dead letter', async () => {
  expect(await city.untilCommitted(20_000)).toBe(true);
  expect(await city.accounting()).toMatchObject({ stored: names.length * 3 * messagesPerQos, repeated: 0, corrected: 0, deadLettered: 0 });
}, 60_000);
