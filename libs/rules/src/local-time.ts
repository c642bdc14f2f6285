/**
 * Days and hours of a zone, by the zone data of the platform.
 *
 * Intl takes 2 µs per question, so offsets are kept by quarter of an hour: no zone has ever changed its offset inside one.
 */
const quarterMs = 15 * 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const offsetsKeptMax = 20_000;

interface Zone {
  readonly format: Intl.DateTimeFormat;
  readonly offsets: Map<number, number>;
}
const zones = new Map<string, Zone>();

/** How far local time is ahead of UTC, ms. Throws RangeError for a zone that is not known. */
export function offsetMs(zone: string, atMs: number): number {
  const { format, offsets } = zoneOf(zone);
  const quarter = Math.floor(atMs / quarterMs);
  let offset = offsets.get(quarter);
  if (offset === undefined) {
    offset = readOffset(format, quarter * quarterMs);
    if (offsets.size >= offsetsKeptMax) offsets.clear();
    offsets.set(quarter, offset);
  }
  return offset;
}

/** `2026-03-29`: the date on a calendar in the zone. */
export function localDate(zone: string, atMs: number): string {
  return new Date(atMs + offsetMs(zone, atMs)).toISOString().slice(0, 10);
}

/** 0–23: the hour on a clock in the zone. */
export function localHour(zone: string, atMs: number): number {
  return new Date(atMs + offsetMs(zone, atMs)).getUTCHours();
}

/** The local day that contains a time, [startMs, endMs): 23 or 25 hours long where the clock is changed. */
export function localDay(zone: string, atMs: number): { readonly startMs: number; readonly endMs: number } {
  const midnight = Math.floor((atMs + offsetMs(zone, atMs)) / dayMs) * dayMs;
  return { startMs: instantOf(zone, midnight), endMs: instantOf(zone, midnight + dayMs) };
}

/** The hour of the clock that contains a time, [startMs, endMs). An hour that comes twice in autumn is two hours. */
export function localHourBounds(zone: string, atMs: number): { readonly startMs: number; readonly endMs: number } {
  const offset = offsetMs(zone, atMs);
  const startMs = Math.floor((atMs + offset) / hourMs) * hourMs - offset;
  return { startMs, endMs: startMs + hourMs };
}

/**
 * The time at which a clock in the zone shows `localMs` (a local time written as if it were UTC): the earlier one where
 * the clock shows it twice, the end of the jump where it never does.
 */
export function instantOf(zone: string, localMs: number): number {
  const before = offsetMs(zone, localMs - dayMs);
  const after = offsetMs(zone, localMs + dayMs);
  for (const offset of [Math.max(before, after), Math.min(before, after)]) {
    if (offsetMs(zone, localMs - offset) === offset) return localMs - offset;
  }
  let atMs = Math.floor((localMs - before) / quarterMs) * quarterMs;
  while (offsetMs(zone, atMs - quarterMs) === after) atMs -= quarterMs;
  return atMs;
}

function zoneOf(name: string): Zone {
  let zone = zones.get(name);
  if (zone === undefined) {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
    zones.set(name, (zone = { format, offsets: new Map() }));
  }
  return zone;
}

function readOffset(format: Intl.DateTimeFormat, atMs: number): number {
  const shown: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(atMs)) shown[type] = Number(value);
  return Date.UTC(shown.year!, shown.month! - 1, shown.day!, shown.hour!, shown.minute!, shown.second!) - atMs;
}
