/**
 * Pollution's tables in a database of their own, with a registry of stations, and its store and hours as pollution itself
 * makes them, for tests that look at one round and one hour at a time. Nothing needs Kafka.
 */
import { type Asset, type DatedRow, type Device, type PollutionReading, Rejected } from '#contracts';
import { createHealth, createLog, watchRegistry, type Registry } from '#service';
import { type Arrival, type Database, type Fold, migrate, openDatabase, plumbing, prepareStream, rollUp, RoundStore, type RoundResult, type RoundStoreOptions, type Stream } from '#timeseries';
import { Registry as Metrics } from 'prom-client';
import { registerAssets, registerDevices } from '../../apps/api/src/register.js';
import { seed } from '../../apps/api/src/seed.js';
import { type Observation, observationsFrom } from '../../apps/pollution/src/observation.js';
import { staleHoursFold, type StaleHour } from '../../apps/pollution/src/stale-hours.js';
import { readings, rollups, schema } from '../../apps/pollution/src/tables.js';
import { noLog, privateDatabase, type PrivateDatabase } from './private-database.js';

export type PollutionStore = RoundStore<Observation, string, StaleHour>;
type Options = RoundStoreOptions<Observation, string, StaleHour>;

export interface PollutionStorage {
  /** As the role of pollution. */
  readonly db: Database;
  readonly database: PrivateDatabase;
  readonly registry: Registry;
  readonly fold: Fold<Observation, string, StaleHour>;
  /** A store with cold caches; `changes` put faults into it. */
  store(changes?: Partial<Options>): PollutionStore;
  /** Stores readings of one device, as one message; a minute after the last of them unless said otherwise. */
  put(store: PollutionStore, device: string, message: readonly PollutionReading[], receivedAtMs?: number): Promise<RoundResult>;
  /** Makes the aggregates current. */
  rollUp(): Promise<void>;
  /** Adds a dated row, as api would. */
  addRow(row: DatedRow): Promise<void>;
  drop(): Promise<void>;
}

export const stationAsset = (id: string, rest: Partial<Asset> = {}): Asset => ({
  id, kind: 'station', parent: null, nameVi: `Trạm ${id}`, nameEn: `Station ${id}`, geometry: { type: 'Point', coordinates: [105.85, 21.03] }, zone: null, roadClass: null, lanes: null, lengthM: null, freeFlowKmh: null, timeZone: 'Asia/Ho_Chi_Minh', ...rest,
});

export const airDevice = (id: string, asset: string, rest: Partial<Device> = {}): Device => ({ id, domain: 'pollution', asset, gateway: null, codec: 'json', replay: false, ...rest });

const quiet = createLog('test', 'silent');
const clusterId = 'test-cluster';

export async function pollutionStorage({ assets, devices }: { readonly assets: readonly Asset[]; readonly devices: readonly Device[] }): Promise<PollutionStorage> {
  const database = await privateDatabase();
  await seed(database.db, noLog);
  await registerAssets(database.db, [...assets]);
  await registerDevices(database.db, [...devices]);
  const db = openDatabase({ url: database.urls['pollution']!, name: 'test pollution', connectionsMax: 6, log: noLog });
  await migrate({ db, schema, folder: new URL('../../apps/pollution/src/migrations/', import.meta.url), log: noLog, first: [await plumbing()] });
  const registry = await watchRegistry({ db, log: quiet, health: createHealth(new Metrics()) });
  const stream: Stream = { schema, group: 'test', topic: 'test.pollution.readings.v1', clusterId };
  await prepareStream(db, stream, new Map([[0, { low: 0, high: 1_000_000_000 }]]));
  const fold = staleHoursFold(registry);
  let offset = 0;
  return {
    db, database, registry, fold,
    store: (changes = {}) => new RoundStore({ db, stream, table: readings, fold, log: noLog, onOurFault: (error) => { throw error; }, ...changes }),
    put(store, device, message, receivedAtMs) {
      const arrivals = arrivalsOf(registry, device, message, offset, receivedAtMs);
      const at = offset++;
      return store.store([{ partition: 0, fromOffset: at, nextOffset: at + 1 }], arrivals, []);
    },
    async rollUp() {
      await rollUp(db, rollups, 0);
    },
    async addRow(row) {
      await database.db.query('insert into registry.dated_row (id, kind, key, legal_basis, article, valid_from, valid_to, value, unit, source, verified_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', [
        row.id, row.kind, row.key, row.legalBasis, row.article, row.validFrom, row.validTo, JSON.stringify(row.value), row.unit, row.source, row.verifiedBy,
      ]);
      await registry.refresh();
    },
    async drop() {
      await registry.close();
      await db.close();
      await database.drop();
    },
  };
}

function arrivalsOf(registry: Registry, device: string, message: readonly PollutionReading[], offset: number, receivedAt?: number): Arrival<Observation>[] {
  const receivedAtMs = receivedAt ?? Math.max(...message.map(({ observedAt, periodS }) => Date.parse(observedAt!) + periodS * 1000)) + 60_000;
  const payload = Buffer.from(JSON.stringify(message));
  return observationsFrom(payload, 0, payload.length, { device, receivedAtMs, codec: 'json' }, null).map((result, element) => {
    if (result instanceof Rejected) throw result;
    const { channel, observedAtMs } = result;
    return { partition: 0, offset, position: 0, element, device, publisher: '', codec: '', receivedAtMs, payload, start: 0, end: payload.length, channel, observedAtMs, observation: result, subject: registry.device(device)!.asset, home: 0 };
  });
}
