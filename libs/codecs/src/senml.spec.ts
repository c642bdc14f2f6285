import { Rejected } from '#contracts';
import { decodeSenmlCbor } from './senml-cbor.js';
import { decodeSenmlJson } from './senml-json.js';
import { resolve } from './senml.js';

const nowS = 1_800_000_000;
const one = (record: object): unknown => told(resolve([record], nowS)[0]);
const told = (result: unknown): unknown => (result instanceof Rejected ? result.message : result);
const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (failure) {
    if (failure instanceof Rejected) return failure.message;
    throw failure;
  }
  return 'taken';
};

describe('resolution (RFC 8428, sections 4.4 to 4.6)', () => {
  test.each([
    ['a base name stands before each name', { bn: 'urn:dev:x:', n: 'a', v: 1 }, { n: 'urn:dev:x:a', v: 1, t: nowS, relative: true }],
    ['a base name is a name alone', { bn: 'x', v: 1 }, { n: 'x', v: 1, t: nowS, relative: true }],
    ['a base unit where the record has none', { n: 'x', bu: 'A', v: 1 }, { n: 'x', u: 'A', v: 1, t: nowS, relative: true }],
    ['base value and value are added', { n: 'x', bv: 20, v: -0.5 }, { n: 'x', v: 19.5, t: nowS, relative: true }],
    ['a base value alone is the value', { n: 'x', bv: 20 }, { n: 'x', v: 20, t: nowS, relative: true }],
    ['a base value is not added to a text', { n: 'x', bv: 20, vs: 'on' }, { n: 'x', vs: 'on', t: nowS, relative: true }],
    ['base sum and sum are added, and need no value', { n: 'x', bs: 10, s: 5 }, { n: 'x', s: 15, t: nowS, relative: true }],
    ['true and false', { n: 'x', vb: false }, { n: 'x', vb: false, t: nowS, relative: true }],
    ['data', { n: 'x', vd: 'aGk' }, { n: 'x', vd: 'aGk', t: nowS, relative: true }],
    ['no time is now', { n: 'x', v: 0 }, { n: 'x', v: 0, t: nowS, relative: true }],
    ['a time below zero lies before now', { n: 'x', v: 0, bt: -10, t: -5 }, { n: 'x', v: 0, t: nowS - 15, relative: true }],
    ['a small time lies after now', { n: 'x', v: 0, t: 30 }, { n: 'x', v: 0, t: nowS + 30, relative: true }],
    ['just below 2^28 counts from now', { n: 'x', v: 0, t: 268_435_455 }, { n: 'x', v: 0, t: nowS + 268_435_455, relative: true }],
    ['2^28 counts from 1970', { n: 'x', v: 0, t: 268_435_456 }, { n: 'x', v: 0, t: 268_435_456, relative: false }],
    ['base time and time are added before that is asked', { n: 'x', v: 0, bt: 268_435_455, t: 1 }, { n: 'x', v: 0, t: 268_435_456, relative: false }],
    ['the update time stays', { n: 'x', v: 0, ut: 60 }, { n: 'x', v: 0, t: nowS, ut: 60, relative: true }],
    ['versions up to ours', { n: 'x', v: 0, bver: 5 }, { n: 'x', v: 0, t: nowS, relative: true }],
    ['what is not known is passed over', { n: 'x', v: 0, colour: 'red', l: {} }, { n: 'x', v: 0, t: nowS, relative: true }],
  ])('%s', (_, record, expected) => {
    expect(one(record)).toEqual(expected);
  });

  test('a base field holds until another takes its place', () => {
    const records = resolve([{ bn: 'a:', bt: 1e9, bu: 'A', n: 'x', v: 1 }, { n: 'y', v: 2, t: 5 }, { bn: 'b:', n: 'x', v: 3, u: 'V' }, { bt: 2e9, n: 'y', v: 4 }], nowS);
    expect(records).toEqual([
      { n: 'a:x', u: 'A', t: 1e9, v: 1, relative: false },
      { n: 'a:y', u: 'A', t: 1e9 + 5, v: 2, relative: false },
      { n: 'b:x', u: 'V', t: 1e9, v: 3, relative: false },
      { n: 'b:y', u: 'A', t: 2e9, v: 4, relative: false },
    ]);
  });

  test.each([
    ['no name', { v: 1 }, '[0].n: expected, after the base name, 1–256 of'],
    ['a name with a blank', { n: 'a b', v: 1 }, '[0].n: expected, after the base name'],
    ['a name that begins with a sign', { n: '-a', v: 1 }, '[0].n: expected, after the base name'],
    ['no value', { n: 'x', u: 'V' }, '[0]: expected one of v, vs, vb and vd, or a sum s'],
    ['two values', { n: 'x', v: 1, vs: '1' }, '[0]: expected one of v, vs, vb and vd, found v and vs'],
    ['a value that is a text', { n: 'x', v: '23.1' }, '[0].v: expected a finite number'],
    ['a value beyond all numbers', { n: 'x', v: Infinity }, '[0].v: expected a finite number'],
    ['a name that is a number', { n: 7, v: 1 }, '[0].n: expected a text'],
    ['a truth that is a number', { n: 'x', vb: 1 }, '[0].vb: expected true or false'],
    ['a time that is a text', { n: 'x', v: 1, t: 'now' }, '[0].t: expected a finite number'],
  ])('refused alone: %s', (_, record, expected) => {
    const [first, second] = resolve([record, { n: 'y', v: 1 }], nowS);
    expect(told(first)).toContain(`invalid: ${expected}`);
    expect(second).toMatchObject({ n: 'y', v: 1 });
  });

  test.each([
    ['a later version', { bver: 11, n: 'x', v: 1 }, 'invalid: [1].bver: expected a version up to 10'],
    ['a base name that is none', { bn: 7, n: 'x', v: 1 }, 'invalid: [1].bn: expected a text'],
    ['a base time that is none', { bt: null, n: 'x', v: 1 }, 'invalid: [1].bt: expected a finite number'],
    ['what must be understood', { n: 'x', v: 1, blink_: true }, 'invalid: [1].blink_: expected no field that must be understood and is not known here'],
  ])('refuses the pack: %s', (_, record, expected) => {
    expect(refusal(() => resolve([{ n: 'y', v: 1 }, record], nowS))).toBe(expected);
  });
});

describe('JSON', () => {
  const decode = (text: string): readonly unknown[] => decodeSenmlJson(Buffer.from(text), 0, Buffer.byteLength(text), nowS * 1000);

  test('a pack is one element, and what was refused of it stands beside', () => {
    expect(decode(' [{"bn":"x:","n":"a","u":"V","v":1,"bt":1276020076.001},{"n":"b","t":-5,"vs":"on","ut":9},{"n":"c"}]').map(told)).toEqual([
      {
        device: null,
        type: null,
        values: [
          { name: 'x:a', value: 1, unit: 'V', atMs: 1_276_020_076_001 },
          { name: 'x:b', value: 'on', unit: null, atMs: 1_276_020_071_001, updateS: 9 },
        ],
      },
      'invalid: [2]: expected one of v, vs, vb and vd, or a sum s',
    ]);
    expect(decode('[{"n":"a","v":1}]')).toEqual([{ device: null, type: null, values: [{ name: 'a', value: 1, unit: null, atMs: nowS * 1000, estimatedTime: true }] }]);
  });

  test('every millisecond of a time in seconds comes out as it went in', () => {
    const milliseconds = Array.from({ length: 1000 }, (_, ms) => ms);
    const [pack] = decode(JSON.stringify(milliseconds.map((ms) => ({ n: 'a', v: 1, bt: 1_795_330_801.007, t: (ms - 1007) / 1000 })))) as [{ values: { atMs: number }[] }];
    expect(pack.values.map(({ atMs }) => atMs - 1_795_330_800_000)).toEqual(milliseconds);
  });

  test('an object is no pack', () => {
    expect(refusal(() => decode(' {"n":"a","v":1}'))).toBe('undecodable: byte 1: expected "[", since a SenML pack is an array of records');
    expect(decode('[7]').map(told)).toEqual(['invalid: [0]: expected a record, an object']);
  });
});

describe('CBOR', () => {
  const decode = (hex: string): readonly unknown[] => {
    const bytes = Buffer.from(`ff${hex.replace(/ /g, '')}ff`, 'hex');
    return decodeSenmlCbor(bytes, 1, bytes.length - 1, nowS * 1000);
  };
  const text = (value: string): string => (0x60 + value.length).toString(16) + Buffer.from(value).toString('hex');

  test('decimal fractions, half floats, data as bytes, labels as text', () => {
    expect(decode(`84 a2 00${text('a')} 02c48221190111 a2 00${text('b')} 02f93e00 a2 00${text('c')} 08426869 a2 00${text('d')} ${text('vs')}${text('on')}`)).toEqual([
      {
        device: null,
        type: null,
        values: [
          expect.objectContaining({ name: 'a', value: 2.73 }),
          expect.objectContaining({ name: 'b', value: 1.5 }),
          expect.objectContaining({ name: 'c', value: 'aGk' }),
          expect.objectContaining({ name: 'd', value: 'on' }),
        ],
      },
    ]);
    // The example of RFC 8949, section 3.4.4: 273.15 is exponent −2 and mantissa 27315.
    expect(decode(`81 a2 00${text('a')} 02c48221196ab3`)).toMatchObject([{ values: [{ value: 273.15 }] }]);
    expect(decode(`9f bf 00${text('a')} 0201 ff ff`)).toMatchObject([{ values: [{ value: 1 }] }]);
  });

  test.each([
    ['nothing', '', 'undecodable: byte 0: expected a message, found no bytes'],
    ['a map', 'a0', 'undecodable: byte 0: expected an array of at least one record'],
    ['an empty array', '80', 'undecodable: byte 0: expected an array of at least one record'],
    ['an array that promises 2^32 records', '9affffffff', 'undecodable: byte 5: expected CBOR'],
    ['a text that promises 2^53 bytes', '81a1007b001fffffffffffff61', 'undecodable: byte 3: expected CBOR'],
    ['an end too early', '81a100', 'undecodable: byte 3: expected CBOR'],
    ['something after the end', '81a2006161020100', 'undecodable: byte 7: expected CBOR'],
    ['a label twice', '81a3006161020102 02', 'undecodable: byte 8: expected CBOR (found repeat map key "2")'],
    ['a label as number and as text', `81a300616102 01${text('v')}02`, 'invalid: [0].v: expected the label once'],
    ['a number that is no label', '81a3006161020118 6302', 'invalid: [0]: expected labels −6 to 8 or texts, found 99'],
    ['an array as a label', '81a180 01', 'invalid: [0]: expected labels −6 to 8 or texts, found object'],
    ['a tag that means nothing here', '81a2006161 02c1 01', 'undecodable: byte 7: expected CBOR (tag not supported (1))'],
    ['a decimal fraction of one part', '81a2006161 02c48101', 'undecodable: byte 9: expected CBOR (a decimal fraction is [exponent, mantissa])'],
    ['bytes that are no UTF-8', '81a20061ff0201', 'undecodable: [0]: expected texts in UTF-8'],
    ['the reserved length', '81a2006161021c', 'undecodable: byte 6: expected CBOR'],
    ['a number beyond 2^53', '81a2006161021bffffffffffffffff', 'undecodable: byte 6: expected CBOR'],
  ])('refused: %s', (_, hex, expected) => {
    expect(refusal(() => decode(hex))).toContain(expected);
  });

  test.each([['NaN', 'f97e00'], ['Infinity', 'f97c00'], ['null', 'f6'], ['a text', '6131'], ['a map', 'a0'], ['true', 'f5']])('a value that is %s costs its record', (_, hex) => {
    expect(decode(`82 a2 00 6161 02 ${hex} a2 00 6162 02 01`).map(told)).toEqual([expect.objectContaining({ values: [expect.objectContaining({ name: 'b' })] }), 'invalid: [0].v: expected a finite number']);
  });

  test('a hundred thousand arrays within each other end no process', () => {
    expect(refusal(() => decode('81'.repeat(100_000)))).toContain('undecodable');
    expect(refusal(() => decode('c4'.repeat(100_000)))).toContain('undecodable');
  });

  test('more records than a message may have', () => {
    expect(refusal(() => decode(`991389${'a0'.repeat(5_001)}`))).toBe('too-large: expected at most 5000 records, found 5001');
  });

  test('whatever is cut off, left out or changed is refused or read, and nothing else is thrown', () => {
    const good = Buffer.from(`83 a4 21${text('x:')} 22 1a65000000 00${text('a')} 02c48221190111 a2 00${text('b')} 02fb405e066666666666 a3 00${text('c')} 03${text('on')} 07183c`.replace(/ /g, ''), 'hex');
    let taken = 0;
    for (let at = 0; at < good.length; at += 1) {
      for (let byte = 0; byte < 256; byte += 1) {
        const changed = Buffer.from(good);
        changed[at] = byte;
        if (refusal(() => decodeSenmlCbor(changed, 0, changed.length, nowS * 1000)) === 'taken') taken += 1;
      }
      refusal(() => decodeSenmlCbor(good, 0, at, nowS * 1000));
    }
    expect(taken).toBeGreaterThan(good.length);
  });
});
