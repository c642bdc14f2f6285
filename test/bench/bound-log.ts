/** Compares a generator's log with the database at the end of a benchmark: is every acknowledged message accounted for? */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Domain, domainNames } from '#contracts';
import type { City } from '../support/city.js';
import { compareReadings, Differences, type Source } from '../support/compare-readings.js';
import { expectedReadings } from '../support/expected-readings.js';
import type { GeneratorProcess } from '../support/generator-process.js';
import { MessageLog } from '../support/message-log.js';

export interface Bound {
  readonly published: number;
  readonly acknowledged: number;
  /** Rows that were expected and are there, with the values expected. */
  readonly stored: number;
  readonly corrected: number;
  readonly repeated: number;
  readonly deadLettered: number;
  readonly duplicates: number;
  /** Acknowledged, but neither a row nor a dead letter. */
  readonly unaccounted: number;
  /** Rows that hold anything else than was sent. */
  readonly differences: number;
  readonly told: readonly string[];
}

export async function bindLogs(city: City, generators: readonly GeneratorProcess[]): Promise<Bound> {
  const logs = await Promise.all(generators.map(readLog));
  const sources = logs.map((log, index): Source => {
    const { domain, devices, channels, phase } = generators[index]!.spec;
    return { expected: expectedReadings(log, { domain, channels, phase }), devices: devices.map(({ id }) => id), domain, channels, phase };
  });
  const differences = new Differences();
  const sum = { found: 0, duplicates: 0, unaccounted: 0 };
  for (const domain of domainNames) {
    const ofDomain = sources.filter((source) => source.domain === domain);
    if (ofDomain.length === 0) continue;
    const rows = await compareReadings(city.db, city.adminUrl, domain, ofDomain, differences);
    sum.found += rows.found;
    sum.duplicates += rows.duplicates;
    sum.unaccounted += (rows.missing.length === 0 ? 0 : await withoutDeadLetter(city, domain, rows.missing)) + rows.missingCount - rows.missing.length;
  }
  const accounting = await city.accounting();
  return {
    published: logs.reduce((sum, { length }) => sum + length, 0),
    acknowledged: logs.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    stored: sum.found,
    corrected: accounting.corrected,
    repeated: accounting.repeated,
    deadLettered: accounting.deadLettered,
    duplicates: sum.duplicates,
    unaccounted: sum.unaccounted,
    differences: differences.count,
    told: differences.told,
  };
}

export async function readLog(generator: GeneratorProcess): Promise<MessageLog> {
  const folder = mkdtempSync(join(tmpdir(), 'nhip-log-'));
  try {
    await generator.ask({ do: 'write', file: join(folder, 'log') });
    return MessageLog.read(join(folder, 'log'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How many of these identities are in no dead letter either. */
export async function withoutDeadLetter({ db }: City, domain: Domain, missing: readonly [device: string, channel: string, ms: number][]): Promise<number> {
  const letters = new Set<string>();
  for (const { device, payload } of await db.query(`select device, payload from ${domain}.dead_letter`)) {
    const observedAt = /"observedAt":"([^"]+)"/.exec((payload as Buffer).toString('latin1'))?.[1];
    const channel = /"channel":"([^"]+)"/.exec((payload as Buffer).toString('latin1'))?.[1] ?? '';
    if (observedAt !== undefined) letters.add(`${device}/${channel}/${Date.parse(observedAt)}`);
  }
  return missing.filter(([device, channel, ms]) => !letters.has(`${device}/${channel}/${ms}`)).length;
}
