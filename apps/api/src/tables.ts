/** Every SQL statement of the registry's tables, as seen by the one who writes them. One round trip per batch. */
import type { Asset, DatedRow, Device, Gateway } from '#contracts';
import type { ClientKind } from '#service';
import type { Queryable, Transaction } from '#timeseries';

/** A row that was added or changed; those that were the same already do not come back. */
export interface Put {
  readonly id: string;
  readonly added: boolean;
}

/** More levels than a city has: what is deeper is taken for a circle. */
export const parentsMax = 32;

export function putAssets(db: Transaction, assets: readonly Asset[]): Promise<Put[]> {
  return db.query<Put>(
    `insert into registry.asset as a (id, kind, parent, name_vi, name_en, geometry, zone, road_class, lanes, length_m, free_flow_kmh, time_zone)
     select id, kind, parent, "nameVi", "nameEn", geometry, zone, "roadClass", lanes, "lengthM", "freeFlowKmh", "timeZone"
     from jsonb_to_recordset($1::jsonb) as given (id text, kind text, parent text, "nameVi" text, "nameEn" text, geometry jsonb, zone text, "roadClass" text,
       lanes smallint, "lengthM" double precision, "freeFlowKmh" double precision, "timeZone" text)
     on conflict (id) do update set kind = excluded.kind, parent = excluded.parent, name_vi = excluded.name_vi, name_en = excluded.name_en, geometry = excluded.geometry,
       zone = excluded.zone, road_class = excluded.road_class, lanes = excluded.lanes, length_m = excluded.length_m, free_flow_kmh = excluded.free_flow_kmh, time_zone = excluded.time_zone
     where (a.kind, a.parent, a.name_vi, a.name_en, a.geometry, a.zone, a.road_class, a.lanes, a.length_m, a.free_flow_kmh, a.time_zone) is distinct from
       (excluded.kind, excluded.parent, excluded.name_vi, excluded.name_en, excluded.geometry, excluded.zone, excluded.road_class, excluded.lanes, excluded.length_m, excluded.free_flow_kmh, excluded.time_zone)
     returning id, xmax = 0 as added`,
    // JSON null would become a jsonb 'null', which is not SQL's null.
    [JSON.stringify(assets.map(({ geometry, ...asset }) => (geometry === null ? asset : { ...asset, geometry })))],
  );
}

export function putGateways(db: Transaction, gateways: readonly Gateway[]): Promise<Put[]> {
  return db.query<Put>(
    `insert into registry.gateway as g (id, name_vi, name_en, asset)
     select id, "nameVi", "nameEn", asset from jsonb_to_recordset($1::jsonb) as given (id text, "nameVi" text, "nameEn" text, asset text)
     on conflict (id) do update set name_vi = excluded.name_vi, name_en = excluded.name_en, asset = excluded.asset
     where (g.name_vi, g.name_en, g.asset) is distinct from (excluded.name_vi, excluded.name_en, excluded.asset)
     returning id, xmax = 0 as added`,
    [JSON.stringify(gateways)],
  );
}

export function putDevices(db: Transaction, devices: readonly Device[]): Promise<Put[]> {
  return db.query<Put>(
    `insert into registry.device as d (id, domain, asset, gateway, codec, replay)
     select id, domain, asset, gateway, codec, replay from jsonb_to_recordset($1::jsonb) as given (id text, domain text, asset text, gateway text, codec text, replay boolean)
     on conflict (id) do update set domain = excluded.domain, asset = excluded.asset, gateway = excluded.gateway, codec = excluded.codec, replay = excluded.replay
     where (d.domain, d.asset, d.gateway, d.codec, d.replay) is distinct from (excluded.domain, excluded.asset, excluded.gateway, excluded.codec, excluded.replay)
     returning id, xmax = 0 as added`,
    [JSON.stringify(devices)],
  );
}

type Named = 'asset' | 'gateway' | 'device';

/** Those of the ids that the table has. */
export async function known(db: Queryable, table: Named, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  return (await db.query<{ id: string }>(`select id from registry.${table} where id = any($1)`, [ids])).map(({ id }) => id);
}

/** Those of the ids that the table does not have. */
export async function unknown(db: Queryable, table: Named, ids: readonly string[]): Promise<string[]> {
  const there = new Set(await known(db, table, ids));
  return [...new Set(ids)].filter((id) => !there.has(id));
}

/** One parent that does not exist and one asset that stands above itself, among these, if any. */
export async function brokenParents(db: Transaction, ids: readonly string[]): Promise<{ unknown: { id: string; parent: string } | null; circle: string | null }> {
  const [orphan] = await db.query<{ id: string; parent: string }>(
    'select a.id, a.parent from registry.asset a where a.id = any($1) and a.parent is not null and not exists (select from registry.asset p where p.id = a.parent) limit 1',
    [ids],
  );
  const [circle] = await db.query<{ start: string }>(
    `with recursive up (start, at, level) as (
       select id, parent, 1 from registry.asset where id = any($1) and parent is not null
       union all
       select up.start, a.parent, up.level + 1 from up join registry.asset a on a.id = up.at where a.parent is not null and up.level <= $2
     )
     select start from up where level > $2 limit 1`,
    [ids, parentsMax],
  );
  return { unknown: orphan ?? null, circle: circle?.start ?? null };
}

export async function addCredentials(db: Transaction, kind: ClientKind, clients: readonly string[], hashes: readonly Buffer[]): Promise<void> {
  await db.query(
    `insert into registry.credential (client_id, kind, slot, secret_sha256)
     select given.client, $1, case when exists (select from registry.credential c where c.client_id = given.client and c.revoked_at is null and c.slot = 1) then 2 else 1 end, given.hash
     from unnest($2::text[], $3::bytea[]) as given (client, hash)`,
    [kind, clients, hashes],
  );
}

/** Those who hold a credential, or never had one; with `readmit` the revoked too. */
export async function clientsToRotate(db: Transaction, clients: readonly string[], readmit: boolean): Promise<string[]> {
  if (readmit) return [...clients];
  const rows = await db.query<{ client: string }>(
    `select given.client from unnest($1::text[]) as given (client)
     where exists (select from registry.credential c where c.client_id = given.client and c.revoked_at is null)
        or not exists (select from registry.credential c where c.client_id = given.client)`,
    [clients],
  );
  return rows.map(({ client }) => client);
}

export async function endAllButNewest(db: Transaction, clients: readonly string[]): Promise<void> {
  await db.query(
    `update registry.credential c set revoked_at = now()
     where c.client_id = any($1) and c.revoked_at is null
       and exists (select from registry.credential newer where newer.client_id = c.client_id and newer.revoked_at is null and newer.id > c.id)`,
    [clients],
  );
}

/** How many credentials were ended; null when nobody has that name. */
export async function revokeCredentials(db: Transaction, client: string, old: boolean): Promise<number | null> {
  const [there] = await db.query('select from registry.device where id = $1 union all select from registry.gateway where id = $1', [client]);
  if (there === undefined) return null;
  const ended = await db.query(
    `update registry.credential c set revoked_at = now()
     where c.client_id = $1 and c.revoked_at is null
       and (not $2 or exists (select from registry.credential newer where newer.client_id = c.client_id and newer.revoked_at is null and newer.id > c.id))
     returning 1`,
    [client, old],
  );
  return ended.length;
}

/** Those who have had credentials and now have none. */
export async function revokedClients(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ client: string }>('select client_id as client from registry.credential group by client_id having bool_and(revoked_at is not null)');
  return rows.map(({ client }) => client);
}

/** Parents of all assets, and the names of all gateways and devices: what an import is checked against. */
export async function everyName(db: Queryable): Promise<{ parents: Map<string, string | null>; gateways: Set<string>; devices: Set<string> }> {
  const parents = await db.query<{ id: string; parent: string | null }>('select id, parent from registry.asset');
  const gateways = await db.query<{ id: string }>('select id from registry.gateway');
  const devices = await db.query<{ id: string }>('select id from registry.device');
  return { parents: new Map(parents.map(({ id, parent }) => [id, parent])), gateways: new Set(gateways.map(({ id }) => id)), devices: new Set(devices.map(({ id }) => id)) };
}

/** Zones with a geometry: the areas in which other assets may lie. */
export function zoneAreas(db: Queryable): Promise<{ id: string; geometry: NonNullable<Asset['geometry']> }[]> {
  return db.query("select id, geometry from registry.asset where kind = 'zone' and geometry is not null");
}

/** Adds the rows whose id is absent. A row that overlaps what people have put in its place is left out too. */
export async function seedDatedRows(db: Transaction, rows: readonly DatedRow[]): Promise<string[]> {
  const added = await db.query<{ id: string }>(
    `insert into registry.dated_row (id, kind, key, legal_basis, article, valid_from, valid_to, value, unit, source, verified_by)
     select id, kind, key, "legalBasis", article, "validFrom", "validTo", value, unit, source, "verifiedBy"
     from jsonb_to_recordset($1::jsonb) as given (id text, kind text, key text, "legalBasis" text, article text, "validFrom" timestamptz, "validTo" timestamptz,
       value jsonb, unit text, source text, "verifiedBy" text)
     on conflict do nothing
     returning id`,
    [JSON.stringify(rows)],
  );
  return added.map(({ id }) => id);
}
