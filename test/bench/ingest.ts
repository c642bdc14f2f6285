/**
 * `npm run bench -- ingest`: how many readings per second become durable, what each costs, and whether all are there.
 *
 * Warms up at full load first: a young JVM takes three times the processor time of a warm one. Figures per second and
 * per reading are of the measured time alone; counts and the comparison are of everything, the warm-up included.
 */
import { writeFileSync } from 'node:fs';
import { mqttTopic } from '#contracts';
import { loadCity, loadGenerator, type LoadPlan } from '../support/bench-city.js';
import { sleep, startCity, type City } from '../support/city.js';
import { GeneratorProcess } from '../support/generator-process.js';
import type { Statistics } from '../support/generator-words.js';
import { numericValuesPerReading, readingPacket } from '../support/payload.js';
import { cpuUsOf, machineTime, memoryMbOf, type Machine } from '../support/processor-time.js';
import { bindLogs, type Bound } from './bound-log.js';
import { firstPerSecond, pace } from './pace.js';
import { measureRowLatency } from './row-latency.js';
import { say, table } from './report.js';

export interface IngestOptions {
  /** Messages per second; 0: as many as the windows allow; null: as many as do not pile up behind the door. */
  readonly rate: number | null;
  readonly seconds: number;
  readonly devices: number;
  readonly warmUpSeconds: number;
  /** Readings of pollution per second beside those of traffic; 0: pollution does not run. */
  readonly airPerSecond: number;
}

const connections = 100;
const settleDeadlineMs = 60_000;
const drainDeadlineMs = 120_000;
const samplesPerSecond = 50;

export async function benchIngest(options: IngestOptions): Promise<Record<string, unknown>> {
  const plan = planOf(options.devices);
  const [own, air] = [loadCity(plan), loadCity(airPlan)];
  say('starting a city of its own');
  const city = await startCity(options.airPerSecond === 0 ? own : {
    assets: [...own.assets, ...air.assets], gateways: [...own.gateways, ...air.gateways], devices: [...own.devices, ...air.devices],
    apps: ['api', 'ingest', 'traffic', 'pollution'],
  });
  try {
    const generator = GeneratorProcess.start(loadGenerator(city, plan));
    const others = options.airPerSecond === 0 ? [] : [GeneratorProcess.start(loadGenerator(city, airPlan))];
    try {
      const measured = await measure(city, generator, others, options);
      const bytesPerValue = await diskBytesPerValue(city);
      say('comparing the log of acknowledgements with the database');
      return resultOf(options, measured, await bindLogs(city, [generator, ...others]), bytesPerValue);
    } finally {
      for (const one of [generator, ...others]) await one.stop();
    }
  } finally {
    await city.stop();
  }
}

const airPlan: LoadPlan = { prefix: 'air', devices: 100, devicesPerGateway: 10, domain: 'pollution' };
const planOf = (devices: number): LoadPlan => ({ prefix: 'bench', devices, devicesPerGateway: Math.ceil(devices / connections) });

interface Reading {
  readonly atMs: number;
  readonly entries: number;
  readonly cpuUs: Record<string, number>;
  readonly machine: Machine;
}

interface Measured {
  readonly before: Reading;
  readonly after: Reading;
  readonly statistics: Statistics;
  readonly rowMs: { p50: number; p99: number; max: number; count: number };
  readonly settled: boolean;
  readonly memoryMb: Record<string, number>;
  /** The last one, where it was adapted. */
  readonly offeredPerSecond: number | null;
  readonly drainSeconds: number;
}

async function measure(city: City, generator: GeneratorProcess, others: readonly GeneratorProcess[], { rate, seconds, warmUpSeconds, airPerSecond }: IngestOptions): Promise<Measured> {
  const rows = await measureRowLatency(city.adminUrl, generator, { devices: generator.spec.devices.map(({ id }) => id), channels: generator.spec.channels });
  const pids = { ...(await city.pids()), generator: generator.pid, ...(others[0] === undefined ? {} : { airGenerator: others[0].pid }) };
  const read = async (): Promise<Reading> => ({ atMs: performance.now(), entries: (await city.accounting()).entries, cpuUs: { ...cpuUsOf(pids), measuring: ownCpuUs() }, machine: machineTime() });

  for (const one of [generator, ...others]) await one.ask({ do: 'connect' });
  say(`warming up for ${warmUpSeconds} s`);
  await generator.ask({ do: 'load', rate: rate ?? firstPerSecond });
  for (const one of others) await one.ask({ do: 'load', rate: airPerSecond });
  const pacing = rate === null ? pace(city, generator, others) : null;
  await sleep(warmUpSeconds * 1000);
  await generator.ask({ do: 'sample', perSecond: samplesPerSecond });
  rows.clear();
  await generator.ask({ do: 'mark' });
  const before = await read();
  say(`measuring for ${seconds} s`);
  await sleep(seconds * 1000);
  const after = await read();
  await generator.ask({ do: 'sample', perSecond: 0 });
  const statistics = await generator.ask({ do: 'mark' });
  const endedAtMs = performance.now();
  const offeredPerSecond = pacing === null ? rate : await pacing.stop();
  await Promise.all([generator, ...others].map((one) => one.ask({ do: 'pause' })));
  const settled = (await Promise.all([generator, ...others].map((one) => one.settle(settleDeadlineMs)))).every((one) => one.settled);
  const drainSeconds = (await city.untilCommitted(drainDeadlineMs)) ? (performance.now() - endedAtMs) / 1000 : Infinity;
  const rowMs = await rows.take();
  await rows.stop();
  const memoryMb = memoryMbOf({ ...(await city.pids()), generator: generator.pid });
  return { before, after, statistics, rowMs, settled, drainSeconds, offeredPerSecond, memoryMb };
}

/** Bytes of table, chunks and indexes per numeric value stored. */
async function diskBytesPerValue({ db }: City): Promise<number> {
  await db.query('checkpoint');
  const [row] = await db.query(
    `select (pg_total_relation_size('traffic.reading') + coalesce((select sum(pg_total_relation_size(c)) from show_chunks('traffic.reading') c), 0))::float8 as bytes,
            (select count(*) from traffic.reading)::float8 as rows`,
  );
  return row!['bytes'] / (row!['rows'] * numericValuesPerReading);
}

function resultOf(options: IngestOptions, { before, after, statistics, rowMs, settled, drainSeconds, offeredPerSecond, memoryMb }: Measured, bound: Bound, bytesPerValue: number): Record<string, unknown> {
  const seconds = (after.atMs - before.atMs) / 1000;
  const durable = after.entries - before.entries;
  const us = (name: string): number => after.cpuUs[name]! - before.cpuUs[name]!;
  const perReading = (cpuUs: number): number => round(cpuUs / durable, 2);
  const cpu = { ingest: us('ingest'), kafka: us('kafka'), traffic: us('traffic'), ...(options.airPerSecond === 0 ? {} : { pollution: us('pollution') }), postgres: us('postgres'), other: us('api') };
  const total = Object.values(cpu).reduce((sum, one) => sum + one, 0);
  const measuring = us('measuring');
  const machineUs = after.machine.allUs - before.machine.allUs;
  const elsewhere = after.machine.busyUs - before.machine.busyUs - total - us('generator') - (options.airPerSecond === 0 ? 0 : us('airGenerator')) - measuring;
  const { told, ...counts } = bound;
  return {
    ...counts,
    durablePerSecond: Math.round(durable / seconds),
    drainSeconds: round(drainSeconds, 2),
    pubackMs: { p50: statistics.pubackMs.p50, p99: statistics.pubackMs.p99 },
    rowMs: { p50: rowMs.p50, p99: rowMs.p99 },
    cpuUsPerReading: {
      generator: perReading(us('generator')),
      ...Object.fromEntries(Object.entries(cpu).map(([name, one]) => [name, perReading(one)])),
      total: perReading(total),
    },
    rssMb: memoryMb,
    bytesPerValue: round(bytesPerValue, 2),
    offered: options.rate === null ? `adapted, at last ${offeredPerSecond}/s` : options.rate === 0 ? 'closed loop' : `${options.rate}/s`,
    seconds: round(seconds, 2),
    warmUpSeconds: options.warmUpSeconds,
    devices: options.devices,
    airPerSecond: options.airPerSecond,
    acknowledgedPerSecond: Math.round(statistics.pubackMs.count / statistics.seconds),
    allAcknowledged: settled,
    measuringUsPerReading: perReading(measuring),
    rowSamples: rowMs.count,
    otherLoadShare: round(Math.max(0, elsewhere) / machineUs, 3),
    idleShare: round(1 - (after.machine.busyUs - before.machine.busyUs) / machineUs, 3),
    told,
  };
}

/** Of this process alone: it measures, and supervises its children as `npm start` does. */
function ownCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;

interface Printed extends Bound {
  readonly durablePerSecond: number;
  readonly drainSeconds: number;
  readonly pubackMs: { p50: number; p99: number };
  readonly rowMs: { p50: number; p99: number };
  readonly cpuUsPerReading: Record<string, number>;
  readonly rssMb: Record<string, number>;
  readonly bytesPerValue: number;
  readonly otherLoadShare: number;
  readonly idleShare: number;
  readonly measuringUsPerReading: number;
  readonly offered: string;
}

export function printIngest(result: Record<string, unknown>): void {
  const r = result as unknown as Printed;
  table([
    ['published', r.published], ['acknowledged', r.acknowledged], ['stored', r.stored], ['corrected', r.corrected], ['repeated', r.repeated],
    ['dead-lettered', r.deadLettered], ['unaccounted', r.unaccounted], ['duplicates', r.duplicates], ['rows that differ', r.differences],
    ['offered', r.offered], ['durable readings/s', r.durablePerSecond], ['drained after, s', r.drainSeconds],
    ['PUBACK p50 / p99, ms', pair(r.pubackMs)], ['publish to row p50 / p99, ms', pair(r.rowMs)],
    ['CPU per reading, µs', list(r.cpuUsPerReading)], ['memory, MB', list(r.rssMb)], ['bytes on disk per value', r.bytesPerValue],
    ['other load of the machine', `${percent(r.otherLoadShare)} (idle ${percent(r.idleShare)})`],
  ]);
  say('total leaves the generator out; measuring and supervising took ' + `${r.measuringUsPerReading} µs per reading beside it`);
  for (const difference of r.told) say(`  ${difference}`);
}

const pair = (of: { p50: number; p99: number }): string => `${of.p50} / ${of.p99}`;
const list = (of: Record<string, number>): string => Object.entries(of).map(([name, value]) => `${name} ${value}`).join(', ');
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** The same city, waiting for another generator: what that one must know goes into a file. Runs until it is told to stop. */
export async function waitForOthers(devices: number, file: string, stopped: Promise<void>): Promise<void> {
  const plan = planOf(devices);
  const city = await startCity(loadCity(plan));
  try {
    const spec = loadGenerator(city, plan);
    const packet = readingPacket(spec.devices[0]!.id, '');
    packet.patch(Date.now(), 0, 0, spec.phase);
    const idsOf = (numbers: readonly number[]): string[] => numbers.map((n) => spec.devices[n]!.id);
    writeFileSync(file, `${JSON.stringify({
      host: spec.host, port: spec.port, topic: mqttTopic('traffic', '<device>', 'readings'), qos: 1,
      samplePayload: packet.bytes.subarray(packet.packetIdAt + 2).toString('latin1'),
      note: 'user name is the id, password the secret. A reading is known by (device, observedAt): change observedAt (ms) with every message; device in the payload is the one in the topic.',
      devices: spec.devices.map(({ id }) => ({ id, secret: city.secrets.get(id), topic: mqttTopic('traffic', id, 'readings') })),
      gateways: spec.clients.map(({ id, secret, devices: behind }) => ({ id, secret, mayPublishFor: idsOf(behind) })),
      databaseUrl: city.adminUrl,
    }, null, 2)}\n`, { mode: 0o600 });
    say(`${devices} devices on port ${spec.port} wait for a generator; what it needs is in ${file}. Ctrl-C ends the city and prints its accounting.`);
    await stopped;
    await city.untilDrained(drainDeadlineMs);
    table(Object.entries(await city.accounting()) as [string, number][]);
  } finally {
    await city.stop();
  }
}
