/** Api on a port of its own over a private database, in this process; and people who ask it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createService, listenHttp, problem, type Service, watchRegistry, type Role } from '#service';
import type { Database } from '#timeseries';
import { createApiApp } from '../../apps/api/src/app.js';
import { createCallers, type CallerOptions } from '../../apps/api/src/people/callers.js';
import { createSignIn, type SignInOptions } from '../../apps/api/src/people/people.js';
import { addPerson, saveAreas, savePassword } from '../../apps/api/src/people/tables.js';
import { hashPassword } from '../../apps/api/src/people/password.js';
import type { Stream, StreamOptions } from '../../apps/api/src/stream.js';

export interface ApiApp {
  readonly url: string;
  stop(): Promise<unknown>;
}

export type ApiAppOptions = Partial<CallerOptions> & Partial<SignInOptions> & {
  readonly bodyBytesMax?: number;
  /** Without it there is nothing to listen to yet. */
  readonly stream?: (service: Service, stillIn: StreamOptions['stillIn']) => Stream;
};

const noStream: Stream = {
  open: () => {
    throw problem(503, 'stream-not-ready', { detail: 'this test has no Kafka', retryAfterS: 2 });
  },
  close: () => Promise.resolve(),
};

export const internalSecret = 'internal-secret-of-32-characters!!';

export async function serveApi(db: Database, options: ApiAppOptions = {}): Promise<ApiApp> {
  const { service, stop } = createService('test', 'silent', () => undefined);
  const domain = createServer((_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"domain":"traffic"}'));
  await new Promise<void>((resolve) => domain.listen(0, '127.0.0.1', resolve));
  service.onStop('domain', () => domain.close());
  const registry = await watchRegistry({ db, log: service.log, health: service.health });
  service.onStop('registry', () => registry.close());
  const pace = { perMinute: 1_000_000, burst: 1_000_000, remembered: 100 };
  const callers = createCallers({ db, log: service.log, sessionIdleMinutes: 60, publicUrl: null, proxies: 0, pace, strangersPace: pace, ...options });
  const stream = options.stream?.(service, (request) => callers.stillIn(request)) ?? noStream;
  const app = await createApiApp(service, {
    db, registry, callers, stream,
    importLimits: { rowsMax: 1_000, bytesMax: 1_000_000 },
    signIn: createSignIn({ db, sessionHours: 24, attempts: { perNameAndAddress: 5, perAddress: 20, perName: 50, forgivenS: 60, remembered: 100 }, ...options }),
    forward: { urls: new Map([['traffic', new URL(`http://127.0.0.1:${(domain.address() as AddressInfo).port}`)]]), secret: internalSecret, deadlineMs: 5_000, silenceMaxMs: 5_000, connectionsMax: 8, bodyBytesMax: 100_000 },
  }, options.bodyBytesMax ?? 100_000);
  const port = await listenHttp(service, app, { host: '127.0.0.1', port: 0, connectionsMax: 2_000 });
  service.onStop('stream', () => stream.close());
  return { url: `http://127.0.0.1:${port}`, stop: () => stop(10_000) };
}

export const goodPassword = 'chim se dau canh me';

/** A person who may sign in with `goodPassword`. */
export async function addSomebody(db: Database, id: string, role: Role, areas: readonly string[] = []): Promise<void> {
  hashOfGood ??= await hashPassword(goodPassword);
  const hash = hashOfGood;
  await db.transaction(async (transaction) => {
    await addPerson(transaction, { id, name: id, role, mustChangePassword: false }, hash);
    await savePassword(transaction, id, hash, false);
    await saveAreas(transaction, id, areas);
  });
}
let hashOfGood: string | undefined;

export interface Answer {
  readonly status: number;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any
  readonly headers: Headers;
}

/** Someone with a browser that keeps their cookie, or a program with its token. */
export class Asker {
  cookie: string | null = null;
  csrf: string | null = null;

  constructor(
    private readonly url: string,
    readonly token: string | null = null,
  ) {}

  /** `body`: JSON where it is no text. */
  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' }),
        ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
        ...(this.cookie === null ? {} : { cookie: this.cookie }),
        ...(this.csrf === null ? {} : { 'nhip-csrf': this.csrf }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const set = answer.headers.get('set-cookie');
    if (set !== null) this.cookie = set.startsWith('nhip=;') ? null : set.split(';', 1)[0]!;
    const text = await answer.text();
    let parsed: unknown = text;
    try {
      parsed = JSON.parse(text);
    } catch {
      // As it is.
    }
    return { status: answer.status, body: parsed, headers: answer.headers };
  }

  async signIn(name: string, password = goodPassword): Promise<Answer> {
    const answer = await this.ask('POST', '/v1/session', { name, password });
    if (answer.status === 201) this.csrf = (answer.body as { csrf: string }).csrf;
    return answer;
  }
}
