/**
 * The faults, one function each: what is broken, and when it was mended (performance.now()), for counting the seconds
 * until the city is whole again. The load goes on around each.
 */
import { connectKafka } from '#messaging';
import { quietLog, sleep, type AppName, type City } from '../support/city.js';
import { infra, instanceName } from '../support/instance.js';
import type { GeneratorProcess } from '../support/generator-process.js';
import { say } from '../bench/report.js';
import { partlyWrong, poisons, reading, type Poison } from './poison.js';
import type { Beside } from './whole.js';

export interface Scene {
  readonly city: City;
  /** The load of everybody. */
  readonly generator: GeneratorProcess;
  /** A device of its own that floods, and one that sends what is partly wrong. */
  readonly flooder: GeneratorProcess;
  readonly stranger: GeneratorProcess;
  readonly beside: Beside;
  readonly ratePerSecond: number;
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
  'kill ingest': killApp('ingest'),
  'kill traffic': killApp('traffic'),
  'kill api': killApp('api'),
  'kill kafka': async (scene) => {
    const { killKafka, ensureKafka } = await infra();
    scene.beside.repeatsOpen = true;
    await killKafka(instanceName);
    const mended = performance.now();
    await ensureKafka(instanceName);
    return mended;
  },
  'kill postgres': async () => {
    const { killDatabase, ensureDatabase } = await infra();
    await killDatabase(instanceName);
    const mended = performance.now();
    await ensureDatabase(instanceName);
    return mended;
  },
  'database stopped': async ({ databaseStopMs }) => {
    const { stopDatabase, ensureDatabase } = await infra();
    await stopDatabase(instanceName);
    await sleep(databaseStopMs);
    const mended = performance.now();
    await ensureDatabase(instanceName);
    return mended;
  },
  'kafka stopped': async (scene) => {
    const { stopKafka, ensureKafka } = await infra();
    scene.beside.repeatsOpen = true;
    await stopKafka(instanceName);
    await sleep(scene.kafkaStopMs);
    const mended = performance.now();
    await ensureKafka(instanceName);
    return mended;
  },
  poison,
  'same traffic twice': ({ generator, ratePerSecond }) => again(generator, false, ratePerSecond),
  'corrected values': ({ generator, ratePerSecond }) => again(generator, true, ratePerSecond),
  'data 24 h late': async ({ generator, ratePerSecond }) => {
    await quiet(generator);
    await generator.ask({ do: 'observe', fromMs: Date.now() - lateMs, stepMs: 1000 });
    await generator.ask({ do: 'load', rate: 0, messages: lateMessages });
    await generator.settle(settleMs);
    const mended = performance.now();
    await generator.ask({ do: 'observe', fromMs: null, stepMs: null });
    await generator.ask({ do: 'load', rate: ratePerSecond });
    return mended;
  },
  'one device flooding': flood,
};

function killApp(name: AppName): Fault {
  return async ({ city }) => {
    await city.supervisor.kill9(name);
    return performance.now();
  };
}

/** Sends the last messages once more, with the same values or with others. */
async function again(generator: GeneratorProcess, corrected: boolean, rate: number): Promise<number> {
  await quiet(generator);
  const { published } = await generator.ask({ do: 'look' });
  await generator.ask({ do: 'again', span: { from: Math.max(0, published - repeatsMax), to: published }, corrected, rate: 0 });
  const mended = performance.now();
  await generator.ask({ do: 'load', rate });
  return mended;
}

async function quiet(generator: GeneratorProcess): Promise<void> {
  await generator.ask({ do: 'pause' });
  await generator.settle(settleMs);
}

/** Every kind of poison in the midst of good readings, over MQTT and as plain records from another system. */
async function poison({ city, generator, stranger, beside }: Scene): Promise<number> {
  const nowMs = Date.now();
  const name = generator.spec.devices[0]!.id;
  const expect = (device: string, { letters, payload }: Poison): void => {
    for (const reason of letters) beside.letters.push({ device, reason, payload });
  };
  const bad = poisons(name, nowMs);
  for (const one of bad) expect(name, one);
  await generator.ask({ do: 'raw', messages: bad.map(({ payload }) => ({ device: 0, payload })) });

  const strangerName = stranger.spec.devices[0]!.id;
  const first = beside.storedBy.get(strangerName) === 0;
  const mixed = partlyWrong(strangerName, nowMs);
  // Its 64 channels exist after the first round: from then on only the 63 of them are stored again.
  const own = Buffer.from(JSON.stringify({ device: strangerName, observedAt: new Date(nowMs - 60_000).toISOString(), periodS: 60, count: 1 }));
  await stranger.ask({ do: 'raw', messages: [{ device: 0, payload: own }] });
  await stranger.settle(settleMs);
  if (first) await city.untilCommitted(settleMs);
  for (const one of mixed) expect(strangerName, one);
  await stranger.ask({ do: 'raw', messages: mixed.map(({ payload }) => ({ device: 0, payload })) });
  let stored = 1 + mixed.reduce((sum, one) => sum + one.stored, 0);

  const plain: { key: string; value: Buffer; stored: number; letter: Poison['letters'][number] | null }[] = [
    { key: 'nobody-knows-me', value: Buffer.from(reading('nobody-knows-me', nowMs)), stored: 0, letter: 'unknown-device' },
    { key: strangerName, value: Buffer.from('{"broken'), stored: 0, letter: 'undecodable' },
    { key: strangerName, value: Buffer.from(reading('someone-else', nowMs)), stored: 0, letter: 'device-mismatch' },
    { key: strangerName, value: Buffer.from(JSON.stringify({ device: strangerName, observedAt: new Date(nowMs - 30_000).toISOString(), periodS: 60, count: 2 })), stored: 1, letter: null },
  ];
  await sendPlain(city, plain);
  for (const { key, value, letter, stored: more } of plain) {
    stored += more;
    if (letter !== null) beside.letters.push({ device: key, reason: letter, payload: value });
  }
  beside.storedBy.set(strangerName, (beside.storedBy.get(strangerName) ?? 0) + stored);
  await stranger.settle(settleMs);
  return performance.now();
}

async function sendPlain(city: City, messages: readonly { key: string; value: Buffer }[]): Promise<void> {
  const producer = connectKafka({ brokers: [city.brokers], clientId: 'test', log: quietLog }).producer();
  await producer.connect();
  await producer.send({ topic: city.readingsTopic, acks: -1, messages: messages.map(({ key, value }) => ({ key, value })) });
  await producer.disconnect();
}

/** One device sends ten times what all others send together, or as much of it as it is let. */
async function flood({ generator, flooder, ratePerSecond, figures }: Scene): Promise<number> {
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
