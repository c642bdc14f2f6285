/**
 * Lists in pages: `{ items, next }`, where `next` is the cursor of the following page, or null on the last one.
 *
 * A cursor holds the place after the last item, not a number of items to skip: what is added or goes meanwhile neither
 * repeats nor hides others.
 */
import { z } from 'zod';

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** `rows` holds one more than `limit` when there are more. */
export function pageOf<T>(rows: readonly T[], limit: number, place: (last: T) => readonly (string | number)[]): Page<T> {
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? Buffer.from(JSON.stringify(place(items.at(-1)!))).toString('base64url') : null };
}

/** A page of such items, as a schema. */
export function pageView<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), next: z.string().nullable().meta({ description: 'The cursor of the next page; null: this is the last' }) });
}

/** The field `cursor` of a query; `place` is what `pageOf` was given. */
export function cursorField<T extends z.ZodType>(place: T) {
  const expected = 'expected the "next" of the page before';
  return z
    .string(expected)
    .max(400, expected)
    .regex(/^[A-Za-z0-9_-]+$/, expected)
    .transform((text, context) => {
      const parsed = place.safeParse(jsonIn(text));
      if (parsed.success) return parsed.data;
      context.addIssue({ code: 'custom', message: expected });
      return z.NEVER;
    })
    .optional()
    .describe('The "next" of the page before');
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
