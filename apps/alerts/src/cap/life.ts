/**
 * The life of a public message: Alert, then Updates, then an all-clear or a Cancel, each with references to what went
 * before.
 *
 * An all-clear is an Update: what was said was right, and is over. A Cancel withdraws what was said wrongly. Pure: the
 * same arguments give the same message, so that a message which is sent again after a crash is the same one.
 */
import { capReference, type CapArea, type CapInfo, type CapMessage, type Rejected } from '#contracts';
import { checkedOwn, ownLanguages } from './own-rules.js';
import type { Shapes } from './area.js';

/** Ours is a city of one zone that has not changed its offset since 1975. */
const offsetMs = 7 * 3_600_000;

export interface CapIdentity {
  /** Of `capIdentifier`. */
  readonly identifier: string;
  readonly sender: string;
  readonly sentMs: number;
}

/** What a message says in one language. Plain text. */
export interface CapWords {
  readonly event: string;
  readonly headline?: string;
  readonly description?: string;
  readonly instruction?: string;
  readonly senderName?: string;
  readonly audience?: string;
  readonly contact?: string;
  readonly web?: string;
}

export interface CapPlace extends Shapes {
  readonly nameVi: string;
  readonly nameEn: string;
  readonly geocode?: CapArea['geocode'];
}

/** What a message says, whatever its place in a life. Times in ms since 1970; fractions of a second are cut. */
export interface CapSaying {
  readonly status: CapMessage['status'];
  readonly scope: CapMessage['scope'];
  readonly restriction?: string;
  readonly addresses?: string;
  readonly source?: string;
  readonly code?: readonly string[];
  readonly incidents?: string;
  readonly category: readonly CapInfo['category'][number][];
  readonly responseType?: readonly NonNullable<CapInfo['responseType']>[number][];
  readonly urgency: CapInfo['urgency'];
  readonly severity: CapInfo['severity'];
  readonly certainty: CapInfo['certainty'];
  readonly effectiveMs?: number;
  readonly onsetMs?: number;
  readonly expiresMs?: number;
  readonly vi: CapWords;
  readonly en: CapWords;
  readonly eventCode?: CapInfo['eventCode'];
  readonly parameter?: CapInfo['parameter'];
  readonly resource?: CapInfo['resource'];
  readonly places: readonly CapPlace[];
}

/**
 * Unique for ever, and the same whenever it is asked for again: `number` counts the messages about one occurrence of an
 * alarm from 1, and the time tells messages apart that are numbered anew after a restored backup.
 */
export function capIdentifier(alarmId: string, occurrence: number, number: number, sentMs: number): string {
  return `${alarmId}.${occurrence}.${number}.${capTime(sentMs).slice(0, 19).replace(/[-:]/g, '')}`;
}

/** `2026-11-22T18:05:09+07:00`: never Z, no fractions. */
export function capTime(atMs: number): string {
  return `${new Date(atMs + offsetMs).toISOString().slice(0, 19)}+07:00`;
}

/** The first message. Rejected names the element that is wrong. */
export function alertOf(saying: CapSaying, identity: CapIdentity): CapMessage | Rejected {
  return checkedOwn(message('Alert', saying, identity, []));
}

/** Replaces `earlier`, the messages of this life, the oldest first. */
export function updateOf(earlier: readonly CapMessage[], saying: CapSaying, identity: CapIdentity): CapMessage | Rejected {
  return checkedOwn(message('Update', saying, identity, earlier));
}

/** What the messages said is over. */
export function allClearOf(earlier: readonly CapMessage[], saying: CapSaying, identity: CapIdentity): CapMessage | Rejected {
  return updateOf(earlier, { ...saying, responseType: ['AllClear'], urgency: 'Past' }, identity);
}

/** What the messages said was wrong. Repeats where and about what the last of them was, so that it is shown to the same people. */
export function cancelOf(earlier: readonly CapMessage[], reason: { readonly vi: string; readonly en: string }, { identifier, sender, sentMs }: CapIdentity): CapMessage | Rejected {
  const last = earlier.at(-1);
  const info = last?.info?.map(({ language, category, event, severity, certainty, audience, senderName, web, contact, area }, index): CapInfo => ({
    language, category, event,
    responseType: ['None'],
    urgency: 'Past',
    severity, certainty, audience, senderName,
    description: index === 0 ? reason.vi : reason.en,
    web, contact, area,
  }));
  const { status = 'Actual', scope = 'Public', source, restriction, addresses, code, incidents } = last ?? {};
  const note = `${reason.vi} / ${reason.en}`;
  return checkedOwn(withoutGaps({ identifier, sender, sent: capTime(sentMs), status, msgType: 'Cancel', source, scope, restriction, addresses, code, note, references: referencesTo(earlier), incidents, info }));
}

function message(msgType: 'Alert' | 'Update', saying: CapSaying, { identifier, sender, sentMs }: CapIdentity, earlier: readonly CapMessage[]): CapMessage {
  const { status, scope, source, restriction, addresses, code, incidents } = saying;
  const info = ownLanguages.map((language) => infoIn(language, saying));
  return withoutGaps({ identifier, sender, sent: capTime(sentMs), status, msgType, source, scope, restriction, addresses, code: code?.slice(), references: referencesTo(earlier), incidents, info });
}

function infoIn(language: (typeof ownLanguages)[number], saying: CapSaying): CapInfo {
  const { category, responseType, urgency, severity, certainty, effectiveMs, onsetMs, expiresMs, eventCode, parameter, resource, places } = saying;
  const isVi = language === 'vi-VN';
  const { event, audience, senderName, headline, description, instruction, web, contact } = isVi ? saying.vi : saying.en;
  const area = places.map(({ nameVi, nameEn, polygon, circle, geocode }): CapArea => ({ areaDesc: isVi ? nameVi : nameEn, polygon, circle, geocode }));
  const [effective, onset, expires] = [effectiveMs, onsetMs, expiresMs].map((ms) => (ms === undefined ? undefined : capTime(ms)));
  return { language, category: [...category], event, responseType: responseType?.slice(), urgency, severity, certainty, audience, eventCode, effective, onset, expires, senderName, headline, description, instruction, web, contact, parameter, resource, area };
}

/** Undefined without any: an Update or Cancel is then refused. */
function referencesTo(earlier: readonly CapMessage[]): string | undefined {
  return earlier.length === 0 ? undefined : earlier.map(capReference).join(' ');
}

/** Fields that are not there instead of fields that are undefined: what is stored as JSON and read back is equal. */
function withoutGaps<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutGaps) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, inner]) => (inner === undefined ? [] : [[name, withoutGaps(inner)]]))) as T;
}
