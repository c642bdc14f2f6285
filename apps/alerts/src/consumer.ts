/**
 * Takes a round of conditions from Kafka into the book of alarms.
 *
 * A round may come again after a crash. That is safe because all that it leads to is in the one transaction that also
 * moves the consumed offset (libs/timeseries/src/entry-store.ts): a round is wholly in, or not at all.
 */
import { RoundOf, type Round } from '#messaging';
import type { Logger } from '#service';
import type { EntryStore, RoundResult } from '#timeseries';
import { Controller, Inject } from '@nestjs/common';
import { type ConditionEntry, readConditions } from './reading-conditions.js';

export interface ConsumerOptions {
  readonly store: Pick<EntryStore<ConditionEntry>, 'store'>;
  readonly log: Logger;
  readonly onStored: (result: RoundResult, entries: readonly ConditionEntry[]) => void;
}

export const consumerOptions = Symbol('consumer options');

@Controller()
export class AlertsConsumer {
  constructor(@Inject(consumerOptions) private readonly options: ConsumerOptions) {}

  @RoundOf('alarms.conditions')
  async store(round: Round): Promise<void> {
    const { store, log, onStored } = this.options;
    const startedMs = performance.now();
    const { entries, dead } = readConditions(round.partitions);
    const parts = round.partitions.map(({ partition, fromOffset, lastOffset }) => ({ partition, fromOffset, nextOffset: lastOffset + 1 }));
    await round.turn;
    const result = await store.store(parts, entries, dead);
    onStored(result, entries);
    if (dead.length > 0) log.warn({ count: dead.length, reason: dead[0]!.reason, details: dead[0]!.details }, 'conditions refused');
    log.debug({ ...result, durationMs: Math.round(performance.now() - startedMs) }, 'round stored');
  }
}
