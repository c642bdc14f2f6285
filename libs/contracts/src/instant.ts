/**
 * Reads a time of the wire (RFC 3339) to ms since 1970.
 *
 * The common form, 24 characters ending in `Z`, takes a short way, because every reading carries one and `Date.parse`
 * costs three times as much. Digits finer than a millisecond are cut, not rounded, so that a time never moves into the
 * next period. Leap seconds (`:60`) and hour 24 are refused: no clock we store against has them.
 */
const instantPattern = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

const dayMs = 86_400_000;

let lastDay = '';
let lastDayMs = Number.NaN;

/** ms since 1970 UTC, NaN where the text is no such time. Years 0000–9999. */
export function instantMs(text: string): number {
  if (text.length === 24 && text.charCodeAt(23) === 0x5a && text.charCodeAt(10) === 0x54) {
    const hour = twoDigits(text, 11);
    const minute = twoDigits(text, 14);
    const second = twoDigits(text, 17);
    const tens = twoDigits(text, 20);
    const unit = text.charCodeAt(22) - 0x30;
    const signs = text.charCodeAt(13) === 0x3a && text.charCodeAt(16) === 0x3a && text.charCodeAt(19) === 0x2e;
    if (signs && hour < 24 && minute < 60 && second < 60 && tens < 100 && unit >= 0 && unit <= 9) {
      return dayStartMs(text) + ((hour * 60 + minute) * 60 + second) * 1000 + tens * 10 + unit;
    }
  }
  return anyForm(text);
}

/** The number of two digits at a place; 100 where they are not both digits, which is past every limit. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 0x30;
  const units = text.charCodeAt(at + 1) - 0x30;
  return tens >= 0 && tens <= 9 && units >= 0 && units <= 9 ? tens * 10 + units : 100;
}

/** Midnight UTC of the date in the first ten characters; NaN if it is no date. Readings of one time share one day. */
function dayStartMs(text: string): number {
  const day = text.slice(0, 10);
  if (day !== lastDay) {
    lastDayMs = anyForm(`${day}T00:00:00Z`);
    lastDay = day;
  }
  return lastDayMs;
}

function anyForm(text: string): number {
  const part = instantPattern.exec(text);
  if (part === null) return Number.NaN;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((index) => Number(part[index])) as [number, number, number, number, number, number];
  const offsetMinutes = part[8] === undefined ? 0 : (part[8] === '-' ? -1 : 1) * (Number(part[9]) * 60 + Number(part[10]));
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59) return Number.NaN;
  if (Number(part[9] ?? 0) > 23 || Number(part[10] ?? 0) > 59) return Number.NaN;
  const milliseconds = Number((part[7] ?? '').padEnd(3, '0').slice(0, 3));
  return midnightMs(year, month, day) + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds - offsetMinutes * 60_000;
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** `Date.UTC` takes years below 100 for 19xx, so those go by a year 400 later and 146,097 days back. */
function midnightMs(year: number, month: number, day: number): number {
  return Date.UTC(year + 400, month - 1, day) - 146_097 * dayMs;
}
