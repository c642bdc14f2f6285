/** Traffic's own HTTP routes, beside those that every domain has. */
import type { Registry } from '#service';
import type { Database } from '#timeseries';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { segmentMeasures } from './segment-measures.js';
import { type Bucket, bucketSeconds, latestReadings, segmentSums } from './tables.js';

export interface RouteOptions {
  readonly db: Database;
  readonly registry: Registry;
}

export const routeOptions = Symbol('route options');

const limit = (max: number) => z.coerce.number({ error: `expected a whole number, 1 to ${max}` }).int().min(1).max(max).default(Math.min(100, max));
const latestQuery = z.strictObject({ limit: limit(10_000) });
const segmentsQuery = z.strictObject({
  bucket: z.enum(Object.keys(bucketSeconds) as [Bucket, ...Bucket[]]).default('15m'),
  at: z.iso.datetime({ offset: true, error: 'expected the start of a bucket such as 2026-11-22T07:00:00Z' }).optional(),
  limit: limit(10_000),
});

@Controller('v1/traffic')
export class TrafficRoutes {
  constructor(@Inject(routeOptions) private readonly options: RouteOptions) {}

  /** The newest reading of each channel, by event time. */
  @Get('latest')
  async latest(@Query() query: unknown): Promise<unknown> {
    return (await latestReadings(this.options.db, latestQuery.parse(query).limit)).map(withClasses);
  }

  /** Flow, speed, level of service, travel time and delay of each segment in one bucket: its newest, or the one that begins at `at`. */
  @Get('segments')
  async segments(@Query() query: unknown): Promise<unknown> {
    const { bucket, at, limit } = segmentsQuery.parse(query);
    const sums = await segmentSums(this.options.db, bucket, at === undefined ? null : Date.parse(at), limit);
    return sums.map((sum) => segmentMeasures(sum, this.options.registry));
  }
}

function withClasses({ motorcycle, car, bus, truck, trailer, bicycle, other, ...row }: Record<string, unknown>): unknown {
  return { ...row, byClass: { motorcycle, car, bus, truck, trailer, bicycle, other } };
}
