/**
 * Takes a round of a domain's messages from Kafka to the database: unpack, decode, store, fold, announce.
 *
 * A round may come again after a crash. That is safe because all that it leads to is in the one transaction that also
 * moves the consumed offsets (libs/timeseries/src/round-store.ts): a round is wholly in, or not at all.
 */
import { RoundOf, type Round } from '#messaging';
import type { Arrival, RoundResult, RoundStore } from '#timeseries';
import { Controller, type Type } from '@nestjs/common';
import type { TimedObservation } from './definition.js';
import { unpack, type UnpackOptions } from './unpack.js';

export interface ConsumerOptions<O extends TimedObservation> extends UnpackOptions<O> {
  readonly store: Pick<RoundStore<O, unknown, unknown>, 'store'>;
  readonly onStored: (result: RoundResult, arrivals: readonly Arrival<O>[]) => void;
}

/** Stores one round. */
export async function storeRound<O extends TimedObservation>(round: Round, options: ConsumerOptions<O>): Promise<void> {
  const { store, log, onStored } = options;
  const startedMs = performance.now();
  const { arrivals, dead } = await unpack(round, options);
  const parts = round.partitions.map(({ partition, fromOffset, lastOffset }) => ({ partition, fromOffset, nextOffset: lastOffset + 1 }));
  await round.turn;
  const result = await store.store(parts, arrivals, dead);
  onStored(result, arrivals);
  log.debug({ ...result, durationMs: Math.round(performance.now() - startedMs) }, 'round stored');
}

/** The Nest controller that takes the rounds of the domain's stream. */
export function consumerOf<O extends TimedObservation>(stream: string, options: ConsumerOptions<O>): Type {
  @Controller()
  class DomainConsumer {
    @RoundOf(stream)
    store(round: Round): Promise<void> {
      return storeRound(round, options);
    }
  }
  return DomainConsumer;
}
