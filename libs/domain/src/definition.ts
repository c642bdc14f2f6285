/**
 * What a domain says of itself: its tables, how its messages are read, what follows from them, and what it can be asked.
 * Everything else that a domain's service does is the same for all, and lies beside this file.
 */
import type { Domain, Rejected } from '#contracts';
import type { connectKafka } from '#messaging';
import type { Registry, Service } from '#service';
import type { Arrival, Database, Fold, ReadingTable, Relay, RollupTable, RoundResult, RoundStore } from '#timeseries';
import type { Provider, Type } from '@nestjs/common';
import type { AgeLimits } from './age.js';
import type { Metric } from './catalogue.js';
import type { DomainConfiguration } from './configuration.js';

/** Where a message came from, and when. */
export interface Sender {
  readonly device: string;
  readonly receivedAtMs: number;
  readonly codec: string;
}

/** What every domain's internal form of a reading holds beside its metrics. */
export interface TimedObservation {
  readonly channel: string;
  /** Start of the period, ms since 1970. */
  readonly observedAtMs: number;
}

/**
 * The readings of the message in payload[start, end), one result each, in their order; a single `Rejected` when the
 * message as a whole cannot be read. Ages are judged against the receipt, so that a repeat is judged alike.
 */
export type ReadMessage<O> = (payload: Buffer, start: number, end: number, from: Sender, age: AgeLimits | null) => readonly (O | Rejected)[];

export interface DomainDefinition<O extends TimedObservation, S, C> {
  readonly name: Domain;
  /** Folder of its *.sql. */
  readonly migrations: URL;
  readonly table: ReadingTable<O>;
  readonly rollups: RollupTable;
  readonly catalogue: readonly Metric[];
  /** Names of the bits in the column `flags`. */
  readonly flagBits: Readonly<Record<string, number>>;
  readonly observationsFrom: ReadMessage<O>;
  /** What needs the registry and the database: made once, before anything is consumed. */
  readonly prepare: (context: DomainContext) => DomainParts<O, S, C> | Promise<DomainParts<O, S, C>>;
}

export interface DomainContext {
  readonly config: DomainConfiguration;
  readonly service: Service;
  readonly db: Database;
  readonly registry: Registry;
}

export interface DomainParts<O, S, C> {
  readonly fold: Fold<O, S, C>;
  /** Null: no message can be judged, and it waits as a dead letter. */
  readonly age: (atMs: number) => AgeLimits | null;
  /** The domain's own routes, under `v1/<domain>`, and what they inject. */
  readonly controllers: readonly Type[];
  readonly providers: readonly Provider[];
  /** Assets, devices or dated rows have changed. */
  readonly onRegistryChange: () => void;
  /** A round is committed. */
  readonly onStored?: (result: RoundResult, arrivals: readonly Arrival<O>[]) => void;
  /** Jobs of the domain's own, once the tables and the topic are there. */
  readonly start?: (running: DomainRunning<O, S, C>) => void | Promise<void>;
}

export interface DomainRunning<O, S, C> {
  readonly store: RoundStore<O, S, C>;
  readonly relay: Relay;
  readonly kafka: ReturnType<typeof connectKafka>;
}
