/** Pollution as a domain: its rows, how its messages are read, what becomes stale by them, its own routes and job. */
import { pollutionFlagBits } from '#contracts';
import { ageLimits, type DomainDefinition } from '#domain';
import { catalogue } from './catalogue.js';
import { ExchangeRoutes } from './exchange-routes.js';
import type { HoursContext } from './hours.js';
import { type HoursJob, startHours } from './hours-job.js';
import { type Observation, observationsFrom } from './observation.js';
import { PollutionRoutes, type RouteOptions, routeOptions } from './routes.js';
import { type StaleHour, staleHoursFold } from './stale-hours.js';
import { readings, rollups } from './tables.js';

/** Of a station that the registry does not know any more. */
const zoneDefault = 'Asia/Ho_Chi_Minh';

export const pollution: DomainDefinition<Observation, string, StaleHour> = {
  name: 'pollution',
  migrations: new URL('./migrations/', import.meta.url),
  table: readings,
  rollups,
  catalogue,
  flagBits: pollutionFlagBits,
  observationsFrom,
  prepare({ config, service, db, registry }) {
    const { health, log } = service;
    const ages = ageLimits(registry, 'pollution.age');
    const routing: RouteOptions = { db, registry, rows: (kind) => registry.rows(kind), zoneOf: (asset) => registry.asset(asset)?.timeZone ?? zoneDefault };
    const hours: HoursContext = { db, log, zoneOf: routing.zoneOf, topicRoot: config.TOPIC_ROOT };
    let job: HoursJob | null = null;
    return {
      fold: staleHoursFold(registry),
      age: (atMs) => ages.at(atMs),
      controllers: [PollutionRoutes, ExchangeRoutes],
      providers: [{ provide: routeOptions, useValue: routing }],
      onRegistryChange() {
        ages.forget();
        job?.nudge();
      },
      onStored: () => job?.nudge(),
      start({ relay }) {
        job = startHours(hours, { flagsKeptDays: config.RETENTION_ROWS_DAYS, onAnnounced: () => relay.nudge(), onTrouble: (failing) => health.report('hours', !failing) });
        service.onStop('hours', () => job!.stop());
      },
    };
  },
};
