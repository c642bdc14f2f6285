/**
 * The registry as a process remembers it: plain maps, fed with rows that were read or changed. No input or output.
 *
 * The root of an asset is its topmost parent. A circle of parents has no top: there the smallest id stands for it, so
 * that every process names the same one.
 */
import type { Asset, DatedRow, Device } from '#contracts';

/** Without its geometry, which is large and which no process needs while it runs. */
export interface KnownAsset extends Omit<Asset, 'geometry'> {
  readonly rootAsset: string;
}

export interface KnownDevice extends Device {
  readonly rootAsset: string;
}

export type ClientKind = 'device' | 'gateway';

export interface Client {
  readonly kind: ClientKind;
  /** SHA-256 of the secrets in force: one, or two while a secret is being changed. Empty: revoked. */
  readonly secretHashes: readonly Buffer[];
}

export interface CredentialRow {
  readonly id: number;
  readonly client: string;
  readonly kind: ClientKind;
  /** base64 of the SHA-256. */
  readonly hash: string;
  readonly revoked: boolean;
}

/** What the registry table of that name yields, column by column. */
export interface RowsByKind {
  asset: Omit<Asset, 'geometry'>;
  gateway: { readonly id: string };
  device: Device;
  credential: CredentialRow;
  datedRow: DatedRow;
}
export type RowKind = keyof RowsByKind;
/** In this order a row never comes before what it refers to. */
export const rowKinds = ['asset', 'gateway', 'device', 'credential', 'datedRow'] as const satisfies readonly RowKind[];

const noRows: readonly DatedRow[] = [];
const noDevices: ReadonlySet<string> = new Set();

export class RegistryMemory {
  private readonly assets = new Map<string, KnownAsset>();
  private readonly gateways = new Set<string>();
  private readonly devices = new Map<string, KnownDevice>();
  private readonly behind = new Map<string, Set<string>>();
  private readonly credentials = new Map<string, readonly Credential[]>();
  private readonly datedRows = new Map<string, DatedRow>();
  private rowsByKind: Map<string, DatedRow[]> | null = null;
  private readonly codecs = new Map<string, string>();

  asset(id: string): KnownAsset | undefined {
    return this.assets.get(id);
  }

  device(id: string): KnownDevice | undefined {
    return this.devices.get(id);
  }

  /** A credential without its device or gateway opens nothing: whoever was deleted is out. */
  client(id: string): Client | undefined {
    const kind = this.devices.has(id) ? 'device' : this.gateways.has(id) ? 'gateway' : null;
    return kind === null ? undefined : { kind, secretHashes: this.credentials.get(id)?.map(({ hash }) => hash) ?? [] };
  }

  devicesBehind(gateway: string): ReadonlySet<string> {
    return this.behind.get(gateway) ?? noDevices;
  }

  /** Rows of one kind, by key and then by the day from which they hold. */
  rows(kind: string): readonly DatedRow[] {
    this.rowsByKind ??= groupRows(this.datedRows.values());
    return this.rowsByKind.get(kind) ?? noRows;
  }

  get counts(): { assets: number; gateways: number; devices: number; clients: number; datedRows: number } {
    return { assets: this.assets.size, gateways: this.gateways.size, devices: this.devices.size, clients: this.credentials.size, datedRows: this.datedRows.size };
  }

  /** Takes new and changed rows of one kind. After assets, roots are right again with the next `settle`. */
  apply<K extends RowKind>(kind: K, rows: readonly RowsByKind[K][]): void {
    for (const row of rows) this.appliers[kind](row);
  }

  /** To be called when assets were applied, since one parent can move every device below it; best before devices come. */
  settle(): void {
    const roots = rootsOf(this.assets);
    for (const [id, asset] of this.assets) {
      const rootAsset = roots.get(id)!;
      if (asset.rootAsset !== rootAsset) this.assets.set(id, { ...asset, rootAsset });
    }
    for (const [id, device] of this.devices) {
      const rootAsset = roots.get(device.asset) ?? device.asset;
      if (device.rootAsset !== rootAsset) this.devices.set(id, { ...device, rootAsset });
    }
  }

  /** All rows, for the snapshot. */
  *everything(): Generator<readonly [RowKind, RowsByKind[RowKind]]> {
    for (const { rootAsset: _, ...row } of this.assets.values()) yield ['asset', row];
    for (const id of this.gateways) yield ['gateway', { id }];
    for (const { rootAsset: _, ...row } of this.devices.values()) yield ['device', row];
    for (const [client, hashes] of this.credentials) {
      const kind = this.gateways.has(client) ? 'gateway' : 'device';
      for (const { id, hash } of hashes) yield ['credential', { id, client, kind, hash: hash.toString('base64'), revoked: false }];
    }
    for (const row of this.datedRows.values()) yield ['datedRow', row];
  }

  private readonly appliers: { [K in RowKind]: (row: RowsByKind[K]) => void } = {
    asset: (row) => void this.assets.set(row.id, { ...row, rootAsset: this.assets.get(row.id)?.rootAsset ?? row.id }),
    gateway: ({ id }) => void this.gateways.add(id),
    device: (row) => this.applyDevice(row),
    credential: (row) => this.applyCredential(row),
    datedRow: (row) => {
      this.datedRows.set(row.id, row);
      this.rowsByKind = null;
    },
  };

  private applyDevice(row: Device): void {
    const before = this.devices.get(row.id);
    if (before !== undefined && before.gateway !== null && before.gateway !== row.gateway) this.behind.get(before.gateway)?.delete(row.id);
    if (row.gateway !== null) {
      const devices = this.behind.get(row.gateway);
      if (devices === undefined) this.behind.set(row.gateway, new Set([row.id]));
      else devices.add(row.id);
    }
    // 100,000 devices share a few codecs and the names of their assets: one copy of each text.
    const asset = this.assets.get(row.asset);
    this.devices.set(row.id, { ...row, codec: this.sharedCodec(row.codec), asset: asset?.id ?? row.asset, rootAsset: asset?.rootAsset ?? row.asset });
  }

  private applyCredential({ id, client, hash, revoked }: CredentialRow): void {
    const others = this.credentials.get(client)?.filter((known) => known.id !== id) ?? [];
    if (!revoked) this.credentials.set(client, [...others, { id, hash: Buffer.from(hash, 'base64') }]);
    else if (others.length > 0) this.credentials.set(client, others);
    else this.credentials.delete(client);
  }

  private sharedCodec(name: string): string {
    const known = this.codecs.get(name);
    if (known === undefined && this.codecs.size < 1_000) this.codecs.set(name, name);
    return known ?? name;
  }
}

interface Credential {
  readonly id: number;
  readonly hash: Buffer;
}

/** The topmost parent of each asset. */
export function rootsOf(assets: ReadonlyMap<string, { readonly parent: string | null }>): Map<string, string> {
  const roots = new Map<string, string>();
  for (const [start, { parent: above }] of assets) {
    if (above === null) {
      roots.set(start, start);
      continue;
    }
    const path = new Set<string>();
    let at = start;
    // Upwards until the top, a known root, or a place where we have been.
    for (;;) {
      if (roots.has(at) || path.has(at)) break;
      path.add(at);
      const parent = assets.get(at)?.parent ?? null;
      if (parent === null || !assets.has(parent)) {
        roots.set(at, at);
        break;
      }
      at = parent;
    }
    const root = roots.get(at) ?? smallestFrom([...path], at);
    for (const id of path) roots.set(id, root);
  }
  return roots;
}

/** The smallest id of the circle that begins where the path was met again. */
function smallestFrom(path: readonly string[], met: string): string {
  return path.slice(path.indexOf(met)).reduce((least, id) => (id < least ? id : least));
}

function groupRows(rows: Iterable<DatedRow>): Map<string, DatedRow[]> {
  const groups = new Map<string, DatedRow[]>();
  for (const row of rows) {
    const group = groups.get(row.kind);
    if (group === undefined) groups.set(row.kind, [row]);
    else group.push(row);
  }
  for (const group of groups.values()) group.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : Date.parse(a.validFrom) - Date.parse(b.validFrom)));
  return groups;
}
