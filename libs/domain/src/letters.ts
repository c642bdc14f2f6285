/**
 * What every consumer tells people of its work: what became of all that it took, and what it could not take. The words
 * and forms of these routes; who mounts them says how a letter is tried again.
 */
import { deadLetterReasons } from '#contracts';
import { limitField, problem, yesField } from '#service';
import { accounting, type Database, findDeadLetter, type KeptLetter, type LetterFilter, type Stream } from '#timeseries';
import { z } from 'zod';

/** Where a topic begins and ends now, by partition. */
export type Ends = () => Promise<ReadonlyMap<number, { readonly low: number; readonly high: number }>>;

export const serial = (max: number, expected: string) => z.coerce.number({ error: `expected ${expected}` }).int(`expected ${expected}`).min(0, `expected ${expected}`).max(max, `expected ${expected}`);

export const lettersQuery = z.strictObject({
  limit: limitField(1_000),
  reason: z.enum(deadLetterReasons).optional(),
  device: z.string().max(64).optional(),
  all: yesField().describe('Those that were replayed, too'),
  beforeId: serial(Number.MAX_SAFE_INTEGER, 'the number of a dead letter').describe('For the next page: the last number of this one').optional(),
});
export const letterParams = z.strictObject({ id: serial(Number.MAX_SAFE_INTEGER, 'the number of a dead letter') });

const count = z.int().min(0);
const instant = z.string().meta({ format: 'date-time' });
export const counted = z.object({ topic: z.string(), partition: count, entries: count, stored: count, corrected: count, repeated: count, deadLettered: count, reasons: z.partialRecord(z.enum(deadLetterReasons), count), inFlight: count }).meta({ id: 'Accounting' });
export const keptLetter = z
  .object({
    id: count,
    topic: z.string(),
    partition: count,
    offset: count,
    position: count,
    element: z.int().min(-1),
    device: z.string(),
    publisher: z.string(),
    codec: z.string(),
    reason: z.enum(deadLetterReasons),
    details: z.string(),
    at: instant,
    receivedAt: instant,
    replayedAt: instant.nullable(),
    replayedAs: z.string().nullable(),
    bytes: count,
    payload: z.string().describe('Where it is text').optional(),
    payloadBase64: z.string().describe('Where it is not').optional(),
  })
  .meta({ id: 'DeadLetter' });
export const replayed = z.object({ id: count, stored: count, corrected: count, repeated: count, deadLettered: count, announced: count, refused: z.array(z.object({ reason: z.enum(deadLetterReasons), details: z.string() })) }).meta({ id: 'Replayed' });

/** `inFlight`: records that are not consumed yet. */
export async function accountingOf(db: Database, stream: Stream, ends: Ends): Promise<z.input<typeof counted>[]> {
  const [counts, now] = await Promise.all([accounting(db, stream.schema), ends()]);
  return counts.map(({ nextOffset, ...count }) => ({ ...count, inFlight: count.topic === stream.topic ? Math.max(0, (now.get(count.partition)?.high ?? nextOffset) - nextOffset) : 0 }));
}

export function letterFilter({ reason, device, all, beforeId, limit }: z.output<typeof lettersQuery>): LetterFilter {
  return { all, limit, ...(reason === undefined ? {} : { reason }), ...(device === undefined ? {} : { device }), ...(beforeId === undefined ? {} : { beforeId }) };
}

export async function foundLetter(db: Database, schema: string, id: number): Promise<KeptLetter> {
  const letter = await findDeadLetter(db, schema, id);
  if (letter === null) throw problem(404, 'unknown-dead-letter', { detail: `there is no dead letter ${id}` });
  return letter;
}

/** Text where it is text, base64 otherwise; cut to `charactersMax` in lists. */
export function letterAsJson({ payload, receivedAtMs, ...letter }: KeptLetter, charactersMax: number): unknown {
  const text = payload.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(payload);
  const shown = isText ? text : payload.toString('base64');
  return { ...letter, receivedAt: new Date(receivedAtMs).toISOString(), bytes: payload.length, [isText ? 'payload' : 'payloadBase64']: shown.slice(0, charactersMax) };
}
