/**
 * What api says of itself is what it does: schemathesis makes requests from the merged document, right ones and wrong
 * ones, and compares each answer with it. No 5xx, no status, content type or shape that is not described.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenApiDocument } from '#service';
import { makeToken } from '../apps/api/src/people/people.js';
import { addSomebody } from './support/api-app.js';
import { startCity, type City } from './support/city.js';
import { infra } from './support/instance.js';
import { segmentAsset, trafficDevice } from './support/traffic-storage.js';

/** Of each operation; the long rounds ask for more. */
const examples = process.env['NHIP_EXAMPLES'] ?? '';
const minutes = examples === '' ? 4 : 30;

let city: City;
let python: string;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nhip-openapi-'));
  python = await (await infra()).pythonSoftware('schemathesis');
  const unlimited = { API_PERSON_PER_MINUTE: '1000000', API_STRANGER_PER_MINUTE: '1000000' };
  city = await startCity({
    assets: [segmentAsset('city', { kind: 'city' }), segmentAsset('street', { parent: 'city' }), segmentAsset('station', { kind: 'station', parent: 'city' })],
    gateways: [],
    devices: [trafficDevice('loop-0001', 'street'), trafficDevice('air-0001', 'station', { domain: 'pollution' })],
    apps: ['api', 'ingest', 'traffic', 'pollution', 'alerts'],
    env: { api: unlimited },
  });
  const at = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 120_000).toISOString();
  await send('traffic/loop-0001', { observedAt: at, periodS: 60, count: 12, speedKmh: 31.5 });
  await send('pollution/air-0001', { observedAt: at, periodS: 60, pm25UgM3: 35.2 });
  expect(await city.untilCommitted(30_000)).toBe(true);
}, 180_000);

afterAll(async () => {
  await city?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

async function send(path: string, reading: object): Promise<void> {
  const device = path.split('/')[1]!;
  const authorization = `Basic ${Buffer.from(`${device}:${city.secrets.get(device)}`).toString('base64')}`;
  const answer = await fetch(`http://127.0.0.1:${city.ingestHttpPort}/v1/ingest/${path}/readings`, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(reading) });
  expect(answer.status).toBe(202);
}

const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${city.apiPort}${path}`, { headers: { authorization: `Bearer ${city.token}` } });

test('every process describes itself, and every reference leads somewhere', async () => {
  const text = await (await ask('/v1/openapi.json')).text();
  const document = JSON.parse(text) as OpenApiDocument & Record<string, unknown>;
  expect([document.openapi, document['x-nhip-absent']]).toEqual(['3.1.1', []]);
  for (const path of ['/v1/series', '/v1/traffic/series', '/v1/pollution/latest', '/v1/alarms', '/v1/devices']) expect(Object.keys(document.paths)).toContain(path);
  for (const [, kind, name] of text.matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)) expect((document.components[kind!] as Record<string, unknown>)[name!]).toBeDefined();
  const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map((operation) => operation['operationId']));
  expect(new Set(ids).size).toBe(ids.length);
});

test('the page needs nothing but itself', async () => {
  const answer = await ask('/docs');
  const page = await answer.text();
  expect([answer.status, answer.headers.get('content-security-policy')]).toEqual([200, expect.stringContaining("default-src 'none'")]);
  expect(page).toContain('/v1/pollution/latest');
  expect([...page.matchAll(/(?:src|href)="([^"#][^"]*)"/g)].map(([, to]) => to).filter((to) => !to!.startsWith('/'))).toEqual([]);
  expect((await ask('/docs.css')).status).toBe(200);
});

test('a series is found by its device alone', async () => {
  for (const [device, metric, value] of [['loop-0001', 'speedKmh', 31.5], ['air-0001', 'pm25UgM3', 35.2]] as const) {
    const answer = await ask(`/v1/series?device=${device}&metric=${metric}&from=2020-01-01T00:00:00Z&bucket=1d`);
    const { series } = (await answer.json()) as { series: { rows: Record<string, number>[] }[] };
    expect(series[0]!.rows[0]![metric]).toBeCloseTo(value, 5);
  }
  const mixed = await ask('/v1/series?device=loop-0001&device=air-0001&from=2020-01-01T00:00:00Z');
  expect([mixed.status, await mixed.json()]).toEqual([422, expect.objectContaining({ field: 'device[1]', expected: 'devices of one domain: loop-0001 is of traffic, air-0001 of pollution' })]);
  const csv = await ask('/v1/series?device=loop-0001&metric=count&from=2020-01-01T00:00:00Z&bucket=raw&format=csv');
  expect((await csv.text()).split('\r\n')).toEqual(['device,channel,observedAt,periodS,receivedAt,revision,flags,count', expect.stringMatching(/^loop-0001,,.*,12$/), '']);
});

/** Those that could take from the caller what the next request needs. */
const ownRights = ['delete_v1_tokens_id', 'post_v1_people_id_password', 'patch_v1_people_id', 'post_v1_session_password', 'delete_v1_session_everywhere'];

test('whatever is asked, the answer is as described', async () => {
  // The stream has no end. An alarm's own path fits this one's too, so that GET is a 422 there where the long rounds expect a 405.
  const left = [...ownRights, 'get_v1_stream', ...(examples === '' ? [] : ['post_v1_alarms_dead_letters_id_replay'])];
  await schemathesis(city.token, left.flatMap((operation) => ['--exclude-operation-id', operation]));
}, minutes * 60_000);

test('nor do changes of one\'s own rights answer otherwise', async () => {
  await addSomebody(city.db, 'somebody', 'admin');
  const { secret } = await makeToken(city.db, { person: 'somebody', name: 'test', role: 'admin', days: 1 }, 'test');
  await schemathesis(secret, ownRights.flatMap((operation) => ['--include-operation-id', operation]));
}, minutes * 60_000);

async function schemathesis(token: string, chosen: readonly string[]): Promise<void> {
  const report = join(folder, 'report.json');
  const checks = ['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_headers_conformance', 'response_schema_conformance', 'unsupported_method', 'allow_header_conformance'];
  const amount = examples === '' ? ['--phases', 'examples,fuzzing', '--max-examples', '5', '--seed', '20261122'] : ['--phases', 'examples,coverage,fuzzing', '--max-examples', examples];
  const args = ['-m', 'schemathesis.cli', 'run', `http://127.0.0.1:${city.apiPort}/v1/openapi.json`, '--header', `Authorization: Bearer ${token}`, ...chosen, ...amount, '--checks', checks.join(','), '--continue-on-failure', '--no-shrink', '--request-timeout', '20', '--workers', '2', '--no-color', '--report', 'json', '--report-json-path', report];
  const { code, printed } = await new Promise<{ code: number; printed: string }>((resolve) => {
    execFile(python, args, { cwd: folder, maxBuffer: 64_000_000, timeout: minutes * 60_000 - 5_000 }, (error, out, complaint) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), printed: `${out}${complaint}` }));
  });
  // Queries can be very long; what is wrong stands before them.
  const failures = printed.slice(Math.max(0, printed.search(/=+ (FAILURES|ERRORS) =+/))).split('\n').map((line) => line.slice(0, 300)).slice(0, 150).join('\n');
  expect([code, code === 0 ? '' : failures]).toEqual([0, '']);
  expect(readFileSync(report, 'utf8').length).toBeGreaterThan(0);
}
