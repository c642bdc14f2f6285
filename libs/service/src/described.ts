/**
 * A route says once what it takes, who may call it and what it answers: from this follow the check of the caller's role,
 * the parsing of path, query and body, and the OpenAPI document (described-openapi.ts).
 *
 *   const lettersQuery = z.strictObject({ limit: limitField(1_000), device: z.string().max(64).optional() });
 *
 *   @Get('dead-letters')
 *   @Described({ summary: 'What could not be stored', role: 'operator', query: lettersQuery, answers: { 200: { description: 'Newest first', schema: z.array(letter) } } })
 *   letters(@Query() query: z.output<typeof lettersQuery>): Promise<unknown> { … }
 *
 * Handlers get from @Query, @Param and @Body what the schemas made; a wrong one is a 422 that names the field, before the
 * handler runs. 400, 401, 403, 406, 413, 415, 422, 429 and 5xx are documented by themselves; of `answers` are only what the
 * route itself answers (with the one 2xx as its status code) and the 404 or 409 that it throws. Schemas of answers describe
 * the JSON as it leaves: no transforms. A schema with `.meta({ id: 'Alarm' })` becomes a component of that name.
 */
import { complaintOf, complaintText } from '#contracts';
import { applyDecorators, HttpCode, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { type Principal, rememberCaller } from './principal.js';
import { problem } from './problem.js';

/** Each may do what the one before may. */
export const roles = ['viewer', 'operator', 'supervisor', 'admin'] as const;
export type Role = (typeof roles)[number];

export interface Answer {
  readonly description: string;
  /** Of the JSON body; none and no `content`: there is no body, or it is a problem where the status is 4xx or 5xx. */
  readonly schema?: z.ZodType;
  /** Bodies by content type, where there are others than JSON, or several: `{ 'text/csv': z.string() }`. */
  readonly content?: Readonly<Record<string, z.ZodType>>;
}

export interface Description {
  /** One line without a full stop. */
  readonly summary: string;
  /** What the summary leaves open; Markdown. */
  readonly description?: string;
  /** The lowest role that may call; `anyone` needs no principal. */
  readonly role: Role | 'anyone';
  readonly params?: z.ZodObject;
  /** Best a strictObject. Without it, a query is refused. */
  readonly query?: z.ZodObject;
  /** Of a JSON body. */
  readonly body?: z.ZodType;
  /** Content types of bodies that the handler reads from the request itself, each with a sentence on its form. */
  readonly rawBodies?: Readonly<Record<string, string>>;
  /** Headers that matter, by their names in lower case; documented and checked, read from the request. */
  readonly headers?: z.ZodObject;
  readonly answers: Readonly<Record<number, Answer>>;
  /** The group on the readable page; the service's name by default. */
  readonly tag?: string;
  /** Not in the document, and its query is left alone: pages, and what is forwarded. Its role is checked all the same. */
  readonly hidden?: boolean;
}

const key = 'nhip:described';

/** Describes a handler; see the head of this file. */
export function Described(description: Description): MethodDecorator {
  const good = Object.keys(description.answers).map(Number).filter((status) => status >= 200 && status < 300);
  return applyDecorators(SetMetadata(key, description), ...(good.length === 1 ? [HttpCode(good[0]!)] : []));
}

/** What @Described said of a handler. */
export function descriptionOf(handler: object): Description | undefined {
  return Reflect.getMetadata(key, handler) as Description | undefined;
}

export type Identify = (request: IncomingMessage & { originalUrl: string }) => Principal | Promise<Principal>;

/**
 * The one guard of a process: finds out who is calling (`identify` throws a 401), compares roles, and puts what the
 * schemas made of params, query and body where Nest takes them from. A route that is not described is a mistake of ours.
 */
export function routeGuard(identify: Identify): CanActivate {
  return {
    async canActivate(context: ExecutionContext): Promise<boolean> {
      if (context.getType() !== 'http') return true;
      const description = descriptionOf(context.getHandler());
      assert(description !== undefined, `${context.getClass().name}.${context.getHandler().name} is not described: it needs @Described`);
      const request = context.switchToHttp().getRequest<Asked>();
      if (description.role !== 'anyone') {
        const caller = await identify(request);
        if (!mayAct(caller, description.role)) throw problem(403, 'role', { detail: `expected the role ${roles.slice(roles.indexOf(description.role)).join(' or ')}` });
        rememberCaller(request, caller);
      }
      if (!description.hidden) check(description, request);
      return true;
    },
  };
}

/** Whether one of the caller's roles is `role` or above it. */
export function mayAct(caller: Pick<Principal, 'roles'>, role: Role): boolean {
  return roles.slice(roles.indexOf(role)).some((enough) => caller.roles.includes(enough));
}

type Asked = IncomingMessage & { originalUrl: string; params: unknown; query: unknown; body: unknown };

const none = z.strictObject({});

function check({ params, query, body, rawBodies, headers }: Description, request: Asked): void {
  if (params !== undefined) request.params = parsed(params, request.params);
  // Express has a getter for the query: an own property stands before it.
  Object.defineProperty(request, 'query', { value: parsed(query ?? none, request.query), configurable: true, enumerable: true, writable: true });
  if (headers !== undefined) parsed(headers, Object.fromEntries(Object.keys(headers.shape).flatMap((name) => (request.headers[name] === undefined ? [] : [[name, request.headers[name]]]))));
  const accepted = [...(body === undefined ? [] : ['application/json']), ...Object.keys(rawBodies ?? {})];
  if (accepted.length === 0) return;
  const given = contentType(request);
  if (given !== null && !accepted.includes(given)) throw problem(415, 'content-type', { detail: `expected a body of ${accepted.join(' or ')}, found ${given === '' ? 'none named' : given}` });
  if (body !== undefined && (given === null || given === 'application/json')) request.body = parsed(body, request.body);
}

/** Of the body, without parameters; null where there is no body. */
function contentType({ headers }: IncomingMessage): string | null {
  if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') return null;
  return (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

function parsed(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const complaint = complaintOf(result.error);
  throw problem(422, 'invalid', { detail: complaintText(complaint), field: complaint.field, expected: complaint.expected.replace(/^expected /, '') });
}
