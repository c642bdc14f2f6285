/** Closes hours for as long as the process lives: soon after each round, and every few seconds, since graces end by the clock. */
import { replayChannels } from '#domain';
import { dropOldFlags } from './hour-tables.js';
import { closeHours, type HoursContext } from './hours.js';
import { schema } from './tables.js';

export interface HoursJob {
  /** Readings have come in. */
  nudge(): void;
  stop(): Promise<void>;
}

const everyMs = 2_000;
/** Rounds come many times a second; hours do not close as often. */
const pauseMs = 1_000;

const cleanEveryMs = 3_600_000;
const dayMs = 86_400_000;

export interface HoursJobOptions {
  /** As long as the readings themselves. */
  readonly flagsKeptDays: number;
  readonly onAnnounced: () => void;
  readonly onTrouble: (failing: boolean) => void;
}

export function startHours(context: HoursContext, { flagsKeptDays, onAnnounced, onTrouble }: HoursJobOptions): HoursJob {
  const { db, log } = context;
  let stopped = false;
  let cleanedAtMs = 0;
  let nudged = false;
  let wake: () => void = () => undefined;

  async function run(): Promise<void> {
    while (!stopped) {
      nudged = false;
      const startedMs = performance.now();
      try {
        const result = await closeHours(context, Date.now());
        if (result.announced > 0) onAnnounced();
        if (result.hours + result.days > 0) log.info({ ...result, durationMs: Math.round(performance.now() - startedMs) }, 'hours computed');
        if (Date.now() - cleanedAtMs > cleanEveryMs) {
          cleanedAtMs = Date.now();
          await dropOldFlags(db, cleanedAtMs - flagsKeptDays * dayMs, replayChannels(schema));
        }
        onTrouble(false);
      } catch (error) {
        onTrouble(true);
        log.warn({ error: String(error) }, 'hours could not be computed, next try follows');
        nudged = false;
      }
      await pause(pauseMs);
      if (!nudged) await pause(everyMs - pauseMs);
    }
  }

  /** Ends early on a nudge, except that the first pause is taken in full. */
  function pause(ms: number): Promise<void> {
    if (stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        if (!stopped && ms === pauseMs) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  const running = run();
  return {
    nudge() {
      nudged = true;
      wake();
    },
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}
