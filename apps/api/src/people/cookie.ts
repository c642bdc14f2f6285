/**
 * The session's cookie, and the proof that a change was asked for by our own page.
 *
 * The cookie is out of reach for scripts (HttpOnly) and for other sites (SameSite=Strict). A change needs, beside it, a
 * header that only a page which has read `/v1/session` can send: it is derived from the cookie's secret, so nothing need
 * be kept for it, and no other session's serves.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Behind HTTPS the name itself makes the browser refuse it from anywhere but this host (RFC 6265bis, 4.1.3.2). */
const cookieName = (secure: boolean): string => (secure ? '__Host-nhip' : 'nhip');

export function sessionSecretIn(request: IncomingMessage, secure: boolean): string | null {
  const start = `${cookieName(secure)}=`;
  const found = (request.headers.cookie ?? '').split(';').map((part) => part.trim()).find((part) => part.startsWith(start));
  return found === undefined ? null : found.slice(start.length);
}

/** `secret` null: takes the cookie away. */
export function sessionCookie(secret: string | null, expiresAt: Date, secure: boolean): string {
  const until = secret === null ? 'Max-Age=0' : `Expires=${expiresAt.toUTCString()}`;
  return `${cookieName(secure)}=${secret ?? ''}; Path=/; HttpOnly; SameSite=Strict; ${until}${secure ? '; Secure' : ''}`;
}

export const csrfHeader = 'nhip-csrf';

export function csrfOf(sessionSecret: string): string {
  return createHash('sha256').update(`csrf of ${sessionSecret}`).digest('base64url');
}

export function isCsrfOf(sessionSecret: string, given: string): boolean {
  const right = Buffer.from(csrfOf(sessionSecret));
  const other = Buffer.from(given);
  return right.length === other.length && timingSafeEqual(right, other);
}

/**
 * Whether a request came from a page of ours, as far as the browser says: Origin where it is sent, else Sec-Fetch-Site.
 * `publicUrl`: as people open us; null: under the name that the request itself calls us by.
 */
export function isFromOurPage({ headers }: IncomingMessage, publicUrl: URL | null): boolean {
  const { origin, host } = headers;
  if (origin !== undefined) return publicUrl !== null ? origin === publicUrl.origin : URL.canParse(origin) && new URL(origin).host === host;
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none';
}
