/** Every SQL statement with which people look at the registry: each person's part of it, in pages. */
import type { Asset, Device, Gateway } from '#contracts';
import type { Queryable, Transaction } from '#timeseries';

/** What everything here is asked for: the areas of who asks (none: the whole city), and where a page begins. */
export interface Look {
  readonly areas: readonly string[];
  readonly afterId: string;
  readonly limit: number;
}

const inside = (asset: string): string => `(cardinality($1::text[]) = 0 or ${asset} in (select registry.within_areas($1)))`;

const assetColumns = (geometry: boolean): string =>
  `a.id, a.kind, a.parent, a.name_vi as "nameVi", a.name_en as "nameEn", ${geometry ? 'a.geometry' : 'null as geometry'}, a.zone, a.road_class as "roadClass", a.lanes, a.length_m as "lengthM", a.free_flow_kmh as "freeFlowKmh", a.time_zone as "timeZone"`;

export interface AssetFilter extends Look {
  readonly kind: string | undefined;
  readonly parent: string | undefined;
  readonly zone: string | undefined;
  /** Part of a name or id. */
  readonly text: string | undefined;
  readonly geometry: boolean;
}

export function listAssets(db: Queryable, { areas, afterId, limit, kind, parent, zone, text, geometry }: AssetFilter): Promise<Asset[]> {
  return db.query<Asset>(
    `select ${assetColumns(geometry)} from registry.asset a
     where a.id > $2 and ($4::text is null or a.kind = $4) and ($5::text is null or a.parent = $5) and ($6::text is null or a.zone = $6)
       and ($7::text is null or strpos(lower(a.name_vi || ' ' || a.name_en || ' ' || a.id), lower($7)) > 0) and ${inside('a.id')}
     order by a.id limit $3`,
    [areas, afterId, limit, kind, parent, zone, text],
  );
}

export async function findAsset(db: Queryable, areas: readonly string[], id: string): Promise<Asset | null> {
  const [row] = await db.query<Asset>(`select ${assetColumns(true)} from registry.asset a where a.id = $2 and ${inside('a.id')}`, [areas, id]);
  return row ?? null;
}

export interface Branch {
  readonly id: string;
  readonly kind: string;
  readonly parent: string | undefined;
  readonly nameVi: string;
  readonly nameEn: string;
  readonly devices: number;
  readonly level: number;
}

/** An asset and what hangs below it by parent, level by level, each with the number of its own devices. */
export function listBelow(db: Queryable, id: string, levelsMax: number, limit: number): Promise<Branch[]> {
  return db.query<Branch>(
    `with recursive below (id, level) as (
       select a.id, 0 from registry.asset a where a.id = $1
       union all
       select a.id, b.level + 1 from below b join registry.asset a on a.parent = b.id where b.level < $2
     )
     select a.id, a.kind, a.parent, a.name_vi as "nameVi", a.name_en as "nameEn", (select count(*) from registry.device d where d.asset = a.id) as devices, b.level
     from below b join registry.asset a on a.id = b.id order by b.level, a.id limit $3`,
    [id, levelsMax, limit],
  );
}

/** A device or gateway as people see it, with the number of its secrets in force: 0, it cannot come in. */
export type WithSecrets<T> = T & { readonly secretsInForce: number };

const secretsOf = (id: string): string => `(select count(*) from registry.credential c where c.client_id = ${id} and c.revoked_at is null) as "secretsInForce"`;
const deviceColumns = `d.id, d.domain, d.asset, d.gateway, d.codec, d.replay, ${secretsOf('d.id')}`;

export interface DeviceFilter extends Look {
  readonly domain: string | undefined;
  readonly asset: string | undefined;
  readonly gateway: string | undefined;
}

export function listDevices(db: Queryable, { areas, afterId, limit, domain, asset, gateway }: DeviceFilter): Promise<WithSecrets<Device>[]> {
  return db.query<WithSecrets<Device>>(
    `select ${deviceColumns} from registry.device d
     where d.id > $2 and ($4::text is null or d.domain = $4) and ($5::text is null or d.asset = $5) and ($6::text is null or d.gateway = $6) and ${inside('d.asset')}
     order by d.id limit $3`,
    [areas, afterId, limit, domain, asset, gateway],
  );
}

export async function findDevice(db: Queryable, areas: readonly string[], id: string): Promise<WithSecrets<Device> | null> {
  const [row] = await db.query<WithSecrets<Device>>(`select ${deviceColumns} from registry.device d where d.id = $2 and ${inside('d.asset')}`, [areas, id]);
  return row ?? null;
}

const gatewayColumns = `g.id, g.name_vi as "nameVi", g.name_en as "nameEn", g.asset, ${secretsOf('g.id')}`;

/** One that stands nowhere is of the whole city. */
export function listGateways(db: Queryable, { areas, afterId, limit }: Look): Promise<WithSecrets<Gateway>[]> {
  return db.query<WithSecrets<Gateway>>(`select ${gatewayColumns} from registry.gateway g where g.id > $2 and ${inside('g.asset')} order by g.id limit $3`, [areas, afterId, limit]);
}

export async function findGateway(db: Queryable, areas: readonly string[], id: string): Promise<WithSecrets<Gateway> | null> {
  const [row] = await db.query<WithSecrets<Gateway>>(`select ${gatewayColumns} from registry.gateway g where g.id = $2 and ${inside('g.asset')}`, [areas, id]);
  return row ?? null;
}

/** One who changes the registry at a time: what was looked at still holds when it is written. */
export async function lockRegistry(transaction: Transaction): Promise<void> {
  await transaction.query('select n from registry.change for update');
}
