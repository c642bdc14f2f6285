/** What both readers of files yield: rows that hold, and for the others where they stand and what was expected. Pure. */
import { complaintOf, type Complaint } from '#contracts';
import { z } from 'zod';

/** Where a row came from: `line 12` of a CSV, `feature 3` of a GeoJSON. */
export interface Place {
  readonly file: string;
  readonly at: string;
}

export interface RowProblem extends Place {
  /** Empty: the row or file as a whole. */
  readonly field: string;
  readonly expected: string;
}

export interface Row<T> {
  readonly value: T;
  readonly place: Place;
}

export interface FileRows<T> {
  readonly rows: readonly Row<T>[];
  readonly problems: readonly RowProblem[];
}

export interface FileLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/** One row through the contract's schema. */
export function checkRow<T>(schema: z.ZodType<T>, raw: unknown, place: Place): { row: Row<T> } | { problems: RowProblem[] } {
  const result = schema.safeParse(raw, { reportInput: true });
  if (!result.success) {
    return { problems: result.error.issues.map((issue) => ({ ...place, ...complaintOf(new z.ZodError([issue])) })) };
  }
  const problems = complaintsAboutTexts(result.data as object).map((complaint) => ({ ...place, ...complaint }));
  return problems.length > 0 ? { problems } : { row: { value: result.data, place } };
}

/** What the contracts do not say: texts without control characters, and a time zone that exists. */
export function complaintsAboutTexts(value: object): Complaint[] {
  const complaints = Object.entries(value).flatMap(([field, text]) => complaintAboutText(text).map((expected) => ({ field, expected })));
  const { timeZone } = value as { timeZone?: unknown };
  if (typeof timeZone === 'string' && !isTimeZone(timeZone)) complaints.push({ field: 'timeZone', expected: 'expected a time zone such as Asia/Ho_Chi_Minh' });
  return complaints;
}

export function sentence({ file, at, field, expected }: RowProblem): string {
  return `${file}, ${at}${field === '' ? '' : `, ${field}`}: ${expected}`;
}

/** Control characters have no place in a name, and PostgreSQL keeps neither NUL nor half of a surrogate pair. */
function complaintAboutText(value: unknown): string[] {
  if (typeof value !== 'string') return [];
  return /[\p{Cc}\p{Cs}]/u.test(value) ? ['expected text without control characters'] : [];
}

const zones = new Map<string, boolean>();

function isTimeZone(name: string): boolean {
  let known = zones.get(name);
  if (known === undefined) {
    try {
      known = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
    } catch {
      known = false;
    }
    if (zones.size < 1_000) zones.set(name, known);
  }
  return known;
}
