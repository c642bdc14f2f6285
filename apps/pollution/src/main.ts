/** Starts pollution: its tables, its consumer, its jobs, its private HTTP port. */
import { startDomain } from '#domain';
import { startService } from '#service';
import { pollutionConfiguration } from './configuration.js';
import { pollution } from './definition.js';

await startService({ name: 'pollution', config: pollutionConfiguration, start: (config, service) => startDomain(config, service, pollution) });
