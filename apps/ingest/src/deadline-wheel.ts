/**
 * One timer for all deadlines of all connections, coarse to the second: thousands of timers would cost more than the
 * messages of the devices that own them.
 *
 * An entry that is heard from is not moved; when its slot comes up it is asked for its deadline and put where that lies.
 */
export interface Deadlined {
  /** When it is due, in seconds of the wheel; it may have moved since it was added. */
  readonly deadlineS: number;
  expire(): void;
}

export class DeadlineWheel<E extends Deadlined> {
  private readonly slots: Set<E>[];
  private readonly slotOf = new Map<E, Set<E>>();
  /** Whole seconds since the start; cheap to read for every chunk of bytes. */
  nowS = 0;

  /** Deadlines further away than `slots` seconds are looked at in between; nothing else comes of it. */
  constructor(slots = 64) {
    this.slots = Array.from({ length: slots }, () => new Set());
  }

  /** Adds it, or moves it when its deadline has come nearer. */
  put(entry: E): void {
    this.slotOf.get(entry)?.delete(entry);
    const ahead = Math.min(this.slots.length - 1, Math.max(1, entry.deadlineS - this.nowS));
    const slot = this.slots[(this.nowS + ahead) % this.slots.length]!;
    slot.add(entry);
    this.slotOf.set(entry, slot);
  }

  remove(entry: E): void {
    this.slotOf.get(entry)?.delete(entry);
    this.slotOf.delete(entry);
  }

  /** One second has passed. */
  tick(): void {
    this.nowS++;
    const due = [...this.slots[this.nowS % this.slots.length]!];
    for (const entry of due) {
      if (entry.deadlineS > this.nowS) this.put(entry);
      else {
        this.remove(entry);
        entry.expire();
      }
    }
  }
}
