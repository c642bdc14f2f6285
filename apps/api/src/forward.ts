/**
 * Forwards `/v1/<domain>/…` to the private port of the domain, with a signed principal, and streams the answer back.
 *
 * Only reading is forwarded until people log in: whoever cannot be named may change nothing.
 */
import { answerProblem, principalHeader, problem, problemOf, signPrincipal, type Logger, type Principal } from '#service';
import { Agent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';

export interface ForwardOptions {
  readonly urls: ReadonlyMap<string, URL>;
  readonly secret: string;
  /** Until the domain begins to answer. */
  readonly deadlineMs: number;
  /** Between two pieces of an answer. */
  readonly silenceMaxMs: number;
  readonly connectionsMax: number;
}

/** What may pass; cookies, authorization and whatever else a browser sends stay here. */
const requestHeaders = ['accept', 'accept-encoding', 'accept-language', 'if-none-match', 'last-event-id'] as const;
const answerHeaders = ['content-type', 'content-length', 'content-encoding', 'content-language', 'cache-control', 'etag', 'last-modified', 'retry-after', 'vary', 'allow', 'content-disposition'] as const;

/** Nobody in particular: what anyone may see. The City's login will put people here. */
const anyone: Principal = { person: 'anyone', roles: ['viewer'], areas: [] };

export interface Forwarder {
  forward(request: IncomingMessage, response: ServerResponse): void;
  close(): void;
}

export function createForwarder(options: ForwardOptions, log: Logger): Forwarder {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connectionsMax });
  return {
    forward(request, response) {
      try {
        forwardOne(options, agent, log, request, response);
      } catch (error) {
        answerProblem(response, problemOf(error));
      }
    },
    close: () => agent.destroy(),
  };
}

function forwardOne({ urls, secret, deadlineMs, silenceMaxMs }: ForwardOptions, agent: Agent, log: Logger, request: IncomingMessage, response: ServerResponse): void {
  const { method = '', path } = { method: request.method, path: (request as { originalUrl?: string }).originalUrl ?? request.url ?? '' };
  const domain = /^\/v1\/([a-z]+)(?:[/?]|$)/.exec(path)?.[1] ?? '';
  const url = urls.get(domain);
  if (url === undefined) throw problem(404, 'unknown-domain', { detail: `there is no domain "${domain}"; known: ${[...urls.keys()].join(', ')}` });
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    throw problem(405, 'read-only', { detail: 'only reading is possible until people can log in' });
  }

  const onward = httpRequest({
    agent,
    host: url.hostname,
    port: url.port === '' ? 80 : url.port,
    method,
    path,
    headers: { ...picked(request.headers, requestHeaders), host: url.host, [principalHeader]: signPrincipal(secret, anyone, { method, path }, Date.now()) },
  });

  const deadline = setTimeout(() => onward.destroy(new LateAnswer(`${domain} did not begin to answer within ${deadlineMs} ms`)), deadlineMs);
  response.once('close', () => {
    clearTimeout(deadline);
    onward.destroy(); // Whoever asked has left, or has all of it.
  });
  onward.once('error', (error) => {
    clearTimeout(deadline);
    if (response.headersSent || response.destroyed) return void response.destroy();
    log.warn({ domain, error: error.message }, 'domain did not answer');
    const late = error instanceof LateAnswer;
    answerProblem(response, problemOf(problem(late ? 504 : 502, late ? 'domain-late' : 'domain-away', { detail: late ? error.message : `${domain} is not reachable now; try again` })));
  });
  onward.once('response', (answer) => {
    clearTimeout(deadline);
    answer.setTimeout(silenceMaxMs, () => answer.destroy(new LateAnswer(`${domain} fell silent for ${silenceMaxMs} ms`)));
    response.writeHead(answer.statusCode ?? 502, picked(answer.headers, answerHeaders));
    // A failure half-way ends the connection: the caller must not take a part for the whole.
    pipeline(answer, response, (error) => {
      if (error instanceof Error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') log.warn({ domain, error: error.message }, 'answer broke off');
    });
  });
  onward.end();
}

class LateAnswer extends Error {}

function picked(headers: IncomingMessage['headers'], names: readonly string[]): OutgoingHttpHeaders {
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}
