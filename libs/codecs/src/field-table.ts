/** How the named values of a sender become fields of a reading: by tables that each domain writes, one line for each name. */
import { complaintText, quoted, Rejected } from '#contracts';
import type { NamedValue } from './named-values.js';
import { convert, type GasState } from './units.js';

export interface FieldRule {
  /** Of the reading; `countByClass.car` is a field within a field. */
  readonly field: string;
  /** Of the field. */
  readonly unit: string;
  /** What a value without a unit is in; absent: in that of the field. */
  readonly assumed?: string;
  /** What senders put for "none"; null and an empty text always are. */
  readonly missing: readonly number[];
  /** Beyond these the value alone is refused, and the others are kept. */
  readonly bounds?: { readonly low: number; readonly high: number };
  readonly gas?: GasState;
  /** Of a direction: what lies below 0 is counted from here. */
  readonly fullTurn?: number;
}

export interface FieldTable {
  /** By `simpleName`. */
  readonly fields: ReadonlyMap<string, FieldRule>;
  /** For a value that is named by its device alone, as SenML allows: by its unit. */
  readonly byUnit: ReadonlyMap<string, FieldRule>;
  /** Keeps in the reading what was reported, where it was converted. */
  keepRaw(reading: Fields, field: string, value: number, unit: string): void;
}

export type Fields = Record<string, unknown>;

/** Senders spell a name as they like: `PM2.5`, `pm2_5` and `pm25` are one. */
export function simpleName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** From lines of `names: rule`, names separated by blanks. */
export function fieldMap(lines: Readonly<Record<string, FieldRule>>): ReadonlyMap<string, FieldRule> {
  return new Map(Object.entries(lines).flatMap(([names, rule]) => names.split(' ').map((name) => [simpleName(name), rule] as const)));
}

/** Puts the value into the reading; the first of two values for one field stays. Hands back why not. */
export function putField(reading: Fields, given: NamedValue, rule: FieldRule, keepRaw: FieldTable['keepRaw']): Rejected | null {
  const value = numberOf(given.value, rule.missing);
  if (typeof value === 'string') return refused(given.name, value);
  const [outer, inner] = rule.field.split('.') as [string, string | undefined];
  const target = (inner === undefined ? reading : (reading[outer] ??= {})) as Fields;
  const field = inner ?? outer;
  if (target[field] !== undefined) return null;
  if (value === null) {
    target[field] = null;
    return null;
  }
  const unit = given.unit ?? rule.assumed ?? rule.unit;
  const inUnit = convert(value, unit, rule.unit, rule.gas);
  if (inUnit === null) return refused(given.name, `expected a unit of which ${rule.unit} can be made, found ${quoted(unit)}`);
  const converted = rule.fullTurn !== undefined && inUnit < 0 ? inUnit + rule.fullTurn : inUnit;
  if (rule.bounds !== undefined && !(converted >= rule.bounds.low && converted <= rule.bounds.high)) {
    return refused(given.name, `expected ${rule.bounds.low} to ${rule.bounds.high} ${rule.unit}, found ${converted}`);
  }
  target[field] = converted;
  if (converted !== value) keepRaw(reading, rule.field, value, unit);
  return null;
}

/** A text: what was expected instead. Public feeds send numbers as texts. */
export function numberOf(value: NamedValue['value'], missing: readonly number[]): number | null | string {
  if (value === null || value === '') return null;
  const number = typeof value === 'string' && /^\s*[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\s*$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number') return `expected a number, found ${typeof number === 'string' ? 'a text' : 'true or false'}`;
  if (!Number.isFinite(number)) return 'expected a finite number';
  return missing.includes(number) ? null : number;
}

/** What a message must say at least one of: the first fields of the table. */
export function expectedValues({ fields }: FieldTable, found: readonly string[]): Rejected {
  const wanted = [...new Set([...fields.values()].map(({ field }) => field))].slice(0, 4);
  return refused('', `expected at least one value for ${wanted.join(', ')} …, found ${[...new Set(found)].slice(0, 5).map(quoted).join(', ') || 'nothing'}`);
}

export function refused(field: string, expected: string): Rejected {
  return new Rejected('invalid', complaintText({ field: /^[\w.:/-]{0,128}$/.test(field) ? field : quoted(field), expected }));
}
