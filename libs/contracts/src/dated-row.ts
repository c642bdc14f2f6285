/**
 * A limit of law or science with the days on which it holds. The time of the event selects the row.
 *
 * `verifiedBy` empty means a default that nobody has checked yet; screens show it as "chưa kiểm chứng / not verified".
 */
import { z } from 'zod';
import { instant } from './ids.js';

export const datedRow = z.strictObject({
  id: z.string().min(1).max(64),
  kind: z.string().min(1).max(64),
  key: z.string().max(128),
  legalBasis: z.string().max(300),
  article: z.string().max(100),
  validFrom: instant,
  /** Exclusive; null: still in force. */
  validTo: instant.nullable(),
  value: z.json(),
  unit: z.string().max(32),
  source: z.string().min(1).max(500),
  verifiedBy: z.string().max(200).nullable(),
});
export type DatedRow = z.infer<typeof datedRow>;
