/**
 * Offers as much as the whole house takes, not only its door: what is acknowledged but not yet committed may not grow.
 *
 * Kafka would take more than the database for as long as the disk lasts, and a rate at which a backlog grows is not one
 * that anybody can rely on. The rate rises while little is behind and falls when more than a moment's worth is.
 */
import { sleep, type City } from '../support/city.js';
import type { GeneratorProcess } from '../support/generator-process.js';

const everyMs = 250;
/** What the house takes is looked at over this long. */
const overMs = 1_000;
/** Messages behind, in seconds of what the house takes. */
const littleS = 0.4;
const muchS = 1;
const rise = 1.05;
const fall = 0.85;
export const firstPerSecond = 5_000;

export interface Pacing {
  /** Ends the pacing; gives the last rate. */
  stop(): Promise<number>;
}

/** The generator is under load already; from here on its rate follows what is committed. That of the others stays as it is. */
export function pace(city: City, generator: GeneratorProcess, others: readonly GeneratorProcess[]): Pacing {
  let stopping = false;
  let rate = firstPerSecond;
  const past: { readonly atMs: number; readonly entries: number }[] = [];

  async function step(): Promise<void> {
    const [looks, { entries }] = await Promise.all([Promise.all([generator, ...others].map((one) => one.ask({ do: 'look' }))), city.accounting()]);
    const acknowledged = looks.reduce((sum, look) => sum + look.acknowledged, 0);
    const nowMs = performance.now();
    past.push({ atMs: nowMs, entries });
    while (past.length > 2 && nowMs - past[1]!.atMs >= overMs) past.shift();
    const takes = Math.max(firstPerSecond, ((entries - past[0]!.entries) / Math.max(1, nowMs - past[0]!.atMs)) * 1000);
    const behindS = (acknowledged - entries) / takes;
    if (behindS > muchS) rate = takes * fall;
    else if (behindS < littleS) rate = Math.max(rate, takes) * rise;
    rate = Math.min(Math.round(rate), 2 * Math.round(takes));
    if (!stopping) await generator.ask({ do: 'rate', rate });
  }

  const pacing = (async () => {
    while (!stopping) {
      await step();
      await sleep(everyMs);
    }
  })();
  return {
    async stop() {
      stopping = true;
      await pacing;
      return rate;
    },
  };
}
