/**
 * Who is calling, told by api to the private ports of domains (one header, signed).
 *
 * The signature covers method, path with query, person, roles, areas and the end of its 30 s, so that what is taken
 * from one call opens no other. Both sides hold INTERNAL_SECRET.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { problem } from './problem.js';

const principal = z.object({ person: z.string().min(1), roles: z.array(z.string()), areas: z.array(z.string()) });
export type Principal = z.infer<typeof principal>;

/** A call as both ends see it; `path` as in the request line, with its query. */
export interface Call {
  readonly method: string;
  readonly path: string;
}

export const principalHeader = 'nhip-principal';
export const principalLifeMs = 30_000;

const signed = principal.extend({ method: z.string(), path: z.string(), expiresAtMs: z.number() });

/** The header's value for one call. */
export function signPrincipal(secret: string, caller: Principal, { method, path }: Call, nowMs: number): string {
  const claim: z.infer<typeof signed> = { ...caller, method, path, expiresAtMs: nowMs + principalLifeMs };
  const body = Buffer.from(JSON.stringify(claim)).toString('base64url');
  return `${body}.${signature(secret, body)}`;
}

/** The principal, or in a few words why the header is refused. */
export function checkPrincipal(secret: string, header: string, { method, path }: Call, nowMs: number): Principal | string {
  const [body = '', given = ''] = header.split('.', 2);
  const right = Buffer.from(signature(secret, body));
  const other = Buffer.from(given);
  if (right.length !== other.length || !timingSafeEqual(right, other)) return 'its signature is wrong';
  const claim = signed.parse(JSON.parse(Buffer.from(body, 'base64url').toString()));
  if (claim.method !== method || claim.path !== path) return 'it was made for another call';
  if (claim.expiresAtMs <= nowMs) return 'it has expired';
  if (claim.expiresAtMs > nowMs + 2 * principalLifeMs) return 'it lies in the future: compare the clocks of both machines';
  return { person: claim.person, roles: claim.roles, areas: claim.areas };
}

/** Who is calling a private port, by the signed header; for `routeGuard`. Handlers ask `principalOf(request)`. */
export function signedPrincipal(secret: string): (request: IncomingMessage & { originalUrl: string }) => Principal {
  return (request) => {
    const header = request.headers[principalHeader];
    if (typeof header !== 'string') throw problem(401, 'principal', { detail: `this port is for api alone: the header ${principalHeader} is missing` });
    const caller = checkPrincipal(secret, header, { method: request.method ?? '', path: request.originalUrl }, Date.now());
    if (typeof caller === 'string') throw problem(401, 'principal', { detail: `the header ${principalHeader} is refused: ${caller}` });
    return caller;
  };
}

/** For guards: from now on, `principalOf` this request is `caller`. */
export function rememberCaller(request: IncomingMessage, caller: Principal): void {
  callers.set(request, caller);
}

export function principalOf(request: IncomingMessage): Principal {
  const caller = callers.get(request);
  if (caller === undefined) throw problem(401, 'principal', { detail: 'nobody is known to be calling' });
  return caller;
}

const callers = new WeakMap<IncomingMessage, Principal>();

function signature(secret: string, body: string): string {
  return createHmac('sha256', secret).update(body).digest('base64url');
}
