/** A client of Server-Sent Events that remembers all it got, one connection at a time; node:http, so that 500 cost little. */
import { request, type IncomingMessage } from 'node:http';

export interface StreamEvent {
  readonly id: number;
  readonly event: string;
  readonly data: any; // eslint-disable-line @typescript-eslint/no-explicit-any
  /** performance.now() when its end arrived. */
  readonly atMs: number;
}

export interface Listening {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
  /** In the order of their arrival; places without an event are not among them. */
  readonly events: StreamEvent[];
  /** Of the last block that had one. */
  readonly lastId: number;
  readonly ended: boolean;
  /** Called after each event; those that came with the head of the answer are in `events` only. */
  onEvent: (event: StreamEvent) => void;
  /** Takes nothing more from the connection, or goes on. */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface ListenOptions {
  readonly token: string;
  readonly lastEventId?: number;
  readonly query?: string;
}

/** Resolves when the answer has begun. */
export function listenTo(url: string, { token, lastEventId, query = '' }: ListenOptions): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/v1/stream${query}`, { agent: false, headers: { authorization: `Bearer ${token}`, ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }) } }, (answer) => resolve(follow(answer, () => asked.destroy())));
    asked.once('error', reject);
    asked.end();
  });
}

function follow(answer: IncomingMessage, close: () => void): Listening {
  let rest = '';
  const listening = {
    status: answer.statusCode!, retryAfter: answer.headers['retry-after'], body: '', events: [] as StreamEvent[], lastId: NaN, ended: false, onEvent: (_: StreamEvent): void => undefined,
    pause: () => void answer.pause(), resume: () => void answer.resume(), close,
  };
  answer.setEncoding('utf8');
  answer.on('data', (text: string) => {
    if (listening.status !== 200) return void (listening.body += text);
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) take(block);
  });
  answer.on('error', () => undefined);
  answer.on('close', () => (listening.ended = true));

  function take(block: string): void {
    const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)] as const));
    if (fields.has('id')) listening.lastId = Number(fields.get('id'));
    if (!fields.has('data')) return;
    const event = { id: listening.lastId, event: fields.get('event') ?? 'message', data: JSON.parse(fields.get('data')!), atMs: performance.now() };
    listening.events.push(event);
    listening.onEvent(event);
  }
  return listening;
}
