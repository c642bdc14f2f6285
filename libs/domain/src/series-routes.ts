/**
 * `GET v1/<domain>/series` and `latest`, the same for every domain: what can be asked follows from its catalogue.
 *
 * A series is streamed: the database makes each row's text, and the next piece is fetched when the last one is taken.
 */
import { channel as channelName, type Domain, id } from '#contracts';
import { Described, instantField, limitField, listField, principalOf, problem, type Principal, type Registry, sees } from '#service';
import { type Database, eachPiece, readOnce, type Statement } from '#timeseries';
import { Controller, Get, Query, Req, Res, type Type } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { preferred } from './accept.js';
import type { Metric } from './catalogue.js';
import { latestReadings, latestSchema } from './latest.js';
import { bucketNames, bucketsMax, chooseWidth, type Width, widths } from './series.js';
import { bucketHeads, bucketStatements, countStatement, type Format, rawHeads, rawStatement, type SeriesTable } from './series-sql.js';
import { answerSlowly, type SlowAnswer } from './slow-answer.js';

export interface SeriesOptions extends SeriesTable {
  readonly domain: Domain;
  readonly catalogue: readonly Metric[];
  readonly registry: Pick<Registry, 'device' | 'asset'>;
  /** Its connections are held for as long as callers take; not those that readings are stored with. */
  readonly db: Database;
}

const rowsMaxJson = 100_000;
const rowsPerPiece = 5_000;
const devicesMax = 50;
const exportsMax = 2;
const deadlineMs = 15 * 60_000;
const dayMs = 86_400_000;

interface Channel {
  readonly id: number;
  readonly device: string;
  readonly channel: string;
  readonly asset: string;
  readonly zone: string;
}

interface Asked {
  readonly channels: readonly Channel[];
  readonly metrics: readonly Metric[];
  readonly width: Width | 'raw';
  readonly fromMs: number;
  readonly toMs: number;
}

const description = `Rows come by device and channel, in order of time.

* \`bucket=raw\`: the readings as they are stored, each with its period, its revision (0: never corrected) and its flags.
* \`bucket=1m\` … \`7d\`: for each bucket that touches the range, whole, the value over it: \`n\` readings that counted, \`nExcluded\` that did not (imputed, or invalid by the device's own word), \`observedPct\` of its time that was observed (of the best observed of the metrics asked for). Buckets from 2 h on follow the local time of the device's asset, and days of the change of clocks are as long as they are. A bucket holds only readings whose period is not longer than the aggregate it is made of.
* \`bucket=auto\`: raw where that makes at most \`points\` rows for a channel, else the finest width that does.

**Gaps**: a bucket, or a moment, without readings has no row. A row in which a metric is null had readings, but none of that metric. Nothing is interpolated.

The present is in it: where aggregates lag behind, the rows themselves are summed.

JSON holds at most ${rowsMaxJson} rows; CSV (\`format=csv\`, or \`Accept: text/csv\`) any number. An answer that breaks off was not finished: it is then no whole JSON, and a CSV ends without the end of its transfer.`;

export function seriesRoutesOf(options: SeriesOptions): Type {
  const { catalogue, domain, registry, db } = options;
  const metricNames = catalogue.map(({ name }) => name);
  const seriesQuery = z.strictObject({
    device: listField(id, devicesMax).meta({ description: 'One or several', example: ['loop-0001'] }),
    channel: listField(channelName, 64).describe('All of each device by default').optional(),
    metric: listField(z.enum(metricNames as [string, ...string[]]), metricNames.length).describe('All by default').optional(),
    from: instantField(),
    to: instantField().describe('Exclusive; now by default').optional(),
    bucket: z.enum(bucketNames).default('auto'),
    points: limitField(10_000, 1_000).describe('For `auto`: rows of a channel at most'),
    format: z.enum(['json', 'csv']).describe('Wins over Accept').optional(),
  });
  const latestQuery = z.strictObject({ device: listField(id, 100).describe('All by default').optional(), limit: limitField(10_000) });
  let exporting = 0;

  @Controller(`v1/${domain}`)
  class SeriesRoutes {
    @Get('series')
    @Described({
      summary: 'Values over time, as JSON or CSV',
      description,
      role: 'viewer',
      query: seriesQuery,
      answers: {
        200: { description: 'The series', schema: seriesSchema(catalogue), content: { 'text/csv': z.string().describe('One head, then a row for each device, channel and time; empty where null') } },
        404: { description: 'There is no such device here, or not in the areas of the caller' },
        406: { description: 'Neither JSON nor CSV would be accepted' },
      },
    })
    async series(@Req() request: IncomingMessage, @Query() query: z.output<typeof seriesQuery>, @Res() response: ServerResponse): Promise<void> {
      const format = formatOf(query.format, request.headers.accept);
      const toMs = query.to ?? Date.now();
      if (toMs <= query.from) throw problem(422, 'invalid', { field: 'to', expected: 'a time after `from`' });
      for (const [index, device] of query.device.entries()) needDevice(registry, domain, device, index, principalOf(request));
      const channels = await channelsOf(options, query.device, query.channel ?? null);
      const width = query.bucket === 'auto' ? chooseWidth({ fromMs: query.from, toMs, points: query.points, periodS: await longestPeriod(options, channels, toMs) }) : widthOf(query.bucket);
      const asked: Asked = { channels, metrics: metricsOf(catalogue, query.metric ?? null, width), width, fromMs: query.from, toMs };
      if (format === 'json') await needFewRows(options, asked);
      if (format === 'csv' && exporting >= exportsMax) throw problem(503, 'busy', { detail: `${exportsMax} exports are under way; try again when one is done`, retryAfterS: 10 });

      const headers = {
        'content-type': format === 'json' ? 'application/json; charset=utf-8' : 'text/csv; charset=utf-8; header=present',
        'cache-control': 'no-store',
        vary: 'accept',
        ...(format === 'csv' ? { 'content-disposition': `attachment; filename="${domain}.csv"` } : {}),
      };
      if (request.method === 'HEAD') return void response.writeHead(200, headers).end();
      if (format === 'csv') exporting++;
      try {
        await answerSlowly(response, headers, deadlineMs, (answer) => (format === 'json' ? writeJson(options, asked, answer) : writeCsv(options, asked, answer)));
      } finally {
        if (format === 'csv') exporting--;
      }
    }

    @Get('latest')
    @Described({
      summary: 'The newest reading of each channel, by event time',
      description: 'Newest first. Replayed devices are never among them.',
      role: 'viewer',
      query: latestQuery,
      answers: { 200: { description: 'Readings with the names of their assets', schema: latestSchema(catalogue) } },
    })
    latest(@Req() request: IncomingMessage, @Query() { device, limit }: z.output<typeof latestQuery>): Promise<unknown> {
      return latestReadings(db, options, { devices: device ?? null, areas: principalOf(request).areas, limit });
    }
  }
  return SeriesRoutes;
}

function formatOf(asked: Format | undefined, accept: string | undefined): Format {
  if (asked !== undefined) return asked;
  const type = preferred(accept, ['application/json', 'text/csv']);
  if (type === null) throw problem(406, 'content-type', { detail: 'expected application/json or text/csv to be accepted' });
  return type === 'text/csv' ? 'csv' : 'json';
}

/** Whoever may not see a device is told no more than that there is none. */
function needDevice(registry: SeriesOptions['registry'], domain: Domain, device: string, index: number, caller: Principal): void {
  const known = registry.device(device);
  if (known === undefined || !sees(registry, caller, known.asset)) throw problem(404, 'unknown-device', { field: `device[${index}]`, expected: 'a device that is registered, and in your areas' });
  if (known.domain !== domain) throw problem(404, 'unknown-device', { field: `device[${index}]`, expected: `a device of ${domain}; ${device} belongs to ${known.domain}` });
}

async function channelsOf({ db, rollups: { schema }, registry }: SeriesOptions, devices: readonly string[], channels: readonly string[] | null): Promise<Channel[]> {
  const rows = await db.query(`select id, device, channel from ${schema}.channel where device = any($1) and ($2::text[] is null or channel = any($2)) order by device, channel`, [devices, channels]);
  return rows.map((row) => {
    const { asset } = registry.device(row['device'])!;
    return { id: row['id'], device: row['device'], channel: row['channel'], asset, zone: registry.asset(asset)?.timeZone ?? 'UTC' };
  });
}

/** The longest period at which they reported last; 1 s where nothing is known, so that no width is too fine. */
async function longestPeriod({ db, rollups: { schema, table } }: SeriesOptions, channels: readonly Channel[], toMs: number): Promise<number> {
  // Most have reported within a day; to look through all chunks costs more than the rest of the answer.
  for (const fromMs of [toMs - dayMs, 0]) {
    const [row] = await db.query(
      `select max(newest.period_s) as period_s from unnest($1::int[]) as c (id)
         cross join lateral (select period_s from ${schema}.${table} where channel_id = c.id and observed_at >= $2 and observed_at < $3 order by observed_at desc limit 1) as newest`,
      [channels.map(({ id }) => id), new Date(fromMs).toISOString(), new Date(toMs).toISOString()],
    );
    if (row!['period_s'] !== null) return row!['period_s'];
  }
  return 1;
}

function widthOf(bucket: string): Width | 'raw' {
  return widths.find(({ name }) => name === bucket) ?? 'raw';
}

function metricsOf(catalogue: readonly Metric[], names: readonly string[] | null, width: Width | 'raw'): Metric[] {
  const metrics = names === null ? catalogue.filter(({ rollup }) => width === 'raw' || rollup.kind !== 'none') : catalogue.filter(({ name }) => names.includes(name));
  const rawOnly = metrics.find(({ rollup }) => rollup.kind === 'none');
  if (width !== 'raw' && rawOnly !== undefined) throw problem(422, 'invalid', { field: 'bucket', expected: `raw: ${rawOnly.name} has no mean` });
  return metrics;
}

async function needFewRows(options: SeriesOptions, { channels, width, fromMs, toMs }: Asked): Promise<void> {
  const hint = `at most ${rowsMaxJson} rows as JSON: a wider bucket, a shorter range, or format=csv`;
  if (width !== 'raw') {
    if (channels.length * bucketsMax({ fromMs, toMs }, width) > rowsMaxJson) throw problem(422, 'too-many-rows', { field: 'bucket', expected: hint });
    return;
  }
  const { text, values } = countStatement(options, channels.map((channel) => channel.id), fromMs, toMs, rowsMaxJson + 1);
  const [found] = await options.db.query(text, values);
  if (found!['n'] > rowsMaxJson) throw problem(422, 'too-many-rows', { field: 'bucket', expected: hint });
}

function writeJson(options: SeriesOptions, asked: Asked, answer: SlowAnswer): Promise<void> {
  const { channels, metrics, width, fromMs, toMs } = asked;
  const head = {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    bucket: width === 'raw' ? 'raw' : width.name,
    bucketS: width === 'raw' ? null : width.widthS,
    metrics: metrics.map(({ name, unit, nameVi, nameEn }) => ({ name, unit, nameVi, nameEn })),
  };
  return readOnce(options.db, async (transaction) => {
    await answer.write(`${JSON.stringify(head).slice(0, -1)},"series":[`);
    for (const [index, channel] of channels.entries()) {
      await answer.write(`${index === 0 ? '' : ','}${JSON.stringify({ device: channel.device, channel: channel.channel, asset: channel.asset }).slice(0, -1)},"rows":[`);
      let first = true;
      for (const statement of await statementsOf(transaction, options, asked, 'json', channel)) {
        await eachPiece<{ line: string }>(transaction, statement, rowsPerPiece, (rows) => {
          const text = `${first ? '' : ','}${rows.map(({ line }) => line).join(',')}`;
          first = false;
          return answer.write(text);
        });
      }
      await answer.write(']}');
    }
    await answer.write(']}');
  });
}

function writeCsv(options: SeriesOptions, asked: Asked, answer: SlowAnswer): Promise<void> {
  const heads = asked.width === 'raw' ? rawHeads : bucketHeads;
  return readOnce(options.db, async (transaction) => {
    await answer.write(`${['device', 'channel', ...heads, ...asked.metrics.map(({ name }) => name)].join(',')}\r\n`);
    for (const channel of asked.channels) {
      const before = `${channel.device},${channel.channel},`;
      for (const statement of await statementsOf(transaction, options, asked, 'csv', channel)) {
        await eachPiece<{ line: string }>(transaction, statement, rowsPerPiece, (rows) => {
          let text = '';
          for (const { line } of rows) text += `${before}${line}\r\n`;
          return answer.write(text);
        });
      }
    }
  });
}

async function statementsOf(transaction: Parameters<typeof bucketStatements>[0], options: SeriesOptions, { width, metrics, fromMs, toMs }: Asked, format: Format, { id: channelId, zone }: Channel): Promise<Statement[]> {
  const range = { channelId, zone, fromMs, toMs };
  return width === 'raw' ? [rawStatement(options, metrics, format, range)] : bucketStatements(transaction, options, metrics, width, format, range);
}

function seriesSchema(catalogue: readonly Metric[]): z.ZodType {
  const instant = z.string().meta({ format: 'date-time' });
  const values = Object.fromEntries(catalogue.map(({ name, unit, nameEn }) => [name, z.number().nullable().describe(unit === '' ? nameEn : `${nameEn}, ${unit}`).optional()]));
  const reading = z.object({ observedAt: instant, periodS: z.int(), receivedAt: instant, revision: z.int(), flags: z.array(z.string()), ...values });
  const bucket = z.object({ start: instant, n: z.int(), nExcluded: z.int(), observedPct: z.number().min(0).max(100).nullable(), ...values });
  return z.object({
    from: instant,
    to: instant,
    bucket: z.string(),
    bucketS: z.int().nullable(),
    metrics: z.array(z.object({ name: z.string(), unit: z.string(), nameVi: z.string(), nameEn: z.string() })),
    series: z.array(z.object({ device: z.string(), channel: z.string(), asset: z.string(), rows: z.array(z.union([reading, bucket])) })),
  });
}
