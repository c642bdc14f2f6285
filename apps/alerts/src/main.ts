/** Starts alerts: what becomes of conditions. */
import { startService } from '#service';
import { alertsConfiguration } from './configuration.js';
import { startAlerts } from './start.js';

await startService({ name: 'alerts', config: alertsConfiguration, start: startAlerts });
