/** Pollution as a domain: its rows, how its messages are read, what becomes stale by them, its own routes and job. */
import { ageLimits, type DomainDefinition } from '#domain';
import { catalogue } from './catalogue.js';
import { type Observation, observationsFrom } from './observation.js';
import { type StaleHour, staleHoursFold } from './stale-hours.js';
import { readings, rollups } from './tables.js';

export const pollution: DomainDefinition<Observation, string, StaleHour> = {
  name: 'pollution',
  migrations: new URL('./migrations/', import.meta.url),
  table: readings,
  rollups,
  catalogue,
  observationsFrom,
  prepare({ registry }) {
    const ages = ageLimits(registry, 'pollution.age');
    return {
      fold: staleHoursFold(registry),
      age: (atMs) => ages.at(atMs),
      controllers: [],
      providers: [],
      onRegistryChange: () => ages.forget(),
    };
  },
};
