/**
 * Sensor Measurement Lists (RFC 8428): from the records of a pack, in JSON or CBOR, to resolved ones.
 *
 * A base field holds from its record on, until a record has it anew. Times below 2^28 s count from now, for which the
 * receipt stands. A wrong field costs its record; a wrong base field costs the pack, since the records after it would
 * mean something else. So does a version we do not know, or an unknown field whose name ends in `_`: it must be understood.
 */
import { quoted, Rejected } from '#contracts';
import { isObject, type NamedValue, type NamedValues } from './named-values.js';

/** A record by the labels of the JSON form. */
export type SenmlFields = ReadonlyMap<string, unknown>;

/** As section 4.6 has it: no base fields, no relative times. */
export interface ResolvedRecord {
  readonly n: string;
  readonly u?: string;
  /** s since 1970 UTC. */
  readonly t: number;
  readonly v?: number;
  readonly vs?: string;
  readonly vb?: boolean;
  /** base64url. */
  readonly vd?: string;
  readonly s?: number;
  readonly ut?: number;
  /** Not of the standard: the time was relative to now. */
  readonly relative: boolean;
}

const versionKnown = 10;
const absoluteFromS = 2 ** 28;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9\-:./_]{0,255}$/;
const texts = new Set(['bn', 'bu', 'n', 'u', 'vs', 'vd']);
const numbers = new Set(['bt', 'bv', 'bs', 'bver', 'v', 's', 't', 'ut']);
const baseFields = new Set(['bn', 'bt', 'bu', 'bv', 'bs', 'bver']);

interface Base {
  bn?: string;
  bt?: number;
  bu?: string;
  bv?: number;
  bs?: number;
}

/** One result for each record, in the order of the pack. Throws Rejected where the pack as a whole cannot be read. */
export function resolve(pack: readonly unknown[], nowS: number): readonly (ResolvedRecord | Rejected)[] {
  const base: Base = {};
  return pack.map((record, index) => {
    const fields = record instanceof Map ? (record as SenmlFields) : isObject(record) ? new Map(Object.entries(record)) : null;
    if (fields === null) return refused(index, '', 'expected a record, an object');
    const wrong = takeBase(fields, base, index);
    return wrong ?? resolved(fields, base, index, nowS);
  });
}

/** Takes the base fields over. Hands back what is wrong with another field; throws for the pack. */
function takeBase(fields: SenmlFields, base: Base, index: number): Rejected | null {
  let wrong: Rejected | null = null;
  for (const [label, value] of fields) {
    const complaint = complaintAbout(label, value);
    if (complaint === null) {
      if (baseFields.has(label)) (base as Record<string, unknown>)[label] = value;
    } else if (baseFields.has(label) || label.endsWith('_')) throw refused(index, label, complaint);
    else wrong ??= refused(index, label, complaint);
  }
  return wrong;
}

function complaintAbout(label: string, value: unknown): string | null {
  if (texts.has(label)) return typeof value === 'string' ? null : 'expected a text';
  if (label === 'bver') return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= versionKnown ? null : `expected a version up to ${versionKnown}`;
  if (numbers.has(label)) return Number.isFinite(value) ? null : 'expected a finite number';
  if (label === 'vb') return typeof value === 'boolean' ? null : 'expected true or false';
  return label.endsWith('_') ? 'expected no field that must be understood and is not known here' : null;
}

function resolved(fields: SenmlFields, base: Base, index: number, nowS: number): ResolvedRecord | Rejected {
  const text = (label: string): string | undefined => fields.get(label) as string | undefined;
  const number = (label: string): number | undefined => fields.get(label) as number | undefined;
  const n = (base.bn ?? '') + (text('n') ?? '');
  if (!namePattern.test(n)) return refused(index, 'n', `expected, after the base name, 1–256 of A–Z a–z 0–9 - : . / _ beginning with a letter or digit, found ${quoted(n)}`);
  const given = ['v', 'vs', 'vb', 'vd'].filter((label) => fields.has(label));
  const v = sum(base.bv, number('v'));
  const s = sum(base.bs, number('s'));
  const isNumeric = given.length === 0 ? v !== undefined : given[0] === 'v';
  if (given.length > 1) return refused(index, '', `expected one of v, vs, vb and vd, found ${given.join(' and ')}`);
  if (given.length === 0 && v === undefined && s === undefined) return refused(index, '', 'expected one of v, vs, vb and vd, or a sum s');
  const at = (base.bt ?? 0) + (number('t') ?? 0);
  const relative = at < absoluteFromS;
  const u = text('u') ?? base.bu;
  return {
    n,
    ...(u === undefined ? {} : { u }),
    t: relative ? nowS + at : at,
    ...(isNumeric ? { v: v! } : {}),
    ...Object.fromEntries(given.filter((label) => label !== 'v').map((label) => [label, fields.get(label)])),
    ...(s === undefined ? {} : { s }),
    ...(fields.has('ut') ? { ut: number('ut')! } : {}),
    relative,
  };
}

/** A missing part counts as 0; with both missing there is nothing. */
function sum(base: number | undefined, own: number | undefined): number | undefined {
  return base === undefined && own === undefined ? undefined : (base ?? 0) + (own ?? 0);
}

function refused(index: number, label: string, complaint: string): Rejected {
  return new Rejected('invalid', `[${index}]${label === '' ? '' : `.${quoted(label)}`}: ${complaint}`);
}

/** All that the pack says as one element, beside what was refused of it. */
export function packValues(pack: readonly unknown[], receivedAtMs: number): readonly (NamedValues | Rejected)[] {
  const records = resolve(pack, receivedAtMs / 1000);
  const rejected = records.filter((record) => record instanceof Rejected);
  const values = records.flatMap((record) => (record instanceof Rejected ? [] : [valueOf(record)]));
  return values.length === 0 ? rejected : [{ device: null, type: null, values }, ...rejected];
}

function valueOf({ n, u, t, v, vs, vb, vd, ut, relative }: ResolvedRecord): NamedValue {
  return {
    name: n,
    value: v ?? vs ?? vb ?? vd ?? null,
    unit: u ?? null,
    // Cut to the millisecond, beyond what a double of seconds cannot hold.
    atMs: Math.floor(t * 1000 + 0.001),
    ...(relative ? { estimatedTime: true } : {}),
    ...(ut === undefined ? {} : { updateS: ut }),
  };
}
