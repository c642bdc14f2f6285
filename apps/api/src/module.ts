/** Api's Nest module: the live page, what is forwarded to the domains, health and metrics. */
import { serviceModule, type Service } from '#service';
import { All, Controller, Get, Inject, Req, Res, type DynamicModule } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createForwarder, type Forwarder, type ForwardOptions } from './forward.js';
import { readPage, sendPage, type Page } from './page.js';

const forwarder = Symbol('forwarder');
const pages = Symbol('pages');

@Controller()
class PageRoutes {
  constructor(@Inject(pages) private readonly pages: ReadonlyMap<string, Page>) {}

  @Get()
  page(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    sendPage(this.pages.get('index.html')!, request, response);
  }

  @Get('live.js')
  script(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    sendPage(this.pages.get('live.js')!, request, response);
  }

  @Get('live.css')
  style(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    sendPage(this.pages.get('live.css')!, request, response);
  }
}

@Controller('v1')
class ForwardRoutes {
  constructor(@Inject(forwarder) private readonly forwarder: Forwarder) {}

  @All('*rest')
  forward(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    this.forwarder.forward(request, response);
  }
}

class ApiModule {}

export function apiModule(service: Service, options: ForwardOptions): DynamicModule {
  return {
    module: ApiModule,
    imports: [serviceModule(service)],
    controllers: [PageRoutes, ForwardRoutes],
    providers: [
      { provide: pages, useFactory: readPage },
      {
        provide: forwarder,
        useFactory: () => {
          const made = createForwarder(options, service.log);
          service.onStop('forwarder', () => made.close());
          return made;
        },
      },
    ],
  };
}
