/** CAP against the schema that OASIS publishes, by xmllint, and against messages that others have sent (A9, B2). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capNamespace, Rejected, type CapMessage } from '#contracts';
import { readCap } from '../apps/alerts/src/cap/read.js';
import { writeCap } from '../apps/alerts/src/cap/write.js';
import { oddLife } from './support/cap-messages.js';
import { chanceFrom } from './support/readings-model.js';
import { capData, schemaFaults } from './support/xmllint.js';

const bytesMax = 1_048_576;
const outcomeOf = (bytes: Uint8Array): string => {
  const read = readCap(bytes, bytesMax);
  return read instanceof Rejected ? read.message : `accepted${read.signed ? ', signed' : ''}`;
};

describe('A9: CAP that we send', () => {
  const messages = [1, 2, 3, 4].flatMap((seed) => {
    const chance = chanceFrom(seed);
    return Array.from({ length: 30 }, () => oddLife(chance)).flat();
  });
  const documents = messages.map(writeCap);

  test('is valid by the schema: odd texts, odd geometries, whole lives', async () => {
    const faults = await schemaFaults(documents);
    expect(faults.flatMap((fault, index) => (fault === null ? [] : [`${fault}\n${documents[index]}`]))).toEqual([]);
    // Enough of each, or nothing is shown.
    for (const type of ['Alert', 'Update', 'Cancel']) expect(messages.filter(({ msgType }) => msgType === type).length).toBeGreaterThan(20);
  });

  test('is read back as it was written, but for what XML cannot hold', () => {
    for (const [index, document] of documents.entries()) {
      expect(readCap(Buffer.from(document), bytesMax)).toEqual({ message: held(messages[index]!), signed: false });
    }
  });

  test('has times in +07:00 without fractions, Vietnamese first, references in Update and Cancel', () => {
    for (const document of documents) {
      for (const [, time] of document.matchAll(/<(?:sent|effective|onset|expires)>([^<]*)</g)) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00$/);
      expect([...document.matchAll(/<language>([^<]*)</g)].map(([, language]) => language)).toEqual(['vi-VN', 'en']);
      expect(/<references>/.test(document)).toBe(!document.includes('<msgType>Alert<'));
    }
    expect(new Set(messages.map(({ sender, identifier, sent }) => `${sender},${identifier},${sent}`)).size).toBe(messages.length);
  });
});

describe('A9: CAP that others have sent', () => {
  const folder = join(capData(), 'google');
  const only12 = `invalid: alert: expected namespace ${capNamespace}, found "urn:oasis:names:tc:emergency:cap:1.1": only CAP 1.2 is taken`;
  /** Of the messages in CAP 1.1 the reason is that; two of them have more that is wrong, which is looked at below. */
  const expected: Readonly<Record<string, string>> = {
    'australia.cap': 'accepted',
    'canada.cap': 'accepted',
    'canada_errors.cap': 'invalid: references: expected sender,identifier,sent, and a space between several, found ""',
    'canada_signed.cap': 'accepted, signed',
    'earthquake-iso8859-1.cap': 'accepted, signed',
    'earthquake.cap': only12,
    'earthquake_signed.cap': only12,
    'invalid.cap': 'invalid: scope: expected before info, found none',
    'no_optional_fields.cap': only12,
    'noaa_errors.cap': only12,
    'wcatwc-warning.cap': 'accepted',
    'weather.cap': only12,
  };

  test('every sample is accepted, or refused with its reason', () => {
    const found = Object.fromEntries(readdirSync(folder).sort().map((file) => [file, outcomeOf(readFileSync(join(folder, file)))]));
    console.info(Object.entries(found).map(([file, outcome]) => `${file.padEnd(26)} ${outcome}`).join('\n'));
    expect(found).toEqual(expected);
  });

  test('nothing that the schema refuses is accepted', async () => {
    const files = readdirSync(folder).sort();
    const faults = await schemaFaults(files.map((file) => readFileSync(join(folder, file))));
    for (const [index, file] of files.entries()) expect([file, faults[index] === null || !expected[file]!.startsWith('accepted')]).toEqual([file, true]);
  });

  test('nor when they are changed by chance: what is accepted is valid by the schema too', async () => {
    const chance = chanceFrom(31);
    const whole = readdirSync(folder).filter((file) => expected[file] === 'accepted').map((file) => readFileSync(join(folder, file), 'utf8'));
    const changed = Array.from({ length: 1_500 }, (_, index) => changedByChance(whole[index % whole.length]!, chance));
    const accepted = changed.filter((document) => outcomeOf(Buffer.from(document)).startsWith('accepted'));
    expect(accepted.length).toBeGreaterThan(100);
    expect(changed.length - accepted.length).toBeGreaterThan(500);
    const faults = await schemaFaults(accepted);
    expect(faults.filter((fault) => fault !== null)).toEqual([]);
  });

  test('ISO-8859-1 is read as what it is', () => {
    const read = readCap(readFileSync(join(folder, 'earthquake-iso8859-1.cap')), bytesMax);
    expect(read).toMatchObject({ message: { info: [{ headline: 'EQ 4.6 Usulután, Usulután, El Salvador - PRELIMINARY REPORT', language: 'en-US' }] } });
  });

  test('were the samples in CAP 1.1 in CAP 1.2, those that say they have errors would be refused for them', () => {
    const as12 = (file: string): string => outcomeOf(Buffer.from(readFileSync(join(folder, file), 'latin1').replaceAll('emergency:cap:1.1', 'emergency:cap:1.2'), 'latin1'));
    expect(as12('noaa_errors.cap')).toBe('invalid: references: expected sender,identifier,sent, and a space between several, found ""');
    expect(['earthquake.cap', 'no_optional_fields.cap', 'weather.cap'].map(as12)).toEqual(['accepted', 'accepted', 'accepted']);
  });
});

/** One element is taken out, doubled, moved, renamed, emptied, given an attribute or another text, or a sign is changed. */
function changedByChance(document: string, chance: () => number): string {
  const leaves = [...document.matchAll(/<([\w:]+)>[^<]*<\/\1>/g)];
  const pick = (): RegExpExecArray => leaves[Math.floor(chance() * leaves.length)]!;
  const { 0: text, 1: name, index } = pick();
  const put = (other: string): string => document.slice(0, index) + other + document.slice(index + text.length);
  const values = ['', ' ', 'x', '0', '-1', '1e3', ' 5 ', '.5', '+7.', 'vi_VN', 'vi-VN', 'http://a b', '%zz', '#', 'Actual', 'Met', 'None', '2024-02-29T23:59:59+07:00', '2023-02-29T00:00:00+00:00', '2024-01-01T24:00:00+00:00', '0000-01-01T00:00:00+00:00', '2024-01-01T00:00:00+15:00', '2024-01-01T00:00:00-00:00', '1,1 1,2 2,2 1,1', '1,1 0'];
  switch (Math.floor(chance() * 8)) {
    case 0:
      return put('');
    case 1:
      return put(text + text);
    case 2: {
      const other = pick();
      const without = put('');
      const at = other.index > index ? other.index - text.length : other.index;
      return without.slice(0, Math.max(0, at)) + text + without.slice(Math.max(0, at));
    }
    case 3:
      return put(text.replaceAll(name!, pick()[1]!));
    case 4:
      return put(text.replace('>', chance() < 0.5 ? ' lang="vi">' : ' xmlns:y="urn:y">'));
    case 5: {
      const at = Math.floor(chance() * document.length);
      return document.slice(0, at) + 'x<>&/ "'[Math.floor(chance() * 7)] + document.slice(at + 1);
    }
    default:
      return put(`<${name}>${values[Math.floor(chance() * values.length)]}</${name}>`);
  }
}

/** Each character that XML 1.0 has no place for (2.2 Char) is read as U+FFFD. */
function held(message: CapMessage): CapMessage {
  const text = (value: string): string => Array.from(value, (sign) => (/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]$/u.test(sign) ? sign : '\ufffd')).join('');
  const inner = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(inner);
    if (typeof value !== 'object' || value === null) return value;
    // An empty list has no element to stand for it.
    return Object.fromEntries(Object.entries(value).filter(([, one]) => !Array.isArray(one) || one.length > 0).map(([name, one]) => [name, inner(one)]));
  };
  return inner(message) as CapMessage;
}
