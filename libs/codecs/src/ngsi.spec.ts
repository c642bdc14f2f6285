import { Rejected } from '#contracts';
import { decodeNgsi } from './ngsi.js';

const decode = (message: unknown): unknown[] => {
  const bytes = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
  return decodeNgsi(bytes, 0, bytes.length).map((element) => (element instanceof Rejected ? element.message : element));
};
const entity = (attributes: object): object => ({ id: 'urn:ngsi-ld:Thing:1', type: 'Thing', ...attributes });
const value = (name: string, of: unknown, rest: object = {}): object => ({ name, value: of, unit: null, atMs: null, ...rest });
const atMs = Date.UTC(2026, 10, 22, 7);

describe('one attribute in every form', () => {
  test.each([
    ['key-values', { speed: 42 }, value('speed', 42)],
    ['NGSI-v2', { speed: { type: 'Number', value: 42, metadata: {} } }, value('speed', 42)],
    ['NGSI-v2 with unit and time', { speed: { type: 'Number', value: 42, metadata: { unitCode: { type: 'Text', value: 'KMH' }, TimeInstant: { type: 'DateTime', value: '2026-11-22T07:00:00Z' } } } }, value('speed', 42, { unit: 'KMH', atMs })],
    ['NGSI-v2 with a unit that has no type', { speed: { type: 'Number', value: 42, metadata: { unitCode: { value: 'KMH' } } } }, value('speed', 42, { unit: 'KMH' })],
    ['NGSI-LD', { speed: { type: 'Property', value: 42, unitCode: 'KMH', observedAt: '2026-11-22T14:00:00+07:00' } }, value('speed', 42, { unit: 'KMH', atMs })],
    ['concise NGSI-LD', { speed: { value: 42 } }, value('speed', 42)],
    ['a time without zone is UTC', { speed: { value: 42, observedAt: '2026-11-22T07:00:00' } }, value('speed', 42, { atMs })],
    ['a relationship', { road: { type: 'Relationship', object: 'urn:ngsi-ld:Road:7' } }, value('road', 'urn:ngsi-ld:Road:7')],
    ['a typed value', { at: { type: 'Property', value: { '@type': 'DateTime', '@value': '2026-11-22T07:00:00Z' } } }, value('at', '2026-11-22T07:00:00Z')],
    ['a typed value among key-values', { at: { '@type': 'DateTime', '@value': '2026-11-22T07:00:00Z' } }, value('at', '2026-11-22T07:00:00Z')],
    ['a name written out', { 'https://smartdatamodels.org/dataModel.Transportation/speed': 42 }, value('speed', 42)],
    ['a compact name', { 'transport:speed': 42 }, value('speed', 42)],
    ['of several instances the default one', { speed: [{ type: 'Property', value: 1, datasetId: 'urn:a' }, { type: 'Property', value: 2 }] }, value('speed', 2)],
    ['a list of one', { speed: [42] }, value('speed', 42)],
    ['null', { speed: null }, value('speed', null)],
    ["NGSI-LD's null", { speed: { type: 'Property', value: 'urn:ngsi-ld:null' } }, value('speed', null)],
    ['a text', { lane: 'forward' }, value('lane', 'forward')],
  ])('%s', (_, attributes, expected) => {
    expect(decode(entity(attributes))).toEqual([{ device: null, type: 'Thing', values: [expected] }]);
  });

  test('what is structured is no value', () => {
    const structured = { address: { city: 'Hà Nội' }, place: { type: 'GeoProperty', value: { type: 'Point', coordinates: [105.8, 21] } }, list: [1, 2], inner: { a: 1 }, '@context': ['https://example.org'] };
    expect(decode(entity(structured))).toEqual([{ device: null, type: 'Thing', values: [] }]);
  });
});

describe('what stands around entities', () => {
  const [a, b] = [entity({ x: 1 }), entity({ x: 2 })];
  const both = [1, 2].map((x) => ({ device: null, type: 'Thing', values: [value('x', x)] }));
  const feature = { id: 'f', type: 'Feature', geometry: {}, properties: { type: 'Thing', x: { type: 'Property', value: 1 } } };
  test.each([
    ['a list', [a, b], both],
    ['a notification of NGSI-v2', { subscriptionId: '5aeb', data: [a, b] }, both],
    ['a notification of NGSI-LD', { id: 'urn:n', type: 'Notification', subscriptionId: 'urn:s', notifiedAt: '2026-11-22T07:00:00Z', data: [a, b] }, both],
    ['a feature', feature, [both[0]]],
    ['a notification with a collection of features', { id: 'urn:n', type: 'Notification', data: { type: 'FeatureCollection', features: [feature] } }, [both[0]]],
    ['types written out, or in a list', { ...a, type: ['https://smartdatamodels.org/Thing'] }, [both[0]]],
    ['JSON-LD keywords', { '@id': 'urn:x', '@type': 'Thing', x: 1 }, [both[0]]],
  ])('%s', (_, message, expected) => {
    expect(decode(message)).toEqual(expected);
  });

  test('the device that an entity names', () => {
    expect(decode(entity({ refDevice: { type: 'Relationship', object: 'urn:ngsi-ld:Device:loop-1' } }))).toMatchObject([{ device: 'urn:ngsi-ld:Device:loop-1' }]);
    expect(decode(entity({ refDevice: ['loop-1'] }))).toMatchObject([{ device: 'loop-1' }]);
  });
});

test('what is wrong names its place', () => {
  expect(decode({ subscriptionId: 's', data: [entity({ x: 1 }), 7, { id: 'x' }, entity({ x: { value: 1, observedAt: 'soon' } }), { type: '' }] })).toEqual([
    expect.objectContaining({ type: 'Thing' }),
    'invalid: data[1]: expected an entity, an object',
    'invalid: data[2].type: expected the type of the entity, a text',
    'invalid: data[3].x: observedAt: expected a time such as 2026-11-22T07:00:00Z',
    'invalid: data[4].type: expected the type of the entity, a text',
  ]);
  expect(decode([1, 2])).toEqual(['invalid: [0]: expected an entity, an object', 'invalid: [1]: expected an entity, an object']);
  expect(() => decode({ subscriptionId: 's', data: [] })).toThrow('undecodable: data: expected at least one entity');
  expect(() => decode('{"id":')).toThrow('undecodable: byte 6');
  expect(() => decode({ subscriptionId: 's', data: Array(5_001).fill(7) })).toThrow('too-large: expected at most 5000 entities');
  expect(() => decode([entity(Object.fromEntries(Array.from({ length: 20_001 }, (_, n) => [`a${n}`, n])))])).toThrow('too-large');
});

test('names that objects inherit are names like any other', () => {
  expect(decode('{"type":"Thing","__proto__":{"value":1},"constructor":2}')).toEqual([{ device: null, type: 'Thing', values: [value('__proto__', 1), value('constructor', 2)] }]);
});
