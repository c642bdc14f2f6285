/**
 * Forwards `/v1/<domain>/…` and `/v1/alarms/…` to the private port behind it, with the person who asks as a signed
 * principal, and streams bodies both ways. What a person may do there is for the domain to say: it knows its routes.
 */
import { answerProblem, principalHeader, principalOf, problem, problemOf, signPrincipal, type Logger } from '#service';
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { pipeline, Transform } from 'node:stream';

export interface ForwardOptions {
  /** By the first part of the path after `/v1/`. */
  readonly urls: ReadonlyMap<string, URL>;
  readonly secret: string;
  /** Until the domain begins to answer. */
  readonly deadlineMs: number;
  /** Between two pieces of an answer. */
  readonly silenceMaxMs: number;
  readonly connectionsMax: number;
  readonly bodyBytesMax: number;
}

/** What may pass; cookies, authorization and whatever else a browser sends stay here. */
const requestHeaders = ['accept', 'accept-encoding', 'accept-language', 'content-type', 'content-length', 'content-encoding', 'if-match', 'if-none-match', 'last-event-id'] as const;
const answerHeaders = ['content-type', 'content-length', 'content-encoding', 'content-language', 'cache-control', 'etag', 'last-modified', 'link', 'location', 'retry-after', 'vary', 'allow', 'content-disposition'] as const;

/** Where to, when the path of the request does not say it. `path` begins with `/v1/` and carries its query. */
export interface Destination {
  readonly name: string;
  readonly path: string;
}

export interface Forwarder {
  /** Answers the request, of which `principalOf` must know the caller. */
  forward(request: IncomingMessage, response: ServerResponse, to?: Destination): void;
  close(): void;
}

export function createForwarder(options: ForwardOptions, log: Logger): Forwarder {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connectionsMax });
  return {
    forward(request, response, to = destinationOf(request)) {
      try {
        forwardOne(options, agent, log, request, response, to);
      } catch (error) {
        answerProblem(response, problemOf(error));
      }
    },
    close: () => agent.destroy(),
  };
}

function destinationOf(request: IncomingMessage): Destination {
  const path = (request as { originalUrl?: string }).originalUrl ?? request.url ?? '';
  return { name: /^\/v1\/([a-z]+)(?:[/?]|$)/.exec(path)?.[1] ?? '', path };
}

function forwardOne({ urls, secret, deadlineMs, silenceMaxMs, bodyBytesMax }: ForwardOptions, agent: Agent, log: Logger, request: IncomingMessage, response: ServerResponse, { name, path }: Destination): void {
  const url = urls.get(name);
  if (url === undefined) throw problem(404, 'unknown-domain', { detail: `there is no domain "${name}"; known: ${[...urls.keys()].join(', ')}` });
  if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) throw tooLarge(bodyBytesMax);

  const method = request.method ?? '';
  const onward = httpRequest({
    agent,
    host: url.hostname,
    port: url.port === '' ? 80 : url.port,
    method,
    path,
    headers: { ...picked(request.headers, requestHeaders), host: url.host, [principalHeader]: signPrincipal(secret, principalOf(request), { method, path }, Date.now()) },
  });

  const deadline = setTimeout(() => onward.destroy(new LateAnswer(`${name} did not begin to answer within ${deadlineMs} ms`)), deadlineMs);
  response.once('close', () => {
    clearTimeout(deadline);
    onward.destroy(); // Whoever asked has left, or has all of it.
  });
  onward.once('error', (error) => {
    clearTimeout(deadline);
    if (response.headersSent || response.destroyed) return void response.destroy();
    const late = error instanceof LateAnswer;
    if (!(error instanceof TooLong)) log.warn({ domain: name, error: error.message }, 'domain did not answer');
    answerProblem(response, problemOf(error instanceof TooLong ? tooLarge(bodyBytesMax) : problem(late ? 504 : 502, late ? 'domain-late' : 'domain-away', { detail: late ? error.message : `${name} is not reachable now; try again` })));
  });
  onward.once('response', (answer) => {
    clearTimeout(deadline);
    answer.setTimeout(silenceMaxMs, () => answer.destroy(new LateAnswer(`${name} fell silent for ${silenceMaxMs} ms`)));
    response.writeHead(answer.statusCode ?? 502, picked(answer.headers, answerHeaders));
    // A failure half-way ends the connection: the caller must not take a part for the whole.
    pipeline(answer, response, (error) => {
      if (error instanceof Error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') log.warn({ domain: name, error: error.message }, 'answer broke off');
    });
  });
  sendBody(request, onward, bodyBytesMax);
}

/** The caller's body, as it comes in. One that grows past the limit ends the call, and the domain sees it broken off. */
function sendBody(request: IncomingMessage, onward: ClientRequest, bytesMax: number): void {
  if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined) return void onward.end();
  let bytes = 0;
  const bounded = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      if (bytes > bytesMax) onward.destroy(new TooLong());
      done(null, piece);
    },
  });
  request.pipe(bounded).pipe(onward);
  onward.once('close', () => {
    request.unpipe(bounded);
    request.resume(); // What still comes is read and dropped, so that the answer gets through.
  });
}

class LateAnswer extends Error {}
class TooLong extends Error {}

function tooLarge(bytesMax: number): Error {
  return problem(413, 'too-large', { detail: `the body is longer than ${bytesMax} bytes` });
}

function picked(headers: IncomingMessage['headers'], names: readonly string[]): OutgoingHttpHeaders {
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}
