/** Writes what is to be registered as the files that `npm run import` takes: GeoJSON and CSV with the contracts' fields. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Asset, Device, Gateway } from '#contracts';

export interface RegistrationFiles {
  readonly assets: string;
  readonly devices: string;
  /** Null where there are none. */
  readonly gateways: string | null;
}

export async function writeRegistration(folder: string, { assets, devices, gateways }: { assets: readonly Asset[]; devices: readonly Device[]; gateways: readonly Gateway[] }): Promise<RegistrationFiles> {
  const files = { assets: join(folder, 'assets.geojson'), devices: join(folder, 'devices.csv'), gateways: gateways.length === 0 ? null : join(folder, 'gateways.csv') };
  await mkdir(folder, { recursive: true });
  await writeFile(files.assets, geoJson(assets));
  await writeFile(files.devices, csv(['id', 'domain', 'asset', 'gateway', 'codec', 'replay'], devices));
  if (files.gateways !== null) await writeFile(files.gateways, csv(['id', 'nameVi', 'nameEn', 'asset'], gateways));
  return files;
}

/** RFC 7946; what is null is left out. */
export function geoJson(assets: readonly Asset[]): string {
  const features = assets.map(({ geometry, ...rest }) => ({ type: 'Feature', id: rest.id, properties: Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)), geometry }));
  return `{"type":"FeatureCollection","features":[\n${features.map((feature) => JSON.stringify(feature)).join(',\n')}\n]}\n`;
}

/** RFC 4180; null is an empty field. */
export function csv<K extends string>(columns: readonly K[], rows: readonly Readonly<Record<K, string | number | boolean | null>>[]): string {
  const field = (value: string | number | boolean | null): string => (value === null ? '' : /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  return [columns.join(','), ...rows.map((row) => columns.map((column) => field(row[column])).join(',')), ''].join('\r\n');
}
