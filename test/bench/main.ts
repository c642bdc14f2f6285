/**
 * `npm run bench -- <which> [options]`: the house measured, each time with a city of its own that is dropped afterwards.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { stopOpenCities } from '../support/city.js';
import { benchAgain } from './again.js';
import { benchConnections } from './connections.js';
import { benchHostile } from './hostile.js';
import { benchIngest, printIngest, waitForOthers } from './ingest.js';
import { benchLatency } from './latency.js';
import { say } from './report.js';
import { benchSeries } from './series.js';
import { benchSpace } from './space.js';

const usage = `npm run bench -- ingest [--rate N] [--seconds 60] [--devices 1000] [--warm-up 25] [--air N] [--no-generator]
  (without --rate: as much as does not pile up; 0: as much as the windows allow; --air: so many readings of pollution per second beside)
npm run bench -- latency [--max N] [--seconds 20] [--alarms]    (--alarms: only from the device to the live stream)
npm run bench -- connections [--connections 10000] [--minutes 5]
npm run bench -- again
npm run bench -- space
npm run bench -- series [--rows 10000000]
npm run bench -- hostile [--packets 100000]
Each writes its result as JSON with --json FILE, and ends with 1 when something is lost or a bar is missed.`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string' }, seconds: { type: 'string' }, devices: { type: 'string', default: '1000' }, json: { type: 'string' },
    'warm-up': { type: 'string', default: '25' }, 'no-generator': { type: 'boolean', default: false }, max: { type: 'string' },
    connections: { type: 'string', default: '10000' }, minutes: { type: 'string', default: '5' }, packets: { type: 'string', default: '100000' }, rows: { type: 'string', default: '10000000' }, air: { type: 'string', default: '0' }, alarms: { type: 'boolean', default: false },
  },
});

const number = (name: string, text: string): number => {
  const value = Number(text);
  if (!(Number.isFinite(value) && value >= 0)) throw new Error(`--${name}: expected a number, found ${text}`);
  return value;
};

let othersAreDone = (): void => undefined;
const stopped = new Promise<void>((resolve) => (othersAreDone = resolve));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    if (values['no-generator']) return othersAreDone();
    say('stopping');
    void stopOpenCities().finally(() => process.exit(130));
  });
}

const benchmarks: Record<string, () => Promise<Record<string, unknown>>> = {
  async ingest() {
    const devices = number('devices', values.devices);
    if (values['no-generator']) {
      await waitForOthers(devices, values.json ?? 'bench-devices.json', stopped);
      return {};
    }
    const result = await benchIngest({ rate: values.rate === undefined ? null : number('rate', values.rate), seconds: number('seconds', values.seconds ?? '60'), devices, warmUpSeconds: number('warm-up', values['warm-up']), airPerSecond: number('air', values.air) });
    printIngest(result);
    return result;
  },
  latency: () => benchLatency({ max: values.max === undefined ? null : number('max', values.max), seconds: number('seconds', values.seconds ?? '20'), alarmsOnly: values.alarms }),
  connections: () => benchConnections({ connections: number('connections', values.connections), minutes: number('minutes', values.minutes) }),
  again: () => benchAgain(),
  space: () => benchSpace(),
  series: () => benchSeries({ rows: number('rows', values.rows) }),
  hostile: () => benchHostile({ packets: number('packets', values.packets) }),
};

const run = benchmarks[positionals[0] ?? ''];
if (run === undefined) {
  console.error(usage);
  process.exitCode = 2;
} else {
  const result = await run();
  if (values.json !== undefined && !values['no-generator']) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
  const failures = [
    ...['unaccounted', 'duplicates', 'differences'].filter((key) => typeof result[key] === 'number' && result[key] > 0).map((key) => `${key} is ${String(result[key])}, expected 0`),
    ...((result['failures'] as string[] | undefined) ?? []),
  ];
  for (const failure of failures) say(`FAILED: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}
