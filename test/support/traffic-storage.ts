/**
 * Traffic's tables in a database of their own, with a registry, and stores on them as traffic itself makes them, for
 * tests that look at one round at a time. Cluster and topic are only names here: nothing needs Kafka.
 */
import { trafficFlagBits, type Asset, type Device } from '#contracts';
import type { ConditionChange } from '#domain';
import { createHealth, createLog, watchRegistry, type Registry } from '#service';
import { type Arrival, type Database, type Fold, migrate, openDatabase, plumbing, prepareStream, type RoundPart, RoundStore, type RoundStoreOptions, rollUp, type Stream } from '#timeseries';
import { Registry as Metrics } from 'prom-client';
import { registerAssets, registerDevices } from '../../apps/api/src/register.js';
import { seed } from '../../apps/api/src/seed.js';
import type { Segment } from '../../apps/traffic/src/congestion.js';
import { congestionFold } from '../../apps/traffic/src/congestion-fold.js';
import { limitsFrom, type Limits } from '../../apps/traffic/src/limits.js';
import type { Observation } from '../../apps/traffic/src/observation.js';
import { readings, rollups, schema } from '../../apps/traffic/src/tables.js';
import { noLog, privateDatabase, type PrivateDatabase } from './private-database.js';

export const partitions = 4;

export type TrafficStore = RoundStore<Observation, Segment, ConditionChange>;
export type TrafficArrival = Arrival<Observation>;
type Options = RoundStoreOptions<Observation, Segment, ConditionChange>;

export interface TrafficStorage {
  /** As the role of traffic. */
  readonly db: Database;
  readonly database: PrivateDatabase;
  readonly stream: Stream;
  readonly registry: Registry;
  readonly limits: Limits;
  readonly fold: Fold<Observation, Segment, ConditionChange>;
  /** A store with cold caches; `changes` put faults into it. */
  store(changes?: Partial<Options>): TrafficStore;
  /** Makes all aggregates current, or those that are due when a filling bucket may wait for `refreshS`. */
  rollUp(refreshS?: number): Promise<void>;
  drop(): Promise<void>;
}

export interface StoragePlan {
  readonly assets: readonly Asset[];
  readonly devices: readonly Device[];
}

export const segmentAsset = (id: string, rest: Partial<Asset> = {}): Asset => ({
  id, kind: 'segment', parent: null, nameVi: id, nameEn: id, geometry: null, zone: null, roadClass: 'street', lanes: null, lengthM: null, freeFlowKmh: 50, timeZone: 'Asia/Ho_Chi_Minh', ...rest,
});

export const trafficDevice = (id: string, asset: string, rest: Partial<Device> = {}): Device => ({ id, domain: 'traffic', asset, gateway: null, codec: 'json', replay: false, ...rest });

export const quiet = createLog('test', 'silent');

export async function trafficStorage({ assets, devices }: StoragePlan): Promise<TrafficStorage> {
  const database = await privateDatabase();
  await seed(database.db, noLog);
  await registerAssets(database.db, [...assets]);
  await registerDevices(database.db, [...devices]);
  const opened = await openStorage(database.urls['traffic']!);
  return {
    ...opened,
    database,
    async drop() {
      await opened.close();
      await database.drop();
    },
  };
}

/** The same on a database that exists already: what a second process does. */
export async function openStorage(url: string): Promise<Omit<TrafficStorage, 'database' | 'drop'> & { close(): Promise<void> }> {
  const db = openDatabase({ url, name: 'test traffic', connectionsMax: 4, log: noLog });
  await migrate({ db, schema, folder: new URL('../../apps/traffic/src/migrations/', import.meta.url), log: noLog, first: [await plumbing()] });
  const registry = await watchRegistry({ db, log: quiet, health: createHealth(new Metrics()) });
  const limits = limitsFrom(registry);
  const stream: Stream = { schema, group: 'test', topic: 'test.traffic.readings.v1', clusterId: 'test-cluster' };
  await prepareStream(db, stream, new Map(Array.from({ length: partitions }, (_, partition) => [partition, { low: 0, high: 1_000_000_000 }])));
  const fold = congestionFold(limits, registry, 'test');
  return {
    db, stream, registry, limits, fold,
    store: (changes = {}) => new RoundStore({ db, stream, table: readings, fold, log: noLog, onOurFault: (error) => { throw error; }, ...changes }),
    async rollUp(refreshS = 0) {
      await rollUp(db, rollups(trafficFlagBits.imputed), refreshS);
    },
    async close() {
      await registry.close();
      await db.close();
    },
  };
}

export interface ArrivalFacts {
  readonly partition?: number;
  readonly offset: number;
  readonly position?: number;
  readonly element?: number;
  readonly device: string;
  readonly channel?: string;
  readonly atMs: number;
  /** A minute after the observation when absent: live. */
  readonly receivedAtMs?: number;
  readonly periodS?: number;
  readonly count?: number | null;
  readonly speedKmh?: number | null;
  readonly occupancy?: number | null;
  readonly flags?: number;
  readonly imputation?: string | null;
  readonly subject: string | null;
  readonly home?: number;
}

/** A reading of partition 0 at home in its own partition, where nothing else is said. */
export function arrivalOf(facts: ArrivalFacts): TrafficArrival {
  const { partition = 0, offset, position = 0, element = -1, device, channel = '', atMs, receivedAtMs = atMs + 60_000, subject, home = partition } = facts;
  const { periodS = 60, count = 10, speedKmh = 40, occupancy = null, flags = 0, imputation = null } = facts;
  const payload = Buffer.from(JSON.stringify({ device, channel, atMs, count, speedKmh }));
  const observation: Observation = { channel, observedAtMs: atMs, periodS, count, speedKmh, occupancy, occupancyRaw: null, lengthM: null, byClass: null, flags, imputation };
  return { partition, offset, position, element, device, publisher: '', codec: '', receivedAtMs, payload, start: 0, end: payload.length, channel, observedAtMs: atMs, observation, subject, home };
}

/** One part for each partition of the arrivals, from the first to the last of them. */
export function partsOf(arrivals: readonly TrafficArrival[]): RoundPart[] {
  const parts = new Map<number, RoundPart>();
  for (const { partition, offset } of arrivals) {
    const { fromOffset, nextOffset } = parts.get(partition) ?? { fromOffset: offset, nextOffset: 0 };
    parts.set(partition, { partition, fromOffset: Math.min(fromOffset, offset), nextOffset: Math.max(nextOffset, offset + 1) });
  }
  return [...parts.values()];
}
