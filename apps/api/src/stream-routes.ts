/** The live stream's route. */
import { Described, principalOf, problem } from '#service';
import { Controller, Get, Inject, Query, Req, Res, type DynamicModule } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Stream } from './stream.js';

const stream = Symbol('stream');

const expected = 'expected the id of the last event that came, a whole number from -1';
const eventId = z.string().regex(/^(?:-1|\d{1,15})$/, expected).describe('The id of the last event that came: the stream goes on after it');
const query = z.strictObject({ lastEventId: eventId.optional() });

@Controller('v1')
export class StreamRoutes {
  constructor(@Inject(stream) private readonly stream: Stream) {}

  @Get('stream')
  @Described({
    summary: 'Every change of an alarm as it happens, as Server-Sent Events',
    description: [
      'Each event has an id; who loses the connection comes again with it in `Last-Event-ID` (browsers do so by themselves) or in `lastEventId`, and gets what came meanwhile.',
      '- `start`: the first event of each connection; its id is the present place.',
      '- `alarm`: a change, as JSON (schema `AlarmChange`) – transition and alarm. After a crash one may come twice, with the same `seq` of its alarm: take none that is not newer than what is known.',
      '- `reset`: what lies between is gone; load `/v1/alarms` anew.',
      '- `end`: the server ends the connection (`slow`, `signed-out`, `stopping`); come again with the last id.',
      'Open the stream first, then load `/v1/alarms`. Only what lies in the caller’s areas is shown. `lastEventId` gives way to `Last-Event-ID`.',
    ].join('\n'),
    role: 'viewer',
    tag: 'alerts',
    query,
    headers: z.object({ 'last-event-id': eventId.optional() }),
    answers: { 200: { description: 'Without end', content: { 'text/event-stream': z.string() } } },
  })
  open(@Req() request: IncomingMessage, @Res() response: ServerResponse, @Query() { lastEventId }: z.output<typeof query>): void {
    if (request.method === 'HEAD') throw problem(405, 'stream', { detail: 'a stream has no end that could be told without it: use GET' });
    const given = request.headers['last-event-id'] ?? lastEventId;
    this.stream.open(request, response, principalOf(request), given === undefined ? null : Number(given));
  }
}

class StreamModule {}

export function streamModule(opened: Stream): DynamicModule {
  return { module: StreamModule, controllers: [StreamRoutes], providers: [{ provide: stream, useValue: opened }] };
}
