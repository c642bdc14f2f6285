/** What alerts tells Prometheus of its work. */
import type { RoundResult } from '#timeseries';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ConditionEntry } from './reading-conditions.js';

export interface AlertsMetrics {
  stored(result: RoundResult, entries: readonly ConditionEntry[]): void;
  /** Alarms that wait for a missing condition. */
  gaps(count: number): void;
}

export function alertsMetrics(registry: Registry): AlertsMetrics {
  const conditions = new Counter({ name: 'nhip_conditions_consumed_total', help: 'Conditions by outcome', labelNames: ['outcome'], registers: [registry] });
  const changes = new Counter({ name: 'nhip_alarm_changes_total', help: 'Changes of alarms announced', registers: [registry] });
  const waiting = new Gauge({ name: 'nhip_alarm_gaps', help: 'Alarms that wait for a missing condition', registers: [registry] });
  const delay = new Histogram({ name: 'nhip_condition_delay_seconds', help: 'From the announcement in Kafka to the commit of the alarm', buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30, 300], registers: [registry] });
  return {
    stored(result, entries) {
      conditions.inc({ outcome: 'stored' }, result.stored);
      conditions.inc({ outcome: 'repeated' }, result.repeated);
      conditions.inc({ outcome: 'dead-lettered' }, result.deadLettered);
      changes.inc(result.announced);
      const now = Date.now();
      for (const { receivedAtMs } of entries) delay.observe((now - receivedAtMs) / 1_000);
    },
    gaps: (count) => waiting.set(count),
  };
}
