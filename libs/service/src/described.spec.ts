/** What @Described says, as a document. The checks of calls: test/service.int.spec.ts, over real sockets. */
import { Controller, Get, Post } from '@nestjs/common';
import { z } from 'zod';
import { Described, mayAct } from './described.js';
import { describedRoutes, openApiOf } from './described-openapi.js';
import { instantField, limitField, listField, yesField } from './query-fields.js';

const letter = z.object({ id: z.int(), reason: z.string() }).meta({ id: 'Letter' });
const done = { 200: { description: 'Done' } };

@Controller('v1/lamps')
class Lamps {
  @Get()
  @Described({
    summary: 'Lamps',
    role: 'viewer',
    query: z.strictObject({ limit: limitField(1_000), from: instantField().optional(), device: listField(z.string().max(64), 10), all: yesField() }),
    answers: { 200: { description: 'Newest first', schema: z.array(letter), content: { 'text/csv': z.string() } } },
  })
  list(): void {}

  @Post(':id/replay')
  @Described({ summary: 'Replay', role: 'operator', params: z.strictObject({ id: z.coerce.number().int().positive() }), body: z.strictObject({ reason: z.string().optional() }).optional(), answers: { 200: { description: 'Replayed', schema: letter }, 409: { description: 'Was replayed before' } } })
  replay(): void {}

  @Get('page')
  @Described({ summary: 'A page', role: 'anyone', hidden: true, answers: done })
  page(): void {}
}

const document = openApiOf({ service: 'lamps', title: 'Lamps', controllers: [Lamps] });

test('paths are written as OpenAPI writes them, hidden routes are left out', () => {
  expect(Object.entries(document.paths).map(([path, methods]) => [path, Object.keys(methods)])).toEqual([
    ['/v1/lamps', ['get']],
    ['/v1/lamps/{id}/replay', ['post']],
  ]);
  expect(describedRoutes([Lamps]).map(({ method, path, description }) => [method, path, description.role])).toEqual([
    ['GET', '/v1/lamps', 'viewer'],
    ['POST', '/v1/lamps/{id}/replay', 'operator'],
    ['GET', '/v1/lamps/page', 'anyone'],
  ]);
});

test('fields of a query are parameters, as they are sent', () => {
  expect(document.paths['/v1/lamps']!['get']!['parameters']).toEqual([
    { name: 'limit', in: 'query', required: false, description: 'Rows at most', schema: { type: 'integer', minimum: 1, maximum: 1_000, default: 100 } },
    { name: 'from', in: 'query', required: false, example: '2026-11-22T07:00:00Z', schema: { type: 'string', maxLength: 40, format: 'date-time' } },
    { name: 'device', in: 'query', required: true, schema: { type: 'array', items: { type: 'string', maxLength: 64 }, minItems: 1, maxItems: 10 } },
    { name: 'all', in: 'query', required: false, schema: { type: 'string', enum: ['true', 'false'], default: 'false' } },
  ]);
});

test('answers, the problems that follow from what a route takes, and its role', () => {
  const { get } = document.paths['/v1/lamps']!;
  expect(get).toMatchObject({ operationId: 'get_v1_lamps', tags: ['lamps'], 'x-nhip-role': 'viewer' });
  const responses = (operation: Record<string, unknown> | undefined): string[] => Object.keys(operation!['responses'] as object);
  expect(responses(get)).toEqual(['200', '400', '401', '403', '422', '429', '431', '500', '503']);
  expect(get!['responses']).toMatchObject({ 200: { content: { 'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Letter' } } }, 'text/csv': { schema: { type: 'string' } } } } });
  const post = document.paths['/v1/lamps/{id}/replay']!['post']!;
  expect(responses(post)).toEqual(['200', '400', '401', '403', '404', '409', '413', '415', '422', '429', '431', '500', '503']);
  expect(post).toMatchObject({ requestBody: { required: false }, responses: { 404: { $ref: '#/components/responses/Problem404' }, 409: { description: 'Was replayed before', content: { 'application/problem+json': {} } } } });
  expect(document.components.schemas['Letter']).toEqual({ type: 'object', properties: { id: expect.anything(), reason: { type: 'string' } }, required: ['id', 'reason'], additionalProperties: false });
});

test('a handler that is not described is named', () => {
  @Controller('v1/doors')
  class Doors {
    @Get('open')
    open(): void {}
  }
  expect(() => describedRoutes([Doors])).toThrow('Doors.open is not described');
});

test.each<[string[], 'viewer' | 'operator' | 'admin', boolean]>([
  [['viewer'], 'viewer', true],
  [['viewer'], 'operator', false],
  [['supervisor'], 'operator', true],
  [['supervisor'], 'admin', false],
  [['admin'], 'viewer', true],
  [[], 'viewer', false],
  [['janitor'], 'viewer', false],
])('%j may do what a %s may: %s', (has, needed, may) => {
  expect(mayAct({ roles: has }, needed)).toBe(may);
});
