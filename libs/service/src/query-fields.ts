/** Fields that queries of many routes have. All come as text; what is wrong is answered with what was expected. */
import { instantMs } from '#contracts';
import { z } from 'zod';

/** How many rows at most: 1 to `max`, 100 (or `max`) when none is given. */
export function limitField(max: number, byDefault = Math.min(100, max)) {
  return z.coerce.number({ error: `expected a whole number, 1 to ${max}` }).int(`expected a whole number, 1 to ${max}`).min(1, `expected 1 to ${max}`).max(max, `expected 1 to ${max}`).default(byDefault).describe('Rows at most');
}

/** `true` or `false`; false when none is given. */
export function yesField() {
  return z.enum(['true', 'false']).default('false').transform((text) => text === 'true');
}

const year2200Ms = Date.UTC(2_200, 0);

/** A time with its zone, as ms since 1970. */
export function instantField() {
  const expected = 'expected a time such as 2026-11-22T07:00:00Z, of the years 1970 to 2199';
  return z
    .string(expected)
    .max(40, expected)
    .meta({ format: 'date-time', example: '2026-11-22T07:00:00Z' })
    .refine((text) => instantMs(text) >= 0 && instantMs(text) < year2200Ms, expected)
    .transform(instantMs);
}

/** One or several: `device=a&device=b`. */
export function listField<T extends z.ZodType>(item: T, max: number) {
  return z.preprocess((value) => (value === undefined || Array.isArray(value) ? value : [value]), z.array(item).min(1).max(max, `expected at most ${max}`));
}
