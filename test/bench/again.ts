/**
 * `npm run bench -- again`: two hours of readings, sent a second time (no new row, all repeated), then with other values
 * (all corrected, what was replaced kept, aggregates right).
 */
import { loadCity, loadGenerator, type LoadPlan } from '../support/bench-city.js';
import { promptAggregates, startCity, type City } from '../support/city.js';
import { compareReadings, Differences, type Source } from '../support/compare-readings.js';
import { expectedReadings } from '../support/expected-readings.js';
import { GeneratorProcess } from '../support/generator-process.js';
import { compareAggregates } from '../faults/compare.js';
import { readLog } from './bound-log.js';
import { say } from './report.js';

const plan: LoadPlan = { prefix: 'again', devices: 200, devicesPerGateway: 10 };
const minutes = 120;
const settleMs = 60_000;
const drainMs = 120_000;

export async function benchAgain(): Promise<Record<string, unknown>> {
  const city = await startCity({ ...loadCity(plan), env: promptAggregates });
  try {
    const fromMs = Math.floor(Date.now() / 60_000) * 60_000 - (minutes + 5) * 60_000;
    const generator = GeneratorProcess.start(loadGenerator(city, plan, { observedFromMs: fromMs, observedStepMs: 60_000 }));
    await generator.ask({ do: 'connect' });
    const messages = plan.devices * minutes;
    const first = await pass(city, generator, 'first time', () => generator.ask({ do: 'load', rate: 0, messages }));
    await generator.ask({ do: 'pause' });
    const span = { from: 0, to: messages };
    const second = await pass(city, generator, 'same values', () => generator.ask({ do: 'again', span, corrected: false, rate: 0 }));
    const third = await pass(city, generator, 'other values', () => generator.ask({ do: 'again', span, corrected: true, rate: 0 }));
    const [history] = await city.db.query('select count(*)::int as count from traffic.reading_history');
    const differences = await differencesOf(city, generator);
    await generator.stop();
    const result = { messages, first, second, third, historyRows: history!['count'], unaccounted: differences.missing, duplicates: differences.duplicates, differences: differences.count, told: differences.told };
    say(JSON.stringify(result));
    const wanted: [string, unknown, unknown][] = [
      ['the first time', first, { stored: messages, corrected: 0, repeated: 0, deadLettered: 0 }],
      ['the same values', second, { stored: 0, corrected: 0, repeated: messages, deadLettered: 0 }],
      ['other values', third, { stored: 0, corrected: messages, repeated: 0, deadLettered: 0 }],
      ['rows of history', result.historyRows, messages],
    ];
    const failures = wanted.filter(([, found, expected]) => JSON.stringify(found) !== JSON.stringify(expected)).map(([name, found, expected]) => `${name}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
    return { ...result, failures };
  } finally {
    await city.stop();
  }
}

async function pass(city: City, generator: GeneratorProcess, name: string, send: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await city.accounting();
  await send();
  await generator.settle(settleMs);
  if (!(await city.untilDrained(drainMs))) throw new Error(`${name}: not drained within ${drainMs / 1000} s`);
  const after = await city.accounting();
  const gained = { stored: after.stored - before.stored, corrected: after.corrected - before.corrected, repeated: after.repeated - before.repeated, deadLettered: after.deadLettered - before.deadLettered };
  say(`${name}: ${JSON.stringify(gained)}`);
  return gained;
}

async function differencesOf(city: City, generator: GeneratorProcess): Promise<{ missing: number; duplicates: number; count: number; told: readonly string[] }> {
  const { domain, devices, channels, phase } = generator.spec;
  const source: Source = { expected: expectedReadings(await readLog(generator), generator.spec), devices: devices.map(({ id }) => id), domain, channels, phase };
  const differences = new Differences();
  const rows = await compareReadings(city.db, city.adminUrl, domain, [source], differences);
  await compareAggregates(city.db, city.adminUrl, domain, [source], differences);
  return { missing: rows.missingCount, duplicates: rows.duplicates, count: differences.count, told: differences.told };
}
