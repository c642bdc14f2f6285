/**
 * Writes a CAP message as XML: the elements in the order of the contract, whatever the texts hold.
 *
 * A warning must go out although a name in it has a stray control character, so what XML cannot hold becomes U+FFFD.
 */
import { capNamespace, type CapMessage } from '#contracts';
import { alertRules, type ElementRule } from './elements.js';

/** A whole document in UTF-8. The same message gives the same text. */
export function writeCap(message: CapMessage): string {
  const body = elements(alertRules, message as Record<string, unknown>, '  ');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="${capNamespace}">\n${body}</alert>\n`;
}

function elements(rules: readonly ElementRule[], values: Record<string, unknown>, indent: string): string {
  return rules
    .flatMap((rule) => {
      const value = values[rule.name];
      const all = value === undefined ? [] : rule.many ? (value as unknown[]) : [value];
      return all.map((one) => element(rule, one, indent));
    })
    .join('');
}

function element({ name, content }: ElementRule, value: unknown, indent: string): string {
  const inner = typeof content === 'object' ? `\n${elements(content, value as Record<string, unknown>, `${indent}  `)}${indent}` : content === 'number' ? decimal(value as number) : escaped(value as string);
  return `${indent}<${name}>${inner}</${name}>\n`;
}

/** For text between tags and for attributes in double quotes. */
export function escaped(text: string): string {
  // A lone half of a surrogate pair becomes U+FFFD too.
  return text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd').replace(/[&<>"\r]/g, (sign) => entities[sign]!);
}

// A carriage return that stands for itself would be read as the end of a line.
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };

/** xs:decimal knows no exponent. */
function decimal(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(10) : text;
}
