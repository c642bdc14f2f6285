/**
 * Reads a CAP message that another system has sent, or says which element is wrong and what was expected.
 *
 * A signature is allowed and not checked: who sent a message is known from the door it came through. Nothing that a
 * message links to is ever fetched.
 */
import { capLanguageDefault, capMessage, capNamespace, complaintOf, complaintText, fieldName, quoted, Rejected, type CapMessage } from '#contracts';
import { alertRules, type ElementRule } from './elements.js';
import { textOf } from './encoding.js';
import { polygonComplaint } from './polygons.js';
import { treeOf, type XmlElement } from './tree.js';

export interface InboundCap {
  readonly message: CapMessage;
  /** Carries an XML signature, which is not checked. */
  readonly signed: boolean;
}

type Path = readonly (string | number)[];

const signatureNamespace = 'http://www.w3.org/2000/09/xmldsig#';
const instanceNamespace = 'http://www.w3.org/2001/XMLSchema-instance';

/** `bytesMax`: longer documents are refused unread. Reasons: too-large, undecodable (not XML), invalid (not CAP 1.2). */
export function readCap(bytes: Uint8Array, bytesMax: number): InboundCap | Rejected {
  if (bytes.byteLength > bytesMax) return new Rejected('too-large', `message: expected at most ${bytesMax} bytes, found ${bytes.byteLength}`);
  const text = textOf(bytes);
  if (text instanceof Rejected) return text;
  const root = treeOf(text, new Set([signatureNamespace]));
  if (root instanceof Rejected) return root;
  try {
    return messageOf(root);
  } catch (error) {
    if (error instanceof Rejected) return error;
    throw error;
  }
}

function messageOf(root: XmlElement): InboundCap {
  if (root.name !== 'alert') refuse([root.name], 'expected alert as the root element');
  if (root.namespace !== capNamespace) refuse(['alert'], `expected namespace ${capNamespace}, found ${root.namespace === '' ? 'none' : quoted(root.namespace)}: only CAP 1.2 is taken`);
  const signatures = root.children.findIndex(({ namespace }) => namespace === signatureNamespace);
  const [own, after] = signatures < 0 ? [root.children, []] : [root.children.slice(0, signatures), root.children.slice(signatures)];
  const late = after.find(({ namespace }) => namespace !== signatureNamespace);
  if (late !== undefined) refuse([late.name], 'expected before the signature');
  const value = objectOf({ ...root, children: own }, alertRules, []);
  const parsed = capMessage.safeParse(value);
  if (parsed.success) {
    const crossing = polygonComplaint(parsed.data);
    if (crossing !== null) throw new Rejected('invalid', complaintText(crossing));
    return { message: parsed.data, signed: signatures >= 0 };
  }
  const complaint = complaintOf(parsed.error);
  throw new Rejected('invalid', complaintText({ ...complaint, expected: withFound(complaint.expected, value, parsed.error.issues[0]!.path) }));
}

/** The elements in their order; each as the contract has it, not yet judged. */
function objectOf(element: XmlElement, rules: readonly ElementRule[], path: Path): Record<string, unknown> {
  refuseAttributes(element, path);
  if (/[^ \t\r\n]/.test(element.text)) refuse(path.length === 0 ? ['alert'] : path, `expected elements and no text between them, found ${excerpt(element.text.trim())}`);
  const values: Record<string, unknown> = {};
  let at = 0;
  const passTo = (next: number, found: string): void => {
    for (; at < next; at += 1) {
      const rule = rules[at]!;
      if (rule.needed && !(rule.name in values)) refuse([...path, rule.name], `expected before ${found}, found none`);
    }
  };
  const seen = new Set<string>();
  for (const child of element.children) {
    const place = [...path, child.name];
    if (child.namespace !== capNamespace) refuse(place, `expected an element of CAP 1.2, found namespace ${child.namespace === '' ? '""' : quoted(child.namespace)}`);
    const index = rules.findIndex(({ name }) => name === child.name);
    if (index < 0) refuse(place, `expected one of ${rules.map(({ name }) => name).join(', ')}`);
    const rule = rules[index]!;
    if (index < at) refuse(place, `expected before ${rules[at]!.name}: CAP's elements have an order`);
    if (!rule.many && seen.has(rule.name)) refuse(place, 'expected once');
    passTo(index, child.name);
    seen.add(rule.name);
    if (!rule.many) {
      const value = valueOf(child, rule, place);
      if (value !== undefined) values[rule.name] = value;
      continue;
    }
    const all = (values[rule.name] ?? []) as unknown[];
    const value = valueOf(child, rule, [...place, all.length]);
    if (value === undefined) continue;
    all.push(value);
    values[rule.name] = all;
  }
  passTo(rules.length, 'the end');
  if (rules.some(({ name }) => name === 'language')) values['language'] ??= capLanguageDefault;
  return values;
}

/** Undefined: as good as not there. */
function valueOf(element: XmlElement, rule: ElementRule, path: Path): unknown {
  if (typeof rule.content === 'object') return objectOf(element, rule.content, path);
  refuseAttributes(element, path);
  if (element.children.length > 0) refuse(path, `expected text and no element in it, found ${quoted(element.children[0]!.name)}`);
  const text = rule.collapses ? element.text.trim().replace(/[ \t\r\n]+/g, ' ') : element.text;
  if (text === '' && rule.emptyIsNone) return undefined;
  if (rule.content === 'number' && /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)$/.test(text)) return Number(text);
  return text;
}

/** Namespaces may be declared, and where the schema is; CAP has no attributes of its own. */
function refuseAttributes({ attributes }: XmlElement, path: Path): void {
  const wrong = attributes.find(({ prefix, name, uri, local }) => prefix !== 'xmlns' && name !== 'xmlns' && !(uri === instanceNamespace && /^(schemaLocation|noNamespaceSchemaLocation)$/.test(local)));
  if (wrong !== undefined) refuse(path.length === 0 ? ['alert'] : path, `expected no attribute, found ${quoted(wrong.name)}`);
}

function withFound(expected: string, value: unknown, path: readonly PropertyKey[]): string {
  if (expected.includes(', found ')) return expected;
  const found = path.reduce<unknown>((inner, part) => (inner as Record<PropertyKey, unknown> | undefined)?.[part], value);
  return typeof found === 'string' ? `${expected}, found ${excerpt(found)}` : expected;
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 39)}…` : text);
}

function refuse(path: Path, expected: string): never {
  throw new Rejected('invalid', complaintText({ field: fieldName(path), expected }));
}
