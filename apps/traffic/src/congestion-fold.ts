/** Congestion as the store sees it: a state per asset, which follows from its readings and its last condition. */
import { announcementOf, type ConditionChange, saveConditions } from '#domain';
import type { Registry } from '#service';
import type { Arrival, Fold } from '#timeseries';
import { changeFrom, judgedAtMs, observe, type Segment } from './congestion.js';
import type { Limits } from './limits.js';
import type { Observation } from './observation.js';
import { loadSegments, schema } from './tables.js';

export function congestionFold(limits: Limits, registry: Pick<Registry, 'device'>, topicRoot: string): Fold<Observation, Segment, ConditionChange> {
  return {
    load: loadSegments,
    apply(segment, arrival, channelId) {
      const { observation } = arrival;
      const limit = limits.congestion(segment.asset, judgedAtMs(segment, observation));
      const state = observe(segment, channelId, observation, limit);
      if (state.active === segment.active || limit === null) return { state, change: null };
      const change = changeFrom(segment, state, causeOf(arrival), limit)!;
      // What a replayed device finds is history: alerts keeps it out of live state.
      const late = registry.device(arrival.device)?.replay === true;
      return { state, change: { asset: segment.asset, condition: { ...change, late } } };
    },
    async save(transaction, changes) {
      await saveConditions(transaction, schema, changes);
      return changes.map(({ condition }) => announcementOf(condition, topicRoot));
    },
  };
}

function causeOf({ device, channel, observedAtMs }: Arrival<Observation>): string {
  return `${device}/${channel}@${new Date(observedAtMs).toISOString()}`;
}
