/**
 * What goes over a stream, as Server-Sent Events (WHATWG HTML §9.2). The id of each event is the Kafka offset of the
 * change, so that a browser says by itself, with Last-Event-ID, where it was.
 */
import { alarmChange } from '#contracts';
import type { OffsetRecord } from '#messaging';
import type { Frame } from './stream-ring.js';

/** Says the place without an event: a block without data sets the last id and is dispatched to nobody. */
export const placeEvent = (lastId: number): string => `id: ${lastId}\n\n`;

/** The first thing that a client gets: it then has a place, even if nothing happens before it loses the connection. */
export const startEvent = (lastId: number, retryMs: number): string => `retry: ${retryMs}\nid: ${lastId}\nevent: start\ndata: {"lastEventId":${lastId}}\n\n`;

/** What lies between is gone: load everything anew. */
export const resetEvent = (lastId: number, reason: 'retention' | 'made-anew'): string => `id: ${lastId}\nevent: reset\ndata: {"reason":"${reason}","lastEventId":${lastId}}\n\n`;

/** The server ends this connection; whoever comes again with the last id misses nothing. */
export const endEvent = (reason: EndReason): string => `event: end\ndata: {"reason":"${reason}"}\n\n`;
export type EndReason = 'slow' | 'signed-out' | 'stopping';

/** A change, checked and serialised once for all. Late findings are history and are shown to nobody here. */
export function changeFrame({ offset, value }: OffsetRecord, complain: (offset: number, problem: string) => void): Frame {
  const nothing: Frame = { offset, bytes: null, path: [] };
  if (value === null) return nothing;
  const parsed = alarmChange.safeParse(jsonOf(value));
  if (!parsed.success) {
    complain(offset, parsed.error.issues[0]?.message ?? '');
    return nothing;
  }
  if (parsed.data.late) return nothing;
  return { offset, bytes: Buffer.from(`id: ${offset}\nevent: alarm\ndata: ${JSON.stringify(parsed.data)}\n\n`), path: parsed.data.alarm.path };
}

function jsonOf(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return null; // No change is null: it is refused with the others.
  }
}
