/** Starts api: the registry's owner, and the door for people. */
import { openDatabase, migrate } from '#timeseries';
import { createHttpApp, listenHttp, startService } from '#service';
import { apiConfiguration, domainUrls } from './configuration.js';
import { watchDatabase } from './database-health.js';
import { apiModule } from './module.js';
import { seed } from './seed.js';

await startService({
  name: 'api',
  config: apiConfiguration,
  async start(config, service) {
    const db = openDatabase({ url: config.DATABASE_URL, name: 'nhip api', connectionsMax: config.DATABASE_CONNECTIONS_MAX, log: service.log });
    service.onStop('database', () => db.close());
    await migrate({ db, schema: 'registry', folder: new URL('./migrations/', import.meta.url), log: service.log });
    await seed(db, service.log);
    watchDatabase(db, service);

    const app = await createHttpApp(service, apiModule(service, {
      urls: domainUrls(config),
      secret: config.INTERNAL_SECRET,
      deadlineMs: config.API_FORWARD_DEADLINE_MS,
      silenceMaxMs: config.API_FORWARD_SILENCE_MAX_MS,
      connectionsMax: config.API_FORWARD_CONNECTIONS_MAX,
    }), { body: 'none', bodyBytesMax: 0 });
    await listenHttp(service, app, { host: config.HOST, port: config.API_PORT, connectionsMax: config.API_CONNECTIONS_MAX });
  },
});
