// @ts-check
/**
 * Shows what is being done and how long it takes, also for steps that run side by side.
 * On a terminal the last line is redrawn; in a file or a CI log every line is written once, and a slow step says it lives.
 */

const stillEveryMs = 20_000;

/** @typedef {(now: string) => void} Note Says what the step is at, on a terminal. */

/** @param {NodeJS.WriteStream} [out] */
export function showProgress(out = process.stdout) {
  /** @type {Map<string, { startedAt: number, now: string, saidAt: number }>} */
  const running = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  let ticking;
  let brokenOff = false;

  function redraw() {
    if (brokenOff) return;
    if (out.isTTY) {
      const parts = [...running].map(([name, step]) => `${name} ${seconds(step.startedAt)}${step.now ? ` ${step.now}` : ''}`);
      out.write(`\r\x1b[2K${parts.join('  |  ').slice(0, (out.columns || 80) - 1)}`);
      return;
    }
    for (const [name, step] of running) {
      if (Date.now() - step.saidAt < stillEveryMs) continue;
      step.saidAt = Date.now();
      out.write(`  ...   ${name} (${seconds(step.startedAt)})\n`);
    }
  }

  /** @param {string} line */
  function say(line) {
    out.write(out.isTTY ? `\r\x1b[2K${line}\n` : `${line}\n`);
    if (out.isTTY && running.size > 0) redraw();
  }

  return {
    say,
    /** From now on no step begins, for whoever waits for one waits for ever; and that one under way fails is no news. */
    breakOff: () => void (brokenOff = true),
    /**
     * Runs a step and shows it. A string that it returns is shown behind its name.
     * @template T
     * @param {string} name
     * @param {(note: Note) => Promise<T>} work
     * @returns {Promise<T>}
     */
    async step(name, work) {
      if (brokenOff) await new Promise(() => {});
      const step = { startedAt: Date.now(), now: '', saidAt: Date.now() };
      running.set(name, step);
      ticking ??= setInterval(redraw, out.isTTY ? 200 : 1_000);
      try {
        const result = await work((now) => (step.now = now));
        running.delete(name);
        say(`  done  ${seconds(step.startedAt).padStart(7)}  ${name}${typeof result === 'string' ? `: ${result}` : ''}`);
        return result;
      } catch (error) {
        running.delete(name);
        if (!brokenOff) say(`  FAIL  ${seconds(step.startedAt).padStart(7)}  ${name}`);
        throw error;
      } finally {
        if (running.size === 0) ticking = void clearInterval(ticking);
      }
    },
  };
}

/** @param {number} since */
function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
