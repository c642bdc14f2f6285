/** From the clock on a wall to UTC, for any zone that the runtime knows. Pure: the zone's rules come with Node. */

const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * The instants (ms since 1970) at which a clock in `zone` shows this local time: usually one, none in the hour that is
 * skipped when summer time begins, and two, earlier first, in the hour that comes twice when it ends.
 */
export function instantsOf(zone: string, year: number, month: number, day: number, hour: number): number[] {
  const asUtc = Date.UTC(year, month - 1, day, hour);
  const dayMs = 86_400_000;
  // A zone never changes its offset twice within two days, so the offsets around are all that can hold.
  const offsets = new Set([offsetMs(zone, asUtc - dayMs), offsetMs(zone, asUtc + dayMs)]);
  return [...offsets]
    .filter((offset) => offsetMs(zone, asUtc - offset) === offset)
    .map((offset) => asUtc - offset)
    .sort((a, b) => a - b);
}

function offsetMs(zone: string, at: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(parts['year']!, parts['month']! - 1, parts['day']!, parts['hour']!, parts['minute']!, parts['second']!) - Math.floor(at / 1000) * 1000;
}
