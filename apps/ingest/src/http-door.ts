/**
 * The HTTP door: `POST /v1/ingest/<domain>/<device>/<stream>`, answered 202 once Kafka has the message.
 *
 * Unlike MQTT it can explain itself, so our own JSON is checked against its schema at once (decision 16): 422 names the
 * field. Who sends is known by `Authorization: Basic` with the id and secret of a device or gateway, or, for clients that
 * cannot make that, `Bearer <id>:<secret>`.
 */
import { Controller, type DynamicModule, Inject, Post, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodeJson } from '#codecs';
import { codecOfContentType, type Complaint, complaintOf, contentTypes, ownJson, quoted, topicRoot } from '#contracts';
import type { PackedProducer, Route } from '#messaging';
import { problem, type Registry, type Service, serviceModule } from '#service';
import type { Attempts } from './attempts.js';
import type { HttpLimits } from './limits.js';
import { limitedAs, login } from './login.js';
import { type Client, isRefusal, type PublishRight, refusals, rightToPublish } from './rights.js';
import type { Routes } from './routes.js';
import type { Tally } from './tally.js';

export interface HttpDoorOptions {
  readonly producer: PackedProducer;
  readonly registry: Registry;
  readonly routes: Routes;
  readonly attempts: Attempts;
  readonly tally: Tally;
  readonly limits: HttpLimits;
}

type Failure = ReturnType<typeof problem>;

const doorOptions = Symbol('http door');

@Controller('v1/ingest')
class IngestRoutes {
  private running = 0;

  constructor(@Inject(doorOptions) private readonly optionsOnceOpen: () => HttpDoorOptions | null) {}

  @Post(':domain/:device/:stream')
  async take(@Req() request: IncomingMessage & { params: Record<'domain' | 'device' | 'stream', string> }, @Res() response: ServerResponse): Promise<void> {
    if (this.optionsOnceOpen() === null) throw problem(503, 'starting', { detail: 'not open yet; try again' });
    const { limits, producer, routes } = this.options;
    if (this.running >= limits.requestsMax || producer.full) throw this.refuse(503, 'full', { detail: 'more waits for Kafka than is allowed; try again' });
    this.running++;
    try {
      const client = this.clientOf(request, response);
      const right = this.rightOf(client, request.params);
      const codec = this.codecOf(request);
      const route = routes.to(right, codec);
      const isOurs = routes.codecOf(right.device, codec) === 'json';
      const body = await this.bodyOf(request, response);
      if (this.optionsOnceOpen() === null) throw problem(503, 'stopping', { detail: 'closing; try again' });
      const accepted = isOurs ? this.checked(body, right) : 1;
      await this.durable(route, body);
      answer(response, accepted);
    } finally {
      this.running--;
    }
  }

  private get options(): HttpDoorOptions {
    return this.optionsOnceOpen()!;
  }

  private clientOf(request: IncomingMessage, response: ServerResponse): Client {
    const { registry, attempts } = this.options;
    const given = credentialsFrom(request.headers.authorization);
    if (given !== null) {
      const outcome = login(given.name, given.password, limitedAs(request.socket.remoteAddress ?? ''), registry, attempts, Date.now());
      if (typeof outcome === 'object') return outcome.client;
      if (outcome === 'too-many-attempts') {
        response.setHeader('retry-after', '10');
        throw this.refuse(429, 'too-many-attempts', { detail: 'too many wrong attempts from this address' });
      }
    }
    response.setHeader('www-authenticate', 'Basic realm="nhip", charset="UTF-8"');
    throw this.refuse(401, 'wrong-credentials', { detail: 'expected the id and secret of a device or gateway' });
  }

  private rightOf(client: Client, { domain, device, stream }: Record<'domain' | 'device' | 'stream', string>): PublishRight {
    const right = rightToPublish(`${topicRoot}/${domain}/${device}/${stream}`, client, this.options.registry);
    if (!isRefusal(right)) return right;
    if (right === refusals.topicName || right === refusals.unknownStream) throw this.refuse(404, 'unknown-stream', { detail: `no stream ${quoted(stream)} of ${quoted(domain)}` });
    throw this.refuse(403, right.refused, { detail: `${client.id} may not publish for ${quoted(device)} in ${quoted(domain)}` });
  }

  private codecOf(request: IncomingMessage): string {
    const codec = codecOfContentType(request.headers['content-type'] ?? '');
    if (codec === null) throw this.refuse(415, 'unknown-content-type', { detail: `expected ${contentTypes.join(', ')}` });
    return codec;
  }

  /** Throws 413 as soon as it is too long, read or promised. */
  private async bodyOf(request: IncomingMessage, response: ServerResponse): Promise<Buffer> {
    const { payloadBytesMax } = this.options.limits;
    const tooLarge = (): Failure => {
      // What is still on its way is not worth reading.
      response.setHeader('connection', 'close');
      return this.refuse(413, 'payload-too-large', { detail: `expected at most ${payloadBytesMax} bytes` });
    };
    if (Number(request.headers['content-length'] ?? 0) > payloadBytesMax) throw tooLarge();
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > payloadBytesMax) throw tooLarge();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** How many readings of our own JSON it holds; 422 names the first field that is wrong. */
  private checked(body: Buffer, { domain, device, stream }: PublishRight): number {
    const schema = ownJson(domain, stream);
    if (schema === null) return 1;
    const elements = decodeJson(body, 0, body.length); // Throws Rejected, which is answered as 422 too.
    const isArray = elements.length > 1;
    for (const [index, element] of elements.entries()) {
      const result = schema.safeParse(element);
      if (!result.success) throw this.invalid(complaintOf(result.error), isArray ? index : null);
      const named = (element as { device?: string }).device;
      if (named !== undefined && named !== device) throw this.invalid({ field: 'device', expected: `expected ${device}, found ${quoted(named)}` }, isArray ? index : null);
    }
    return elements.length;
  }

  private invalid({ field, expected }: Complaint, index: number | null): Failure {
    const place = index === null ? field : `[${index}]${field === '' ? '' : `.${field}`}`;
    return this.refuse(422, 'invalid', { field: place, expected: expected.replace(/^expected /, ''), detail: `${place === '' ? 'the body' : place}: ${expected}` });
  }

  /** Resolves once Kafka has it; 503 when that takes too long, though it may still get there: sending again is safe. */
  private async durable(route: Route, body: Buffer): Promise<void> {
    const { producer, tally, limits } = this.options;
    let timer: NodeJS.Timeout | undefined;
    const stored = new Promise<void>((resolve) => {
      const durable = (): void => {
        tally.accepted.http++;
        resolve();
      };
      producer.add(route, body, 0, body.length, { pending: [], durable }, 0);
    });
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.refuse(503, 'kafka-away', { detail: 'Kafka did not take the message in time; send it again' })), 1000 * limits.answerSecondsMax);
    });
    try {
      await Promise.race([stored, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private refuse(status: number, name: string, facts: Parameters<typeof problem>[2]): Failure {
    this.options.tally.refused('httpMessages', name, { status, ...facts });
    return problem(status, name, facts);
  }
}

/** Name and password out of an Authorization header; null: none that this door knows. */
export function credentialsFrom(header = ''): { name: string; password: Buffer } | null {
  const [, scheme, value] = /^(basic|bearer) +(\S+)$/i.exec(header) ?? [];
  if (scheme === undefined || value === undefined) return null;
  const pair = scheme.toLowerCase() === 'basic' ? Buffer.from(value, 'base64') : Buffer.from(value, 'utf8');
  const colon = pair.indexOf(':');
  // An id may itself hold a colon, a secret of ours (base64url) never.
  const last = pair.lastIndexOf(':');
  return colon === -1 ? null : { name: pair.toString('utf8', 0, last), password: pair.subarray(last + 1) };
}

function answer(response: ServerResponse, accepted: number): void {
  const body = JSON.stringify({ accepted });
  response.writeHead(202, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' });
  response.end(body);
}

class HttpDoorModule {}

/** `options` gives null until the door is open: health and metrics can be asked before that. */
export function httpDoorModule(service: Service, options: () => HttpDoorOptions | null): DynamicModule {
  return { module: HttpDoorModule, imports: [serviceModule(service)], controllers: [IngestRoutes], providers: [{ provide: doorOptions, useValue: options }] };
}
