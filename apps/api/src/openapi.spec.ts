/** Documents of api and the domains, put together. */
import type { Json, OpenApiDocument } from '#service';
import { merge } from './openapi.js';
import { docsPage } from './openapi-page.js';

const document = (paths: OpenApiDocument['paths'], schemas: Record<string, Json> = {}, tag = 'api'): OpenApiDocument => ({ openapi: '3.1.1', info: { title: tag, version: '1' }, tags: [{ name: tag }], paths, components: { schemas: { Problem: { type: 'object' }, ...schemas }, responses: {} } });
const get = (ref: string): Json => ({ tags: ['traffic'], summary: 'S <b>', 'x-nhip-role': 'viewer', parameters: [{ name: 'from', in: 'query', required: true, schema: { type: 'string', format: 'date-time' } }], responses: { 200: { description: 'D', content: { 'application/json': { schema: { $ref: `#/components/schemas/${ref}` } } } } } });

const own = document({ '/v1/session': { get: get('Person') } }, { Person: { type: 'object' }, Shared: { type: 'string' } });
const traffic = document({ '/v1/traffic/latest': { get: get('Shared') }, '/v1/other': { get: get('Shared') } }, { Shared: { type: 'number' }, Nested: { allOf: [{ $ref: '#/components/schemas/Shared' }] } }, 'traffic');
const merged = merge(own, new Map([['traffic', traffic]]), ['traffic', 'pollution']);

test('has the paths of all that lie below the domain, and names who is absent', () => {
  expect(Object.keys(merged.paths)).toEqual(['/v1/session', '/v1/traffic/latest']);
  expect(merged['x-nhip-absent']).toEqual(['pollution']);
  expect(merged.tags).toEqual([{ name: 'api' }, { name: 'traffic' }]);
});

test('a schema under a taken name gets another, and is referred to by it', () => {
  expect(merged.components.schemas).toEqual({ Problem: { type: 'object' }, Person: { type: 'object' }, Shared: { type: 'string' }, 'traffic.Shared': { type: 'number' }, Nested: { allOf: [{ $ref: '#/components/schemas/traffic.Shared' }] } });
  expect(merged.paths['/v1/traffic/latest']!['get']!['responses']).toMatchObject({ 200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/traffic.Shared' } } } }, 502: {}, 504: {} });
});

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(merged).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!);
  expect(references.filter((name) => !(name in merged.components.schemas))).toEqual([]);
  expect(references.length).toBeGreaterThan(2);
});

test('the page shows each route, as text', () => {
  const page = docsPage(merged);
  expect(page).toContain('/v1/traffic/latest');
  expect(page).toContain('S &lt;b&gt;');
  expect(page).not.toContain('S <b>');
  expect(page).not.toMatch(/<script|style=/);
});
