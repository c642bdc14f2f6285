/**
 * A message of the Common Alerting Protocol, CAP 1.2 (OASIS), as plain values.
 *
 * Names and order of the fields are those of CAP's elements: XML is written in this order, and read against it. What
 * stands here holds for everybody's messages; what we ask of our own beside that is in apps/alerts/src/cap/own-rules.ts.
 */
import { z } from 'zod';
import type { Complaint } from './complaint.js';
import { instantMs } from './instant.js';

export const capNamespace = 'urn:oasis:names:tc:emergency:cap:1.2';

export const capStatuses = ['Actual', 'Exercise', 'System', 'Test', 'Draft'] as const;
export const capMessageTypes = ['Alert', 'Update', 'Cancel', 'Ack', 'Error'] as const;
export const capScopes = ['Public', 'Restricted', 'Private'] as const;
export const capCategories = ['Geo', 'Met', 'Safety', 'Security', 'Rescue', 'Fire', 'Health', 'Env', 'Transport', 'Infra', 'CBRNE', 'Other'] as const;
export const capResponseTypes = ['Shelter', 'Evacuate', 'Prepare', 'Execute', 'Avoid', 'Monitor', 'Assess', 'AllClear', 'None'] as const;
export const capUrgencies = ['Immediate', 'Expected', 'Future', 'Past', 'Unknown'] as const;
/** The most severe first. */
export const capSeverities = ['Extreme', 'Severe', 'Moderate', 'Minor', 'Unknown'] as const;
export const capCertainties = ['Observed', 'Likely', 'Possible', 'Unlikely', 'Unknown'] as const;

/** A message that names no language is in this one (CAP 1.2, 3.2.2). */
export const capLanguageDefault = 'en-US';

/** Of one polygon, and of all polygons of a message: whether one crosses itself takes up to the square of them. */
export const capPairsPerPolygonMax = 5_000;
export const capPairsMax = 10_000;

const text = z.string();
/** What must be there must also say something. */
const words = text.regex(/\S/, 'expected a text that is not empty');
/** `identifier` and `sender` (CAP 1.2, 3.2.1). */
const namePattern = /^[^\s,<&]+$/;
const name = text.regex(namePattern, 'expected a text without spaces, commas, "<" and "&"');
/** With its offset from UTC, without fractions; the schema's pattern would let a comma stand for the sign. */
const timePattern = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+](?:0\d:[0-5]\d|1[0-3]:[0-5]\d|14:00)$/;
const time = text
  .regex(timePattern, 'expected YYYY-MM-DDThh:mm:ss+hh:mm: without fractions, with the offset and not "Z"')
  .refine((value) => !Number.isNaN(instantMs(value)), 'expected a time that is on the calendar and the clock');
const number = z.number();
/** xs:anyURI: what stands before a colon is a scheme, what follows "%" are two hexadecimal digits, "#" comes once. */
const link = text.regex(/^(?:[A-Za-z][A-Za-z0-9+.-]*:|(?=[^:/?#]*(?:[/?#]|$)))[^#%]*(?:%[\dA-Fa-f]{2}[^#%]*)*(?:#[^#%]*(?:%[\dA-Fa-f]{2}[^#%]*)*)?$/, 'expected a URI');

const named = z.strictObject({ valueName: words, value: text });

const resource = z
  .strictObject({
    resourceDesc: words,
    mimeType: words,
    /** Bytes. */
    size: z.int().nonnegative().optional(),
    uri: link.optional(),
    derefUri: text.optional(),
    digest: text.optional(),
  })
  .refine(({ uri, derefUri }) => uri === undefined || derefUri !== undefined || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(uri), { path: ['uri'], error: 'expected a full URI, or derefUri beside a relative one' });

const decimal = String.raw`[-+]?(?:\d+(?:\.\d*)?|\.\d+)`;
const pair = new RegExp(`^(${decimal}),(${decimal})$`);
const circle = new RegExp(`^(${decimal}),(${decimal}) (${decimal})$`);

const area = z
  .strictObject({
    areaDesc: words,
    /** `latitude,longitude latitude,longitude …`, WGS 84 degrees, the last pair as the first. */
    polygon: z.array(text.superRefine((value, context) => complain(context, polygonFault(value)))).optional(),
    /** `latitude,longitude radius`, the radius in km. */
    circle: z.array(text.superRefine((value, context) => complain(context, circleFault(value)))).optional(),
    geocode: z.array(named).optional(),
    /** Feet above mean sea level. */
    altitude: number.optional(),
    ceiling: number.optional(),
  })
  .superRefine(({ altitude, ceiling }, context) => {
    if (ceiling === undefined) return;
    if (altitude === undefined) context.addIssue({ code: 'custom', path: ['ceiling'], message: 'expected altitude beside it' });
    else if (ceiling < altitude) context.addIssue({ code: 'custom', path: ['ceiling'], message: `expected no less than altitude, ${altitude}` });
  });
export type CapArea = z.infer<typeof area>;

const info = z
  .strictObject({
    language: text.regex(/^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/, 'expected a language tag such as vi-VN').default(capLanguageDefault),
    category: z.array(z.enum(capCategories)).min(1, 'expected at least one'),
    event: words,
    responseType: z.array(z.enum(capResponseTypes)).optional(),
    urgency: z.enum(capUrgencies),
    severity: z.enum(capSeverities),
    certainty: z.enum(capCertainties),
    audience: text.optional(),
    eventCode: z.array(named).optional(),
    effective: time.optional(),
    onset: time.optional(),
    expires: time.optional(),
    senderName: text.optional(),
    headline: text.optional(),
    description: text.optional(),
    instruction: text.optional(),
    web: link.optional(),
    contact: text.optional(),
    parameter: z.array(named).optional(),
    resource: z.array(resource).optional(),
    area: z.array(area).optional(),
  })
  .refine(({ effective, expires }) => effective === undefined || expires === undefined || instantMs(expires) >= instantMs(effective), { path: ['expires'], error: 'expected no earlier than effective' });
export type CapInfo = z.infer<typeof info>;

const alert = z.strictObject({
  identifier: name,
  sender: name,
  sent: time,
  status: z.enum(capStatuses),
  msgType: z.enum(capMessageTypes),
  source: text.optional(),
  scope: z.enum(capScopes),
  restriction: text.optional(),
  addresses: text.optional(),
  code: z.array(text).optional(),
  note: text.optional(),
  /** `sender,identifier,sent`, a space between several. */
  references: text.regex(/\S/, 'expected sender,identifier,sent, and a space between several').optional(),
  incidents: text.optional(),
  info: z.array(info).optional(),
});

export const capMessage = alert
  .superRefine((message, context) => {
    // The first: a hostile message may have a hundred thousand.
    for (const { field, expected } of messageFaults(message)) return context.addIssue({ code: 'custom', path: [field], message: expected });
  })
  .meta({ id: 'CapMessage' });
export type CapMessage = z.infer<typeof capMessage>;

/** What names a message for all time: the same one is taken once. */
export type CapReference = Pick<CapMessage, 'sender' | 'identifier' | 'sent'>;

/** As it stands in `references`. */
export function capReference({ sender, identifier, sent }: CapReference): string {
  return `${sender},${identifier},${sent}`;
}

/** The messages that `references` names; null for a part that is no reference. */
export function capReferences(references: string): (CapReference | null)[] {
  return references.trim().split(/\s+/).map((part) => {
    const [sender, identifier, sent, ...more] = part.split(',');
    const isWhole = more.length === 0 && namePattern.test(sender ?? '') && namePattern.test(identifier ?? '') && timePattern.test(sent ?? '') && !Number.isNaN(instantMs(sent!));
    return isWhole ? { sender: sender!, identifier: identifier!, sent: sent! } : null;
  });
}

/** [latitude, longitude] of each pair of a polygon that capMessage has let pass. */
export function capPairs(polygon: string): [latitude: number, longitude: number][] {
  return polygon.trim().split(/\s+/).map((text) => text.split(',').map(Number) as [number, number]);
}

/** Rules between the elements of a message. */
function* messageFaults(message: z.infer<typeof alert>): Generator<Complaint> {
  const { identifier, sender, sent, msgType, scope, restriction, addresses, references, info } = message;
  if (restriction !== undefined && scope !== 'Restricted') yield { field: 'restriction', expected: `expected none with scope ${scope}` };
  if (addresses === undefined && scope === 'Private') yield { field: 'addresses', expected: 'expected with scope Private' };
  if (references === undefined && (msgType === 'Update' || msgType === 'Cancel')) yield { field: 'references', expected: `expected sender,identifier,sent of the messages that this ${msgType} is about` };
  for (const reference of references === undefined ? [] : capReferences(references)) {
    if (reference === null) yield { field: 'references', expected: 'expected sender,identifier,sent, and a space between several' };
    else if (reference.sender === sender && reference.identifier === identifier) yield { field: 'references', expected: 'expected other messages, not itself' };
    else if (instantMs(reference.sent) > instantMs(sent)) yield { field: 'references', expected: `expected messages sent no later than this, found ${reference.sent}` };
  }
  const pairs = (info ?? []).flatMap((one) => one.area ?? []).flatMap((one) => one.polygon ?? []).reduce((sum, polygon) => sum + capPairs(polygon).length, 0);
  if (pairs > capPairsMax) yield { field: 'info', expected: `expected at most ${capPairsMax} pairs in all polygons, found ${pairs}` };
}

function polygonFault(value: string): string | null {
  const texts = value.trim().split(/\s+/);
  if (texts.length > capPairsPerPolygonMax) return `expected at most ${capPairsPerPolygonMax} pairs, found ${texts.length}`;
  const wrong = texts.findIndex((one) => !isPlace(pair.exec(one)));
  if (value.trim() === '') return 'expected at least 4 pairs latitude,longitude, found nothing';
  if (wrong >= 0) return `expected latitude,longitude within ±90,±180 as pair ${wrong + 1}, found ${JSON.stringify(texts[wrong]!.slice(0, 40))}`;
  if (texts.length < 4) return `expected at least 4 pairs latitude,longitude, found ${texts.length}`;
  const [first, last] = [texts[0]!, texts.at(-1)!].map((one) => one.split(',').map(Number));
  if (first![0] !== last![0] || first![1] !== last![1]) return `expected the last pair as the first, ${texts[0]}, found ${texts.at(-1)}`;
  return null;
}

function circleFault(value: string): string | null {
  const found = circle.exec(value.trim().replace(/\s+/g, ' '));
  return isPlace(found) && Number(found![3]) >= 0 ? null : 'expected latitude,longitude within ±90,±180, a space, and a radius in km of at least 0';
}

function isPlace(found: RegExpExecArray | null): boolean {
  return found !== null && Math.abs(Number(found[1])) <= 90 && Math.abs(Number(found[2])) <= 180;
}

function complain(context: z.core.$RefinementCtx, fault: string | null): void {
  if (fault !== null) context.addIssue({ code: 'custom', message: fault });
}
