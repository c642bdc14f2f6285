/**
 * What a process says of its own health: alive while it answers at all, ready while each of its parts works.
 *
 * A part is named by whoever reports it (`database`, `kafka`, `registry` …); a part that was never reported is not asked for.
 */
import { Gauge, type Registry as Metrics } from 'prom-client';

export interface Part {
  readonly part: string;
  readonly ok: boolean;
  readonly detail: string;
  /** Since when it has been so. */
  readonly since: string;
}

export interface Health {
  /** `detail` says in a few words what is wrong, or how the part goes on without something. */
  report(part: string, ok: boolean, detail?: string): void;
  ready(): { readonly ok: boolean; readonly parts: readonly Part[] };
}

export function createHealth(metrics: Metrics): Health {
  const parts = new Map<string, Part>();
  const gauge = new Gauge({ name: 'nhip_part_ok', help: '1 while this part of the process works', labelNames: ['part'], registers: [metrics] });

  return {
    report(part, ok, detail = '') {
      const before = parts.get(part);
      const since = before?.ok === ok ? before.since : new Date().toISOString();
      parts.set(part, { part, ok, detail, since });
      gauge.set({ part }, ok ? 1 : 0);
    },
    ready() {
      const list = [...parts.values()];
      return { ok: list.every(({ ok }) => ok), parts: list };
    },
  };
}
