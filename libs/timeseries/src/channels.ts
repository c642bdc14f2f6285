/**
 * Devices' channels and publishers as numbers: made on first use, at most 64 channels per device by a constraint.
 *
 * They are made outside the round's transaction, in one of their own: a number that no row uses yet harms nobody, and a
 * round that is rolled back must not take numbers away that are already remembered.
 */
import { channelsPerDeviceMax } from '#contracts';
import type { Arrival } from './arrival.js';
import type { Database, Transaction } from './database.js';
import type { ReadingTable } from './reading-table.js';

export interface ChannelState {
  readonly id: number;
  /** The newest reading that the channel has, −∞ for none. */
  lastAtMs: number;
  /** Indexes of this round's new readings. */
  readonly fresh: number[];
}

export interface Channels {
  /** By `<device>` or `<device>/<channel>`. */
  readonly channelIds: ReadonlyMap<string, number>;
  readonly refused: ReadonlyMap<unknown, string>;
}

// Numbers are for ever, so what was once read stays true for the life of the process; by schema, bounded by the registry's devices.
const knownChannels = new Map<Database, Map<string, number>>();
const knownPublishers = new Map<Database, Map<string, number>>();

export async function resolveChannels<O>(db: Database, schema: string, arrivals: readonly Arrival<O>[]): Promise<Channels> {
  const known = remembered(knownChannels, db);
  const refused = new Map<Arrival<O>, string>();
  const missing = new Map<string, { device: string; channel: string }>();
  for (const { device, channel } of arrivals) {
    const key = channelKey(device, channel);
    if (!known.has(key)) missing.set(key, { device, channel });
  }
  if (missing.size > 0) {
    await makeChannels(db, schema, [...missing.values()], known);
    for (const arrival of arrivals) {
      if (!known.has(channelKey(arrival.device, arrival.channel))) refused.set(arrival, `channel: expected at most ${channelsPerDeviceMax} channels for one device, this would be one more: ${arrival.channel}`);
    }
  }
  return { channelIds: known, refused };
}

async function makeChannels(db: Database, schema: string, wanted: readonly { device: string; channel: string }[], known: Map<string, number>): Promise<void> {
  const devices = wanted.map(({ device }) => device);
  const channels = wanted.map(({ channel }) => channel);
  await db.transaction(async ({ query }) => {
    // One at a time: two processes that number a device's channels at once would take the same ordinal.
    await query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`channel:${schema}`]);
    await query(
      `insert into ${schema}.channel (device, channel, ordinal)
       select device, channel, ordinal from (
         select w.device, w.channel, (select count(*) from ${schema}.channel c where c.device = w.device) + row_number() over (partition by w.device order by w.n) - 1 as ordinal
           from unnest($1::text[], $2::text[]) with ordinality as w (device, channel, n)
          where not exists (select 1 from ${schema}.channel c where c.device = w.device and c.channel = w.channel)) as numbered
        where ordinal < ${channelsPerDeviceMax}`,
      [devices, channels],
    );
  });
  const rows = await db.query(`select c.id, c.device, c.channel from ${schema}.channel c join unnest($1::text[], $2::text[]) as w (device, channel) using (device, channel)`, [devices, channels]);
  for (const row of rows) known.set(channelKey(row['device'], row['channel']), row['id']);
}

export async function publisherIds<O>(db: Database, schema: string, arrivals: readonly Arrival<O>[]): Promise<ReadonlyMap<string, number>> {
  const known = remembered(knownPublishers, db);
  const missing = new Set<string>();
  for (const { publisher } of arrivals) if (publisher !== '' && !known.has(publisher)) missing.add(publisher);
  if (missing.size === 0) return known;
  await db.query(`insert into ${schema}.publisher (name) select unnest($1::text[]) on conflict do nothing`, [[...missing]]);
  for (const row of await db.query(`select id, name from ${schema}.publisher where name = any($1)`, [[...missing]])) known.set(row['name'], row['id']);
  return known;
}

/** Fills in the newest reading that each channel has; an index scan per channel, from its newest chunk backwards. */
export async function loadLastTimes<O>({ query }: Transaction, table: ReadingTable<O>, states: readonly ChannelState[]): Promise<void> {
  const byId = new Map(states.map((state) => [state.id, state]));
  const rows = await query(
    `select c.id, (extract(epoch from r.observed_at) * 1000)::float8 as last_ms
       from unnest($1::int[]) as c (id)
       cross join lateral (select observed_at from ${table.schema}.${table.name} where channel_id = c.id order by observed_at desc limit 1) r`,
    [[...byId.keys()]],
  );
  for (const row of rows) byId.get(row['id'])!.lastAtMs = Math.round(row['last_ms']);
}

export function channelKey(device: string, channel: string): string {
  return channel === '' ? device : `${device}/${channel}`;
}

function remembered(all: Map<Database, Map<string, number>>, db: Database): Map<string, number> {
  let known = all.get(db);
  if (known === undefined) all.set(db, (known = new Map()));
  return known;
}
