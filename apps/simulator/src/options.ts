/** The simulator's command line: what it understands, its bounds, and a sentence for what is wrong. */
import { parseArgs } from 'node:util';
import { airStations } from './pollution.js';
import { accidentStretches } from './traffic.js';

export interface SimulatorOptions {
  readonly devices: number;
  readonly stations: number;
  readonly gateways: number;
  readonly periodS: number;
  readonly seed: number;
  /** 0: nothing of the past. */
  readonly backfillMs: number;
}

export const simulatorUsage = `node dist/apps/simulator/src/main.js [options]              plays the town against the MQTT door
node dist/apps/simulator/src/main.js describe --out FOLDER   writes what npm run import needs: assets, devices, gateways
node dist/apps/simulator/src/main.js register --out FOLDER   the same, imports it (DATABASE_URL), and leaves FOLDER/secrets.json
  --devices N      detectors; the first ${accidentStretches} stand on named stretches (${accidentStretches})
  --stations N     air stations, 0 to ${airStations.length} (${airStations.length})
  --gateways N     the detectors share the connections of so many gateways; 0: each has its own (0)
  --period S       seconds of one reading, 1 to 3600 (60)
  --rate R         readings/s of all together, instead of --period
  --backfill 8d    sends the past first: days (d), hours (h) or minutes (m), at most 30d; 0h for none (24h)
  --seed N         another seed, another town's day (1)`;

const devicesMax = 100_000;
/** What is older than 30 days the door no longer takes, by the dated rows traffic.age and pollution.age. */
const backfillMsMax = 30 * 86_400_000;

/** Throws an error whose message is a sentence for the person. */
export function simulatorOptions(args: readonly string[]): SimulatorOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...args], options: { devices: text, stations: text, gateways: text, period: text, rate: text, backfill: text, seed: text }, allowPositionals: false });
  const devices = whole('devices', values.devices ?? String(accidentStretches), 1, devicesMax);
  if (values.period !== undefined && values.rate !== undefined) throw new Error('--period and --rate exclude each other');
  return {
    devices,
    stations: whole('stations', values.stations ?? String(airStations.length), 0, airStations.length),
    gateways: whole('gateways', values.gateways ?? '0', 0, devices),
    periodS: values.rate === undefined ? whole('period', values.period ?? '60', 1, 3600) : periodOf(devices, Number(values.rate)),
    seed: whole('seed', values.seed ?? '1', 0, 2 ** 31 - 1),
    backfillMs: duration(values.backfill ?? '24h'),
  };
}

function periodOf(devices: number, rate: number): number {
  const periodS = Math.round(devices / rate);
  if (!(rate > 0) || periodS < 1 || periodS > 3600) throw new Error(`--rate: with ${devices} devices expected ${Math.ceil((devices / 3600) * 1000) / 1000} to ${devices} readings/s, since each sends every 1 to 3600 s`);
  return periodS;
}

function whole(name: string, value: string, min: number, max: number): number {
  if (!/^\d{1,10}$/.test(value) || Number(value) < min || Number(value) > max) throw new Error(`--${name}: expected a whole number, ${min} to ${max}, found ${JSON.stringify(value)}`);
  return Number(value);
}

function duration(value: string): number {
  const match = /^(\d{1,5})([dhm])$/.exec(value);
  const ms = match === null ? NaN : Number(match[1]) * { d: 86_400_000, h: 3_600_000, m: 60_000 }[match[2] as 'd' | 'h' | 'm'];
  if (!(ms >= 0 && ms <= backfillMsMax)) throw new Error(`--backfill: expected a duration such as 8d, 36h or 90m, at most 30d, found ${JSON.stringify(value)}`);
  return ms;
}
