/** The routes of the domains and of alerts, whatever they are: they describe themselves, and check their own roles. */
import { Described, principalOf, type Principal } from '#service';
import { All, Controller, Inject, Req, Res, type Type } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Forwarder } from './forward.js';

export const forwarder = Symbol('forwarder');
export const noteChange = Symbol('note change');

/** Told before a change is forwarded; it must not be when this fails. `path` is without its query. */
export type NoteChange = (caller: Principal, method: string, path: string) => Promise<void>;

export function forwardRoutes(names: readonly string[]): Type {
  @Controller('v1')
  class ForwardRoutes {
    constructor(
      @Inject(forwarder) private readonly forwarder: Forwarder,
      @Inject(noteChange) private readonly note: NoteChange,
    ) {}

    @All(names.flatMap((name) => [name, `${name}/*rest`]))
    @Described({ summary: 'Whatever the domain offers', role: 'viewer', hidden: true, answers: { 200: { description: 'What the domain answers' } } })
    async forward(@Req() request: IncomingMessage & { originalUrl: string }, @Res() response: ServerResponse): Promise<void> {
      const { method = '', originalUrl } = request;
      if (method !== 'GET' && method !== 'HEAD') await this.note(principalOf(request), method, originalUrl.split('?', 1)[0]!);
      this.forwarder.forward(request, response);
    }
  }
  return ForwardRoutes;
}
