/**
 * The HTTP side of a process: a Nest application with our limits, problem JSON, health and metrics.
 *
 * Nest makes the application; the server around it is ours, since its timeouts and bounds are chosen when it is made.
 */
import { Controller, Get, Header, Inject, Res, type DynamicModule, type LoggerService, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Histogram } from 'prom-client';
import { Described } from './described.js';
import type { Logger } from './log.js';
import { problemFilter } from './problem.js';
import type { Service } from './start-service.js';

export interface HttpLimits {
  readonly bodyBytesMax: number;
  /** `json`: parsed bodies; `raw`: a Buffer whatever the content type; `none`: handlers read the stream themselves. */
  readonly body: 'json' | 'raw' | 'none';
}

/** A Nest application that is not listening yet; a microservice may still be connected to it. */
export async function createHttpApp(service: Service, module: Type<unknown> | DynamicModule, { bodyBytesMax, body }: HttpLimits): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(module, { bodyParser: false, logger: nestLog(service.log), abortOnError: false });
  app.disable('x-powered-by');
  app.use(measure(service));
  if (body === 'json') app.useBodyParser('json', { limit: bodyBytesMax });
  if (body === 'raw') app.useBodyParser('raw', { limit: bodyBytesMax, type: () => true });
  app.useGlobalFilters(problemFilter(service.log));
  return app;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly connectionsMax: number;
  /** A request must have come in whole within this time. */
  readonly requestDeadlineMs?: number;
}

/** Opens the port and gives its closing to `service.onStop`: no new requests, the running ones finish. Hands back the port. */
export async function listenHttp(service: Service, app: NestExpressApplication, { host, port, connectionsMax, requestDeadlineMs = 30_000 }: ListenOptions): Promise<number> {
  await app.init();
  const handler = app.getHttpAdapter().getInstance() as unknown as RequestListener;
  const server = createServer({ connectionsCheckingInterval: 1_000, headersTimeout: Math.min(10_000, requestDeadlineMs), requestTimeout: requestDeadlineMs, keepAliveTimeout: 65_000 }, handler);
  server.maxConnections = connectionsMax;
  await listening(server, host, port);
  service.onStop('http', async () => {
    await closed(server);
    await app.close();
  });
  const open = (server.address() as AddressInfo).port;
  service.log.info({ host, port: open }, 'http open');
  return open;
}

const serviceToken = Symbol('service');

@Controller()
class ServiceRoutes {
  constructor(@Inject(serviceToken) private readonly service: Service) {}

  @Get('healthz')
  @Described({ summary: 'Alive: the event loop turns', role: 'anyone', hidden: true, answers: { 200: { description: 'As it stands' } } })
  @Header('cache-control', 'no-store')
  alive(): object {
    return { service: this.service.name, state: 'alive', uptimeS: Math.round(process.uptime()) };
  }

  @Get('readyz')
  @Described({ summary: 'Ready, with each part; 503 while one of them does not work', role: 'anyone', hidden: true, answers: { 200: { description: 'As it stands' } } })
  @Header('cache-control', 'no-store')
  ready(@Res({ passthrough: true }) response: ServerResponse): object {
    const { ok, parts } = this.service.health.ready();
    response.statusCode = ok ? 200 : 503;
    return { service: this.service.name, state: ok ? 'ready' : 'not ready', parts };
  }

  @Get('metrics')
  @Described({ summary: 'Prometheus text', role: 'anyone', hidden: true, answers: { 200: { description: 'Metrics' } } })
  @Header('cache-control', 'no-store')
  async metrics(@Res() response: ServerResponse): Promise<void> {
    const text = await this.service.metrics.metrics();
    response.writeHead(200, { 'content-type': this.service.metrics.contentType });
    response.end(text);
  }
}

class ServiceModule {}

/** Health and metrics as a Nest module, for the list of imports. */
export function serviceModule(service: Service): DynamicModule {
  return { module: ServiceModule, controllers: [ServiceRoutes], providers: [{ provide: serviceToken, useValue: service }] };
}

/** Counts and times requests by route pattern, never by path: paths have no bound. */
function measure(service: Service): (request: IncomingMessage, response: ServerResponse, next: () => void) => void {
  const seconds = new Histogram({
    name: 'nhip_http_seconds',
    help: 'Time from request to the end of the answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [service.metrics],
  });
  return (request, response, next) => {
    const since = performance.now();
    response.once('close', () => {
      const route = (request as { route?: { path?: unknown } }).route?.path;
      seconds.observe({ method: request.method ?? '', route: typeof route === 'string' ? route : 'unmatched', status: response.statusCode }, (performance.now() - since) / 1000);
    });
    next();
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const because = error.code === 'EADDRINUSE' ? 'another process has it' : error.message;
      reject(new Error(`port ${port} on ${host} cannot be opened: ${because}`, { cause: error }));
    });
    server.listen(port, host, () => resolve());
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // A connection whose request ends only now would be kept open for its next one.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearInterval(sweep);
      resolve();
    });
  });
}

function nestLog(log: Logger): LoggerService {
  const at = (level: 'debug' | 'warn' | 'error' | 'fatal') => (message: unknown, ...rest: unknown[]) => log[level]({ nest: String(message), facts: rest.map(String) }, 'nest');
  // What Nest calls information is how it was wired: of interest to whoever debugs.
  return { log: at('debug'), debug: at('debug'), verbose: at('debug'), warn: at('warn'), error: at('error'), fatal: at('fatal') };
}
