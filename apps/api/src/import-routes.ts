/** Assets, gateways and devices from a file, as `npm run import` reads them: all of it or, when asked, what holds. */
import { Described, principalOf, problem, yesField } from '#service';
import type { Database } from '#timeseries';
import { Controller, Header, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { registryDatabase } from './asset-routes.js';
import { importRows, type ReadRows } from './import.js';
import { assetsFromCsv, devicesFromCsv, gatewaysFromCsv } from './import-csv.js';
import { assetsFromGeoJson } from './import-geojson.js';
import { sentence, type FileLimits } from './import-row.js';
import { needWholeCity } from './people/people-routes.js';

export const importLimits = Symbol('import limits');

const kinds = ['assets', 'gateways', 'devices'] as const;
const params = z.strictObject({ kind: z.enum(kinds) });
const query = z.strictObject({ partial: yesField().describe('Import what holds and leave out the rest; otherwise one bad row stops all'), rotate: yesField().describe('New secrets for those who have one already; the newest of the old stays in force beside it') });
const geoJson = 'application/geo+json';
const csv = 'text/csv';
const problemsShownMax = 100;

const outcome = z.strictObject({ given: z.int(), added: z.int(), changed: z.int() });
const rowProblem = z.strictObject({ at: z.string().meta({ example: 'line 12' }), field: z.string(), expected: z.string() });
const importView = z
  .strictObject({
    imported: outcome.nullable().meta({ description: 'Null: nothing was imported, because of the problems' }),
    secrets: z.record(z.string(), z.string()).meta({ description: 'Of new devices and gateways, by id; shown this once' }),
    stillRevoked: z.array(z.string()),
    problems: z.array(rowProblem).meta({ description: `At most ${problemsShownMax} of them` }),
    problemCount: z.int(),
  })
  .meta({ id: 'Import' });

@Controller('v1/imports')
export class ImportRoutes {
  constructor(
    @Inject(registryDatabase) private readonly db: Database,
    @Inject(importLimits) private readonly limits: FileLimits,
  ) {}

  @Post(':kind')
  @Header('cache-control', 'no-store')
  @Described({
    summary: 'Import a file', tag: 'import', role: 'supervisor', params, query,
    description: 'Importing the same file again changes what changed in it. 422: nothing was imported, and `problems` lists row by row what was expected.',
    rawBodies: { [csv]: 'A header line with the names of the fields, comma or semicolon', [geoJson]: 'Assets alone: a FeatureCollection of our own fields, of ways of OpenStreetMap, or of administrative units' },
    answers: { 200: { description: 'Imported', schema: importView }, 422: { description: 'Nothing was imported', content: { 'application/json': importView, 'application/problem+json': z.json() } } },
  })
  async import(@Req() request: IncomingMessage, @Res({ passthrough: true }) response: ServerResponse, @Param() { kind }: z.output<typeof params>, @Query() { partial, rotate }: z.output<typeof query>): Promise<unknown> {
    needWholeCity(request);
    const caller = principalOf(request);
    const read = readFile(kind, (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase(), await bodyOf(request, this.limits.bytesMax), this.limits);
    if (!caller.roles.includes('admin') && read.plan.devices.some(({ value }) => value.replay)) throw problem(403, 'role', { field: 'replay', expected: 'an admin, since what is replayed has no limit of age and is kept for ever' });
    const { done, problems, secrets, stillRevoked } = await importRows(this.db, read, { author: caller.person, partial, rotate, details: { by: 'api' } });
    if (done === null) response.statusCode = 422;
    const { given, added, changed } = done?.[kind] ?? { given: 0, added: 0, changed: 0 };
    return {
      imported: done === null ? null : { given, added, changed },
      secrets: Object.fromEntries(secrets),
      stillRevoked,
      problems: problems.slice(0, problemsShownMax).map(({ at, field, expected }) => ({ at, field, expected })),
      problemCount: problems.length,
    };
  }
}

function readFile(kind: (typeof kinds)[number], type: string, bytes: Buffer, limits: FileLimits): ReadRows {
  if (type === geoJson && kind !== 'assets') throw problem(415, 'content-type', { detail: `${kind} come as ${csv}` });
  const none = { rows: [], problems: [] };
  const assets = kind !== 'assets' ? none : type === geoJson ? assetsFromGeoJson('body', bytes, limits) : assetsFromCsv('body', bytes, limits);
  const gateways = kind === 'gateways' ? gatewaysFromCsv('body', bytes, limits) : none;
  const devices = kind === 'devices' ? devicesFromCsv('body', bytes, limits) : none;
  const problems = [...assets.problems, ...gateways.problems, ...devices.problems];
  const [first] = problems;
  if (first !== undefined && bytes.length === 0) throw problem(422, 'invalid', { field: '', expected: 'a file', detail: sentence(first) });
  return { plan: { assets: assets.rows, gateways: gateways.rows, devices: devices.rows }, problems };
}

/** The whole body, once its sender is known to be allowed to send it. */
async function bodyOf(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > bytesMax) throw problem(413, 'too-large', { detail: `the body is longer than ${bytesMax} bytes` });
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
