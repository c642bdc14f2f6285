/** Traffic for other systems, in their own forms: FIWARE and DATEX II. What is imputed is no observation, and is not handed out. */
import { id } from '#contracts';
import { Described, limitField, listField, principalOf, problem } from '#service';
import { Controller, Get, Header, Inject, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { newestObserved } from './exchange-tables.js';
import { isLocated, measuredDataPublication, siteTablePublication } from './formats/datex.js';
import type { ExchangeReading } from './formats/exchange.js';
import { trafficFlowEntities, type TrafficFlowEntity } from './formats/traffic-flow-entities.js';
import { type RouteOptions, routeOptions } from './routes.js';

const query = z.strictObject({
  device: listField(id, 100).describe('All by default').optional(),
  withinS: z.coerce.number({ error: 'expected a whole number of seconds, 1 to 604800' }).int().min(1).max(604_800).default(3_600).describe('Readings that began at most so long ago, s'),
  limit: limitField(10_000),
});

const sitesQuery = query.extend({ withinS: query.shape.withinS.unwrap().default(604_800).describe('Channels that have a reading of at most so long ago, s') });

/** Neither document may be empty, by its schema. */
const noReadings = () => problem(404, 'no-readings', { detail: 'no reading within this time' });
const xmlAnswers = { 200: { description: 'XML', content: { 'application/xml': z.string() } }, 404: { description: 'No reading within this time: the schema of DATEX II knows no empty publication' } };

const entity = z
  .looseObject({
    id: z.string(), type: z.literal('TrafficFlowObserved'), dateObserved: z.string(), dateObservedFrom: z.string().meta({ format: 'date-time' }), dateObservedTo: z.string().meta({ format: 'date-time' }),
    refRoadSegment: z.string(), refDevice: z.string(), congested: z.boolean(),
    intensity: z.number().min(0).optional(), averageVehicleSpeed: z.number().min(0).optional(), occupancy: z.number().min(0).max(1).optional(),
  })
  .meta({ id: 'TrafficFlowObserved' });

@Controller('v1/traffic')
export class ExchangeRoutes {
  constructor(@Inject(routeOptions) private readonly options: RouteOptions) {}

  @Get('fiware')
  @Described({
    summary: 'The newest readings as FIWARE entities TrafficFlowObserved',
    description: 'Key-values of NGSI: one entity for all vehicles of a lane, and one for each class that its detector tells apart. [Data model](https://github.com/smart-data-models/dataModel.Transportation/tree/master/TrafficFlowObserved).',
    role: 'viewer',
    query,
    answers: { 200: { description: 'Newest first', schema: z.array(entity) } },
  })
  async fiware(@Req() request: IncomingMessage, @Query() asked: z.output<typeof query>): Promise<TrafficFlowEntity[]> {
    return (await this.newest(request, asked)).flatMap(trafficFlowEntities);
  }

  @Get('datex')
  @Header('content-type', 'application/xml; charset=utf-8')
  @Described({
    summary: 'The newest readings as a DATEX II v3 MeasuredDataPublication',
    description: 'Each channel of a device is a measurement site `<device>/<channel>`; index 1 is the flow of all vehicles, 2 their speed, 3 occupancy, 4 to 10 the flow of motorcycles, cars, buses, trucks, trailers, bicycles and others.',
    role: 'viewer',
    query,
    answers: xmlAnswers,
  })
  async datex(@Req() request: IncomingMessage, @Query() asked: z.output<typeof query>): Promise<string> {
    const readings = await this.newest(request, asked);
    if (readings.length === 0) throw noReadings();
    return measuredDataPublication(readings, Date.now());
  }

  @Get('datex/sites')
  @Header('content-type', 'application/xml; charset=utf-8')
  @Described({
    summary: 'The measurement sites of the above as a DATEX II v3 MeasurementSiteTablePublication',
    description: 'Where each is, and what its indices mean. Channels without a location, which DATEX II requires, are left out.',
    role: 'viewer',
    query: sitesQuery,
    answers: xmlAnswers,
  })
  async sites(@Req() request: IncomingMessage, @Query() asked: z.output<typeof query>): Promise<string> {
    const readings = (await this.newest(request, asked)).filter(isLocated);
    if (readings.length === 0) throw noReadings();
    return siteTablePublication(readings, Date.now());
  }

  private newest(request: IncomingMessage, { device, withinS, limit }: z.output<typeof query>): Promise<ExchangeReading[]> {
    return newestObserved(this.options.db, { devices: device ?? null, areas: principalOf(request).areas, sinceMs: Date.now() - withinS * 1000, limit });
  }
}
