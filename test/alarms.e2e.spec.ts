/**
 * From the device to the operator's screen, while the processes between them are killed: every condition becomes its
 * alarm once, and whoever listens gets every change, in order, whatever they missed meanwhile.
 */
import mqtt, { type MqttClient } from 'mqtt';
import { alarmChangesTopic, mqttTopic, type Alarm, type AlarmTransition } from '#contracts';
import { connectKafka, topicEnds } from '#messaging';
import { freeFlowKmh, loadCity, placeId, type LoadPlan } from './support/bench-city.js';
import { promptAggregates, quietLog, sleep, startCity, type AppName, type City } from './support/city.js';
import { followStream, type StreamFollower } from './support/stream-follower.js';
import { until } from './support/private-database.js';

const plan: LoadPlan = { prefix: 'jam', devices: 12, devicesPerGateway: 12 };
const gateway = `${plan.prefix}-gateway-00000`;
const completing = 3; // 3 of 5 periods make a segment congested, and 3 clear it.
const cycles = 16;
const kills: Readonly<Record<number, AppName>> = { 2: 'alerts', 4: 'api', 6: 'alerts', 8: 'traffic', 10: 'api', 12: 'alerts' };
const settleMs = 40_000;

let city: City;
let device: MqttClient;
let follower: StreamFollower;
let away: StreamFollower;

beforeAll(async () => {
  city = await startCity({ ...loadCity(plan), apps: ['api', 'ingest', 'traffic', 'alerts'], env: { ...promptAggregates, api: { STREAM_CHANGES_MAX: '20' } } });
  device = await mqtt.connectAsync(`mqtt://127.0.0.1:${city.mqttPort}`, { clientId: gateway, username: gateway, password: city.secrets.get(gateway)!, protocolVersion: 4 });
  const url = `http://127.0.0.1:${city.apiPort}`;
  [follower, away] = [followStream(url, city.token), followStream(url, city.token)];
  await until(() => follower.connections === 1 && away.connections === 1);
}, 60_000);
afterAll(async () => {
  await Promise.all([follower?.stop(), away?.stop()]);
  await device?.endAsync();
  await city?.stop();
});

const fromMs = Math.floor(Date.now() / 60_000) * 60_000 - 6 * 3_600_000;

/** Three periods of all devices, slow or quick by turns: one change of each segment's condition. */
async function cycle(n: number): Promise<void> {
  const speedKmh = freeFlowKmh * (n % 2 === 0 ? 0.2 : 0.9);
  for (let period = n * completing; period < (n + 1) * completing; period++) {
    await Promise.all(Array.from({ length: plan.devices }, (_, number) => {
      const name = `${plan.prefix}-${String(number).padStart(5, '0')}`;
      return device.publishAsync(mqttTopic('traffic', name, 'readings'), JSON.stringify({ observedAt: new Date(fromMs + period * 60_000).toISOString(), periodS: 60, count: 5, speedKmh }), { qos: 1 });
    }));
  }
}
const segments = Array.from({ length: plan.devices }, (_, n) => placeId(plan, n));
async function ask<T>(path: string): Promise<T> {
  const answer = await fetch(`http://127.0.0.1:${city.apiPort}${path}`, { headers: { authorization: `Bearer ${city.token}` } });
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.json() as Promise<T>;
}

test('alerts, api and traffic are killed again and again: each condition is applied once, and listeners miss nothing', async () => {
  let apiKills = 0;
  for (let n = 0; n < cycles; n++) {
    if (n === 1) away.leave();
    await cycle(n);
    const victim = kills[n];
    // Each life of api is one connection of the listener, however busy the machine is.
    if (victim === 'api') {
      await until(() => follower.connections > apiKills);
      apiKills += 1;
    }
    if (victim !== undefined) await city.supervisor.kill9(victim);
    await sleep(150);
  }
  expect(await city.untilDrained(settleMs)).toBe(true);
  await city.supervisor.untilReady();
  away.back();
  const topic = alarmChangesTopic(city.name);
  const end = (await topicEnds(connectKafka({ brokers: [city.brokers], clientId: 'test', log: quietLog }), topic)).partitions.get(0)!.high;
  await until(() => follower.lastId === end - 1 && away.lastId === end - 1);

  // The timetable says what must have happened: slow, quick, slow, …
  for (const segment of segments) {
    const { transitions } = await ask<{ transitions: AlarmTransition[] }>(`/v1/alarms/traffic/congestion/${segment}/history`);
    expect(transitions.reverse().map(({ seq, occurrence, to, late, condition }) => [seq, occurrence, to, late, condition!.seq])).toEqual(
      Array.from({ length: cycles }, (_, n) => [n + 1, Math.floor(n / 2) + 1, n % 2 === 0 ? 'UNACK_ACTIVE' : 'RTN_UNACK', false, n + 1]),
    );
    expect(transitions.map(({ at }) => Date.parse(at))).toEqual(Array.from({ length: cycles }, (_, n) => fromMs + ((n + 1) * completing - 1) * 60_000));
  }
  const { alarms } = await ask<{ alarms: Alarm[] }>('/v1/alarms');
  expect(alarms.map(({ asset, state }) => `${asset} ${state}`).sort()).toEqual(segments.map((segment) => `${segment} RTN_UNACK`).sort());

  // Offsets without a hole, over all connections; a change may come twice where somebody died, with its number.
  expect([follower.troubles, away.troubles]).toEqual([[], []]);
  expect(follower.connections).toBeGreaterThan(apiKills);
  expect(follower.changes.map(({ id }) => id)).toEqual(Array.from({ length: end }, (_, n) => n));
  expect(away.changes).toEqual(follower.changes);
  const first = new Map<string, number[]>();
  for (const { change: { alarmId, seq } } of follower.changes) {
    const seqs = first.get(alarmId) ?? [];
    if (!seqs.includes(seq)) first.set(alarmId, [...seqs, seq]);
  }
  for (const segment of segments) expect([segment, first.get(`traffic/congestion/${segment}`)]).toEqual([segment, Array.from({ length: cycles }, (_, n) => n + 1)]);
}, 120_000);
