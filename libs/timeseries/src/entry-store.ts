/**
 * Stores a round of entries that are no readings (conditions, passages): what they lead to, dead letters, announcements,
 * counts and offsets in one transaction. Either all of it is in, or nothing.
 *
 * Entries of one partition are applied one transaction after the other, by whatever process, since its offset row is
 * locked first: what `apply` loads of the partition's subjects can be trusted until the commit.
 */
import { OffsetGap, type DeadLetterReason } from '#contracts';
import type { Origin } from './arrival.js';
import { type Consumption, type DeadLetter, insertDeadLetters, lockConsumed, saveConsumed, type Stream } from './consumed.js';
import { DryRun, storeInnocent } from './culprits.js';
import type { Database, Log, Transaction } from './database.js';
import { markReplayed, takeForReplay } from './dead-letters.js';
import { announce, type Announcement } from './outbox.js';
import type { Replay, RoundPart, RoundResult } from './round-store.js';

export interface Entry extends Origin {
  readonly payload: Buffer;
}

export interface Applied {
  /** One for each entry, in their order. */
  readonly outcomes: readonly ('stored' | 'repeated')[];
  readonly announced: readonly Announcement[];
}

export interface EntryStoreOptions<E extends Entry> {
  readonly db: Database;
  readonly stream: Stream;
  readonly log: Log;
  /** What entries lead to, within the transaction. May be called for nothing: a trial is rolled back. */
  readonly apply: (transaction: Transaction, entries: readonly E[]) => Promise<Applied>;
  /** The release is at fault: called when everything fails, before the error is thrown. */
  readonly onOurFault: (error: unknown) => void;
}

export class EntryStore<E extends Entry> {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: EntryStoreOptions<E>) {}

  /**
   * Stores what is new of a round. Throws `Unavailable` when the database cannot answer now, and `OffsetGap` when an
   * earlier part of a partition is missing; nothing is stored then.
   */
  store(parts: readonly RoundPart[], entries: readonly E[], dead: readonly DeadLetter[]): Promise<RoundResult> {
    const { log, onOurFault } = this.options;
    return this.inTurn(() =>
      storeInnocent(entries, dead, {
        attempt: async (some, refused, dry) => (await this.attempt(parts, some, refused, dry, null))!,
        letterOf: (entry, details) => ({ ...originOf(entry), reason: 'our-fault', details, payload: entry.payload }),
        log,
        onOurFault,
      }),
    );
  }

  /** Tries a dead letter again, as RoundStore does. Null when it is gone or was replayed already. */
  replay(letter: Replay, entries: readonly E[], dead: readonly DeadLetter[]): Promise<RoundResult | null> {
    return this.inTurn(() => this.attempt([{ partition: letter.partition, fromOffset: 0, nextOffset: 0 }], entries, dead, false, letter));
  }

  /** Other work on the subjects of a partition, under its lock and in turn with its rounds; what it announces is kept with it. */
  beside<T>(partition: number, work: (transaction: Transaction) => Promise<{ readonly result: T; readonly announced: readonly Announcement[] }>): Promise<T> {
    const { db, stream } = this.options;
    return this.inTurn(() =>
      db.transaction(async (transaction) => {
        await lockConsumed(transaction, stream, [partition]);
        const { result, announced } = await work(transaction);
        if (announced.length > 0) await announce(transaction, stream.schema, announced);
        return result;
      }),
    );
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private attempt(parts: readonly RoundPart[], entries: readonly E[], dead: readonly DeadLetter[], dry: boolean, replay: Replay | null): Promise<RoundResult | null> {
    const { db, stream, apply } = this.options;
    return db.transaction(async (transaction) => {
      const locks = await lockConsumed(transaction, stream, parts.map(({ partition }) => partition));
      for (const { partition, fromOffset } of parts) {
        const due = locks.get(partition)!.nextOffset;
        if (fromOffset > due) throw new OffsetGap(partition, due, fromOffset);
      }
      const isNew = ({ partition, offset }: Origin): boolean => replay !== null || offset >= locks.get(partition)!.nextOffset;
      // The reason that counts is the one under the lock: another replay may have changed it since the letter was read.
      const reason = replay === null ? null : await takeForReplay(transaction, stream.schema, replay.id);
      if (replay !== null && reason === null) return null;
      const [fresh, refused] = [entries.filter(isNew), dead.filter(isNew)];
      const { outcomes, announced } = fresh.length === 0 ? { outcomes: [], announced: [] } : await apply(transaction, fresh);
      const count = (outcome: 'stored' | 'repeated', of: (entry: E) => boolean): number => outcomes.filter((one, index) => one === outcome && of(fresh[index]!)).length;
      const all = (): boolean => true;
      const result = { stored: count('stored', all), corrected: 0, repeated: count('repeated', all), deadLettered: refused.length, announced: announced.length };
      if (replay !== null) await markReplayed(transaction, stream, replay.id, result, refused);
      else if (refused.length > 0) await insertDeadLetters(transaction, stream, refused);
      if (announced.length > 0) await announce(transaction, stream.schema, announced);
      await saveConsumed(transaction, stream, parts.map(({ partition, nextOffset }): Consumption => {
        const here = (entry: Origin): boolean => entry.partition === partition;
        return { partition, nextOffset, stored: count('stored', here), corrected: 0, repeated: count('repeated', here), deadLettered: reasonsOf(refused.filter(here), reason), foreignFolds: 0 };
      }));
      if (dry) throw new DryRun();
      return result;
    });
  }
}

/** How many letters for each reason; a letter that is replayed leaves the reason it had. */
function reasonsOf(letters: readonly DeadLetter[], left: DeadLetterReason | null): Map<DeadLetterReason, number> {
  const reasons = new Map<DeadLetterReason, number>();
  for (const { reason } of letters) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  if (left !== null) reasons.set(left, (reasons.get(left) ?? 0) - 1);
  return reasons;
}

function originOf({ partition, offset, position, element, device, publisher, codec, receivedAtMs }: Origin): Origin {
  return { partition, offset, position, element, device, publisher, codec, receivedAtMs };
}
