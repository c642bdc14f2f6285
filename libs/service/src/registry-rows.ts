/**
 * How the registry is read from the database: whole, or only what changed since a number.
 *
 * Every statement that changes the registry first takes the next number from `registry.change` and holds it until its
 * commit, so numbers become visible in order: whoever has seen number n has seen all rows marked up to n.
 */
import type { Database, Transaction } from '#timeseries';
import { RegistryMemory, rowKinds, type RowKind, type RowsByKind } from './registry-memory.js';

/** Where the registry stands. */
export interface ChangeNumber {
  /** Made with the database: the number of another database means nothing here. */
  readonly identity: string;
  readonly n: number;
  /** Something was deleted at this number; whoever knows less must read all. */
  readonly reloadFrom: number;
}

const columns: Record<RowKind, { readonly from: string; readonly select: string }> = {
  asset: {
    from: 'registry.asset',
    select: 'id, kind, parent, name_vi as "nameVi", name_en as "nameEn", zone, road_class as "roadClass", lanes, length_m as "lengthM", free_flow_kmh as "freeFlowKmh", time_zone as "timeZone"',
  },
  gateway: { from: 'registry.gateway', select: 'id' },
  device: { from: 'registry.device', select: 'id, domain, asset, gateway, codec, replay' },
  credential: { from: 'registry.credential', select: `id, client_id as client, kind, encode(secret_sha256, 'base64') as hash, revoked_at is not null as revoked` },
  datedRow: {
    from: 'registry.dated_row',
    select: `id, kind, key, legal_basis as "legalBasis", article, value, unit, source, verified_by as "verifiedBy",
      to_char(valid_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "validFrom", to_char(valid_to at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "validTo"`,
  },
};

const changeQuery = 'select identity, n, reload_from as "reloadFrom" from registry.change';

/** So many rows at a time: a page takes a few ms, between two of which the process does its work. */
const pageRows = 2_000;

export async function readChange(db: Pick<Database, 'query'>): Promise<ChangeNumber> {
  const [row] = await db.query<ChangeNumber>(changeQuery);
  if (row === undefined) throw new Error('registry.change has no row: the registry was not migrated properly');
  return row;
}

/** Reads all, into a memory of its own. */
export function readAll(db: Database): Promise<{ memory: RegistryMemory; at: ChangeNumber }> {
  return inSnapshot(db, async (transaction) => {
    const memory = new RegistryMemory();
    for (const kind of rowKinds) {
      // Ended credentials are history: of interest only to those who knew them.
      await readPages(transaction, kind, kind === 'credential' ? 'where revoked_at is null' : '', (rows) => memory.apply(kind, rows));
      if (kind === 'asset') memory.settle();
    }
    return { memory, at: await readChange(transaction) };
  });
}

/** Adds to a memory what changed after `since`; returns where it stands now, and how many rows came. */
export function readChanges(db: Database, memory: RegistryMemory, since: number): Promise<{ at: ChangeNumber; rows: number }> {
  return inSnapshot(db, async (transaction) => {
    let count = 0;
    for (const kind of rowKinds) {
      const before = count;
      await readPages(transaction, kind, `where changed > ${since}`, (rows) => {
        memory.apply(kind, rows);
        count += rows.length;
      });
      if (kind === 'asset' && count > before) memory.settle();
    }
    return { at: await readChange(transaction), rows: count };
  });
}

/** All tables as of one moment. */
function inSnapshot<T>(db: Database, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  return db.transaction(async (transaction) => {
    await transaction.query('set transaction isolation level repeatable read, read only');
    return work(transaction);
  });
}

async function readPages<K extends RowKind>(transaction: Transaction, kind: K, where: string, take: (rows: RowsByKind[K][]) => void): Promise<void> {
  const { from, select } = columns[kind];
  await transaction.query(`declare pages no scroll cursor for select ${select} from ${from} ${where}`);
  for (;;) {
    const rows = await transaction.query<RowsByKind[K]>(`fetch ${pageRows} from pages`);
    take(rows);
    if (rows.length < pageRows) break;
  }
  await transaction.query('close pages');
}
