/** Starts traffic: its tables, its consumer, its jobs, its private HTTP port. */
import { startDomain } from '#domain';
import { startService } from '#service';
import { trafficConfiguration } from './configuration.js';
import { traffic } from './definition.js';

await startService({ name: 'traffic', config: trafficConfiguration, start: (config, service) => startDomain(config, service, traffic) });
