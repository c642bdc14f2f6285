/** The live page's files, read once at the start and sent with headers under which no other script can run. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Page {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
}

const types = { 'index.html': 'text/html', 'live.js': 'text/javascript', 'sign-in.js': 'text/javascript', 'live.css': 'text/css', 'docs.css': 'text/css' } as const;

const securityHeaders = {
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

export async function readPage(): Promise<ReadonlyMap<string, Page>> {
  const read = async ([name, type]: [string, string]): Promise<[string, Page]> => {
    const body = await readFile(new URL(`./page/${name}`, import.meta.url));
    return [name, { type: `${type}; charset=utf-8`, body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }];
  };
  return new Map(await Promise.all(Object.entries(types).map(read)));
}

export function sendPage(page: Page, request: IncomingMessage, response: ServerResponse): void {
  const known = request.headers['if-none-match'] === page.etag;
  response.writeHead(known ? 304 : 200, {
    ...securityHeaders,
    etag: page.etag,
    'cache-control': 'no-cache', // Asked again each time, sent only when it changed.
    ...(known ? {} : { 'content-type': page.type, 'content-length': page.body.length }),
  });
  response.end(known ? undefined : page.body);
}
