/**
 * Stores a round of readings: rows, derived states, dead letters, what must be recomputed and announced, and the offsets,
 * in one transaction. Either all of it is in, or nothing.
 *
 * Two ideas keep it cheap. A reading newer than all that its channel has is new without asking the database, so only
 * doubtful ones are looked up. And derived states live in memory between rounds, by their home partition: the locked
 * offset row tells whether another process has touched them since (`fold_version`), in which case they are loaded again.
 */
import { OffsetGap, type DeadLetterReason } from '#contracts';
import type { Arrival } from './arrival.js';
import { announce, type Announcement } from './outbox.js';
import { BinaryRows } from './binary-rows.js';
import { type ChannelState, loadLastTimes, publisherIds, resolveChannels } from './channels.js';
import { markReplayed, takeForReplay } from './dead-letters.js';
import { type Consumption, type ConsumedRow, type Counted, type DeadLetter, insertDeadLetters, lockConsumed, saveConsumed, type Stream } from './consumed.js';
import { DryRun, storeInnocent } from './culprits.js';
import type { Database, Log, Transaction } from './database.js';
import { liveMinute, noteInvalid, type Touch } from './invalidation.js';
import { copyRows, insertHistory, type ReadingTable, rowsAt, type StoredReading, updateRows, valuesOf, writeObservation, writeStored } from './reading-table.js';
import { settle } from './settle.js';

export interface RoundPart {
  readonly partition: number;
  /** Where the fetch began. */
  readonly fromOffset: number;
  /** After the last offset of the fetch. */
  readonly nextOffset: number;
}

/** What a domain derives from readings: a state S for each subject, and changes C worth keeping and telling. */
export interface Fold<O, S, C> {
  /** States of these subjects as the database has them; none for a subject that is not judged. */
  load(transaction: Transaction, subjects: readonly string[]): Promise<Map<string, S>>;
  /** The state after a reading that was stored or corrected, and the change it made, if any. Pure. */
  apply(state: S, arrival: Arrival<O>, channelId: number): { readonly state: S; readonly change: C | null };
  /** Keeps the changes of a round, in their order; what `load` does not find in them must follow from the rows. */
  save(transaction: Transaction, changes: readonly C[]): Promise<Announcement[]>;
}

export interface RoundStoreOptions<O, S, C> {
  readonly db: Database;
  readonly stream: Stream;
  readonly table: ReadingTable<O>;
  readonly fold: Fold<O, S, C>;
  readonly log: Log;
  /** The release is at fault: called when everything fails, before the error is thrown. */
  readonly onOurFault: (error: unknown) => void;
}

export interface RoundResult {
  readonly stored: number;
  readonly corrected: number;
  readonly repeated: number;
  readonly deadLettered: number;
  readonly announced: number;
}

/** What is remembered of the channels and subjects at home in one partition, and for which state of its offset row. */
interface Home<S> {
  nextOffset: number;
  foldVersion: number;
  readonly channels: Map<string, ChannelState>;
  /** Null: judged by nothing. */
  readonly subjects: Map<string, S | null>;
}

interface Draft<O> {
  readonly transaction: Transaction;
  readonly locks: Map<number, ConsumedRow>;
  readonly tallies: Map<number, Tally>;
  readonly dead: DeadLetter[];
  announced: readonly Announcement[];
  readonly arrivals: readonly Arrival<O>[];
}

interface Tally {
  readonly partition: number;
  stored: number;
  corrected: number;
  repeated: number;
  readonly deadLettered: Map<DeadLetterReason, number>;
}

/** A dead letter that is tried again in its place. */
export interface Replay {
  readonly id: number;
  readonly partition: number;
}

interface Mode {
  /** Everything is done, then rolled back. */
  readonly dry: boolean;
  readonly replay: Replay | null;
}

export class RoundStore<O, S, C> {
  private readonly homes = new Map<number, Home<S>>();
  private readonly rows = new BinaryRows();
  private last: Promise<unknown> = Promise.resolve();
  private forgetful = false;

  constructor(private readonly options: RoundStoreOptions<O, S, C>) {}

  /** Forgets all states, for example because the registry has changed what they were computed from. */
  forget(): void {
    // From the next attempt on: the one that is under way stands on what it has loaded.
    this.forgetful = true;
  }

  /**
   * Stores what is new of a round. Throws `Unavailable` when the database cannot answer now, and
   * `OffsetGap` when an earlier part of a partition is missing; nothing is stored then.
   * A message that makes our own code fail becomes a dead letter `our-fault`, found by halving.
   */
  store(parts: readonly RoundPart[], arrivals: readonly Arrival<O>[], dead: readonly DeadLetter[]): Promise<RoundResult> {
    return this.inTurn(() => this.storeNow(parts, arrivals, dead));
  }

  /**
   * Tries a dead letter again: the count moves from dead-lettered to what it becomes. `dead` are the parts of it that
   * are refused once more. Returns null when the letter is gone or was replayed already.
   */
  replay(letter: Replay, arrivals: readonly Arrival<O>[], dead: readonly DeadLetter[]): Promise<RoundResult | null> {
    return this.inTurn(() => this.attempt([{ partition: letter.partition, fromOffset: 0, nextOffset: 0 }], arrivals, dead, { dry: false, replay: letter }));
  }

  /** Rounds and replays share memory and a buffer: one at a time. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private storeNow(parts: readonly RoundPart[], arrivals: readonly Arrival<O>[], dead: readonly DeadLetter[]): Promise<RoundResult> {
    return storeInnocent(arrivals, dead, {
      attempt: async (some, refused, dry) => (await this.attempt(parts, some, refused, { dry, replay: null }))!,
      letterOf: (arrival, details) => deadLetter(arrival, 'our-fault', details),
      log: this.options.log,
      onOurFault: this.options.onOurFault,
    });
  }

  private async attempt(parts: readonly RoundPart[], arrivals: readonly Arrival<O>[], dead: readonly DeadLetter[], { dry, replay }: Mode): Promise<RoundResult | null> {
    const { db, stream } = this.options;
    if (this.forgetful) this.homes.clear();
    this.forgetful = false;
    const publishers = await publisherIds(db, stream.schema, arrivals);
    const { channelIds, refused } = await resolveChannels(db, stream.schema, arrivals);
    const homes = new Set(arrivals.map(({ home }) => home));
    const lockedPartitions = new Set([...parts.map(({ partition }) => partition), ...homes]);
    try {
      return await db.transaction(async (transaction) => {
        const locks = await lockConsumed(transaction, stream, [...lockedPartitions]);
        for (const { partition, fromOffset } of parts) {
          const due = locks.get(partition)!.nextOffset;
          if (fromOffset > due) throw new OffsetGap(partition, due, fromOffset);
        }
        this.dropStale(locks);
        const isNew = ({ partition, offset }: { partition: number; offset: number }): boolean => replay !== null || offset >= locks.get(partition)!.nextOffset;
        // The reason that counts is the one under the lock: another replay may have changed it since the letter was read.
        const reason = replay === null ? null : await takeForReplay(transaction, stream.schema, replay.id);
        if (replay !== null && reason === null) return null;
        const draft: Draft<O> = {
          transaction,
          locks,
          tallies: new Map(parts.map(({ partition }) => [partition, { partition, stored: 0, corrected: 0, repeated: 0, deadLettered: new Map() }])),
          dead: [...dead.filter(isNew), ...arrivals.filter((arrival) => refused.has(arrival) && isNew(arrival)).map((arrival) => deadLetter(arrival, 'too-many-channels', refused.get(arrival)!))],
          announced: [],
          arrivals: arrivals.filter((arrival) => isNew(arrival) && !refused.has(arrival)),
        };
        if (draft.arrivals.length > 0) await this.settleAndFold(draft, channelIds, publishers);
        const result = await this.finish(draft, parts, homes, replay === null || reason === null ? null : { ...replay, reason });
        if (dry) throw new DryRun();
        return result;
      });
    } catch (error) {
      for (const partition of lockedPartitions) this.homes.delete(partition); // Memory has run ahead of the database.
      throw error;
    }
  }

  private dropStale(locks: ReadonlyMap<number, ConsumedRow>): void {
    for (const [partition, { nextOffset, foldVersion }] of locks) {
      const home = this.homes.get(partition);
      if (home !== undefined && home.nextOffset === nextOffset && home.foldVersion === foldVersion) continue;
      this.homes.set(partition, { nextOffset, foldVersion, channels: new Map(), subjects: new Map() });
    }
  }

  private async settleAndFold(draft: Draft<O>, channelIds: ReadonlyMap<string, number>, publishers: ReadonlyMap<string, number>): Promise<void> {
    const { table, stream } = this.options;
    const { transaction, arrivals } = draft;
    const states = await this.channelStates(draft, channelIds);
    await this.loadSubjects(draft);

    // Who is newer than all that its channel has is new; the rest may exist.
    const doubtful: number[] = [];
    for (let i = 0; i < arrivals.length; i++) {
      const state = states[i]!;
      const { observedAtMs } = arrivals[i]!;
      if (observedAtMs > state.lastAtMs) {
        state.lastAtMs = observedAtMs;
        state.fresh.push(i);
      } else doubtful.push(i);
    }
    const outcomes: Counted[] = new Array<Counted>(arrivals.length).fill('stored');
    const toRow = (i: number): StoredReading => this.stored(arrivals[i]!, states[i]!.id, publishers);
    const freshRows = new Map<number, StoredReading>();
    if (doubtful.length > 0) await this.settleDoubtful(draft, doubtful, states, outcomes, freshRows, toRow);

    this.rows.reset();
    for (const state of new Set(states)) {
      // Grouped by channel: rows that will be read together lie together.
      for (const i of state.fresh) {
        const corrected = freshRows.get(i);
        if (corrected !== undefined) writeStored(this.rows, table, corrected);
        else {
          const { observation, observedAtMs, receivedAtMs, publisher } = arrivals[i]!;
          writeObservation(this.rows, table, { channelId: state.id, observedAtMs, receivedAtMs, publisherId: publishers.get(publisher) ?? null, revision: 0 }, observation);
        }
      }
      state.fresh.length = 0;
    }
    if (this.rows.count > 0) await copyRows(transaction, table, this.rows);
    await noteInvalid(transaction, stream.schema, touchesOf(arrivals, states, outcomes));
    await this.foldAll(draft, outcomes, states);
    for (let i = 0; i < arrivals.length; i++) draft.tallies.get(arrivals[i]!.partition)![outcomes[i]!]++;
  }

  /** Looks up what may exist, and writes what that leads to; a fresh row of this round that was corrected at once goes into `freshRows`. */
  private async settleDoubtful(draft: Draft<O>, doubtful: readonly number[], states: readonly ChannelState[], outcomes: Counted[], freshRows: Map<number, StoredReading>, toRow: (i: number) => StoredReading): Promise<void> {
    const { table } = this.options;
    const { transaction, arrivals } = draft;
    const freshAt = new Map<string, number>();
    for (const state of new Set(doubtful.map((i) => states[i]!))) for (const i of state.fresh) freshAt.set(`${state.id}@${arrivals[i]!.observedAtMs}`, i);

    const rows = doubtful.map(toRow);
    const fresh = new Map<number, StoredReading>();
    for (const { channelId, observedAtMs } of rows) {
      const i = freshAt.get(`${channelId}@${observedAtMs}`);
      if (i !== undefined) fresh.set(i, toRow(i));
    }
    const existing = await rowsAt(transaction, table, rows);
    const { outcomes: settled, inserts, updates, replaced } = settle(rows, [...existing, ...fresh.values()]);
    settled.forEach((outcome, k) => (outcomes[doubtful[k]!] = outcome));

    // settle() takes this round's own fresh rows for existing ones: their corrections go into the COPY instead.
    const inDatabase = updates.filter((row) => {
      const i = freshAt.get(`${row.channelId}@${row.observedAtMs}`);
      if (i === undefined) return true;
      freshRows.set(i, row);
      return false;
    });
    if (inDatabase.length > 0) await updateRows(transaction, table, inDatabase);
    if (replaced.length > 0) await insertHistory(transaction, table, replaced);
    if (inserts.length > 0) {
      this.rows.reset();
      for (const row of inserts) writeStored(this.rows, table, row);
      await copyRows(transaction, table, this.rows);
    }
  }

  private stored(arrival: Arrival<O>, channelId: number, publishers: ReadonlyMap<string, number>): StoredReading {
    const { observedAtMs, receivedAtMs, publisher, observation } = arrival;
    return { channelId, observedAtMs, receivedAtMs, publisherId: publishers.get(publisher) ?? null, revision: 0, values: valuesOf(this.options.table, observation) };
  }

  private async channelStates({ transaction, arrivals }: Draft<O>, channelIds: ReadonlyMap<string, number>): Promise<ChannelState[]> {
    const unknown: ChannelState[] = [];
    const states = arrivals.map(({ home, device, channel }) => {
      const { channels } = this.homes.get(home)!;
      const key = channel === '' ? device : `${device}/${channel}`;
      let state = channels.get(key);
      if (state === undefined) {
        state = { id: channelIds.get(key)!, lastAtMs: Number.NEGATIVE_INFINITY, fresh: [] };
        channels.set(key, state);
        unknown.push(state);
      }
      return state;
    });
    if (unknown.length > 0) await loadLastTimes(transaction, this.options.table, unknown);
    return states;
  }

  private async foldAll(draft: Draft<O>, outcomes: readonly Counted[], states: readonly ChannelState[]): Promise<void> {
    const { fold } = this.options;
    const { transaction, arrivals } = draft;
    const changes: C[] = [];
    for (let i = 0; i < arrivals.length; i++) {
      const arrival = arrivals[i]!;
      if (arrival.subject === null || outcomes[i] === 'repeated') continue;
      const { subjects } = this.homes.get(arrival.home)!;
      const before = subjects.get(arrival.subject);
      if (before === undefined || before === null) continue;
      const { state, change } = fold.apply(before, arrival, states[i]!.id);
      if (state !== before) subjects.set(arrival.subject, state);
      if (change !== null) changes.push(change);
    }
    if (changes.length > 0) draft.announced = await fold.save(transaction, changes);
  }

  /** Before anything is written, since states are computed from the rows that exist. */
  private async loadSubjects({ transaction, arrivals }: Draft<O>): Promise<void> {
    const missing = new Map<string, Home<S>>();
    for (const { subject, home } of arrivals) {
      const memory = this.homes.get(home)!;
      if (subject !== null && !memory.subjects.has(subject)) missing.set(subject, memory);
    }
    if (missing.size === 0) return;
    const loaded = await this.options.fold.load(transaction, [...missing.keys()]);
    for (const [subject, home] of missing) home.subjects.set(subject, loaded.get(subject) ?? null);
  }

  private async finish(draft: Draft<O>, parts: readonly RoundPart[], homes: ReadonlySet<number>, replay: (Replay & { readonly reason: DeadLetterReason }) | null): Promise<RoundResult> {
    const { stream } = this.options;
    const { transaction, dead, tallies, announced, locks } = draft;
    const count = (partition: number, reason: DeadLetterReason, by: number): void => {
      const reasons = tallies.get(partition)!.deadLettered;
      reasons.set(reason, (reasons.get(reason) ?? 0) + by);
    };
    for (const { partition, reason } of dead) count(partition, reason, 1);
    if (replay !== null) count(replay.partition, replay.reason, -1);
    const total = (of: (tally: Tally) => number): number => [...tallies.values()].reduce((sum, tally) => sum + of(tally), 0);
    const result = { stored: total((t) => t.stored), corrected: total((t) => t.corrected), repeated: total((t) => t.repeated), deadLettered: dead.length, announced: announced.length };
    if (replay !== null) await markReplayed(transaction, stream, replay.id, result, dead);
    else if (dead.length > 0) await insertDeadLetters(transaction, stream, dead);
    if (announced.length > 0) await announce(transaction, stream.schema, announced);

    const own = new Set(parts.map(({ partition }) => partition));
    const foreign = [...homes].filter((partition) => !own.has(partition));
    const consumption: Consumption[] = [
      // Where the offset does not move (a replay, a part that is stored already), changes are told as a stranger tells them.
      ...parts.map(({ partition, nextOffset }) => ({ ...tallies.get(partition)!, nextOffset, foreignFolds: nextOffset > locks.get(partition)!.nextOffset ? 0 : 1 })),
      ...foreign.map((partition) => ({ partition, nextOffset: 0, stored: 0, corrected: 0, repeated: 0, deadLettered: new Map(), foreignFolds: 1 })),
    ];
    await saveConsumed(transaction, stream, consumption);
    for (const { partition, nextOffset, foreignFolds } of consumption) {
      const home = this.homes.get(partition)!;
      home.nextOffset = Math.max(locks.get(partition)!.nextOffset, nextOffset);
      home.foldVersion += foreignFolds;
    }
    return result;
  }
}

export function deadLetter<O>(arrival: Arrival<O>, reason: DeadLetterReason, details: string): DeadLetter {
  const { partition, offset, position, element, device, publisher, codec, receivedAtMs, payload, start, end } = arrival;
  return { partition, offset, position, element, device, publisher, codec, receivedAtMs, reason, details, payload: Buffer.from(payload.subarray(start, end)) };
}

/** What became stale. Of live readings one for each run of the same minute is enough, and there are many. */
function touchesOf(arrivals: readonly Arrival<unknown>[], states: readonly ChannelState[], outcomes: readonly Counted[]): Touch[] {
  const touches: Touch[] = [];
  let live = Number.NaN;
  for (let i = 0; i < arrivals.length; i++) {
    if (outcomes[i] === 'repeated') continue;
    const { observedAtMs, receivedAtMs } = arrivals[i]!;
    const corrected = outcomes[i] === 'corrected';
    const minute = liveMinute(observedAtMs, receivedAtMs);
    if (!corrected && minute === live) continue;
    if (!corrected && minute !== null) live = minute;
    touches.push({ channelId: states[i]!.id, observedAtMs, receivedAtMs, corrected });
  }
  return touches;
}
