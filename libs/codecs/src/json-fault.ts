/**
 * Finds where a text stops being JSON, and what should have stood there.
 *
 * JSON.parse is quick but names a place only sometimes, and in words that change between versions of Node. This slow
 * reading happens only for a message that is refused anyway. It keeps its own stack, so no depth can exhaust ours.
 */
export interface JsonFault {
  /** Index into the text. */
  readonly at: number;
  readonly expected: string;
}

const blank = /[ \t\n\r]*/y;
const plain = /[^"\\\u0000-\u001f]*/y;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** The first fault of the text (RFC 8259), or null where it is JSON nested at most `depthMax` deep. */
export function firstFault(text: string, depthMax: number): JsonFault | null {
  const open: string[] = [];
  let next: 'value' | 'element or ]' | 'name or }' | 'name' | 'after' = 'value';
  let at = 0;
  for (;;) {
    at = after(blank, text, at);
    const sign = text[at];
    if (next === 'after' && open.length === 0) return sign === undefined ? null : { at, expected: 'the end' };
    if (sign === undefined) return { at, expected: `${next === 'after' ? closing(open) : named(next)}, found the end` };

    if (next === 'after') {
      if (sign === open.at(-1)) open.pop();
      else if (sign === ',') next = open.at(-1) === '}' ? 'name' : 'value';
      else return { at, expected: closing(open) };
      at += 1;
    } else if ((next === 'element or ]' || next === 'name or }') && sign === open.at(-1)) {
      open.pop();
      next = 'after';
      at += 1;
    } else if (next === 'name' || next === 'name or }') {
      if (sign !== '"') return { at, expected: named(next) };
      const string = stringEnd(text, at);
      if (typeof string !== 'number') return string;
      at = after(blank, text, string);
      if (text[at] !== ':') return { at, expected: '":"' };
      at += 1;
      next = 'value';
    } else if (sign === '{' || sign === '[') {
      if (open.length === depthMax) return { at, expected: `at most ${depthMax} levels` };
      open.push(sign === '{' ? '}' : ']');
      next = sign === '{' ? 'name or }' : 'element or ]';
      at += 1;
    } else {
      const end = sign === '"' ? stringEnd(text, at) : after(scalar, text, at);
      if (typeof end !== 'number') return end;
      if (end === at) return { at, expected: named(next) };
      at = end;
      next = 'after';
    }
  }
}

function stringEnd(text: string, start: number): number | JsonFault {
  let at = start + 1;
  for (;;) {
    at = after(plain, text, at);
    if (text[at] === '"') return at + 1;
    if (text[at] !== '\\') return { at, expected: at < text.length ? 'a control character to be escaped' : 'a closing quote, found the end' };
    const end = after(escape, text, at);
    if (end === at) return { at, expected: 'one of the escapes \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX' };
    at = end;
  }
}

/** Where a match at exactly this place ends; the place itself when there is none. */
function after(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function closing(open: readonly string[]): string {
  return `"," or "${open.at(-1)}"`;
}

function named(next: 'value' | 'element or ]' | 'name or }' | 'name'): string {
  switch (next) {
    case 'value':
      return 'a value';
    case 'element or ]':
      return 'a value or "]"';
    case 'name or }':
      return 'a name in quotes or "}"';
    case 'name':
      return 'a name in quotes';
  }
}
