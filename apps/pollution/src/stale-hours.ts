/**
 * The fold of pollution: each stored or corrected reading makes the hour of its station stale.
 *
 * The note is in the transaction of the reading, so no reading is ever without it; hours.ts takes the notes. Nothing is
 * kept in memory: a station's state is its name.
 */
import type { Registry } from '#service';
import type { Arrival, Fold, Transaction } from '#timeseries';
import type { Observation } from './observation.js';
import { schema } from './tables.js';

export interface StaleHour {
  readonly asset: string;
  /** Start of the hour, ms since 1970. */
  readonly hourMs: number;
  readonly replay: boolean;
}

export const hourMs = 3_600_000;

export function startOfHour(atMs: number): number {
  return Math.floor(atMs / hourMs) * hourMs;
}

export function staleHoursFold(registry: Pick<Registry, 'device'>): Fold<Observation, string, StaleHour> {
  return {
    load: (_, subjects) => Promise.resolve(new Map(subjects.map((asset) => [asset, asset]))),
    apply: (asset, arrival) => ({ state: asset, change: touched(asset, arrival, registry) }),
    async save(transaction, changes) {
      await noteStale(transaction, changes);
      return [];
    },
  };
}

/** Whatever its period: a correction may have taken a reading out of its hour by making it longer. */
function touched(asset: string, { device, observedAtMs }: Arrival<Observation>, registry: Pick<Registry, 'device'>): StaleHour {
  return { asset, hourMs: startOfHour(observedAtMs), replay: registry.device(device)?.replay === true };
}

/**
 * In the order of their keys, so that two who note the same hours never wait for each other in a circle.
 * `onlyNew`: a note that is there already is enough, and stays as it is.
 */
export async function noteStale({ query }: Transaction, hours: readonly StaleHour[], onlyNew = false): Promise<void> {
  const distinct = [...new Map(hours.map((hour) => [`${hour.asset} ${hour.hourMs}`, hour])).values()];
  await query(
    `insert into ${schema}.stale_hour as old (asset, hour_at, replay)
     select asset, hour_at, replay from unnest($1::text[], $2::timestamptz[], $3::boolean[]) as n (asset, hour_at, replay) order by asset, hour_at
     on conflict (asset, hour_at) do ${onlyNew ? 'nothing' : 'update set version = old.version + 1, noted_at = now(), replay = excluded.replay'}`,
    [distinct.map(({ asset }) => asset), distinct.map(({ hourMs: atMs }) => new Date(atMs).toISOString()), distinct.map(({ replay }) => replay)],
  );
}
