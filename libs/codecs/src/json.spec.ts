import { Rejected } from '#contracts';
import { firstFault } from './json-fault.js';
import { decodeJson, elementsMax, jsonDepthMax } from './json.js';

const decode = (message: string | Buffer): readonly unknown[] => {
  // Within a larger buffer, as a message stands within a frame, and between bytes that are no UTF-8.
  const bytes = Buffer.concat([Buffer.of(0xff), Buffer.from(message), Buffer.of(0xff)]);
  return decodeJson(bytes, 1, bytes.length - 1);
};

function refusal(message: string | Buffer): string {
  try {
    decode(message);
  } catch (failure) {
    if (failure instanceof Rejected) return failure.message;
    throw failure;
  }
  return 'taken';
}

describe('what is taken', () => {
  test.each([
    ['one object', '{"a":1}', [{ a: 1 }]],
    ['an array', ' [1, {"a":[]}]\n', [1, { a: [] }]],
    ['a value that the schema will refuse', 'null', [null]],
    ['letters of Vietnamese', '{"tên":"Cầu Giấy"}', [{ tên: 'Cầu Giấy' }]],
    ['the replacement character itself, where the device sent it', '"\ufffd"', ['\ufffd']],
    ['the last of two equal names', '{"a":1,"a":2}', [{ a: 2 }]],
    ['a number beyond all numbers, as Infinity', '[1e999]', [Infinity]],
  ])('%s', (_, message, expected) => {
    expect(decode(message)).toEqual(expected);
  });

  test('__proto__ is a field like any other and changes no object', () => {
    const [value] = decode('{"__proto__":{"count":7},"constructor":1}') as [Record<string, unknown>];
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(value.count).toBeUndefined();
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
  });

  test('nesting up to the limit, however many brackets stand side by side', () => {
    const deep = '['.repeat(jsonDepthMax) + ']'.repeat(jsonDepthMax);
    expect(decode(`[${Array(100).fill('{"a":{"b":[]}}').join()}]`)).toHaveLength(100);
    expect(refusal(deep)).toBe('taken');
  });
});

describe('what is refused, and where', () => {
  test.each([
    ['no bytes', '', 'undecodable: byte 0: expected a message, found no bytes'],
    ['blanks only', '  ', 'undecodable: byte 2: expected a value, found the end'],
    ['an empty array', '[]', 'undecodable: byte 0: expected at least one element in the array'],
    ['NaN', '{"speedKmh":NaN}', 'undecodable: byte 12: expected a value, found "NaN}"'],
    ['Infinity', '[-Infinity]', 'undecodable: byte 1: expected a value or "]", found "-Infinity]"'],
    ['a message cut short', '{"device":"loop-1","count":', 'undecodable: byte 27: expected a value, found the end'],
    ['a cut name', '{"dev', 'undecodable: byte 5: expected a closing quote, found the end'],
    ['a comma too many', '{"a":1,}', 'undecodable: byte 7: expected a name in quotes, found "}"'],
    ['a missing comma', '[1 2]', 'undecodable: byte 3: expected "," or "]", found "2]"'],
    ['single quotes', "{'a':1}", 'undecodable: byte 1: expected a name in quotes or "}", found "\'a\':1}"'],
    ['no colon', '{"a" 1}', 'undecodable: byte 5: expected ":", found "1}"'],
    ['something after the end', '{} {}', 'undecodable: byte 3: expected the end, found "{}"'],
    ['a leading zero', '[01]', 'undecodable: byte 2: expected "," or "]", found "1]"'],
    ['a wrong escape', '"\\x41"', 'undecodable: byte 1: expected one of the escapes \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX, found "\\\\x41\\""'],
    ['a line feed in a string', '"a\nb"', 'undecodable: byte 2: expected a control character to be escaped, found "\\nb\\""'],
    ['the place is counted in bytes, not letters', '{"tên":x}', 'undecodable: byte 8: expected a value, found "x}"'],
    ['XML', '<a/>', 'undecodable: byte 0: expected a value, found "<a/>"'],
    ['a byte order mark', '\ufeff{}', 'undecodable: byte 0: expected a value, found "\ufeff{}"'],
  ])('%s', (_, message, expected) => {
    expect(refusal(message)).toBe(expected);
  });

  test.each([
    ['a lone byte of Latin-1', Buffer.from([0x22, 0xe9, 0x22]), 1],
    ['a sequence cut off', Buffer.from([0x22, 0x61, 0xe1, 0xba, 0x22]), 2],
    ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 1],
    ['half of a surrogate pair', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 1],
    ['a wrong byte after a right replacement character', Buffer.concat([Buffer.from('"ầ\ufffdb'), Buffer.from([0xff, 0x22])]), 8],
  ])('bytes that are no UTF-8: %s', (_, message, byte) => {
    expect(refusal(message)).toBe(`undecodable: byte ${byte}: expected UTF-8`);
  });

  test('nesting too deep, at the bracket that is one too many; a hundred thousand of them end no process', () => {
    const levels = `undecodable: byte ${jsonDepthMax}: expected at most ${jsonDepthMax} levels`;
    expect(refusal('['.repeat(jsonDepthMax + 1) + ']'.repeat(jsonDepthMax + 1))).toContain(levels);
    expect(refusal('['.repeat(100_000) + ']'.repeat(100_000))).toContain(levels);
    expect(refusal('['.repeat(100_000))).toContain(levels);
    expect(refusal('{"a":'.repeat(50) + '1' + '}'.repeat(50))).toContain(`expected at most ${jsonDepthMax} levels`);
  });

  test('more elements than a message may have', () => {
    expect(refusal(`[${Array(elementsMax).fill(0).join()}]`)).toBe('taken');
    expect(refusal(`[${Array(elementsMax + 1).fill(0).join()}]`)).toBe(`too-large: expected at most ${elementsMax} elements, found ${elementsMax + 1}`);
  });
});

describe('the slow reading agrees with JSON.parse', () => {
  const good = '{"a":[1,-0.5e+3,true,false,null,"x\\u00e9\\n",{}],"b":{"c":[[]]},"":" "}';
  const isJson = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };

  test('on every prefix, and on every text with one character changed, left out or put in', () => {
    const others = ['"', '\\', '{', '}', '[', ']', ',', ':', '0', '1', '-', '.', 'e', 't', 'n', ' ', '\t', '\u0001', 'é', '\ud800'];
    let checked = 0;
    for (let at = 0; at <= good.length; at += 1) {
      const [head, tail] = [good.slice(0, at), good.slice(at)];
      for (const text of [head, head + tail.slice(1), ...others.flatMap((other) => [head + other + tail, head + other + tail.slice(1)])]) {
        expect([text, firstFault(text, 99) === null]).toEqual([text, isJson(text)]);
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(2900);
  });

  test('a fault is never before the part that is right: what stands before it can become JSON', () => {
    const fault = firstFault(good.replace('null', 'nul'), 99);
    expect(fault?.at).toBe(good.indexOf('null'));
  });
});
