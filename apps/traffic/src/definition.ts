/** Traffic as a domain: its rows, how its messages are read, congestion as what follows from them, its own routes. */
import { trafficFlagBits } from '#contracts';
import type { ConditionChange, DomainDefinition } from '#domain';
import type { Segment } from './congestion.js';
import { congestionFold } from './congestion-fold.js';
import { catalogue } from './catalogue.js';
import { ExchangeRoutes } from './exchange-routes.js';
import { limitsFrom } from './limits.js';
import { type Observation, observationsFrom } from './observation.js';
import { routeOptions, type RouteOptions, TrafficRoutes } from './routes.js';
import { readings, rollups } from './tables.js';

export const traffic: DomainDefinition<Observation, Segment, ConditionChange> = {
  name: 'traffic',
  migrations: new URL('./migrations/', import.meta.url),
  table: readings,
  rollups: rollups(trafficFlagBits.imputed),
  catalogue,
  flagBits: trafficFlagBits,
  observationsFrom,
  prepare({ config, db, registry }) {
    const limits = limitsFrom(registry);
    const routing: RouteOptions = { db, registry };
    return {
      fold: congestionFold(limits, registry, config.TOPIC_ROOT),
      age: (atMs) => limits.age(atMs),
      controllers: [TrafficRoutes, ExchangeRoutes],
      providers: [{ provide: routeOptions, useValue: routing }],
      onRegistryChange: () => limits.forget(),
    };
  },
};
