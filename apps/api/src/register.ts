/**
 * Puts assets, gateways and devices into the registry, gives them secrets, and takes them away.
 *
 * A secret is handed out once, here; the registry keeps its SHA-256. Putting the same thing again changes nothing, and
 * only what is new gets a secret. Every call leaves one row in the audit.
 */
import type { Asset, Device, Gateway } from '#contracts';
import { problem, type ClientKind } from '#service';
import type { Database, Transaction } from '#timeseries';
import { createHash, randomBytes } from 'node:crypto';
import { audit } from './audit.js';
import * as tables from './tables.js';

export interface RegisterOptions {
  /** Who does it, for the audit: `cli:<user>`, or a person's name. */
  readonly author?: string;
  /** New secrets for those who have one already; the newest of the old stays in force beside it until it is ended. */
  readonly rotate?: boolean;
  /** With `rotate`: also for those who were revoked. */
  readonly readmit?: boolean;
  /** What else the audit should know: the fields that were changed, the name of a file. */
  readonly details?: object;
}

/** By client id. */
export type Secrets = Map<string, string>;

export interface Outcome {
  readonly given: number;
  readonly added: number;
  readonly changed: number;
  /** Of those who got one now. Assets have none. */
  readonly secrets: Secrets;
}

/** Rows per statement: 5,000 assets with geometry are a few MB. */
const batchRows = 5_000;

/** Throws a problem (422) when parents form a circle or do not exist; then nothing is registered. */
export async function registerAssets(db: Database, assets: readonly Asset[], options: RegisterOptions = {}): Promise<void> {
  await db.transaction((transaction) => putAssets(transaction, assets, options));
}

/** Throws a problem (422) when an asset is unknown or a device has one of the names. */
export function registerGateways(db: Database, gateways: readonly Gateway[], options: RegisterOptions = {}): Promise<Secrets> {
  return db.transaction(async (transaction) => (await putGateways(transaction, gateways, options)).secrets);
}

/** Throws a problem (422) when an asset or gateway is unknown or a gateway has one of the names. */
export function registerDevices(db: Database, devices: readonly Device[], options: RegisterOptions = {}): Promise<Secrets> {
  return db.transaction(async (transaction) => (await putDevices(transaction, devices, options)).secrets);
}

/** Ends the credentials of a device or gateway: all, or with `old` all but the newest. Returns how many were ended. */
export function revoke(db: Database, client: string, { author = 'system', old = false }: { author?: string; old?: boolean } = {}): Promise<number> {
  return db.transaction(async (transaction) => {
    const ended = await tables.revokeCredentials(transaction, client, old);
    if (ended === null) throw problem(404, 'unknown-client', { detail: `there is no device or gateway "${client}"` });
    await audit(transaction, { author, action: 'client-revoked', subject: client, details: { credentials: ended, old } });
    return ended;
  });
}

export async function putAssets(transaction: Transaction, assets: readonly Asset[], options: RegisterOptions): Promise<Outcome> {
  const put = await inBatches(assets, (batch) => tables.putAssets(transaction, batch));
  const broken = await tables.brokenParents(transaction, put.map(({ id }) => id));
  if (broken.unknown !== null) throw problem(422, 'unknown-asset', { field: 'parent', expected: 'the id of an asset', detail: `asset ${broken.unknown.id}: its parent ${broken.unknown.parent} does not exist` });
  if (broken.circle !== null) throw problem(422, 'circle', { field: 'parent', expected: 'a parent that is not below the asset itself', detail: `asset ${broken.circle}: its parents form a circle, or more than ${tables.parentsMax} levels` });
  return recorded(transaction, 'assets-registered', assets, put, new Map(), options);
}

export async function putGateways(transaction: Transaction, gateways: readonly Gateway[], options: RegisterOptions): Promise<Outcome> {
  refuse(await tables.known(transaction, 'device', ids(gateways)), 'id', 'an id that no device has');
  refuse(await tables.unknown(transaction, 'asset', gateways.flatMap(({ asset }) => asset ?? [])), 'asset', 'the id of an asset');
  const put = await inBatches(gateways, (batch) => tables.putGateways(transaction, batch));
  const secrets = await giveSecrets(transaction, 'gateway', ids(gateways), put, options);
  return recorded(transaction, 'gateways-registered', gateways, put, secrets, options);
}

export async function putDevices(transaction: Transaction, devices: readonly Device[], options: RegisterOptions): Promise<Outcome> {
  refuse(await tables.known(transaction, 'gateway', ids(devices)), 'id', 'an id that no gateway has');
  refuse(await tables.unknown(transaction, 'asset', devices.map(({ asset }) => asset)), 'asset', 'the id of an asset');
  refuse(await tables.unknown(transaction, 'gateway', devices.flatMap(({ gateway }) => gateway ?? [])), 'gateway', 'the id of a gateway');
  const put = await inBatches(devices, (batch) => tables.putDevices(transaction, batch));
  const secrets = await giveSecrets(transaction, 'device', ids(devices), put, options);
  return recorded(transaction, 'devices-registered', devices, put, secrets, options);
}

export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

async function giveSecrets(transaction: Transaction, kind: ClientKind, given: readonly string[], put: readonly tables.Put[], { rotate = false, readmit = false }: RegisterOptions): Promise<Secrets> {
  const added = put.filter((row) => row.added).map(({ id }) => id);
  const clients = rotate ? [...new Set([...added, ...(await tables.clientsToRotate(transaction, given, readmit))])] : added;
  const secrets: Secrets = new Map(clients.map((client) => [client, randomBytes(32).toString('base64url')]));
  await inBatches([...secrets], async (batch) => {
    const clientsOfBatch = batch.map(([client]) => client);
    if (rotate) await tables.endAllButNewest(transaction, clientsOfBatch);
    await tables.addCredentials(transaction, kind, clientsOfBatch, batch.map(([, secret]) => hashOf(secret)));
    return [];
  });
  return secrets;
}

async function inBatches<T, R>(rows: readonly T[], put: (batch: readonly T[]) => Promise<readonly R[]>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < rows.length; start += batchRows) results.push(...(await put(rows.slice(start, start + batchRows))));
  return results;
}

function refuse(wrong: readonly string[], field: string, expected: string): void {
  if (wrong.length === 0) return;
  const shown = wrong.slice(0, 5).join(', ');
  throw problem(422, 'invalid', { field, expected, detail: `${field}: expected ${expected}, found ${shown}${wrong.length > 5 ? ` and ${wrong.length - 5} more` : ''}` });
}

function ids(rows: readonly { readonly id: string }[]): string[] {
  return rows.map(({ id }) => id);
}

/** Ten thousand names do not belong in one row of the audit: how many, some, and a hash by which a file can be recognised. */
async function recorded(transaction: Transaction, action: string, given: readonly object[], put: readonly tables.Put[], secrets: Secrets, { author = 'system', rotate = false, details = {} }: RegisterOptions): Promise<Outcome> {
  const added = put.filter((row) => row.added).length;
  const outcome = { given: given.length, added, changed: put.length - added };
  const sha256 = createHash('sha256').update(JSON.stringify(given)).digest('hex');
  const subject = given.length === 1 ? (given[0] as { readonly id: string }).id : '';
  await audit(transaction, { author, action, subject, details: { ...outcome, secrets: secrets.size, rotate, sample: put.slice(0, 20).map(({ id }) => id), sha256, ...details } });
  return { ...outcome, secrets };
}
