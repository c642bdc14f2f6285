/**
 * Measures how long it takes from the reading that completes a condition, first byte sent, until the change of its alarm
 * has arrived at a client of the live stream.
 *
 * Devices of their own, a reading a second each: three slow ones make a segment congested, three quick ones clear it (3 of
 * 5 periods), so every third reading of a device is a sample. A crowd of further clients may listen beside.
 */
import { get } from 'node:http';
import mqtt from 'mqtt';
import { mqttTopic } from '#contracts';
import { freeFlowKmh, type LoadPlan } from '../support/bench-city.js';
import { sleep, type City } from '../support/city.js';
import { listenTo, type StreamEvent } from '../support/event-source.js';
import { Latencies } from '../support/latencies.js';

export const alarmPlan: LoadPlan = { prefix: 'alarm', devices: 30, devicesPerGateway: 30 };

const readingEveryMs = 1_000;
const completing = 3;
const slowKmh = 0.2 * freeFlowKmh;
const quickKmh = 0.9 * freeFlowKmh;

export interface AlarmLatency {
  /** Lets so many clients listen in all; the measuring one is among them. */
  crowd(clients: number): Promise<void>;
  /** Forgets what was measured so far. */
  clear(): void;
  summary(): { readonly p50: number; readonly p99: number; readonly max: number; readonly count: number };
  /** Samples whose change never came. */
  stop(): Promise<{ readonly missing: number }>;
}

export async function measureAlarmLatency(city: City): Promise<AlarmLatency> {
  const url = `http://127.0.0.1:${city.apiPort}`;
  const latencies = new Latencies();
  /** When the completing reading was sent, by what the change must say. */
  const sent = new Map<string, number>();
  const stream = await listenTo(url, { token: city.token });
  if (stream.status !== 200) throw new Error(`the stream answered ${stream.status}: ${stream.body}`);
  stream.onEvent = ({ event, data, atMs }: StreamEvent) => {
    if (event !== 'alarm') return;
    const key = `${data.alarm.asset} ${data.condition.state}`;
    const sentAtMs = sent.get(key);
    if (sentAtMs === undefined) return;
    sent.delete(key);
    latencies.add(atMs - sentAtMs);
  };

  const gateway = `${alarmPlan.prefix}-gateway-00000`;
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${city.mqttPort}`, { clientId: gateway, username: gateway, password: city.secrets.get(gateway)!, protocolVersion: 4 });
  const fromMs = Math.floor(Date.now() / 1_000) * 1_000;
  let turn = 0;
  function publish(): void {
    const device = turn % alarmPlan.devices;
    const reading = Math.floor(turn / alarmPlan.devices);
    turn++;
    const slow = Math.floor(reading / completing) % 2 === 0;
    const number = String(device).padStart(5, '0');
    const payload = JSON.stringify({ observedAt: new Date(fromMs + reading * 1_000).toISOString(), periodS: 1, count: 5, speedKmh: slow ? slowKmh : quickKmh });
    if (reading % completing === completing - 1) sent.set(`${alarmPlan.prefix}-segment-${number} ${slow ? 'active' : 'clear'}`, performance.now());
    client.publish(mqttTopic('traffic', `${alarmPlan.prefix}-${number}`, 'readings'), payload, { qos: 1 });
  }
  const timer = setInterval(publish, readingEveryMs / alarmPlan.devices);

  const others: ReturnType<typeof get>[] = [];
  return {
    async crowd(clients) {
      for (const one of others.splice(0)) one.destroy();
      while (others.length < clients - 1) {
        others.push(await new Promise((resolve, reject) => {
          const asked = get(`${url}/v1/stream`, { agent: false, headers: { authorization: `Bearer ${city.token}` } }, (answer) => {
            answer.on('error', () => undefined);
            answer.resume();
            if (answer.statusCode === 200) resolve(asked);
            else reject(new Error(`the stream answered ${answer.statusCode}`));
          });
          asked.on('error', (error) => reject(error));
        }));
      }
    },
    clear() {
      latencies.clear();
      sent.clear();
    },
    summary: () => latencies.summary(),
    async stop() {
      clearInterval(timer);
      await sleep(2_000);
      await client.endAsync();
      stream.close();
      for (const one of others) one.destroy();
      return { missing: sent.size };
    },
  };
}
