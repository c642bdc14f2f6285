/** Starts traffic: its tables, its consumer, its jobs, its private HTTP port. */
import { startService } from '#service';
import { trafficConfiguration } from './configuration.js';
import { startTraffic } from './start.js';

await startService({ name: 'traffic', config: trafficConfiguration, start: startTraffic });
