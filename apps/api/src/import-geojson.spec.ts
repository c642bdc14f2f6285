/** Given features as maps export them, then assets, or which feature is wrong. */
import { assetsFromGeoJson } from './import-geojson.js';
import { sentence } from './import-row.js';

const limits = { rowsMax: 100, bytesMax: 1_000_000 };
const read = (value: unknown) => assetsFromGeoJson('m.geojson', Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), limits);
const collection = (...features: unknown[]) => ({ type: 'FeatureCollection', features });
const feature = (properties: unknown, geometry: unknown = null) => ({ type: 'Feature', properties, geometry });
const line = { type: 'LineString', coordinates: [[105, 21], [105, 21.001]] };

test('a way of OpenStreetMap is a segment with road class, lanes and length, and without a parent', () => {
  const { rows, problems } = read(collection(feature({ osm_id: 9656730, highway: 'primary', lanes: '1', maxspeed: '50', name: 'Cầu Chương Dương', 'name:en': 'Chuong Duong Bridge' }, line)));
  expect(problems).toEqual([]);
  // 0.001 degree of latitude on a sphere of 6,371,008.8 m: 6371008.8 · π / 180 / 1000 = 111.195 m.
  expect(rows[0]!.value).toEqual({ id: 'osm-way-9656730', kind: 'segment', parent: null, nameVi: 'Cầu Chương Dương', nameEn: 'Chuong Duong Bridge', geometry: line, zone: null, roadClass: 'arterial', lanes: 1, lengthM: 111.2, freeFlowKmh: null, timeZone: 'Asia/Ho_Chi_Minh' });
});

test.each([
  ['motorway', 'motorway'], ['motorway_link', 'motorway'], ['trunk', 'arterial'], ['primary', 'arterial'], ['secondary', 'street'], ['constructor', null], ['path', null],
])('highway %s → road class %s', (highway, roadClass) => {
  expect(read(collection(feature({ osm_id: 1, highway }, line))).rows[0]!.value.roadClass).toBe(roadClass);
});

test('a way without a name goes by its number, else says so; free text in lanes says nothing', () => {
  const values = read(collection(feature({ osm_id: 1, highway: 'trunk', ref: 'QL.5', lanes: '2;3' }, line), feature({ osm_id: 2, highway: 'trunk' }, line))).rows.map(({ value }) => value);
  expect(values.map(({ nameVi, nameEn, lanes }) => [nameVi, nameEn, lanes])).toEqual([['QL.5', 'QL.5', null], ['Đường chưa có tên', 'Unnamed road', null]]);
});

test('administrative units: wards are zones below the one province of the file', () => {
  const area = { type: 'Polygon', coordinates: [[[105, 21], [106, 21], [106, 22], [105, 21]]] };
  const unit = (code: string, level: string) => feature({ code, name: 'x', fullName: `Phường ${code}`, fullNameEn: `Ward ${code}`, _level: level, areaKm2: 1 }, area);
  const values = read(collection(unit('00004', 'ward'), unit('01', 'province'))).rows.map(({ value }) => value);
  expect(values.map(({ id, kind, parent, zone, nameVi, nameEn }) => ({ id, kind, parent, zone, nameVi, nameEn }))).toEqual([
    { id: 'vn-ward-00004', kind: 'zone', parent: 'vn-city-01', zone: 'vn-ward-00004', nameVi: 'Phường 00004', nameEn: 'Ward 00004' },
    { id: 'vn-city-01', kind: 'city', parent: null, zone: null, nameVi: 'Phường 01', nameEn: 'Ward 01' },
  ]);
});

test('our own properties, and heights that are left out', () => {
  const { rows } = read(collection(feature({ id: 'st-1', kind: 'station', nameVi: 'Trạm', nameEn: 'Station' }, { type: 'Point', coordinates: [105.8, 21, 12.5] })));
  expect(rows[0]!.value).toMatchObject({ id: 'st-1', geometry: { type: 'Point', coordinates: [105.8, 21] } });
});

test.each<[string, unknown, string]>([
  ['no JSON', '{', 'm.geojson, file: expected JSON'],
  ['null', 'null', 'm.geojson, file: expected a FeatureCollection'],
  ['another type', { type: 'Feature' }, 'm.geojson, file: expected a FeatureCollection'],
  ['a feature that is none', collection(7), 'm.geojson, feature 1, properties: expected the fields of an asset'],
  ['a road of another make', collection(feature({ name: 'A' }, line)), 'm.geojson, feature 1, properties: expected'],
  ['a field that assets do not have', collection(feature({ id: 'x', kind: 'segment', nameVi: 'A', nameEn: 'A', colour: 'red' })), 'm.geojson, feature 1: expected no field colour'],
  ['a line of one position', collection(feature({ osm_id: 1, highway: 'trunk' }, { type: 'LineString', coordinates: [[105, 21]] })), 'm.geojson, feature 1, geometry.coordinates: expected'],
  ['text where numbers belong', collection(feature({ osm_id: 1, highway: 'trunk' }, { type: 'Point', coordinates: ['105', '21'] })), 'm.geojson, feature 1, geometry.coordinates[0]: expected a number'],
  ['a number that is an object', collection(feature({ osm_id: {}, highway: 'trunk' }, line)), 'm.geojson, feature 1, id: expected 1–64 letters'],
  ['a lone surrogate in a name', `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"osm_id":1,"highway":"trunk","name":"\\ud800"},"geometry":null}]}`, 'm.geojson, feature 1, nameVi: expected text without control characters'],
  ['more features than allowed', collection(...Array.from({ length: 101 }, () => 1)), 'm.geojson, file: expected at most 100 features, found 101'],
])('%s', (_, file, expected) => {
  expect(read(file).problems.map(sentence)[0]).toContain(expected);
  expect(read(file).rows).toEqual([]);
});

test('brackets nested 100,000 deep end in a problem, not in the end of the process', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const text = `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"osm_id":1,"highway":"trunk"},"geometry":{"type":"LineString","coordinates":${deep}}}]}`;
  expect(read(text).problems[0]!.field).toMatch(/^geometry\.coordinates/);
});
