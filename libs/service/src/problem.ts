/**
 * Errors of HTTP, mapped in one place to problem JSON (RFC 9457): `type, title, status, detail` and, where a field is
 * to blame, `field` and `expected`. What is our own fault is logged in full and answered with no more than its kind.
 */
import { complaintOf, complaintText, Rejected, Unavailable } from '#contracts';
import { HttpException, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { Logger } from './log.js';

export interface Problem {
  /** `urn:nhip:problem:<name>`, or `about:blank` when the status says it all. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** Path of the field to blame, with dots: `value.windows.0.of`. */
  readonly field?: string;
  readonly expected?: string;
  /** When to ask again; also in the header Retry-After. */
  readonly retryAfterS?: number;
}

/** An error that a handler throws on purpose: `throw problem(422, 'invalid', { field, expected })`. */
export function problem(status: number, name: string, facts: { detail?: string; field?: string; expected?: string; retryAfterS?: number } = {}): HttpException {
  const body: Problem = { type: `urn:nhip:problem:${name}`, title: STATUS_CODES[status] ?? 'Error', status, ...facts };
  const exception = new HttpException(body, status);
  // Commands print the message of what they catch.
  exception.message = facts.detail ?? (facts.field === undefined ? name : `${facts.field}: expected ${facts.expected ?? 'something else'}`);
  return exception;
}

/** The problem that an error is to the caller. */
export function problemOf(error: unknown): Problem {
  if (error instanceof HttpException) {
    const body = error.getResponse();
    if (typeof body === 'object' && 'type' in body && 'status' in body) return body as Problem;
    return error.getStatus() === 413 ? tooLarge(error) : plain(error.getStatus(), error.message);
  }
  if (error instanceof z.ZodError) return fromSchema(error);
  if (error instanceof Rejected) return { ...plain(422, error.details), type: `urn:nhip:problem:${error.reason}` };
  if (error instanceof Unavailable) return { ...plain(503, `${error.dependency} is not available now; try again`), type: 'urn:nhip:problem:unavailable' };
  return plain(500);
}

/** Writes a problem as the whole answer; for handlers that stream and so go past the filter. */
export function answerProblem(response: ServerResponse, answer: Problem): void {
  const body = JSON.stringify(answer);
  response.writeHead(answer.status, {
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(answer.retryAfterS !== undefined || answer.status === 503 ? { 'retry-after': String(answer.retryAfterS ?? 5) } : {}),
    // RFC 9110 §15.5.2; a door with a way of its own has said so before.
    ...(answer.status === 401 && !response.hasHeader('www-authenticate') ? { 'www-authenticate': 'Bearer' } : {}),
  });
  response.end(body);
}

export function problemFilter(log: Logger): ExceptionFilter {
  return {
    catch(error: unknown, host: ArgumentsHost): void {
      const http = host.switchToHttp();
      const response = http.getResponse<ServerResponse>();
      const answer = error instanceof NotFoundException ? otherMethods(error, http.getRequest(), response) : problemOf(error);
      if (answer.status >= 500 && !(error instanceof HttpException) && !(error instanceof Unavailable)) log.error({ error }, 'request failed');
      if (response.headersSent) response.destroy();
      else answerProblem(response, answer);
    },
  };
}

/** 405 where Nest finds no route but the path has some under other methods; a 404 that a handler threw stays one. */
function otherMethods(error: NotFoundException, request: IncomingMessage & { path: string; app: { router: { stack: readonly Layer[] } } }, response: ServerResponse): Problem {
  const routes = request.app.router.stack.filter((layer) => layer.route !== undefined && layer.match(request.path));
  const methods = [...new Set(routes.flatMap(({ route }) => Object.keys(route!.methods)))].map((method) => method.toUpperCase());
  if (methods.length === 0 || methods.includes(request.method ?? '')) return problemOf(error);
  response.setHeader('allow', [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', '));
  return problemOf(problem(405, 'method', { detail: `expected ${methods.join(' or ')}` }));
}

/** As Express keeps its routes. */
interface Layer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

function plain(status: number, detail?: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, ...(detail === undefined ? {} : { detail }) };
}

/** From the body parser, whose errors Nest wraps. */
function tooLarge(error: HttpException): Problem {
  const { limit } = (error.cause ?? {}) as { limit?: number };
  return { ...plain(413, limit === undefined ? error.message : `the body is longer than ${limit} bytes`), type: 'urn:nhip:problem:too-large' };
}

function fromSchema(error: z.ZodError): Problem {
  const complaint = complaintOf(error);
  return { ...plain(422, complaintText(complaint)), type: 'urn:nhip:problem:invalid', field: complaint.field, expected: complaint.expected.replace(/^expected /, '') };
}
