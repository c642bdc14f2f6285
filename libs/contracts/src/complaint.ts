/**
 * Says what is wrong with a message in words that its sender can act on: the field and what was expected of it.
 *
 * The one place that turns zod's issues into text: dead letters and the 422 of the HTTP door say the same.
 */
import type { z } from 'zod';

export interface Complaint {
  /** Path such as `countByClass.car`, `vehicles[3].atMs`; empty for the message as a whole. */
  readonly field: string;
  /** Begins with a verb: `expected 0 to 300 km/h, or null`. */
  readonly expected: string;
}

type Issue = z.core.$ZodIssue;

/** The first complaint of a failed parse; senders repair one thing at a time, and dead letters stay short. */
export function complaintOf(error: z.ZodError): Complaint {
  const issue = deepest(error.issues[0]!);
  return { field: fieldName(issue.path), expected: expectation(issue) };
}

/** `speedKmh: expected 0 to 300 km/h, or null`, with the place of the element in front where the message is an array. */
export function complaintText({ field, expected }: Complaint, index: number | null = null): string {
  const place = index === null ? field : `[${index}]${field === '' || field.startsWith('[') ? '' : '.'}${field}`;
  return place === '' ? `message: ${expected}` : `${place}: ${expected}`;
}

export function fieldName(path: readonly PropertyKey[]): string {
  let name = '';
  for (const part of path) {
    if (typeof part === 'number') name += `[${part}]`;
    else name += name === '' ? quoted(String(part)) : `.${quoted(String(part))}`;
  }
  return name;
}

/** Names that a sender made up may hold anything; they go into logs and pages, so they are shortened and escaped. */
export function quoted(name: string): string {
  return /^[A-Za-z0-9_$-]{1,64}$/.test(name) ? name : JSON.stringify(name.length > 64 ? `${name.slice(0, 63)}…` : name);
}

function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors[0]?.[0];
  return inner === undefined ? issue : deepest({ ...inner, path: [...issue.path, ...inner.path] });
}

function expectation(issue: Issue): string {
  if (issue.message.startsWith('expected')) return issue.message;
  if (issue.code === 'invalid_type') return `expected ${article(issue.expected)}${found(issue.message)}`;
  if (issue.code === 'unrecognized_keys') return `expected no field ${issue.keys.slice(0, 5).map(quoted).join(', ')}`;
  if (issue.code === 'invalid_value') return `expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  return `expected otherwise: ${issue.message}`;
}

function article(type: string): string {
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** What stood there is only in the words of zod's message: `Invalid input: expected number, received string`. */
function found(message: string): string {
  const received = /received (\w+)/.exec(message)?.[1];
  if (received === undefined) return '';
  if (received === 'undefined') return ', found nothing';
  return `, found ${/^(null|NaN|Infinity)$/.test(received) ? received : article(received)}`;
}
