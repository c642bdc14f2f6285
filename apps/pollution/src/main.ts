/** Starts pollution: its tables, its consumer, its jobs, its private HTTP port. */
import { portOf } from '#domain';
import { createHttpApp, listenHttp, serviceModule, startService } from '#service';
import { pollutionConfiguration } from './configuration.js';

class PollutionModule {}

await startService({
  name: 'pollution',
  config: pollutionConfiguration,
  async start(config, service) {
    const app = await createHttpApp(service, { module: PollutionModule, imports: [serviceModule(service)] }, { bodyBytesMax: 64 * 1024, body: 'json' });
    await listenHttp(service, app, { host: config.HOST, port: portOf(config, 'pollution'), connectionsMax: 1_000 });
  },
});
