/**
 * `npm run faults [-- --rounds N] [--only name,…] [--short] [--json FILE]`: breaks a city under load in every way we
 * know, with traffic and pollution at once, and each time compares all that it holds with a second way of computing. Ends with 1 if anything differs.
 *
 * `--short` stops the database for 20 s and Kafka for 10 s, instead of 60 and 30.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { say } from '../bench/report.js';
import { loadCity, loadGenerator, placeId, type LoadPlan } from '../support/bench-city.js';
import { promptAggregates, sleep, startCity, stopOpenCities, type City } from '../support/city.js';
import { GeneratorProcess } from '../support/generator-process.js';
import { infra, instanceName } from '../support/instance.js';
import { faults, type Scene } from './faults.js';
import { judge, nothingBeside, untilWhole, type Compared, type Verdict } from './whole.js';

/** Of both domains at once: what everybody sends, and one device that sends what is partly wrong. */
const plans: readonly { readonly own: LoadPlan; readonly strange: LoadPlan; readonly ratePerSecond: number }[] = [
  { own: { prefix: 'fault', devices: 200, devicesPerGateway: 10 }, strange: { prefix: 'strange', devices: 1, devicesPerGateway: 0 }, ratePerSecond: 2_000 },
  {
    own: { prefix: 'air', devices: 50, devicesPerGateway: 10, domain: 'pollution' },
    strange: { prefix: 'strange-air', devices: 1, devicesPerGateway: 0, domain: 'pollution' },
    ratePerSecond: 500,
  },
];
const flooding: LoadPlan = { prefix: 'flood', devices: 1, devicesPerGateway: 0 };
const phase = 40;
const floodWindow = 2_000;
/** Moments of the flood lie in the past, a millisecond apart: no clock has so many of them. */
const floodAgoMs = 3_600_000;
const beforeMs = 1_500;
const afterMs = 500;
const wholeDeadlineMs = 90_000;
const settleMs = 60_000;

interface Line extends Omit<Verdict, 'told'> {
  readonly fault: string;
  readonly round: number;
  readonly wholeSeconds: number;
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '1' }, json: { type: 'string' }, only: { type: 'string' }, short: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);
const chosen = values.only === undefined ? Object.keys(faults) : values.only.split(',').map((name) => name.trim());
const unknown = chosen.filter((name) => !(name in faults));
if (!(Number.isInteger(rounds) && rounds > 0) || unknown.length > 0) {
  console.error(`npm run faults [-- --rounds N] [--only name,…] [--short] [--json FILE]\nfaults: ${Object.keys(faults).join(', ')}${unknown.length > 0 ? `\nunknown: ${unknown.join(', ')}` : ''}`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    say('stopping');
    // A server that a fault took away is needed for cleaning up.
    void infra().then(({ ensureKafka, ensureDatabase }) => Promise.all([ensureKafka(instanceName), ensureDatabase(instanceName)])).then(stopOpenCities).finally(() => process.exit(130));
  });
}

const lines = await run();
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(lines, null, 2)}\n`);
const failed = lines.filter(({ unaccounted, duplicates, differences, wholeSeconds }) => unaccounted + duplicates + differences > 0 || !Number.isFinite(wholeSeconds));
say(failed.length === 0 ? `${lines.length} faults, nothing lost, nothing twice, nothing different` : `${failed.length} of ${lines.length} faults left something wrong`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function run(): Promise<Line[]> {
  say('starting a city of its own');
  const parts = [...plans.flatMap(({ own, strange }) => [own, strange]), flooding].map(loadCity);
  const city = await startCity({
    assets: parts.flatMap(({ assets }) => assets),
    gateways: parts.flatMap(({ gateways }) => gateways),
    devices: parts.flatMap(({ devices }) => devices),
    env: promptAggregates,
    apps: ['api', 'ingest', 'traffic', 'pollution', 'alerts'],
  });
  const scene = sceneOf(city);
  try {
    for (const generator of generatorsOf(scene)) await generator.ask({ do: 'connect' });
    const found: Line[] = [];
    for (let round = 1; round <= rounds; round++) for (const name of chosen) found.push(await one(scene, name, round));
    return found;
  } finally {
    for (const generator of generatorsOf(scene)) await generator.stop();
    await city.stop();
  }
}

function sceneOf(city: City): Scene {
  const beside = nothingBeside();
  for (const { own, strange } of plans) beside.of[own.domain ?? 'traffic'].storedBy.set(`${strange.prefix}-00000`, 0);
  return {
    city,
    loads: plans.map(({ own, strange, ratePerSecond }) => ({
      domain: own.domain ?? 'traffic',
      generator: GeneratorProcess.start(loadGenerator(city, own, { channels: ['L1', 'L2'], phase })),
      stranger: GeneratorProcess.start(loadGenerator(city, strange)),
      ratePerSecond,
    })),
    flooder: GeneratorProcess.start(loadGenerator(city, flooding, { window: floodWindow, phase, observedFromMs: Date.now() - floodAgoMs })),
    beside,
    databaseStopMs: values.short ? 20_000 : 60_000,
    kafkaStopMs: values.short ? 10_000 : 30_000,
    figures: {},
  };
}

function generatorsOf({ loads, flooder }: Scene): GeneratorProcess[] {
  return [...loads.flatMap(({ generator, stranger }) => [generator, stranger]), flooder];
}

async function one(scene: Scene, name: string, round: number): Promise<Line> {
  const { city, loads, flooder, beside } = scene;
  say(`round ${round}: ${name}`);
  const before = { acknowledged: await acknowledgedOf(scene), ...(await city.accounting()) };
  for (const { generator, ratePerSecond } of loads) await generator.ask({ do: 'load', rate: ratePerSecond });
  await sleep(beforeMs);
  const mendedMs = await faults[name]!(scene);
  const generators = loads.map(({ generator }) => generator);
  const wholeSeconds = Math.round((await untilWhole(city, generators, mendedMs, wholeDeadlineMs)) * 100) / 100;
  await sleep(afterMs);
  await Promise.all(generators.map((generator) => generator.ask({ do: 'pause' })));
  const settled = (await Promise.all(generators.map((generator) => generator.settle(settleMs)))).every((one) => one.settled);
  const drained = await city.untilDrained(settleMs);
  const compared = [...plans.map(({ own }, index) => comparedOf(generators[index]!, own)), comparedOf(flooder, flooding)];
  const { told, ...verdict } = await judge(city, compared, beside);
  for (const difference of told) say(`  ${difference}`);
  if (!settled) say('  not everything was acknowledged');
  if (!drained) say(`  not drained: ${JSON.stringify(await city.backlog())}`);
  const after = await city.accounting();
  const line = {
    fault: name, round, ...verdict,
    acknowledged: (await acknowledgedOf(scene)) - before.acknowledged,
    stored: after.stored - before.stored,
    deadLettered: after.deadLettered - before.deadLettered,
    wholeSeconds: settled && drained ? wholeSeconds : Infinity,
    ...(name === 'one device flooding' ? scene.figures : {}),
  };
  say(`  acknowledged ${line.acknowledged}, stored ${line.stored}, dead-lettered ${line.deadLettered}, unaccounted ${line.unaccounted}, duplicates ${line.duplicates}, differences ${line.differences}, whole after ${line.wholeSeconds} s`);
  return line;
}

async function acknowledgedOf(scene: Scene): Promise<number> {
  const all = await Promise.all(generatorsOf(scene).map((one) => one.ask({ do: 'look' })));
  return all.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
}

function comparedOf(generator: GeneratorProcess, plan: LoadPlan): Compared {
  return { generator, assetOf: (device) => placeId(plan, device) };
}
