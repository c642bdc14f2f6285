/**
 * Order, number and content of CAP's elements, taken from the contract, so that they are written down once: XML is
 * written by these rules and read against them.
 */
import { capMessage } from '#contracts';
import { z } from 'zod';

export interface ElementRule {
  readonly name: string;
  readonly needed: boolean;
  readonly many: boolean;
  readonly content: 'text' | 'number' | readonly ElementRule[];
  /** Blanks around the value say nothing: times, numbers, languages and links, but neither words nor enumerations. */
  readonly collapses: boolean;
  /** Senders write optional texts that they do not use as empty elements; only such a text may be empty. */
  readonly emptyIsNone: boolean;
}

/** xs:dateTime, xs:language, xs:anyURI, xs:integer, xs:decimal. */
const collapsing = new Set(['sent', 'effective', 'onset', 'expires', 'language', 'web', 'uri', 'size', 'altitude', 'ceiling']);

export const alertRules: readonly ElementRule[] = rulesOf(capMessage);

function rulesOf(schema: z.ZodObject): ElementRule[] {
  return Object.entries(schema.shape).map(([name, field]) => ruleOf(name, field as z.ZodType));
}

function ruleOf(name: string, field: z.ZodType): ElementRule {
  let inner: z.ZodType = field;
  let needed = true;
  let many = false;
  for (;;) {
    if (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) {
      needed = false;
      inner = inner.unwrap() as z.ZodType;
    } else if (inner instanceof z.ZodArray) {
      many = true;
      inner = inner.element as z.ZodType;
    } else break;
  }
  const mayBeEmpty = inner instanceof z.ZodString && inner.safeParse('').success;
  const content = inner instanceof z.ZodObject ? rulesOf(inner) : inner instanceof z.ZodNumber ? 'number' : 'text';
  return { name, needed, many, content, collapses: collapsing.has(name), emptyIsNone: !needed && mayBeEmpty };
}
