/**
 * Reading from a real Mosquitto: nothing is acknowledged before it is durable, what was not comes again, in its order, to
 * the next process with the same name, and no more is taken than was asked for.
 */
import mqtt from 'mqtt';
import { BrokerReader, type BrokerMessage, type BrokerReaderOptions, type Waiter } from '#messaging';
import { sleep } from './support/city.js';
import { noLog } from './support/private-database.js';
import { startMosquitto, type Mosquitto } from './support/mosquitto.js';

let broker: Mosquitto;
const readers: BrokerReader[] = [];

beforeAll(async () => {
  // It sends all it has at once to a client of 3.1.1, which can set no limit of its own.
  broker = await startMosquitto({ lines: ['max_inflight_messages 0'], passwords: { bridge: 'kept secret', sender: 'sent secret' } });
});
afterAll(() => broker.remove());
afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.close();
});

interface Taken extends BrokerMessage {
  readonly waiter: Waiter;
  readonly token: number;
}

function read(clientId: string, version: 4 | 5, more: Partial<BrokerReaderOptions> = {}): { reader: BrokerReader; taken: Taken[]; states: string[] } {
  const taken: Taken[] = [];
  const states: string[] = [];
  const reader = new BrokerReader({
    url: `mqtt://127.0.0.1:${broker.port}`, ca: null, version, clientId, user: 'bridge', filters: [`${clientId}/#`], inFlightMax: 50, sessionExpiryS: 600, keepAliveS: 30, log: noLog,
    password: () => Promise.resolve(Buffer.from('kept secret')),
    take: (message, waiter, token) => {
      taken.push({ ...message, waiter, token });
      return 'given';
    },
    room: () => true,
    onState: (trouble) => states.push(trouble),
    ...more,
  });
  readers.push(reader);
  reader.start();
  return { reader, taken, states };
}

async function publish(topic: string, from: number, to: number, options: { qos?: 0 | 1; retain?: boolean } = {}): Promise<void> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, { username: 'sender', password: 'sent secret' });
  for (let n = from; n < to; n++) await client.publishAsync(topic, String(n), { qos: 1, ...options });
  await client.endAsync();
}

async function until(what: () => boolean): Promise<void> {
  for (let waitedMs = 0; !what(); waitedMs += 10) {
    if (waitedMs > 20_000) throw new Error('it did not happen');
    await sleep(10);
  }
}

const settle = (messages: Taken[]): void => messages.forEach(({ waiter, token }) => waiter.durable([token]));
const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => String(from + n));
const textsOf = (taken: Taken[]): string[] => taken.map(({ payload }) => payload.toString());

describe.each([4, 5] as const)('version %i', (version) => {
  const name = (what: string): string => `${what}-${version}`;

  it('takes as many as are allowed in flight, and goes on as they become durable', async () => {
    const { reader, taken } = read(name('bounded'), version);
    await until(() => reader.connected);
    await publish(`${name('bounded')}/a`, 0, 200);
    await until(() => taken.length >= 50);
    await sleep(200);
    expect([taken.length, reader.inFlight]).toEqual([50, 50]);
    for (let settled = 0; settled < 200; settled += 10) {
      await until(() => taken.length >= settled + 10);
      settle(taken.slice(settled, settled + 10));
    }
    expect(textsOf(taken)).toEqual(numbers(0, 200));
    expect(reader.inFlight).toBe(0);
  });

  it('gives the next of its name what was not durable, in its order, and acknowledges nothing of an ended connection', async () => {
    const first = read(name('again'), version);
    await until(() => first.reader.connected);
    await publish(`${name('again')}/a`, 0, 40);
    await until(() => first.taken.length === 40);
    settle(first.taken.slice(0, 15));
    await first.reader.close(); // What is durable is acknowledged before it leaves.
    const second = read(name('again'), version);
    await until(() => second.taken.length >= 25);
    settle(first.taken.slice(15)); // Durable after all, but too late: their packet ids now mean others.
    await second.reader.close();
    const third = read(name('again'), version);
    await until(() => third.taken.length >= 25);
    await sleep(100);
    for (const { taken } of [second, third]) expect(taken.map(({ payload, again }) => [payload.toString(), again])).toEqual(numbers(15, 40).map((text) => [text, true]));
    settle(third.taken);
  });

  it('keeps what comes while nobody is there', async () => {
    const first = read(name('absent'), version);
    await until(() => first.reader.connected);
    await first.reader.close();
    await publish(`${name('absent')}/a`, 0, 60);
    const second = read(name('absent'), version);
    await until(() => second.taken.length === 50);
    settle(second.taken.slice());
    await until(() => second.taken.length === 60);
    expect(textsOf(second.taken)).toEqual(numbers(0, 60));
    settle(second.taken.slice(50));
  });

  it('reads no more while there is no room', async () => {
    let room = false;
    const { reader, taken } = read(name('room'), version, { room: () => room });
    await until(() => reader.connected);
    await publish(`${name('room')}/a`, 0, 10);
    await sleep(200);
    expect(taken).toEqual([]);
    room = true;
    reader.resume();
    await until(() => taken.length === 10);
    settle(taken);
  });

  it('does not take the broker for dead while it reads nothing itself, nor does the broker lose it', async () => {
    let room = false;
    const { reader, taken, states } = read(name('silent'), version, { room: () => room, keepAliveS: 1 });
    await until(() => reader.connected);
    await publish(`${name('silent')}/a`, 0, 1);
    await sleep(4_000);
    expect(states).toEqual(['']);
    room = true;
    reader.resume();
    await until(() => taken.length === 1);
    settle(taken);
  });

  it('acknowledges what needs no Kafka in its turn', async () => {
    const { reader, taken } = read(name('turn'), version, {});
    await until(() => reader.connected);
    const { take } = reader.options;
    Object.assign(reader.options, { take: (message: BrokerMessage, waiter: Waiter, token: number) => (Number(message.payload) % 2 === 1 ? 'done' : take(message, waiter, token)) });
    await publish(`${name('turn')}/a`, 0, 10);
    await until(() => taken.length === 5);
    settle(taken.slice(0, 2)); // 0 and 2, and so 1 and 3; not 5.
    await reader.close();
    const second = read(name('turn'), version);
    await until(() => second.taken.length >= 6);
    await sleep(100);
    expect(textsOf(second.taken)).toEqual(numbers(4, 10));
    settle(second.taken);
  });
});

it('says what is wrong, and comes in when it has been put right', async () => {
  let password = 'wrong';
  const { reader, states } = read('password', 5, { password: () => Promise.resolve(Buffer.from(password)) });
  await until(() => states.length > 0);
  expect(states[0]).toMatch(/Not authorized/);
  password = 'kept secret';
  await until(() => reader.connected);
  expect(states.at(-1)).toBe('');
});

it('outlives a stop of the broker, and counts what was in flight until it is durable', async () => {
  const { reader, taken, states } = read('outlives', 4);
  await until(() => reader.connected);
  await publish('outlives/a', 0, 3);
  await until(() => taken.length === 3);
  await broker.stop();
  await until(() => !reader.connected);
  await broker.start();
  await until(() => reader.connected);
  expect(states.filter((state) => state === '')).toHaveLength(2);
  await until(() => taken.length === 6);
  expect([textsOf(taken), reader.inFlight]).toEqual([['0', '1', '2', '0', '1', '2'], 6]);
  settle(taken.slice(0, 3)); // Over the connection that is no more: nobody hears of it.
  await reader.close();
  const second = read('outlives', 4);
  await until(() => second.taken.length === 3);
  settle(second.taken);
});

it('tells copies that the broker had retained from messages', async () => {
  await publish('copies/a', 0, 1, { retain: true });
  const { reader, taken } = read('copies', 4);
  await until(() => reader.connected && taken.length === 1);
  await publish('copies/a', 1, 2, { retain: true });
  await until(() => taken.length === 2);
  expect(taken.map(({ retained }) => retained)).toEqual([true, false]);
  settle(taken);
});
