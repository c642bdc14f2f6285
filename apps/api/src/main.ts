/** Starts api: the registry's owner, and the door for people. */
import { connectKafka } from '#messaging';
import { openDatabase, migrate } from '#timeseries';
import { listenHttp, startService, watchRegistry } from '#service';
import { createApiApp } from './app.js';
import { apiConfiguration, forwardUrls, streamLimits } from './configuration.js';
import { watchDatabase } from './database-health.js';
import { createCallers } from './people/callers.js';
import { welcomeFirstAdmin } from './people/first-admin.js';
import { createSignIn } from './people/people.js';
import { forgetEndedSessions } from './people/tables.js';
import { seed } from './seed.js';
import { startStream } from './stream.js';

const remembered = 50_000; // Names, addresses and tokens whose pace is known.
const forgetEveryMs = 3_600_000;

await startService({
  name: 'api',
  config: apiConfiguration,
  async start(config, service) {
    const { log, health } = service;
    const db = openDatabase({ url: config.DATABASE_URL, name: 'nhip api', connectionsMax: config.DATABASE_CONNECTIONS_MAX, log });
    service.onStop('database', () => db.close());
    await migrate({ db, schema: 'registry', folder: new URL('./migrations/', import.meta.url), log });
    await seed(db, log);
    await welcomeFirstAdmin(db, config.FIRST_ADMIN_FILE);
    watchDatabase(db, service);
    const registry = await watchRegistry({ db, log, health });
    service.onStop('registry', () => registry.close());

    const idle = config.SESSION_IDLE_MINUTES;
    const forget = setInterval(() => void forgetEndedSessions(db, idle).catch((error: unknown) => log.warn({ error }, 'ended sessions not forgotten')), forgetEveryMs);
    service.onStop('ended sessions', () => clearInterval(forget));

    const pace = (perMinute: number): { perMinute: number; burst: number; remembered: number } => ({ perMinute, burst: Math.ceil(perMinute / 2), remembered });
    const callers = createCallers({
      db, log, sessionIdleMinutes: idle, publicUrl: config.API_PUBLIC_URL === undefined ? null : new URL(config.API_PUBLIC_URL), proxies: config.API_PROXIES,
      pace: pace(config.API_PERSON_PER_MINUTE), strangersPace: pace(config.API_STRANGER_PER_MINUTE),
    });
    const stream = startStream({
      service, kafka: connectKafka({ brokers: config.KAFKA_BROKERS, clientId: 'api', log }), topicRoot: config.TOPIC_ROOT, limits: streamLimits(config),
      stillIn: (request) => callers.stillIn(request),
    });
    const app = await createApiApp(service, {
      db, registry, callers, stream,
      signIn: createSignIn({
        db, sessionHours: config.SESSION_HOURS,
        attempts: { perNameAndAddress: config.SIGN_IN_PER_NAME_AND_ADDRESS, perAddress: config.SIGN_IN_PER_ADDRESS, perName: config.SIGN_IN_PER_NAME, forgivenS: config.SIGN_IN_FORGIVEN_S, remembered },
      }),
      importLimits: { rowsMax: config.API_IMPORT_ROWS_MAX, bytesMax: config.API_IMPORT_BYTES_MAX },
      forward: {
        urls: forwardUrls(config), secret: config.INTERNAL_SECRET, deadlineMs: config.API_FORWARD_DEADLINE_MS, silenceMaxMs: config.API_FORWARD_SILENCE_MAX_MS,
        connectionsMax: config.API_FORWARD_CONNECTIONS_MAX, bodyBytesMax: config.API_FORWARD_BODY_BYTES_MAX,
      },
    }, config.API_BODY_BYTES_MAX);
    await listenHttp(service, app, { host: config.HOST, port: config.API_PORT, connectionsMax: config.API_CONNECTIONS_MAX });
    // Before the server, which waits for all that is open.
    service.onStop('stream', () => stream.close());
  },
});
