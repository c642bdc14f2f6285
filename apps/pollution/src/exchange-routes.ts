/** Air quality for other systems, in the form of FIWARE. */
import { id, stationGrades } from '#contracts';
import { Described, listField, principalOf, sees } from '#service';
import { Controller, Get, Inject, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { airQualityEntity, type AirQualityEntity } from './formats/air-quality-entity.js';
import { type RouteOptions, routeOptions } from './routes.js';
import { newestHours, stations } from './station-tables.js';

const query = z.strictObject({
  station: listField(id, 100).describe('All by default').optional(),
  withinS: z.coerce.number({ error: 'expected a whole number of seconds, 1 to 604800' }).int().min(1).max(604_800).default(21_600).describe('Hours that began at most so long ago, s'),
});

const ugM3 = z.number().min(0).optional();
const entity = z
  .looseObject({
    id: z.string(), type: z.literal('AirQualityObserved'), name: z.string(),
    dateObserved: z.string().meta({ format: 'date-time' }).describe('Start of the hour'), dateObservedFrom: z.string().meta({ format: 'date-time' }), dateObservedTo: z.string().meta({ format: 'date-time' }),
    location: z.object({ type: z.literal('Point'), coordinates: z.array(z.number()).length(2) }), refPointOfInterest: z.string(), stationGrade: z.enum(stationGrades), revision: z.int().min(1),
    pm25: ugM3, pm10: ugM3, o3: ugM3, no2: ugM3, so2: ugM3, co: ugM3,
    airQualityIndex: z.int().min(0).max(500).optional().describe('VN_AQI; of regulatory stations alone'),
  })
  .meta({ id: 'AirQualityObserved' });

@Controller('v1/pollution')
export class ExchangeRoutes {
  constructor(@Inject(routeOptions) private readonly options: RouteOptions) {}

  @Get('fiware')
  @Described({
    summary: 'The newest closed hour of each station as FIWARE entities AirQualityObserved',
    description: 'Key-values of NGSI, concentrations in µg/m³. Stations without coordinates, which the data model requires, and replays are left out. [Data model](https://github.com/smart-data-models/dataModel.Environment/tree/master/AirQualityObserved).',
    role: 'viewer',
    query,
    answers: { 200: { description: 'By station', schema: z.array(entity) } },
  })
  async fiware(@Req() request: IncomingMessage, @Query() { station, withinS }: z.output<typeof query>): Promise<AirQualityEntity[]> {
    const principal = principalOf(request);
    const { db, registry } = this.options;
    const seen = (await stations(db, station ?? null)).filter((one) => !one.replay && sees(registry, principal, one.id));
    const hours = new Map((await newestHours(db, seen.map((one) => one.id))).map((hour) => [hour.asset, hour]));
    const sinceMs = Date.now() - withinS * 1000;
    return seen.flatMap(({ id: stationId, nameVi, longitude, latitude }) => {
      const hour = hours.get(stationId);
      if (hour === undefined || hour.hourMs < sinceMs) return [];
      return airQualityEntity({ station: stationId, nameVi, longitude, latitude, hourMs: hour.hourMs, revision: hour.revision, result: hour.result }) ?? [];
    });
  }
}
