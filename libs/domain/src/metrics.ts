/** What a domain's service tells Prometheus of its work. Delays are sampled, since timing each reading would cost more than storing it. */
import type { Arrival, RoundResult } from '#timeseries';
import { Counter, Histogram, type Registry } from 'prom-client';

const samplesPerRound = 16;

export interface DomainMetrics {
  stored(result: RoundResult, arrivals: readonly Arrival<unknown>[]): void;
}

export function domainMetrics(registry: Registry): DomainMetrics {
  const readings = new Counter({ name: 'nhip_readings_total', help: 'Readings by outcome', labelNames: ['outcome'], registers: [registry] });
  const conditions = new Counter({ name: 'nhip_conditions_total', help: 'Changes of conditions announced', registers: [registry] });
  const size = new Histogram({ name: 'nhip_round_readings', help: 'Readings in a round', buckets: [1, 10, 100, 1_000, 3_000, 10_000, 30_000, 100_000], registers: [registry] });
  const delay = new Histogram({ name: 'nhip_row_delay_seconds', help: 'From receipt at the door to the commit of the row, sampled', buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30, 300], registers: [registry] });

  return {
    stored(result, arrivals) {
      readings.inc({ outcome: 'stored' }, result.stored);
      readings.inc({ outcome: 'corrected' }, result.corrected);
      readings.inc({ outcome: 'repeated' }, result.repeated);
      readings.inc({ outcome: 'dead-lettered' }, result.deadLettered);
      conditions.inc(result.announced);
      size.observe(arrivals.length);
      const step = Math.max(1, Math.floor(arrivals.length / samplesPerRound));
      const now = Date.now();
      for (let i = 0; i < arrivals.length; i += step) delay.observe((now - arrivals[i]!.receivedAtMs) / 1000);
    },
  };
}
