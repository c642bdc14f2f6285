/** Api as an HTTP application: who is let in, which bodies are read, which routes there are. */
import { answerProblem, createHttpApp, mayAct, problem, problemOf, routeGuard, type Service } from '#service';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { apiModule, type ApiParts } from './module.js';
import { hasCredentials, type Callers } from './people/callers.js';

export async function createApiApp(service: Service, parts: ApiParts, bodyBytesMax: number): Promise<NestExpressApplication> {
  const { callers, forward } = parts;
  const app = await createHttpApp(service, apiModule(service, parts), { body: 'none', bodyBytesMax: 0 });
  app.use(atTheDoor(callers));
  // Of what is forwarded the body is not ours to read.
  const forwarded = new RegExp(`^/v1/(?:${[...forward.urls.keys()].join('|')})(?:[/?]|$)`);
  app.useBodyParser('json', { limit: bodyBytesMax, strict: false, type: (request: IncomingMessage) => !forwarded.test(request.url ?? '') && /^application\/json\b/i.test(request.headers['content-type'] ?? '') });
  app.useGlobalGuards(routeGuard((request) => callers.identify(request)));
  return app;
}

/** What no guard sees: the pace of strangers, whatever they ask for, and metrics, which are not for everybody here. */
function atTheDoor(callers: Callers): (request: IncomingMessage, response: ServerResponse, next: () => void) => void {
  return (request, response, next) => {
    const path = (request.url ?? '').split('?', 1)[0]!;
    if (path === '/healthz' || path === '/readyz') return next(); // Machines ask often, and the answer is cheap.
    const admit = async (): Promise<void> => {
      if (!hasCredentials(request, callers.secureCookies)) callers.admitStranger(request);
      if (path !== '/metrics') return;
      const caller = await callers.identify(Object.assign(request, { originalUrl: request.url ?? '' }));
      if (!mayAct(caller, 'operator')) throw problem(403, 'role', { detail: 'expected the role operator, supervisor or admin' });
    };
    admit().then(next, (error: unknown) => answerProblem(response, problemOf(error)));
  };
}
