/** Starts ingest: the door for devices, by MQTT and by HTTP. */
import { startService } from '#service';
import { configuration } from './configuration.js';
import { startIngest } from './start.js';

await startService({ name: 'ingest', config: configuration, start: startIngest });
