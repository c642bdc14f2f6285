/**
 * The OpenAPI 3.1 document of a process, made of what @Described says of its handlers (described.ts).
 *
 *   imports: [openApiModule({ service: 'traffic', title: 'Traffic', controllers })]     serves GET /openapi.json
 *
 * JSON Schema comes from zod: of what is sent to us in its form before parsing, of answers in their form as they leave,
 * where objects hold nothing that is not named. `x-nhip-role` is the lowest role that may call.
 */
import { Controller, Get, Header, RequestMethod, type DynamicModule, type Type } from '@nestjs/common';
import assert from 'node:assert/strict';
import { z } from 'zod';
import { Described, descriptionOf, roles, type Answer, type Description } from './described.js';

export type Json = Record<string, unknown>;

export interface OpenApiDocument {
  readonly openapi: '3.1.1';
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  /** Path → method in lower case → operation. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly responses: Readonly<Record<string, Json>>; readonly [kind: string]: unknown };
}

export interface OpenApiOptions {
  /** Name of the process; the tag of routes that name none. */
  readonly service: string;
  readonly title: string;
  readonly description?: string;
  readonly controllers: readonly Type<unknown>[];
}

export interface DescribedRoute {
  /** Upper case; `ALL` for every one. */
  readonly method: string;
  /** As OpenAPI writes it: `/v1/traffic/dead-letters/{id}`. */
  readonly path: string;
  readonly description: Description;
}

/** Every route of these controllers, in their order. Fails on a handler without @Described. */
export function describedRoutes(controllers: readonly Type<unknown>[]): DescribedRoute[] {
  return controllers.flatMap((controller) => {
    const bases = [Reflect.getMetadata('path', controller) as string | string[]].flat();
    return handlersOf(controller).flatMap((handler) => {
      const description = descriptionOf(handler);
      assert(description !== undefined, `${controller.name}.${handler.name} is not described: it needs @Described`);
      const paths = [Reflect.getMetadata('path', handler) as string | string[]].flat();
      const method = RequestMethod[Reflect.getMetadata('method', handler) as RequestMethod];
      return bases.flatMap((base) => paths.map((path) => ({ method, path: openPath(base, path), description })));
    });
  });
}

export function openApiOf({ service, title, description, controllers }: OpenApiOptions): OpenApiDocument {
  const schemas: Record<string, Json> = { Problem: jsonSchema(problemSchema, 'output', {}) };
  const paths: Record<string, Record<string, Json>> = {};
  const tags = new Set<string>();
  for (const route of describedRoutes(controllers)) {
    if (route.description.hidden) continue;
    const tag = route.description.tag ?? service;
    tags.add(tag);
    const at = (paths[route.path] ??= {});
    const method = route.method.toLowerCase();
    assert(at[method] === undefined, `two handlers for ${route.method} ${route.path}`);
    at[method] = operation(route, tag, schemas);
  }
  return {
    openapi: '3.1.1',
    info: { title, version: '1', ...(description === undefined ? {} : { description }) },
    tags: [...tags].map((name) => ({ name })),
    paths,
    components: { schemas, responses: Object.fromEntries(Object.entries(commonProblems).map(([status, text]) => [`Problem${status}`, status === '431' ? { description: text } : problemResponse(text)])) },
  };
}

/** Serves the document, for the list of imports; whoever reaches the port may read it. */
export function openApiModule(options: OpenApiOptions): DynamicModule {
  const text = JSON.stringify(openApiOf(options));

  @Controller()
  class OpenApiRoutes {
    @Get('openapi.json')
    @Header('content-type', 'application/json; charset=utf-8')
    @Described({ summary: 'This document', role: 'anyone', hidden: true, answers: { 200: { description: 'OpenAPI 3.1' } } })
    document(): string {
      return text;
    }
  }
  class OpenApiModule {}
  return { module: OpenApiModule, controllers: [OpenApiRoutes] };
}

const problemSchema = z.object({
  type: z.string().describe('urn:nhip:problem:<name>, or about:blank where the status says it all'),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string().optional(),
  field: z.string().describe('Path of the field to blame, with dots').optional(),
  expected: z.string().describe('What it should have been').optional(),
  retryAfterS: z.number().describe('When to ask again').optional(),
});

const commonProblems: Readonly<Record<number, string>> = {
  400: 'The request itself is malformed: its path, or its JSON',
  401: 'Nobody is signed in, or no longer',
  403: 'The role or the areas of the caller do not allow it',
  404: 'There is no such thing',
  405: 'There is no such method here; the header Allow names those that are',
  406: 'None of the content types asked for can be given',
  409: 'It contradicts what is already there',
  413: 'The body is too large',
  415: 'The body is of another content type than expected',
  422: 'A field is wrong: `field` names it, `expected` says what it should be',
  429: 'Too many requests; Retry-After says when to come again',
  431: 'The path with its query, or a header, is too long; this answer has no body',
  500: 'A mistake of ours; it is in our log',
  502: 'The process behind this route is not reachable',
  503: 'Something that this needs is not available now; try again',
  504: 'The process behind this route did not answer in time',
};

/** Statuses that every route may answer, or every route that takes what this one takes. */
function problemsOf({ role, params, body, rawBodies }: Description): number[] {
  const takesBody = body !== undefined || rawBodies !== undefined;
  return [400, ...(role === 'anyone' ? [] : [401, 403]), ...(params === undefined ? [] : [404]), ...(takesBody ? [413, 415] : []), 422, 429, 431, 500, 503];
}

function operation({ method, path, description }: DescribedRoute, tag: string, schemas: Record<string, Json>): Json {
  const { summary, role, params, query, headers, body, rawBodies, answers } = description;
  const who = role === 'anyone' ? 'Anyone may call this.' : `For the role ${roles.slice(roles.indexOf(role)).join(', ')}.`;
  const responses = Object.fromEntries([
    ...problemsOf(description).map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]),
    ...Object.entries(answers).map(([status, answer]) => [status, response(Number(status), answer, schemas)]),
  ]);
  const content = {
    ...(body === undefined ? {} : { 'application/json': { schema: jsonSchema(body, 'input', schemas) } }),
    ...Object.fromEntries(Object.entries(rawBodies ?? {}).map(([type, text]) => [type, { schema: { type: 'string', description: text } }])),
  };
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[^A-Za-z0-9]+/g, '_').replace(/_$/, '')}`,
    tags: [tag],
    summary,
    description: description.description === undefined ? who : `${description.description}\n\n${who}`,
    'x-nhip-role': role,
    ...(role === 'anyone' ? { security: [] } : {}),
    parameters: [...parameters('path', params, schemas), ...parameters('query', query, schemas), ...parameters('header', headers, schemas)],
    ...(Object.keys(content).length === 0 ? {} : { requestBody: { required: body === undefined || !body.safeParse(undefined).success, content } }),
    responses,
  };
}

function parameters(where: 'path' | 'query' | 'header', schema: z.ZodObject | undefined, schemas: Record<string, Json>): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input', schemas) as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, { description, example, ...rest }]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    ...(example === undefined ? {} : { example }),
    schema: rest,
  }));
}

function response(status: number, { description, schema, content }: Answer, schemas: Record<string, Json>): Json {
  if (status >= 400 && schema === undefined && content === undefined) return problemResponse(description);
  const bodies = { ...(schema === undefined ? {} : { 'application/json': schema }), ...content };
  if (Object.keys(bodies).length === 0) return { description };
  return { description, content: Object.fromEntries(Object.entries(bodies).map(([type, of]) => [type, { schema: jsonSchema(of, 'output', schemas) }])) };
}

function problemResponse(description: string): Json {
  return { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
}

/** JSON Schema of a zod schema; what has an id is put among `schemas` and referred to. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output', schemas: Record<string, Json>): Json {
  const { $schema: _, $defs = {}, ...made } = z.toJSONSchema(schema, {
    io,
    override({ jsonSchema: of }) {
      // The pattern says nothing that the format does not, and is long.
      if (of.format === 'date-time') delete of.pattern;
      // Programs that read the document do not always know classes of Unicode, or items by their place.
      if (of.prefixItems !== undefined) {
        of.items = { anyOf: of.prefixItems as z.core.JSONSchema.JSONSchema[] };
        Object.assign(of, { minItems: of.prefixItems.length, maxItems: of.prefixItems.length });
        delete of.prefixItems;
      }
      if (of.pattern !== undefined) of.pattern = of.pattern.replaceAll('\\p{Cc}', '\\u0000-\\u001f\\u007f-\\u009f').replaceAll('\\p{Cs}', '');
    },
  }) as Json & { $defs?: Record<string, Json> };
  for (const [name, of] of Object.entries($defs)) {
    const { id: __, ...component } = referring(of) as Json;
    assert(schemas[name] === undefined || JSON.stringify(schemas[name]) === JSON.stringify(component), `two schemas have the id ${name}`);
    schemas[name] = component;
  }
  return referring(made) as Json;
}

function referring(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referring);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, key === '$ref' && typeof of === 'string' ? of.replace('#/$defs/', '#/components/schemas/') : referring(of)]));
}

type Handler = (...args: never[]) => unknown;

function handlersOf(controller: Type<unknown>): Handler[] {
  const found: Handler[] = [];
  const seen = new Set<string>();
  for (let prototype = controller.prototype as object | null; prototype !== null && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype) as object | null) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (typeof value === 'function' && Reflect.hasMetadata('method', value) && Reflect.hasMetadata('path', value)) found.push(value as Handler);
    }
  }
  return found;
}

/** `v1/traffic` and `dead-letters/:id` → `/v1/traffic/dead-letters/{id}`. */
function openPath(base: string, path: string): string {
  const parts = [...base.split('/'), ...path.split('/')].filter((part) => part !== '');
  return `/${parts.map((part) => (part.startsWith(':') ? `{${part.slice(1)}}` : part)).join('/')}`;
}

