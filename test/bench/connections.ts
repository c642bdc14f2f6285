/**
 * `npm run bench -- connections`: many devices, each with a connection of its own and one message per second.
 *
 * Four generator processes share the connections, each from a loopback address of its own: one address has too few
 * ports. Every device is registered and authenticates.
 */
import { readFileSync } from 'node:fs';
import { loadCity, loadGenerator, type LoadPlan } from '../support/bench-city.js';
import { sleep, startCity } from '../support/city.js';
import { GeneratorProcess } from '../support/generator-process.js';
import type { GeneratorSpec } from '../support/generator-words.js';
import { bindLogs } from './bound-log.js';
import { say } from './report.js';

const processes = 4;
const ratePerDevice = 1;
const settleMs = 60_000;
/** Bar: ingest with 10,000 connections. */
const ingestRssMaxMb = 500;

export async function benchConnections({ connections, minutes }: { connections: number; minutes: number }): Promise<Record<string, unknown>> {
  const plan: LoadPlan = { prefix: 'many', devices: connections, devicesPerGateway: 0 };
  const city = await startCity(loadCity(plan));
  try {
    const specs = parts(loadGenerator(city, plan, { window: 10, connectsPerSecond: 250 }));
    const generators = specs.map((spec) => GeneratorProcess.start(spec));
    const connecting = performance.now();
    await Promise.all(generators.map((generator) => generator.ask({ do: 'connect' })));
    const connectSeconds = (performance.now() - connecting) / 1000;
    say(`${connections} connections open after ${connectSeconds.toFixed(1)} s; ${minutes} min at ${ratePerDevice} Hz each`);
    await Promise.all(generators.map((generator) => generator.ask({ do: 'load', rate: generator.spec.clients.length * ratePerDevice })));
    const pid = (await city.pids())['ingest']!;
    let rssMaxSeenMb = 0;
    let fewestConnected = connections;
    for (const until = performance.now() + minutes * 60_000; performance.now() < until; await sleep(1000)) {
      rssMaxSeenMb = Math.max(rssMaxSeenMb, rssMb(pid));
      const all = await Promise.all(generators.map((generator) => generator.ask({ do: 'look' })));
      fewestConnected = Math.min(fewestConnected, all.reduce((sum, { connected }) => sum + connected, 0));
    }
    const statistics = await Promise.all(generators.map((generator) => generator.ask({ do: 'pause' })));
    const settled = await Promise.all(generators.map((generator) => generator.settle(settleMs)));
    const drained = await city.untilCommitted(settleMs);
    const { told, ...bound } = await bindLogs(city, generators);
    const result = {
      connections, minutes, connectSeconds, fewestConnected,
      connectionsLost: statistics.reduce((sum, { connectionsLost }) => sum + connectionsLost, 0),
      ingestRestarts: city.supervisor.restarts('ingest'),
      ingestRssMaxMb: rssMaxSeenMb,
      pubackMs: { p50: Math.max(...statistics.map(({ pubackMs }) => pubackMs.p50)), p99: Math.max(...statistics.map(({ pubackMs }) => pubackMs.p99)) },
      allAcknowledged: settled.every((one) => one.settled), drained, ...bound, told,
    };
    const failures = [
      ...(result.ingestRssMaxMb >= ingestRssMaxMb ? [`ingest took ${result.ingestRssMaxMb} MB, expected less than ${ingestRssMaxMb}`] : []),
      ...(result.fewestConnected < connections ? [`only ${result.fewestConnected} connections stayed open`] : []),
      ...(result.allAcknowledged && result.drained ? [] : ['not everything was acknowledged and stored']),
    ];
    for (const generator of generators) await generator.stop();
    say(JSON.stringify(result));
    return { ...result, failures };
  } finally {
    await city.stop();
  }
}

/** One description per process; devices keep their names and values, numbers begin anew in each. */
function parts(spec: GeneratorSpec): GeneratorSpec[] {
  return Array.from({ length: processes }, (_, part) => {
    const clients = spec.clients.filter((_, index) => index % processes === part);
    return {
      ...spec,
      devices: clients.map(({ devices }) => spec.devices[devices[0]!]!),
      clients: clients.map((client, index) => ({ ...client, devices: [index] })),
      localAddresses: [`127.0.0.${2 + part}`],
    };
  });
}

/** Resident memory as the operating system counts it. */
function rssMb(pid: number): number {
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
}
