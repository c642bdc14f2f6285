/**
 * The faults, one function each: what is broken, and when it was mended (performance.now()), for counting the seconds
 * until the city is whole again. The load goes on around each.
 */
import { type Domain, streamTopic } from '#contracts';
import { connectKafka } from '#messaging';
import { quietLog, sleep, type AppName, type City } from '../support/city.js';
import { infra, instanceName } from '../support/instance.js';
import type { GeneratorProcess } from '../support/generator-process.js';
import { say } from '../bench/report.js';
import { leastReading, partlyWrong, poisons, reading, type Poison } from './poison.js';
import type { Beside } from './whole.js';

/** What is sent to one domain. */
export interface Load {
  readonly domain: Domain;
  /** The load of everybody. */
  readonly generator: GeneratorProcess;
  readonly ratePerSecond: number;
  /** A device of its own that sends what is partly wrong. */
  readonly stranger: GeneratorProcess;
}

export interface Scene {
  readonly city: City;
  /** Both domains at once. */
  readonly loads: readonly Load[];
  /** A device of its own that floods traffic. */
  readonly flooder: GeneratorProcess;
  readonly beside: Beside;
  readonly databaseStopMs: number;
  readonly kafkaStopMs: number;
  /** Figures that a fault measured itself. */
  readonly figures: Record<string, number>;
}

export type Fault = (scene: Scene) => Promise<number>;

const settleMs = 60_000;
const repeatsMax = 10_000;
const lateMessages = 4_000;
const lateMs = 24 * 3_600_000;
const floodMs = 6_000;

export const faults: Readonly<Record<string, Fault>> = {
  'kill ingest': killApps('ingest'),
  'kill traffic': killApps('traffic'),
  'kill pollution and alerts': killApps('pollution', 'alerts'),
  'kill api': killApps('api'),
  'kill kafka': async (scene) => {
    const { killKafka, ensureKafka } = await infra();
    scene.beside.repeatsOpen = true;
    await killKafka(instanceName);
    return mendedBy(() => ensureKafka(instanceName));
  },
  'kill postgres': async () => {
    const { killDatabase, ensureDatabase } = await infra();
    await killDatabase(instanceName);
    return mendedBy(() => ensureDatabase(instanceName));
  },
  'database stopped': async ({ databaseStopMs }) => {
    const { stopDatabase, ensureDatabase } = await infra();
    await stopDatabase(instanceName);
    await sleep(databaseStopMs);
    return mendedBy(() => ensureDatabase(instanceName));
  },
  'kafka stopped': async (scene) => {
    const { stopKafka, ensureKafka } = await infra();
    scene.beside.repeatsOpen = true;
    await stopKafka(instanceName);
    await sleep(scene.kafkaStopMs);
    return mendedBy(() => ensureKafka(instanceName));
  },
  poison: (scene) => forEachLoad(scene, (load) => poison(scene, load)),
  'same readings twice': (scene) => forEachLoad(scene, (load) => again(load, false)),
  'corrected values': (scene) => forEachLoad(scene, (load) => again(load, true)),
  'data 24 h late': (scene) => forEachLoad(scene, late),
  'one device flooding': flood,
};

function killApps(...names: AppName[]): Fault {
  return async ({ city }) => {
    await Promise.all(names.map((name) => city.supervisor.kill9(name)));
    return performance.now();
  };
}

/** The clock runs from when a server is started again, not from when it answers. */
async function mendedBy(start: () => Promise<unknown>): Promise<number> {
  const mended = performance.now();
  await start();
  say(`  the server answers after ${((performance.now() - mended) / 1000).toFixed(1)} s`);
  return mended;
}

/** At once in all domains; mended when the last is. */
async function forEachLoad({ loads }: Scene, fault: (load: Load) => Promise<number>): Promise<number> {
  return Math.max(...(await Promise.all(loads.map(fault))));
}

/** Sends the last messages once more, with the same values or with others. */
async function again({ generator, ratePerSecond }: Load, corrected: boolean): Promise<number> {
  await quiet(generator);
  const { published } = await generator.ask({ do: 'look' });
  await generator.ask({ do: 'again', span: { from: Math.max(0, published - repeatsMax), to: published }, corrected, rate: 0 });
  const mended = performance.now();
  await generator.ask({ do: 'load', rate: ratePerSecond });
  return mended;
}

async function late({ generator, ratePerSecond }: Load): Promise<number> {
  await quiet(generator);
  await generator.ask({ do: 'observe', fromMs: Date.now() - lateMs, stepMs: 1000 });
  await generator.ask({ do: 'load', rate: 0, messages: lateMessages });
  await generator.settle(settleMs);
  const mended = performance.now();
  await generator.ask({ do: 'observe', fromMs: null, stepMs: null });
  await generator.ask({ do: 'load', rate: ratePerSecond });
  return mended;
}

async function quiet(generator: GeneratorProcess): Promise<void> {
  await generator.ask({ do: 'pause' });
  await generator.settle(settleMs);
}

/** Every kind of poison in the midst of good readings, over MQTT and as plain records from another system. */
async function poison({ city, beside }: Scene, { domain, generator, stranger }: Load): Promise<number> {
  const { letters, storedBy } = beside.of[domain];
  const nowMs = Date.now();
  const name = generator.spec.devices[0]!.id;
  const expect = (device: string, { letters: reasons, payload }: Poison): void => {
    for (const reason of reasons) letters.push({ device, reason, payload });
  };
  const bad = poisons(domain, name, nowMs);
  for (const one of bad) expect(name, one);
  await generator.ask({ do: 'raw', messages: bad.map(({ payload }) => ({ device: 0, payload })) });

  const strangerName = stranger.spec.devices[0]!.id;
  const least = (agoMs: number): Buffer => Buffer.from(JSON.stringify(leastReading(domain, strangerName, nowMs - agoMs)));
  const first = storedBy.get(strangerName) === 0;
  const mixed = partlyWrong(domain, strangerName, nowMs);
  // Its 64 channels exist after the first round: from then on only the 63 of them are stored again.
  await stranger.ask({ do: 'raw', messages: [{ device: 0, payload: least(60_000) }] });
  await stranger.settle(settleMs);
  if (first) await untilKnown(city, domain, strangerName);
  for (const one of mixed) expect(strangerName, one);
  await stranger.ask({ do: 'raw', messages: mixed.map(({ payload }) => ({ device: 0, payload })) });
  let stored = 1 + mixed.reduce((sum, one) => sum + one.stored, 0);

  const plain: { key: string; value: Buffer; stored: number; letter: Poison['letters'][number] | null }[] = [
    { key: 'nobody-knows-me', value: Buffer.from(reading(domain, 'nobody-knows-me', nowMs)), stored: 0, letter: 'unknown-device' },
    { key: strangerName, value: Buffer.from('{"broken'), stored: 0, letter: 'undecodable' },
    { key: strangerName, value: Buffer.from(reading(domain, 'someone-else', nowMs)), stored: 0, letter: 'device-mismatch' },
    { key: strangerName, value: least(30_000), stored: 1, letter: null },
  ];
  await sendPlain(city, domain, plain);
  for (const { key, value, letter, stored: more } of plain) {
    stored += more;
    if (letter !== null) letters.push({ device: key, reason: letter, payload: value });
  }
  storedBy.set(strangerName, (storedBy.get(strangerName) ?? 0) + stored);
  await stranger.settle(settleMs);
  return performance.now();
}

/** Its first reading is stored: its channel is there. */
async function untilKnown({ db }: City, domain: Domain, device: string): Promise<void> {
  for (const until = Date.now() + settleMs; Date.now() < until; await sleep(20)) {
    if ((await db.query(`select from ${domain}.channel where device = $1`, [device])).length > 0) return;
  }
  throw new Error(`${device}: no reading of it was stored within ${settleMs / 1000} s`);
}

async function sendPlain(city: City, domain: Domain, messages: readonly { key: string; value: Buffer }[]): Promise<void> {
  const producer = connectKafka({ brokers: [city.brokers], clientId: 'test', log: quietLog }).producer();
  await producer.connect();
  await producer.send({ topic: streamTopic(city.name, domain, 'readings'), acks: -1, messages: messages.map(({ key, value }) => ({ key, value })) });
  await producer.disconnect();
}

/** One device sends ten times what all others send together, or as much of it as it is let. */
async function flood({ loads, flooder, figures }: Scene): Promise<number> {
  const { generator, ratePerSecond } = loads[0]!;
  await generator.ask({ do: 'mark' });
  await sleep(floodMs / 2);
  const before = await generator.ask({ do: 'mark' });
  await flooder.ask({ do: 'mark' });
  await flooder.ask({ do: 'load', rate: 10 * ratePerSecond });
  await sleep(floodMs);
  const flooded = await flooder.ask({ do: 'pause' });
  const during = await generator.ask({ do: 'mark' });
  await flooder.settle(settleMs);
  Object.assign(figures, { othersP99MsBefore: before.pubackMs.p99, othersP99MsDuring: during.pubackMs.p99, floodPerSecond: Math.round(flooded.pubackMs.count / flooded.seconds) });
  say(`  others' PUBACK p99 ${before.pubackMs.p99} ms before, ${during.pubackMs.p99} ms during a flood of ${figures['floodPerSecond']}/s from one device`);
  return performance.now();
}
