/** The HTTP side of every process, and api's door to the domains, over real sockets. */
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Rejected, Unavailable, trafficReading } from '#contracts';
import { createHttpApp, createService, Described, limitField, listField, listenHttp, principalHeader, principalOf, problem, routeGuard, serviceModule, signedPrincipal, signPrincipal, type Principal, type Service } from '#service';
import { Body, Controller, Get, Param, Post, Query, Req, type DynamicModule } from '@nestjs/common';
import { z } from 'zod';
import { forwardModule, pageModule } from '../apps/api/src/module.js';

const internal = 'internal-secret-of-32-characters!!';
const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function service(): Service {
  const { service, stop } = createService('test', 'silent', () => undefined);
  stops.push(() => stop(10_000));
  return service;
}

@Controller()
class Routes {
  @Get('throws/:what')
  throws(@Param('what') what: string): never {
    if (what === 'unavailable') throw new Unavailable('database', new Error('postgres://nhip:hush@h'));
    if (what === 'rejected') throw new Rejected('too-large', 'vehicles: at most 10000');
    if (what === 'problem') throw problem(409, 'taken', { field: 'id', expected: 'a new id' });
    throw new TypeError('internals: hush');
  }

  @Post('readings')
  post(@Body() body: unknown): object {
    return trafficReading.parse(body);
  }

  @Get('v1/traffic/who')
  @Described({ summary: 'Who asks', role: 'viewer', query: z.strictObject({ x: z.string().optional() }), answers: { 200: { description: 'The principal' } } })
  who(@Req() request: IncomingMessage): Principal {
    return principalOf(request);
  }
}

class TestModule {}
const moduleOf = (of: Service): DynamicModule => ({ module: TestModule, imports: [serviceModule(of)], controllers: [Routes] });

async function serve(body: 'json' | 'none' = 'json', guarded = false): Promise<{ url: string; of: Service }> {
  const of = service();
  const app = await createHttpApp(of, moduleOf(of), { body, bodyBytesMax: 1_000 });
  if (guarded) app.useGlobalGuards(routeGuard(signedPrincipal(internal)));
  const port = await listenHttp(of, app, { host: '127.0.0.1', port: 0, connectionsMax: 20 });
  return { url: `http://127.0.0.1:${port}`, of };
}

/** Api's page and its way to the domains, for someone who is let in without more ado; who is, people.int.spec.ts shows. */
async function serveApi(domain: string, limits: { deadlineMs?: number; silenceMaxMs?: number } = {}): Promise<string> {
  const of = service();
  const forward = { urls: new Map([['traffic', new URL(domain)]]), secret: internal, deadlineMs: limits.deadlineMs ?? 5_000, silenceMaxMs: limits.silenceMaxMs ?? 5_000, connectionsMax: 8, bodyBytesMax: 100_000 };
  const imports = [pageModule(), forwardModule(of, forward, async ({ person }, method, path) => void noted.push(`${person} ${method} ${path}`))];
  const app = await createHttpApp(of, { module: TestModule, imports }, { body: 'none', bodyBytesMax: 0 });
  app.useGlobalGuards(routeGuard(() => lan));
  return `http://127.0.0.1:${await listenHttp(of, app, { host: '127.0.0.1', port: 0, connectionsMax: 20 })}`;
}

const lan: Principal = { person: 'lan', roles: ['operator'], areas: ['hn-01'] };
const noted: string[] = [];

/** A domain that answers as a test needs it. */
async function domain(answer: (...args: Parameters<NonNullable<Parameters<typeof createServer>[1]>>) => void): Promise<string> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json = async (answer: Response): Promise<Record<string, unknown>> => (await answer.json()) as Record<string, unknown>;

describe('health and metrics', () => {
  test('alive, ready with its parts, 503 while one does not work, and metrics as Prometheus reads them', async () => {
    const { url, of } = await serve();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    of.health.report('kafka', true);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    of.health.report('kafka', false, 'away');
    const answer = await fetch(`${url}/readyz`);
    expect([answer.status, (await json(answer))['parts']]).toEqual([503, [expect.objectContaining({ part: 'kafka', ok: false, detail: 'away' })]]);
    const metrics = await fetch(`${url}/metrics`);
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    const text = await metrics.text();
    expect(text).toMatch(/^process_cpu_user_seconds_total\{service="test"\} /m);
    expect(text).toMatch(/^nhip_http_seconds_count\{service="test",method="GET",route="\/readyz",status="503"\} 1$/m);
  });
});

describe('problems', () => {
  test.each<[string, number, object]>([
    ['throws/unavailable', 503, { type: 'urn:nhip:problem:unavailable', detail: 'database is not available now; try again' }],
    ['throws/rejected', 422, { type: 'urn:nhip:problem:too-large', detail: 'vehicles: at most 10000' }],
    ['throws/problem', 409, { type: 'urn:nhip:problem:taken', title: 'Conflict', field: 'id', expected: 'a new id' }],
    ['throws/bug', 500, { type: 'about:blank', title: 'Internal Server Error' }],
    ['nowhere', 404, { title: 'Not Found' }],
  ])('%s → %i', async (path, status, body) => {
    const { url } = await serve();
    const answer = await fetch(`${url}/${path}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json; charset=utf-8']);
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ status, ...body });
    expect(text).not.toContain('hush');
  });

  test.each<[string, string, number, object]>([
    ['a field that is wrong', '{"periodS":60,"speedKmh":301}', 422, { field: 'speedKmh', expected: '0 to 300 km/h, or null' }],
    ['a field of another type', '{"periodS":"60"}', 422, { field: 'periodS' }],
    ['no JSON', '{"periodS":', 400, {}],
    ['a body over the limit', `{"imputation":"${'x'.repeat(1_000)}"}`, 413, { type: 'urn:nhip:problem:too-large' }],
  ])('%s', async (_, body, status, expected) => {
    const { url } = await serve();
    const answer = await fetch(`${url}/readings`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(await json(answer)).toMatchObject({ status, ...expected });
  });
});

describe('described routes', () => {
  const lampQuery = z.strictObject({ limit: limitField(1_000), device: listField(z.string().max(5), 3).optional() });
  const dimBody = z.strictObject({ percent: z.number().min(0, 'expected 0 to 100').max(100, 'expected 0 to 100') });

  @Controller('v1/lamps')
  class Lamps {
    @Get()
    @Described({ summary: 'Lamps', role: 'viewer', query: lampQuery, answers: { 200: { description: 'All' } } })
    list(@Query() query: z.output<typeof lampQuery>, @Req() request: IncomingMessage): object {
      return { query, person: principalOf(request).person };
    }

    @Post(':id/dim')
    @Described({ summary: 'Dim', role: 'operator', params: z.strictObject({ id: z.coerce.number({ error: 'expected a number' }).int().positive() }), body: dimBody, answers: { 202: { description: 'Taken' } } })
    dim(@Param() params: unknown, @Body() body: unknown): object {
      return { params, body };
    }

    @Get('open')
    @Described({ summary: 'Open to all', role: 'anyone', answers: { 200: { description: 'All' } } })
    open(): object {
      return { open: true };
    }

    @Get('forgotten')
    forgotten(): object {
      return {};
    }
  }

  async function call(path: string, role: string | null, init: RequestInit = {}): Promise<[number, Record<string, unknown>]> {
    const of = service();
    const app = await createHttpApp(of, { module: TestModule, imports: [serviceModule(of)], controllers: [Lamps] }, { body: 'json', bodyBytesMax: 1_000 });
    app.useGlobalGuards(routeGuard(signedPrincipal(internal)));
    const url = `http://127.0.0.1:${await listenHttp(of, app, { host: '127.0.0.1', port: 0, connectionsMax: 20 })}`;
    const principal = signPrincipal(internal, { person: 'lan', roles: role === null ? [] : [role], areas: [] }, { method: init.method ?? 'GET', path }, Date.now());
    const answer = await fetch(`${url}${path}`, { ...init, headers: { ...(init.headers as Record<string, string>), ...(role === null ? {} : { [principalHeader]: principal }) } });
    return [answer.status, await json(answer)];
  }

  const post = (body: string, type = 'application/json'): RequestInit => ({ method: 'POST', headers: { 'content-type': type }, body });

  test.each<[string, string, string | null, RequestInit, number, object]>([
    ['what is asked comes parsed, with its defaults', '/v1/lamps?device=a&device=b', 'viewer', {}, 200, { query: { limit: 100, device: ['a', 'b'] }, person: 'lan' }],
    ['one of a list is a list', '/v1/lamps?device=a', 'admin', {}, 200, { query: { limit: 100, device: ['a'] } }],
    ['a field that is wrong is named', '/v1/lamps?limit=0', 'viewer', {}, 422, { field: 'limit', expected: '1 to 1000' }],
    ['a field that does not exist is named', '/v1/lamps?limt=1', 'viewer', {}, 422, { expected: 'no field limt' }],
    ['an element of a list is named', '/v1/lamps?device=a&device=toolong', 'viewer', {}, 422, { field: 'device[1]' }],
    ['nobody is refused', '/v1/lamps', null, {}, 401, { type: 'urn:nhip:problem:principal' }],
    ['a role too low is refused before its fields are looked at', '/v1/lamps/x/dim', 'viewer', post('{}'), 403, { detail: 'expected the role operator or supervisor or admin' }],
    ['path and body come parsed, the status is the described one', '/v1/lamps/7/dim', 'operator', post('{"percent":50}'), 202, { params: { id: 7 }, body: { percent: 50 } }],
    ['a path that is wrong', '/v1/lamps/x/dim', 'operator', post('{"percent":50}'), 422, { field: 'id', expected: 'a number' }],
    ['a body that is wrong', '/v1/lamps/7/dim', 'operator', post('{"percent":101}'), 422, { field: 'percent', expected: '0 to 100' }],
    ['no body', '/v1/lamps/7/dim', 'operator', { method: 'POST' }, 422, { expected: 'an object, found nothing' }],
    ['a body of another kind', '/v1/lamps/7/dim', 'operator', post('percent=50', 'text/plain'), 415, { detail: 'expected a body of application/json, found text/plain' }],
    ['anyone', '/v1/lamps/open', null, {}, 200, { open: true }],
    ['what nobody described is our fault', '/v1/lamps/forgotten', 'admin', {}, 500, {}],
    ['another method', '/v1/lamps/7/dim', 'admin', { method: 'DELETE' }, 405, { type: 'urn:nhip:problem:method', detail: 'expected POST' }],
    ['another path', '/v1/lamps/7/light', 'admin', {}, 404, {}],
  ])('%s', async (_, path, role, init, status, body) => {
    expect(await call(path, role, init)).toEqual([status, expect.objectContaining(body)]);
  });
});

test('a request that is sent byte by byte is ended, and does not hold the others up', async () => {
  const of = service();
  const app = await createHttpApp(of, moduleOf(of), { body: 'json', bodyBytesMax: 1_000 });
  const port = await listenHttp(of, app, { host: '127.0.0.1', port: 0, connectionsMax: 20, requestDeadlineMs: 500 });
  const slow = connect(port, '127.0.0.1');
  slow.on('error', () => undefined);
  const ended = new Promise((resolve) => slow.once('close', resolve));
  slow.resume();
  slow.write('GET /healthz HTTP/1.1\r\nhost: x\r\n');
  const trickle = setInterval(() => slow.write('x'), 50);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  await ended;
  clearInterval(trickle);
});

test('at the end the request under way is answered, no new one is taken, and a connection kept alive does not hold it up', async () => {
  const { service: of, stop } = createService('test', 'silent', () => undefined);
  let answer!: (value: object) => void;
  let asked!: (value: unknown) => void;
  const waiting = new Promise((resolve) => (asked = resolve));
  @Controller()
  class Slow {
    @Get('slow')
    slow(): Promise<object> {
      asked(null);
      return new Promise((resolve) => (answer = resolve));
    }
  }
  const app = await createHttpApp(of, { module: TestModule, controllers: [Slow] }, { body: 'none', bodyBytesMax: 0 });
  const port = await listenHttp(of, app, { host: '127.0.0.1', port: 0, connectionsMax: 20 });
  const pending = fetch(`http://127.0.0.1:${port}/slow`);
  await waiting;
  const stopped = stop(10_000);
  await expect(fetch(`http://127.0.0.1:${port}/slow`)).rejects.toThrow();
  answer({ whole: true });
  expect(await json(await pending)).toEqual({ whole: true });
  expect(await stopped).toBe(true);
});

describe('from api to a domain', () => {
  test('the call arrives with a signed principal; without it the private port answers nobody, but health and metrics do', async () => {
    const { url } = await serve('none', true);
    const api = await serveApi(url);
    expect(await json(await fetch(`${api}/v1/traffic/who?x=1%20y`))).toEqual(lan);
    expect((await fetch(`${url}/v1/traffic/who`)).status).toBe(401);
    expect((await fetch(`${url}/v1/traffic/who`, { headers: { 'nhip-principal': 'e30.e30' } })).status).toBe(401);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
  });

  test('status, body and the headers that matter come through as they are; what the browser keeps secret does not go in', async () => {
    let seen: IncomingMessage['headers'] = {};
    const api = await serveApi(await domain((request, response) => {
      seen = request.headers;
      response.writeHead(404, { 'content-type': 'application/problem+json', etag: '"1"', 'x-internal': 'no', 'set-cookie': 'no' });
      response.end('{"status":404}');
    }));
    const answer = await fetch(`${api}/v1/traffic/nothing`, { headers: { cookie: 'a=b', authorization: 'Bearer x', 'nhip-principal': 'forged', accept: 'application/json' } });
    expect([answer.status, await answer.text()]).toEqual([404, '{"status":404}']);
    expect(Object.fromEntries(answer.headers)).toMatchObject({ 'content-type': 'application/problem+json', etag: '"1"' });
    expect(answer.headers.get('x-internal') ?? answer.headers.get('set-cookie')).toBeNull();
    expect(seen).toMatchObject({ accept: 'application/json', 'nhip-principal': expect.not.stringContaining('forged') });
    expect(seen.cookie ?? seen.authorization).toBeUndefined();
  });

  test('an answer is streamed: its first piece arrives before its last is made', async () => {
    let finish!: () => void;
    const api = await serveApi(await domain((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('first');
      finish = () => response.end('last');
    }));
    const reader = (await fetch(`${api}/v1/traffic/stream`)).body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('first');
    finish();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('last');
  });

  test('a domain that is away: 502; one that does not begin to answer: 504; one that breaks off: no half answer', async () => {
    const away = await fetch(`${await serveApi('http://127.0.0.1:1')}/v1/traffic/latest`);
    expect(await json(away)).toMatchObject({ status: 502, type: 'urn:nhip:problem:domain-away' });
    const late = await fetch(`${await serveApi(await domain(() => undefined), { deadlineMs: 50 })}/v1/traffic/latest`);
    expect(await json(late)).toMatchObject({ status: 504, type: 'urn:nhip:problem:domain-late' });
    const breaking = await serveApi(await domain((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    }));
    await expect(fetch(`${breaking}/v1/traffic/latest`).then((answer) => answer.text())).rejects.toThrow();
    const silent = await serveApi(await domain((_, response) => void response.writeHead(200, { 'content-length': '100' }).write('half')), { silenceMaxMs: 50 });
    await expect(fetch(`${silent}/v1/traffic/latest`).then((answer) => answer.text())).rejects.toThrow();
  });

  test.each([['before the answer begins', false], ['in the middle of it', true]])('whoever leaves %s does not leave the domain at work', async (_, begun) => {
    let left!: (value: unknown) => void;
    let reached!: (value: unknown) => void;
    const gone = new Promise((resolve) => (left = resolve));
    const there = new Promise((resolve) => (reached = resolve));
    const api = await serveApi(await domain((_, response) => {
      response.on('close', left);
      if (begun) response.writeHead(200).write('x');
      reached(null);
    }), { deadlineMs: 600_000 });
    const asking = httpRequest(`${api}/v1/traffic/stream`).on('error', () => undefined).end();
    await there;
    if (begun) await new Promise((resolve) => asking.once('response', resolve));
    asking.destroy();
    await gone;
  }, 20_000);

  test('a change goes through with its body, and is noted before; its size is bounded, said or not', async () => {
    const got: string[] = [];
    const api = await serveApi(await domain((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        got.push(`${request.method} ${request.url} ${request.headers['content-type']} ${Buffer.concat(pieces).toString()} ${noted.at(-1)}`);
        response.writeHead(201, { location: '/v1/traffic/things/1' }).end();
      });
    }));
    const post = await fetch(`${api}/v1/traffic/things?x=1`, { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } });
    expect([post.status, post.headers.get('location')]).toEqual([201, '/v1/traffic/things/1']);
    const large = Buffer.alloc(100_001, 0x61);
    const said = await fetch(`${api}/v1/traffic/things`, { method: 'PUT', body: large });
    expect([said.status, (await json(said))['detail']]).toEqual([413, 'the body is longer than 100000 bytes']);
    const unsaid = await fetch(`${api}/v1/traffic/things`, { method: 'PUT', body: new Blob([large]).stream(), duplex: 'half' } as RequestInit);
    expect(unsaid.status).toBe(413);
    const within = await fetch(`${api}/v1/traffic/things`, { method: 'DELETE' });
    expect(within.status).toBe(201);
    expect(got).toEqual(['POST /v1/traffic/things?x=1 application/json {"a":1} lan POST /v1/traffic/things', 'DELETE /v1/traffic/things undefined  lan DELETE /v1/traffic/things']);
  });

  test('only domains that exist', async () => {
    const api = await serveApi('http://127.0.0.1:1');
    expect((await fetch(`${api}/v1/parking/latest`)).status).toBe(404);
    expect((await fetch(`${api}/v1/`)).status).toBe(404);
  });
});

test('the live page comes with headers under which only its own files run, and is sent again only when it changed', async () => {
  const api = await serveApi('http://127.0.0.1:1');
  const page = await fetch(`${api}/`);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/);
  const html = await page.text();
  expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|\son\w+=|<style|\sstyle=/);
  for (const file of ['live.js', 'sign-in.js', 'live.css']) {
    if (file !== 'sign-in.js') expect(html).toContain(`"/${file}"`); // Which the script itself asks for.
    const answer = await fetch(`${api}/${file}`);
    expect(answer.status).toBe(200);
    const again = await fetch(`${api}/${file}`, { headers: { 'if-none-match': answer.headers.get('etag')! } });
    expect(again.status).toBe(304);
  }
});
