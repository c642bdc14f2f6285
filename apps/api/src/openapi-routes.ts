/** What can be asked, as OpenAPI and as a page; and a series by its devices alone, whatever domain they are of. */
import { id } from '#contracts';
import { bucketNames } from '#domain';
import { Described, instantField, limitField, listField, principalOf, problem, type Registry, sees } from '#service';
import { Controller, Get, Inject, Query, Req, Res, type DynamicModule, type Provider } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Forwarder } from './forward.js';
import { forwarder } from './forward-routes.js';
import { type MergedDocument } from './openapi.js';
import { docsPage } from './openapi-page.js';
import { sendPage } from './page.js';

const merged = Symbol('merged document');
const seriesRegistry = Symbol('registry');

@Controller()
export class OpenApiRoutes {
  constructor(@Inject(merged) private readonly document: MergedDocument) {}

  @Get('v1/openapi.json')
  @Described({ summary: 'This document', description: 'OpenAPI 3.1 of all that can be asked here. A domain that has not answered yet stands in `x-nhip-absent`.', role: 'anyone', answers: { 200: { description: 'OpenAPI 3.1', schema: z.record(z.string(), z.unknown()) } } })
  document31(): Promise<unknown> {
    return this.document.read();
  }

  @Get('docs')
  @Described({ summary: 'This document as a page', role: 'anyone', hidden: true, answers: { 200: { description: 'HTML' } } })
  async page(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    const body = Buffer.from(docsPage(await this.document.read()));
    sendPage({ type: 'text/html; charset=utf-8', body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }, request, response);
  }
}

const seriesQuery = z.strictObject({
  device: listField(id, 50).meta({ description: 'One or several, of one domain', example: ['loop-0001'] }),
  channel: listField(z.string().max(64), 64).describe('All of each device by default').optional(),
  metric: listField(z.string().max(64), 100).describe('Names of the domain’s catalogue; all by default').optional(),
  from: instantField(),
  to: instantField().describe('Exclusive; now by default').optional(),
  bucket: z.enum(bucketNames).default('auto'),
  points: limitField(10_000, 1_000).describe('For `auto`: rows of a channel at most'),
  format: z.enum(['json', 'csv']).describe('Wins over Accept').optional(),
});
const instant = z.string().meta({ format: 'date-time' });
const series = z
  .object({
    from: instant,
    to: instant,
    bucket: z.string(),
    bucketS: z.int().nullable(),
    metrics: z.array(z.object({ name: z.string(), unit: z.string(), nameVi: z.string(), nameEn: z.string() })),
    series: z.array(z.object({ device: z.string(), channel: z.string(), asset: z.string(), rows: z.array(z.record(z.string(), z.unknown())) })),
  })
  .meta({ id: 'Series' });

@Controller('v1/series')
export class SeriesRoutes {
  constructor(
    @Inject(seriesRegistry) private readonly registry: Registry,
    @Inject(forwarder) private readonly forwarder: Forwarder,
  ) {}

  @Get()
  @Described({
    summary: 'Values over time of devices, whatever their domain, as JSON or CSV',
    description: 'The same as `/v1/<domain>/series` of the domain to which the devices belong, where rows and gaps are explained.',
    role: 'viewer',
    tag: 'series',
    query: seriesQuery,
    answers: {
      200: { description: 'The series', schema: series, content: { 'text/csv': z.string() } },
      404: { description: 'There is no such device, or not in the areas of the caller' },
      406: { description: 'Neither JSON nor CSV would be accepted' },
      502: { description: 'The domain is not reachable' },
      504: { description: 'The domain does not answer in time' },
    },
  })
  series(@Req() request: IncomingMessage & { originalUrl: string }, @Query() { device }: z.output<typeof seriesQuery>, @Res() response: ServerResponse): void {
    const caller = principalOf(request);
    const domains = device.map((name, index) => {
      const known = this.registry.device(name);
      if (known === undefined || !sees(this.registry, caller, known.asset)) throw problem(404, 'unknown-device', { field: `device[${index}]`, expected: 'a device that is registered, and in your areas' });
      return known.domain;
    });
    const other = domains.findIndex((domain) => domain !== domains[0]);
    if (other > 0) throw problem(422, 'invalid', { field: `device[${other}]`, expected: `devices of one domain: ${device[0]} is of ${domains[0]}, ${device[other]} of ${domains[other]}` });
    const { originalUrl } = request;
    this.forwarder.forward(request, response, { name: domains[0]!, path: `/v1/${domains[0]}/series${originalUrl.slice(originalUrl.indexOf('?'))}` });
  }
}

class OpenApiModule {}

/** `forwarding` exports the forwarder. */
export function openApiRoutesModule(document: MergedDocument, registry: Registry, forwarding: DynamicModule): DynamicModule {
  const providers: Provider[] = [
    { provide: merged, useValue: document },
    { provide: seriesRegistry, useValue: registry },
  ];
  return { module: OpenApiModule, imports: [forwarding], controllers: [OpenApiRoutes, SeriesRoutes], providers };
}
