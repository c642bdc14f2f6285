/** Starts alerts: what becomes of conditions. */
import { createHttpApp, listenHttp, serviceModule, startService } from '#service';
import { alertsConfiguration } from './configuration.js';

class AlertsModule {}

await startService({
  name: 'alerts',
  config: alertsConfiguration,
  async start(config, service) {
    const app = await createHttpApp(service, { module: AlertsModule, imports: [serviceModule(service)] }, { bodyBytesMax: 64 * 1024, body: 'json' });
    await listenHttp(service, app, { host: config.HOST, port: config.ALERTS_HTTP_PORT, connectionsMax: 1_000 });
  },
});
