/**
 * Asks domains again for conditions that are missing, until none is.
 *
 * What waits is in the database, so a gap outlives this process. The domain's own list of changes is the truth: what it
 * does not have itself (its database was set back, say) will never come, and the alarm goes on from what it has.
 */
import { condition, conditionDomain, type Condition, type Domain } from '#contracts';
import { principalHeader, signPrincipal, type Logger } from '#service';
import { type Database, isUnavailable } from '#timeseries';
import { z } from 'zod';
import type { Skip } from './book.js';
import { inUtc } from './reading-conditions.js';
import { type Gap, gaps } from './tables.js';

export interface GapOptions {
  readonly db: Database;
  readonly log: Logger;
  /** Of a domain's private port. */
  readonly urlOf: (domain: Domain) => URL;
  readonly secret: string;
  /** Enters what the domain said. */
  readonly enter: (conditions: readonly Condition[], skip: Skip | null) => Promise<void>;
  readonly onTrouble: (missing: number, detail: string) => void;
  readonly everyMs?: number;
}

export interface GapWatch {
  /** A gap was seen: ask now. */
  nudge(): void;
  stop(): Promise<void>;
}

const retryMs = 5_000;
const answerDeadlineMs = 5_000;
const gapsAtOnceMax = 200;
const changesMax = 1_000;

export function watchGaps(options: GapOptions): GapWatch {
  const { everyMs = retryMs, db, log, onTrouble } = options;
  let stopped = false;
  let nudged = true; // What waits since before the start is asked for at once.
  let wake: () => void = () => undefined;

  async function run(): Promise<void> {
    while (!stopped) {
      if (!nudged) await pause();
      nudged = false;
      if (stopped) return;
      try {
        await closeGaps();
      } catch (error) {
        if (!isUnavailable(error)) log.error({ error }, 'asking for missing conditions failed');
      }
    }
  }

  async function closeGaps(): Promise<void> {
    const open = await gaps(db, gapsAtOnceMax);
    let trouble = '';
    let missing = 0;
    for (const gap of open) {
      if (stopped) return;
      const fault = await askAgain(gap, options);
      if (fault === null) continue;
      missing++;
      trouble = fault;
    }
    onTrouble(missing, trouble);
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, everyMs);
      wake = () => {
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

/** Null when the gap is closed, else why it is not. */
async function askAgain({ conditionId, afterSeq, heldSeq }: Gap, { urlOf, secret, log, enter }: GapOptions): Promise<string | null> {
  // What is held was read as a condition: its domain is one of the list, unless a release has removed it.
  const domain = conditionDomain({ conditionId });
  if (domain === null) return `${conditionId}: there is no such domain`;
  const path = `/v1/${domain}/conditions/changes?${new URLSearchParams({ conditionId, afterSeq: String(afterSeq), limit: String(changesMax) }).toString()}`;
  const caller = { person: 'alerts', roles: ['viewer'], areas: [] };
  let changes: Condition[];
  try {
    const answer = await fetch(new URL(path, urlOf(domain)), { headers: { [principalHeader]: signPrincipal(secret, caller, { method: 'GET', path }, Date.now()) }, signal: AbortSignal.timeout(answerDeadlineMs) });
    if (!answer.ok) return `${conditionId}: ${domain} answered ${answer.status}`;
    changes = z.array(condition).parse(await answer.json()).map(inUtc);
  } catch (error) {
    return `${conditionId}: ${domain} cannot be asked: ${error instanceof Error ? error.message : String(error)}`;
  }
  const ofThis = changes.filter((one) => one.conditionId === conditionId && one.seq > afterSeq);
  const first = Math.min(heldSeq, ...ofThis.map(({ seq }) => seq));
  // What the domain itself does not know will never come.
  if (first > afterSeq + 1) log.error({ conditionId, fromSeq: afterSeq + 1, toSeq: first - 1 }, 'conditions are lost: their domain does not know them, the alarm goes on without');
  try {
    await enter(ofThis, first > afterSeq + 1 ? { conditionId, seq: first } : null);
  } catch (error) {
    if (isUnavailable(error)) throw error;
    // One alarm that our code cannot carry on keeps no other waiting.
    log.error({ conditionId, error }, 'missing conditions cannot be entered');
    return `${conditionId}: what ${domain} answered cannot be entered`;
  }
  log.warn({ conditionId, afterSeq, found: ofThis.length }, 'missing conditions asked for again');
  return null;
}
