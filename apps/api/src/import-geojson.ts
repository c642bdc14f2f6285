/**
 * Reads assets from GeoJSON (RFC 7946). Three kinds of features are understood, by their properties:
 *
 * - our own: the fields of an asset (`id, kind, nameVi, nameEn …`);
 * - ways of OpenStreetMap (`osm_id, highway`): segments. No parent: the root asset chooses the Kafka partition, and one
 *   root for all streets would put the city into one partition; the ward stands in `zone`;
 * - Vietnamese administrative units (`code, fullName, fullNameEn, _level`): the city, and its wards as zones below it.
 */
import { asset, type Asset, type roadClasses } from '#contracts';
import { isUtf8 } from 'node:buffer';
import { lengthM } from './geometry.js';
import { checkRow, type FileLimits, type FileRows, type Row, type RowProblem } from './import-row.js';

type Properties = Readonly<Record<string, unknown>>;

export function assetsFromGeoJson(file: string, bytes: Buffer, { rowsMax, bytesMax }: FileLimits): FileRows<Asset> {
  const whole = (expected: string): FileRows<Asset> => ({ rows: [], problems: [{ file, at: 'file', field: '', expected }] });
  if (bytes.length > bytesMax) return whole(`expected at most ${bytesMax} bytes`);
  if (!isUtf8(bytes)) return whole('expected text in UTF-8');
  let collection: { type?: unknown; features?: unknown } | null;
  try {
    collection = JSON.parse(bytes.toString().replace(/^\uFEFF/, '')) as typeof collection;
  } catch {
    return whole('expected JSON');
  }
  if (collection?.type !== 'FeatureCollection' || !Array.isArray(collection.features)) return whole('expected a FeatureCollection with features');
  const features = collection.features as unknown[];
  if (features.length > rowsMax) return whole(`expected at most ${rowsMax} features, found ${features.length}`);

  const city = features.map(propertiesOf).filter((properties) => properties !== null && isUnit(properties) && properties['_level'] === 'province');
  const parent = city.length === 1 ? unitId(city[0]!) : null;
  const rows: Row<Asset>[] = [];
  const problems: RowProblem[] = [];
  for (const [index, feature] of features.entries()) {
    const place = { file, at: `feature ${index + 1}` };
    const raw = rawOf(feature, parent);
    if (raw === null) {
      problems.push({ ...place, field: 'properties', expected: 'expected the fields of an asset, a way of OpenStreetMap (osm_id, highway) or an administrative unit (code, fullName, _level)' });
      continue;
    }
    const checked = checkRow(asset, raw, place);
    if ('row' in checked) rows.push({ place, value: withLength(checked.row.value) });
    else problems.push(...checked.problems);
  }
  return { rows, problems };
}

function rawOf(feature: unknown, city: string | null): object | null {
  const properties = propertiesOf(feature);
  if (properties === null) return null;
  const geometry = flat((feature as { geometry?: unknown }).geometry ?? null);
  if (properties['osm_id'] !== undefined && properties['highway'] !== undefined) return { ...segmentOf(properties), geometry };
  if (isUnit(properties)) return { ...zoneOf(properties, city), geometry };
  if (properties['kind'] !== undefined) return { ...properties, geometry };
  return null;
}

/** The tag `highway` of OpenStreetMap → the road class by which dated rows are chosen. */
const roadClassOf: Readonly<Record<string, (typeof roadClasses)[number]>> = { motorway: 'motorway', trunk: 'arterial', primary: 'arterial', secondary: 'street', tertiary: 'street', residential: 'street', unclassified: 'street', living_street: 'street', service: 'street' };

/** `maxspeed` is not taken for the speed of free flow: it is what is allowed, not what is driven. */
function segmentOf(properties: Properties): object {
  const highway = String(properties['highway']).replace(/_link$/, '');
  const name = properties['name:vi'] ?? properties['name'] ?? properties['ref'];
  const lanes = String(properties['lanes'] ?? '');
  return {
    id: `osm-way-${String(properties['osm_id'])}`,
    kind: 'segment',
    nameVi: name ?? 'Đường chưa có tên',
    nameEn: properties['name:en'] ?? name ?? 'Unnamed road',
    roadClass: Object.hasOwn(roadClassOf, highway) ? roadClassOf[highway] : null,
    // Tags are free text: what is no plain number ("2;3") says nothing.
    lanes: /^([1-9]|[12]\d|3[0-2])$/.test(lanes) ? Number(lanes) : null,
  };
}

function isUnit(properties: Properties): boolean {
  return properties['code'] !== undefined && properties['fullName'] !== undefined && properties['_level'] !== undefined;
}

function unitId(properties: Properties): string {
  return `vn-${properties['_level'] === 'province' ? 'city' : 'ward'}-${String(properties['code'])}`;
}

function zoneOf(properties: Properties, city: string | null): object {
  const isCity = properties['_level'] === 'province';
  const id = unitId(properties);
  return { id, kind: isCity ? 'city' : 'zone', parent: isCity ? null : city, nameVi: properties['fullName'], nameEn: properties['fullNameEn'] ?? properties['fullName'], zone: isCity ? null : id };
}

function propertiesOf(feature: unknown): Properties | null {
  const { type, properties } = (typeof feature === 'object' && feature !== null ? feature : {}) as { type?: unknown; properties?: unknown };
  return type === 'Feature' && typeof properties === 'object' && properties !== null && !Array.isArray(properties) ? (properties as Properties) : null;
}

/** Without heights, which a position may carry as its third number. */
function flat(geometry: unknown): unknown {
  if (typeof geometry !== 'object' || geometry === null || Array.isArray(geometry)) return geometry;
  const { type, coordinates } = geometry as { type?: unknown; coordinates?: unknown };
  const without = (at: unknown, level: number): unknown => {
    if (!Array.isArray(at) || level > 4) return at;
    return typeof at[0] === 'number' ? at.slice(0, 2) : at.map((inner) => without(inner, level + 1));
  };
  return { type, coordinates: without(coordinates, 1) };
}

/** To the decimetre; none for what is shorter. */
function withLength(value: Asset): Asset {
  if (value.lengthM !== null || value.geometry === null || value.kind !== 'segment') return value;
  const metres = Math.round((lengthM(value.geometry) ?? 0) * 10) / 10;
  return metres > 0 && metres <= 100_000 ? { ...value, lengthM: metres } : value;
}
