/** A client of the live stream that comes again with its last id whenever it is cut off, as a browser does, and keeps all it got. */
import type { AlarmChange } from '#contracts';
import { listenTo, type Listening } from './event-source.js';

export interface StreamFollower {
  /** Every alarm event in the order of arrival, over all connections. */
  readonly changes: readonly { readonly id: number; readonly change: AlarmChange }[];
  /** Answers other than 200, and events `reset`. */
  readonly troubles: readonly string[];
  readonly connections: number;
  readonly lastId: number;
  /** Goes away and stays away; `back` comes again with the last id. */
  leave(): void;
  back(): void;
  stop(): Promise<void>;
}

const againMs = 100;

export function followStream(url: string, token: string): StreamFollower {
  const changes: { id: number; change: AlarmChange }[] = [];
  const troubles: string[] = [];
  let connections = 0;
  let lastId: number | undefined;
  let current: Listening | null = null;
  let away = false;
  let stopping = false;

  async function connect(): Promise<void> {
    const one = await listenTo(url, { token, ...(lastId === undefined ? {} : { lastEventId: lastId }) });
    if (one.status !== 200) {
      if (one.status !== 503) troubles.push(`answered ${one.status}`); // Not ready yet: come again.
      one.close();
      return;
    }
    connections++;
    current = one;
    // The first events may have come with the head of the answer.
    let taken = 0;
    const take = (): void => {
      for (const { id, event, data } of one.events.slice(taken)) {
        if (event === 'alarm') changes.push({ id, change: data });
        if (event === 'reset') troubles.push(`reset: ${data.reason}`);
      }
      taken = one.events.length;
    };
    one.onEvent = take;
    take();
    while (!one.ended && !stopping && !away) {
      await sleep(20);
      if (!Number.isNaN(one.lastId)) lastId = one.lastId;
    }
    if (!Number.isNaN(one.lastId)) lastId = one.lastId;
    one.close();
    current = null;
  }

  const following = (async () => {
    while (!stopping) {
      if (!away) await connect().catch(() => undefined);
      await sleep(againMs);
    }
  })();

  return {
    changes,
    troubles,
    get connections() {
      return connections;
    },
    get lastId() {
      return current !== null && !Number.isNaN(current.lastId) ? current.lastId : (lastId ?? -1);
    },
    leave: () => void (away = true),
    back: () => void (away = false),
    async stop() {
      stopping = true;
      await following;
    },
  };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
