import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseBridges, readBridgeFile, type ReadBridge } from './bridge-file.js';

const subscription = { topic: 'city/{domain}/{device}/{stream}' };
const bridge = { id: 'district', url: 'mqtt://broker.example', gateway: 'gate-1', subscriptions: [subscription] };
const fileWith = (...changes: object[]): string => JSON.stringify({ bridges: changes.map((change) => ({ ...bridge, ...change })) });

it('fills in what is left out', () => {
  expect(parseBridges(fileWith({}))).toMatchObject([{ id: 'district', protocol: '5', inFlightMax: 1_000, sessionExpiryS: 604_800, subscriptions: [{ filter: 'city/+/+/+' }] }]);
});

it.each<[string, string, string]>([
  ['no JSON', '{', 'expected JSON'],
  ['no bridges', '{"bridges": []}', 'bridges: expected at least one bridge'],
  ['an unknown field', fileWith({ pasword: 'x' }), 'bridges[0]: expected no field pasword'],
  ['a password in the address', fileWith({ url: 'mqtt://me:secret@broker' }), 'bridges[0].url: expected mqtt://host:port or mqtts://host:port, without user or password'],
  ['an address of HTTP', fileWith({ url: 'http://broker' }), 'bridges[0].url: expected mqtt://'],
  ['an old protocol', fileWith({ protocol: '3.1' }), 'bridges[0].protocol: expected "5" or "3.1.1"'],
  ['a certificate where there is no TLS', fileWith({ caFile: 'ca.pem' }), 'bridges[0].caFile: expected none where url is mqtt:'],
  ['a password without a user', fileWith({ passwordFile: 'p' }), 'bridges[0].user: expected a user name beside passwordFile'],
  ['a number out of range', fileWith({ inFlightMax: 0 }), 'bridges[0].inFlightMax: expected 1 to 65535 messages'],
  ['no number', fileWith({ inFlightMax: '9' }), 'bridges[0].inFlightMax: expected'],
  ['one name twice', fileWith({}, {}), 'bridges[1].id: expected a name of its own, found district again'],
  ['a wrong template', fileWith({ subscriptions: [{ topic: 'a/{lane}' }] }), 'bridges[0].subscriptions[0].topic: expected whole levels'],
  ['a stream said twice', fileWith({ subscriptions: [{ ...subscription, stream: 'readings' }] }), 'bridges[0].subscriptions[0].stream: expected either {stream} in topic or this field, found both'],
  ['a device never said', fileWith({ subscriptions: [{ topic: 'a/{domain}/{stream}' }] }), 'bridges[0].subscriptions[0].device: expected either {device} in topic or this field, found neither'],
  ['a stream that the domain has not', fileWith({ subscriptions: [{ topic: '{device}', domain: 'traffic', stream: 'passages' }] }), 'bridges[0].subscriptions[0].stream: expected a stream of traffic: readings'],
  ['a wrong filter', fileWith({ subscriptions: [{ ...subscription, filter: 'a/#/b' }] }), 'bridges[0].subscriptions[0].filter: expected a topic filter'],
])('refuses %s, and says where', (_, content, problem) => expect(parseBridges(content)).toEqual({ problems: [expect.stringContaining(problem)] }));

it('lists all that is wrong', () => {
  expect(parseBridges(fileWith({ url: 'x' }, { id: 'other', gateway: '?' }))).toEqual({ problems: [expect.stringMatching(/^bridges\[0\]\.url: /), expect.stringMatching(/^bridges\[1\]\.gateway: /)] });
});

describe('the files it names', () => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'nhip-bridge-file-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are found from its own folder, the password without the end of its line, as it is at that moment', async () => {
    const file = join(folder, 'bridges.json');
    writeFileSync(file, fileWith({ url: 'mqtts://b', caFile: 'ca.pem', user: 'u', passwordFile: 'password' }));
    writeFileSync(join(folder, 'ca.pem'), 'certificate');
    writeFileSync(join(folder, 'password'), 'first\r\n');
    const [read] = readBridgeFile(file) as ReadBridge[];
    expect(read!.ca!.toString()).toBe('certificate');
    expect((await read!.password())!.toString()).toBe('first');
    writeFileSync(join(folder, 'password'), 'second');
    expect((await read!.password())!.toString()).toBe('second');
  });

  it('must be there', () => {
    const file = join(folder, 'wrong.json');
    writeFileSync(file, fileWith({ url: 'mqtts://b', caFile: 'no-ca', user: 'u', passwordFile: 'no-password' }));
    expect(readBridgeFile(file)).toEqual({ problems: [expect.stringMatching(/^bridges\[0\]\.caFile: expected a file that can be read: ENOENT/), expect.stringMatching(/^bridges\[0\]\.passwordFile: /)] });
    expect(readBridgeFile(join(folder, 'none'))).toEqual({ problems: [expect.stringMatching(/^expected a file that can be read: ENOENT/)] });
  });
});

it('takes the file of docker-compose', () => {
  expect(parseBridges(readFileSync(join(import.meta.dirname, '../../../infra/docker/bridges.json'), 'utf8'))).toHaveLength(1);
});

it('takes the example of docs/bridge.md', () => {
  const [, example] = /```json\n(.*?)```/s.exec(readFileSync(join(import.meta.dirname, '../../../docs/bridge.md'), 'utf8'))!;
  expect(parseBridges(example!)).toMatchObject([{ subscriptions: [{ filter: 'city/+/+/+' }, { filter: 'sensors/+/+/up' }] }]);
});
