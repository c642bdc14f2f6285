/** Api's Nest module: the page, people and what they may do, the registry, what is forwarded to the domains. */
import { Described, serviceModule, type Registry, type Service } from '#service';
import type { Database } from '#timeseries';
import { Controller, Get, Inject, Req, Res, type DynamicModule, type Type } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AssetRoutes, registryDatabase } from './asset-routes.js';
import { audit } from './audit.js';
import { AuditRoutes } from './audit-routes.js';
import { DeviceRoutes, GatewayRoutes } from './client-routes.js';
import { DatedRowChangeRoutes, DatedRowRoutes } from './dated-row-routes.js';
import { createForwarder, type ForwardOptions } from './forward.js';
import { forwarder, forwardRoutes, noteChange, type NoteChange } from './forward-routes.js';
import { importLimits, ImportRoutes } from './import-routes.js';
import type { FileLimits } from './import-row.js';
import { mergedDocument } from './openapi.js';
import { OpenApiRoutes, openApiRoutesModule, SeriesRoutes } from './openapi-routes.js';
import { readPage, sendPage, type Page } from './page.js';
import type { Callers } from './people/callers.js';
import type { SignIn } from './people/people.js';
import { peopleDatabase, PeopleRoutes } from './people/people-routes.js';
import { SessionRoutes, sessionRouteOptions } from './people/session-routes.js';
import { TokenRoutes } from './people/token-routes.js';
import { streamModule, StreamRoutes } from './stream-routes.js';
import type { Stream } from './stream.js';

const pages = Symbol('pages');
const page = { summary: 'A file of the page', role: 'anyone', hidden: true, answers: { 200: { description: 'The file' } } } as const;

@Controller()
class PageRoutes {
  constructor(@Inject(pages) private readonly pages: ReadonlyMap<string, Page>) {}

  @Get()
  @Described(page)
  page(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    sendPage(this.pages.get('index.html')!, request, response);
  }

  @Get('live.js')
  @Described(page)
  script(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    sendPage(this.pages.get('live.js')!, request, response);
  }

  @Get('sign-in.js')
  @Described(page)
  signIn(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    sendPage(this.pages.get('sign-in.js')!, request, response);
  }

  @Get('live.css')
  @Described(page)
  style(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    sendPage(this.pages.get('live.css')!, request, response);
  }

  @Get('docs.css')
  @Described(page)
  docsStyle(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    sendPage(this.pages.get('docs.css')!, request, response);
  }
}

/** The routes that api answers itself, beside the page, the stream and what is forwarded. */
export const ownControllers: readonly Type[] = [SessionRoutes, PeopleRoutes, TokenRoutes, AssetRoutes, DeviceRoutes, GatewayRoutes, ImportRoutes, DatedRowRoutes, DatedRowChangeRoutes, AuditRoutes];

class PageModule {}
class ForwardModule {}
class ApiModule {}

export function pageModule(): DynamicModule {
  return { module: PageModule, controllers: [PageRoutes], providers: [{ provide: pages, useFactory: readPage }] };
}

export function forwardModule(service: Service, options: ForwardOptions, note: NoteChange): DynamicModule {
  return {
    module: ForwardModule,
    controllers: [forwardRoutes([...options.urls.keys()])],
    providers: [
      { provide: noteChange, useValue: note },
      {
        provide: forwarder,
        useFactory: () => {
          const made = createForwarder(options, service.log);
          service.onStop('forwarder', () => made.close());
          return made;
        },
      },
    ],
    exports: [forwarder],
  };
}

export interface ApiParts {
  readonly db: Database;
  readonly registry: Registry;
  readonly callers: Callers;
  readonly signIn: SignIn;
  readonly forward: ForwardOptions;
  readonly importLimits: FileLimits;
  readonly stream: Stream;
}

export function apiModule(service: Service, { db, registry, callers, signIn, forward, importLimits: limitsOfImports, stream }: ApiParts): DynamicModule {
  const note: NoteChange = ({ person }, method, path) => audit(db, { author: person, action: 'change-forwarded', subject: path.slice(0, 300), details: { method } });
  const forwarding = forwardModule(service, forward, note);
  const document = mergedDocument({ urls: forward.urls, controllers: [...ownControllers, StreamRoutes, OpenApiRoutes, SeriesRoutes], log: service.log });
  return {
    module: ApiModule,
    imports: [serviceModule(service), pageModule(), forwarding, openApiRoutesModule(document, registry, forwarding), streamModule(stream)],
    controllers: [...ownControllers],
    providers: [
      { provide: sessionRouteOptions, useValue: { db, callers, signIn } },
      { provide: peopleDatabase, useValue: db },
      { provide: registryDatabase, useValue: db },
      { provide: importLimits, useValue: limitsOfImports },
    ],
  };
}
