/**
 * Who is calling: a person by the session of their browser, or a program by the token that a person gave it.
 *
 * Asked of the database for every request, so that whoever is signed out, put off or revoked is out with the next one.
 * A browser sends its cookie by itself, so a change by cookie must also show that our page asked for it.
 */
import { mayAct, problem, roles, type Logger, type Principal, type Role } from '#service';
import type { Database } from '#timeseries';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { addressOf } from './address.js';
import { csrfHeader, isCsrfOf, isFromOurPage, sessionSecretIn } from './cookie.js';
import { Pace, type PaceLimits } from './pace.js';
import { findSession, findToken, noteSessionSeen, noteTokenUsed, type KnownCaller } from './tables.js';

export interface CallerOptions {
  readonly db: Database;
  readonly log: Logger;
  /** A session that nobody used for so long has ended. */
  readonly sessionIdleMinutes: number;
  /** As people open us; null: under the name that each request calls us by. With https the cookie is for https alone. */
  readonly publicUrl: URL | null;
  /** How many proxies of ours stand before us. */
  readonly proxies: number;
  /** For each person, and each token. */
  readonly pace: PaceLimits;
  /** For each address, of requests that name nobody. */
  readonly strangersPace: PaceLimits;
}

export interface Caller {
  readonly principal: Principal;
  readonly role: Role;
  readonly name: string;
  readonly expiresAt: Date;
  readonly mustChangePassword: boolean;
  /** How they show who they are; a session's secret is in its cookie. */
  readonly by: { readonly session: number; readonly secret: string } | { readonly token: number };
}

export interface Callers {
  /** For `routeGuard`: throws 401 when nobody is known, 403 when the change was not asked for by our page, 429 when it is too much. */
  identify(request: Asked): Promise<Principal>;
  /** Whether who was let in with this request would be so still: for streams, which outlive many things. */
  stillIn(request: IncomingMessage): Promise<boolean>;
  /** Throws 429 when this address asks too much without saying who it is. */
  admitStranger(request: IncomingMessage): void;
  addressOf(request: IncomingMessage): string;
  readonly secureCookies: boolean;
  readonly publicUrl: URL | null;
}

type Asked = IncomingMessage & { originalUrl: string };

const known = new WeakMap<IncomingMessage, Caller>();
const noteEveryS = 60;
/** What can be done before a password that somebody else knows is changed. */
const ownSession = /^\/v1\/session(?:\/password)?(?:\?|$)/;

/** Of a request that `identify` let in. */
export function callerOf(request: IncomingMessage): Caller {
  const caller = known.get(request);
  if (caller === undefined) throw problem(401, 'sign-in', { detail: 'nobody is known to be calling' });
  return caller;
}

export function createCallers({ db, log, sessionIdleMinutes, publicUrl, proxies, pace, strangersPace }: CallerOptions): Callers {
  const paces = new Pace(pace);
  const strangers = new Pace(strangersPace);
  const secure = publicUrl?.protocol === 'https:';
  const from = (request: IncomingMessage): string => addressOf(request, proxies);

  function admitStranger(request: IncomingMessage): void {
    keepPace(strangers.take(from(request), Date.now()));
  }

  async function find(request: IncomingMessage): Promise<Caller | string> {
    const authorization = request.headers.authorization;
    if (authorization !== undefined) {
      const secret = /^bearer +([A-Za-z0-9_-]{1,200})$/i.exec(authorization)?.[1];
      if (secret === undefined) return 'expected "Authorization: Bearer" and a token';
      const found = await findToken(db, sha256(secret));
      return found === null ? 'this token is unknown, has expired or was revoked' : asCaller(found, { token: found.id });
    }
    const secret = sessionSecretIn(request, secure);
    if (secret === null) return 'sign in first: POST /v1/session, or send "Authorization: Bearer" and a token';
    const found = await findSession(db, sha256(secret), sessionIdleMinutes);
    return found === null ? 'this session has ended; sign in again' : asCaller(found, { session: found.id, secret });
  }

  function asCaller(found: KnownCaller, by: Caller['by']): Caller {
    if (found.unseenS > noteEveryS) {
      const noted = 'token' in by ? noteTokenUsed(db, found.id) : noteSessionSeen(db, found.id);
      noted.catch((error: unknown) => log.warn({ error }, 'use of a session or token not noted'));
    }
    const role = roles.indexOf(found.role) <= roles.indexOf(found.ownRole) ? found.role : found.ownRole;
    const principal = { person: found.person, roles: [role], areas: [...found.areas] };
    return { principal, role, name: found.name, expiresAt: found.expiresAt, mustChangePassword: found.mustChangePassword, by };
  }

  return {
    secureCookies: secure,
    publicUrl,
    admitStranger,
    addressOf: from,
    async identify(request) {
      const caller = await find(request);
      if (typeof caller === 'string') {
        if (hasCredentials(request, secure)) admitStranger(request); // Who has none was counted at the door.
        throw problem(401, 'sign-in', { detail: caller });
      }
      keepPace(paces.take('token' in caller.by ? `token ${caller.by.token}` : caller.principal.person, Date.now()));
      if ('secret' in caller.by && !isSafe(request)) needOurPage(request, caller.by.secret, publicUrl);
      if (caller.mustChangePassword && !ownSession.test(request.originalUrl)) throw problem(403, 'change-password', { detail: 'change the password that was given to you first: POST /v1/session/password' });
      known.set(request, caller);
      return caller.principal;
    },
    async stillIn(request) {
      const before = known.get(request);
      const now = await find(request);
      return before !== undefined && typeof now !== 'string' && now.principal.person === before.principal.person && mayAct(now.principal, before.role) && now.principal.areas.join() === before.principal.areas.join();
    },
  };
}

export function hasCredentials(request: IncomingMessage, secure: boolean): boolean {
  return request.headers.authorization !== undefined || sessionSecretIn(request, secure) !== null;
}

export function sha256(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function isSafe({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

function needOurPage(request: IncomingMessage, secret: string, publicUrl: URL | null): void {
  if (!isFromOurPage(request, publicUrl)) throw problem(403, 'other-site', { detail: 'a change with a session must come from our own page' });
  const given = request.headers[csrfHeader];
  if (typeof given !== 'string' || !isCsrfOf(secret, given)) throw problem(403, 'csrf', { field: csrfHeader, expected: `the header ${csrfHeader} with the value "csrf" of GET /v1/session` });
}

function keepPace(waitS: number): void {
  if (waitS > 0) throw problem(429, 'too-fast', { detail: `too many requests; try again in ${waitS} s`, retryAfterS: waitS });
}
