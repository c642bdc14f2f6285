/**
 * Notes which aggregates a round has made stale.
 *
 * What is live is noted by the minute for all channels at once: few rows, however many devices. What is older is noted by
 * channel and range, so that one device's backlog does not recompute the whole city.
 */
import type { Transaction } from './database.js';

export interface Touch {
  readonly channelId: number;
  readonly observedAtMs: number;
  readonly receivedAtMs: number;
  /** A correction may take a reading out of a bucket (another period), so its channel is looked at for what is left behind. */
  readonly corrected?: boolean;
}

const minuteMs = 60_000;
/** A minute is recomputed this long after its end: a period of a minute that began in it has been reported by then. */
export const graceS = 75;
/** Received within this time of the beginning of its minute, a reading is in time for that. */
export const liveMs = minuteMs + graceS * 1000;

/** The minute (its start, ms) that a reading comes in time for; null: it is late. */
export function liveMinute(observedAtMs: number, receivedAtMs: number): number | null {
  const minute = observedAtMs - (observedAtMs % minuteMs);
  return receivedAtMs - minute < liveMs ? minute : null;
}

export interface Note {
  readonly fromMs: number;
  readonly toMs: number;
  readonly channelIds: readonly number[] | null;
}

export function notesFor(touches: readonly Touch[]): Note[] {
  const minutes = new Set<number>();
  const ranges = new Map<number, { from: number; to: number }>();
  for (const { channelId, observedAtMs, receivedAtMs, corrected } of touches) {
    const minute = corrected === true ? null : liveMinute(observedAtMs, receivedAtMs);
    if (minute !== null) {
      minutes.add(minute);
      continue;
    }
    const range = ranges.get(channelId);
    if (range === undefined) ranges.set(channelId, { from: observedAtMs, to: observedAtMs });
    else if (observedAtMs < range.from) range.from = observedAtMs;
    else if (observedAtMs > range.to) range.to = observedAtMs;
  }
  const byRange = new Map<string, { fromMs: number; toMs: number; channelIds: number[] }>();
  for (const [channelId, { from, to }] of ranges) {
    const note = byRange.get(`${from}-${to}`);
    if (note === undefined) byRange.set(`${from}-${to}`, { fromMs: from, toMs: to, channelIds: [channelId] });
    else note.channelIds.push(channelId);
  }
  return [...[...minutes].map((minute) => ({ fromMs: minute, toMs: minute + minuteMs - 1, channelIds: null })), ...byRange.values()];
}

export async function noteInvalid(transaction: Transaction, schema: string, touches: readonly Touch[]): Promise<void> {
  await insertNotes(transaction, schema, { number: 1, widthS: minuteMs / 1000 }, notesFor(touches));
}

/**
 * Writes notes for one level. What ends in a bucket that is still filling is cut there, so that the past does not wait
 * for the present.
 */
export async function insertNotes({ query }: Transaction, schema: string, level: { readonly number: number; readonly widthS: number }, notes: readonly Note[]): Promise<void> {
  if (notes.length === 0) return;
  await query(
    `insert into ${schema}.invalidation (level, from_at, to_at, channel_ids)
     select $1, part.f, part.t, n.c::int[] from unnest($2::timestamptz[], $3::timestamptz[], $4::text[]) as n (f, t, c),
            to_timestamp(floor((extract(epoch from now()) - ${graceS}) / $5::float8) * $5::float8) as filling,
            lateral (values (n.f, least(n.t, filling - interval '1 ms')), (greatest(n.f, filling), n.t)) as part (f, t)
      where part.f <= part.t`,
    [
      level.number,
      notes.map(({ fromMs }) => new Date(fromMs).toISOString()),
      notes.map(({ toMs }) => new Date(toMs).toISOString()),
      notes.map(({ channelIds }) => (channelIds === null ? null : `{${channelIds.join(',')}}`)),
      level.widthS,
    ],
  );
}
