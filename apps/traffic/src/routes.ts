/** Traffic's own HTTP routes, beside those that every domain has. */
import { trafficRowValues } from '#contracts';
import { Described, instantField, limitField, principalOf, type Registry, sees } from '#service';
import type { Database } from '#timeseries';
import { Controller, Get, Inject, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { segmentMeasures, type SegmentMeasures } from './segment-measures.js';
import { type Bucket, bucketSeconds, segmentSums } from './tables.js';
import { trafficStates } from './travel-time.js';

export interface RouteOptions {
  readonly db: Database;
  readonly registry: Registry;
}

export const routeOptions = Symbol('route options');

const segmentsQuery = z.strictObject({
  bucket: z.enum(Object.keys(bucketSeconds) as [Bucket, ...Bucket[]]).default('15m'),
  at: instantField().describe('Start of the bucket; the newest of each segment by default').optional(),
  limit: limitField(10_000),
});

const instant = z.string().meta({ format: 'date-time' });
const percent = z.number().min(0).max(100);
const usedRow = { rowId: z.string().describe('The dated row that was used'), verified: z.boolean() };
const segment: z.ZodType<SegmentMeasures> = z
  .object({
    asset: z.string(), nameVi: z.string(), nameEn: z.string(), from: instant, bucketS: z.int(),
    observedPercent: percent.describe('Of all channels\' time'), imputedPercent: percent,
    flowVehH: z.number().nullable(),
    flowPcu: z.object({ pcuH: z.number(), unclassified: z.number(), unit: z.literal('PCU/h'), ...usedRow }).nullable(),
    speedKmh: z.number().nullable(), freeFlowKmh: z.number().nullable(),
    levelOfService: z.object({ level: z.enum(['A', 'B', 'C', 'D', 'E', 'F']), measure: trafficRowValues['traffic.los'].shape.measure, value: z.number(), countedIn: z.enum(['vehicles', 'PCU']), indicative: z.boolean(), observedPercent: percent, ...usedRow }).nullable(),
    travelTimeIndex: z.number().nullable(), delayVehH: z.number().nullable(),
    state: z.object({ state: z.enum(trafficStates), nameVi: z.string(), nameEn: z.string(), ...usedRow }).nullable(),
  })
  .meta({ id: 'Segment' });

@Controller('v1/traffic')
export class TrafficRoutes {
  constructor(@Inject(routeOptions) private readonly options: RouteOptions) {}

  @Get('segments')
  @Described({ summary: 'Flow, speed, level of service, travel time and delay of each segment in one bucket', role: 'viewer', query: segmentsQuery, answers: { 200: { description: 'Segments that have readings in it', schema: z.array(segment) } } })
  async segments(@Req() request: IncomingMessage, @Query() { bucket, at, limit }: z.output<typeof segmentsQuery>): Promise<unknown> {
    const caller = principalOf(request);
    const sums = await segmentSums(this.options.db, bucket, at ?? null, limit);
    return sums.filter(({ asset }) => sees(this.options.registry, caller, asset)).map((sum) => segmentMeasures(sum, this.options.registry));
  }
}
