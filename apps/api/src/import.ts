/**
 * Imports assets, gateways and devices from files into the registry: all of them, or nothing; with `partial` what holds.
 *
 * Importing the same files again changes what changed in them, and gives secrets to new clients alone. One transaction;
 * the file of secrets is written before its commit, so no secret is in force that nobody was told. After a crash
 * between the two, import again: whoever is not registered yet gets a new secret.
 */
import type { Asset } from '#contracts';
import { problem } from '#service';
import type { Database, Transaction } from '#timeseries';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { areaAround, areaOf, standsAt, type Area } from './geometry.js';
import { checkPlan, type Plan } from './import-check.js';
import { assetsFromCsv, devicesFromCsv, gatewaysFromCsv } from './import-csv.js';
import { assetsFromGeoJson } from './import-geojson.js';
import type { FileLimits, FileRows, Row, RowProblem } from './import-row.js';
import { putAssets, putDevices, putGateways, type Outcome, type RegisterOptions, type Secrets } from './register.js';
import * as tables from './tables.js';

export interface ImportFiles {
  readonly assets: readonly string[];
  readonly gateways: readonly string[];
  readonly devices: readonly string[];
}

export interface ImportOptions extends RegisterOptions {
  readonly partial?: boolean;
  /** Gets the secrets, beside those it holds already; made with mode 600. */
  readonly secretsOut?: string;
  readonly limits: FileLimits;
}

export interface ImportResult {
  readonly problems: readonly RowProblem[];
  /** Null: nothing was imported, because of the problems. */
  readonly done: { readonly assets: Outcome; readonly gateways: Outcome; readonly devices: Outcome } | null;
  readonly secrets: Secrets;
  /** Clients among those given that stay revoked. */
  readonly stillRevoked: readonly string[];
}

export async function importFiles(db: Database, files: ImportFiles, options: ImportOptions): Promise<ImportResult> {
  const [migrated] = await db.query("select from pg_tables where schemaname = 'registry' and tablename = 'change'");
  if (migrated === undefined) throw problem(409, 'no-registry', { detail: 'the registry is not there yet: start api once, which makes it' });
  return importRows(db, await readFiles(files, options.limits), options);
}

/** Rows as they were read, with what was wrong in their reading. */
export interface ReadRows {
  readonly plan: Plan;
  readonly problems: readonly RowProblem[];
}

export function importRows(db: Database, read: ReadRows, options: Omit<ImportOptions, 'limits'>): Promise<ImportResult> {
  return db.transaction(async (transaction) => {
    // One import at a time, so that what the rows were checked against still holds when they are written.
    await transaction.query('select n from registry.change for update');
    const { plan, problems: misfits } = checkPlan(read.plan, await tables.everyName(transaction));
    const problems = [...read.problems, ...misfits];
    if (problems.length > 0 && options.partial !== true) return { problems, done: null, secrets: new Map(), stillRevoked: [] };

    const assets = await putAssets(transaction, await withZones(transaction, values(plan.assets)), options);
    const gateways = await putGateways(transaction, values(plan.gateways), options);
    const devices = await putDevices(transaction, values(plan.devices), options);
    const secrets: Secrets = new Map([...gateways.secrets, ...devices.secrets]);
    if (options.secretsOut !== undefined && secrets.size > 0) await addSecrets(options.secretsOut, secrets);

    const given = new Set([...plan.gateways, ...plan.devices].map(({ value }) => value.id));
    const stillRevoked = (await tables.revokedClients(transaction)).filter((client) => given.has(client));
    return { problems, done: { assets, gateways, devices }, secrets, stillRevoked };
  });
}

async function readFiles(files: ImportFiles, limits: FileLimits): Promise<ReadRows> {
  const problems: RowProblem[] = [];
  const readAll = async <T>(names: readonly string[], read: (file: string, bytes: Buffer) => FileRows<T>): Promise<Row<T>[]> => {
    const all: Row<T>[] = [];
    for (const file of names) {
      const { size } = await stat(file);
      if (size > limits.bytesMax) {
        problems.push({ file, at: 'file', field: '', expected: `expected at most ${limits.bytesMax} bytes, found ${size}` });
        continue;
      }
      const found = read(file, await readFile(file));
      for (const row of found.rows) all.push(row);
      for (const wrong of found.problems) problems.push(wrong);
    }
    return all;
  };
  const plan: Plan = {
    assets: await readAll(files.assets, (file, bytes) => (/\.(geojson|json)$/i.test(file) ? assetsFromGeoJson(file, bytes, limits) : assetsFromCsv(file, bytes, limits))),
    gateways: await readAll(files.gateways, (file, bytes) => gatewaysFromCsv(file, bytes, limits)),
    devices: await readAll(files.devices, (file, bytes) => devicesFromCsv(file, bytes, limits)),
  };
  return { plan, problems };
}

/** Gives assets without a zone the one in which they lie, among the zones registered and those of this import. */
export async function withZones(transaction: Transaction, rows: readonly Asset[]): Promise<Asset[]> {
  const given = new Set(rows.map(({ id }) => id));
  const areas: Area[] = (await tables.zoneAreas(transaction)).filter(({ id }) => !given.has(id)).flatMap(({ id, geometry }) => areaOf(id, geometry) ?? []);
  for (const value of rows) if (value.kind === 'zone' && value.geometry !== null) areas.push(...[areaOf(value.id, value.geometry) ?? []].flat());
  return rows.map((value) => {
    if (value.zone !== null || value.geometry === null || value.kind === 'city' || value.kind === 'zone') return value;
    return { ...value, zone: areaAround(areas, standsAt(value.geometry)) };
  });
}

/** Adds to a file of secrets, `{ "<client>": "<secret>" }`; a reader sees the old or the new one. */
async function addSecrets(file: string, secrets: Secrets): Promise<void> {
  const before = await secretsIn(file);
  const part = `${file}.part`;
  await rm(part, { force: true }); // Left by an interrupted import, maybe for all to read.
  const handle = await open(part, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify({ ...before, ...Object.fromEntries(secrets) }, null, 1)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(part, file);
}

async function secretsIn(file: string): Promise<Record<string, string>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    throw problem(422, 'secrets-file', { detail: `${file} exists and is no file of secrets: choose another name` });
  }
}

function values<T>(rows: readonly Row<T>[]): T[] {
  return rows.map(({ value }) => value);
}
