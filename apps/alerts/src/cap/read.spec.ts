import { Buffer } from 'node:buffer';
import { capPairsPerPolygonMax, Rejected } from '#contracts';
import { readCap } from './read.js';

const bytesMax = 1_048_576;
const read = (document: string | Buffer): ReturnType<typeof readCap> => readCap(Buffer.from(document as string), bytesMax);
const refusal = (document: string | Buffer): string => {
  const found = read(document);
  return found instanceof Rejected ? found.message : 'accepted';
};

const valid = `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>KSTO1055887203</identifier>
  <sender>KSTO@NWS.NOAA.GOV</sender>
  <sent>2003-06-17T14:57:00-07:00</sent>
  <status>Actual</status>
  <msgType>Update</msgType>
  <scope>Public</scope>
  <code>a</code>
  <references>KSTO@NWS.NOAA.GOV,KSTO1055887200,2003-06-17T13:57:00-07:00</references>
  <info>
    <category>Met</category>
    <event>SEVERE THUNDERSTORM</event>
    <urgency>Immediate</urgency>
    <severity>Severe</severity>
    <certainty>Observed</certainty>
    <effective>2003-06-17T14:57:00-07:00</effective>
    <expires>2003-06-17T16:00:00-07:00</expires>
    <resource>
      <resourceDesc>map</resourceDesc>
      <mimeType>image/png</mimeType>
      <uri>http://example.org/map.png</uri>
    </resource>
    <area>
      <areaDesc>Stanislaus County</areaDesc>
      <polygon>38.47,-120.14 38.34,-119.95 38.52,-119.74 38.62,-119.89 38.47,-120.14</polygon>
      <circle>38.47,-120.14 5</circle>
      <geocode>
        <valueName>SAME</valueName>
        <value>006109</value>
      </geocode>
      <altitude>100</altitude>
      <ceiling>200</ceiling>
    </area>
  </info>
</alert>
`;

/** The valid message with one thing changed; fails when there is nothing to change. */
function but(from: string | RegExp, to: string): string {
  const changed = valid.replace(from, () => to);
  expect(changed).not.toBe(valid);
  return changed;
}
const without = (name: string): string => but(new RegExp(`<${name}>[^<]*</${name}>`), '');

test('a message with all that it needs is accepted', () => {
  expect(read(valid)).toMatchObject({ signed: false, message: { identifier: 'KSTO1055887203', info: [{ language: 'en-US', category: ['Met'], area: [{ altitude: 100, ceiling: 200 }] }] } });
});

test.each(['identifier', 'sender', 'sent', 'status', 'msgType', 'scope', 'category', 'event', 'urgency', 'severity', 'certainty', 'resourceDesc', 'mimeType', 'areaDesc', 'valueName', 'value'])('%s must be there', (name) => {
  expect(refusal(without(name))).toMatch(new RegExp(`^invalid: \\S*${name}: expected before [a-zA-Z ]+, found none$`));
});

test.each(['identifier', 'sender', 'event', 'areaDesc', 'mimeType', 'valueName'])('%s must say something', (name) => {
  expect(refusal(but(new RegExp(`<${name}>[^<]*<`), `<${name}> <`))).toMatch(new RegExp(`^invalid: \\S*${name}: expected a text .*found " "$`));
});

test.each([
  ['an enumeration with another word', but('>Severe<', '>Heavy<'), 'info[0].severity: expected "Extreme" or "Severe" or "Moderate" or "Minor" or "Unknown", found "Heavy"'],
  ['an enumeration with blanks around it', but('>Actual<', '> Actual <'), 'status: expected "Actual" or "Exercise" or "System" or "Test" or "Draft", found " Actual "'],
  ['a list that holds another word', but('>Met<', '>Weather<'), 'info[0].category[0]: expected "Geo" or "Met" or "Safety" or "Security" or "Rescue" or "Fire" or "Health" or "Env" or "Transport" or "Infra" or "CBRNE" or "Other", found "Weather"'],
  ['an empty date', but(/<expires>[^<]*/, '<expires>'), 'info[0].expires: expected YYYY-MM-DDThh:mm:ss+hh:mm: without fractions, with the offset and not "Z", found ""'],
  ['time in Z', but('14:57:00-07:00</sent>', '14:57:00Z</sent>'), 'sent: expected YYYY-MM-DDThh:mm:ss+hh:mm: without fractions, with the offset and not "Z", found "2003-06-17T14:57:00Z"'],
  ['fractions of a second', but('14:57:00-07:00</sent>', '14:57:00.5-07:00</sent>'), 'sent: expected YYYY-MM-DDThh:mm:ss+hh:mm: without fractions, with the offset and not "Z", found "2003-06-17T14:57:00.5-07:00"'],
  ['the comma of the schema\'s pattern', but('14:57:00-07:00</sent>', '14:57:00,07:00</sent>'), 'sent: expected YYYY-MM-DDThh:mm:ss+hh:mm: without fractions, with the offset and not "Z", found "2003-06-17T14:57:00,07:00"'],
  ['an offset that no clock has', but('14:57:00-07:00</sent>', '14:57:00+15:00</sent>'), 'sent: expected YYYY-MM-DDThh:mm:ss+hh:mm: without fractions, with the offset and not "Z", found "2003-06-17T14:57:00+15:00"'],
  ['the 31st of June', but('2003-06-17T14:57:00-07:00</sent>', '2003-06-31T14:57:00-07:00</sent>'), 'sent: expected a time that is on the calendar and the clock, found "2003-06-31T14:57:00-07:00"'],
  ['an end before the beginning', but('T16:00:00', 'T14:00:00'), 'info[0].expires: expected no earlier than effective, found "2003-06-17T14:00:00-07:00"'],
  ['a comma in the identifier', but('KSTO1055887203', 'KSTO,1'), 'identifier: expected a text without spaces, commas, "<" and "&", found "KSTO,1"'],
  ['a space in the sender', but('<sender>KSTO@', '<sender>KSTO @'), 'sender: expected a text without spaces, commas, "<" and "&", found "KSTO @NWS.NOAA.GOV"'],
  ['an Update without references', but(/<references>.*<\/references>/, ''), 'references: expected sender,identifier,sent of the messages that this Update is about'],
  ['references to nothing', but(/<references>.*<\/references>/, '<references/>'), 'references: expected sender,identifier,sent, and a space between several, found ""'],
  ['references in two parts', but(/<references>.*<\/references>/, '<references>a,b</references>'), 'references: expected sender,identifier,sent, and a space between several, found "a,b"'],
  ['references to itself', but('KSTO1055887200', 'KSTO1055887203'), 'references: expected other messages, not itself, found "KSTO@NWS.NOAA.GOV,KSTO1055887203,2003-0…"'],
  ['references to what comes later', but('T13:57:00', 'T15:57:00'), 'references: expected messages sent no later than this, found 2003-06-17T15:57:00-07:00'],
  ['restriction of what is public', but('<code>a', '<restriction>staff</restriction><code>a'), 'restriction: expected none with scope Public, found "staff"'],
  ['private to nobody', but('Public', 'Private'), 'addresses: expected with scope Private'],
  ['elements in another order', but(/<code>a<\/code>\s*<references>/, '<references>a,b,2003-06-17T13:57:00-07:00</references><code>a</code><references>'), 'code: expected before references: CAP\'s elements have an order'],
  ['an element twice', but('<scope>', '<scope>Public</scope><scope>'), 'scope: expected once'],
  ['an element that CAP has not', but('<code>a', '<colour>red</colour><code>a'), 'colour: expected one of identifier, sender, sent, status, msgType, source, scope, restriction, addresses, code, note, references, incidents, info'],
  ['an element of somebody else', but('<code>a', '<x:code xmlns:x="urn:x">b</x:code><code>a'), 'code: expected an element of CAP 1.2, found namespace "urn:x"'],
  ['an element in a text', but('SEVERE THUNDERSTORM', 'SEVERE <b>THUNDERSTORM</b>'), 'info[0].event: expected text and no element in it, found b'],
  ['text between elements', but('<scope>', 'for <scope>'), 'alert: expected elements and no text between them, found "for"'],
  ['an attribute', but('<scope>', '<scope kind="x">'), 'scope: expected no attribute, found kind'],
  ['a relative link alone', but('http://example.org/map.png', 'map.png'), 'info[0].resource[0].uri: expected a full URI, or derefUri beside a relative one, found "map.png"'],
  ['a link whose scheme is none', but('http://example.org/map.png', '2003-06-17T14:57:00'), 'info[0].resource[0].uri: expected a URI, found "2003-06-17T14:57:00"'],
  ['a link with half an escape', but('map.png', 'map%2'), 'info[0].resource[0].uri: expected a URI, found "http://example.org/map%2"'],
  ['longitude first', but('38.47,-120.14 38.34', '-120.14,38.47 38.34'), 'info[0].area[0].polygon[0]: expected latitude,longitude within ±90,±180 as pair 1, found "-120.14,38.47"'],
  ['a pair that is half', but('38.34,-119.95', '38.34,'), 'info[0].area[0].polygon[0]: expected latitude,longitude within ±90,±180 as pair 2, found "38.34,"'],
  ['an open polygon', but('38.47,-120.14</polygon>', '38.48,-120.14</polygon>'), 'info[0].area[0].polygon[0]: expected the last pair as the first, 38.47,-120.14, found 38.48,-120.14'],
  ['a polygon of three pairs', but(/<polygon>.*<\/polygon>/, '<polygon>1,1 2,2 1,1</polygon>'), 'info[0].area[0].polygon[0]: expected at least 4 pairs latitude,longitude, found 3'],
  ['an empty polygon', but(/<polygon>.*<\/polygon>/, '<polygon/>'), 'info[0].area[0].polygon[0]: expected at least 4 pairs latitude,longitude, found nothing'],
  ['a polygon without end', but(/<polygon>.*<\/polygon>/, `<polygon>${'1,1 '.repeat(capPairsPerPolygonMax + 1)}</polygon>`), `info[0].area[0].polygon[0]: expected at most ${capPairsPerPolygonMax} pairs, found ${capPairsPerPolygonMax + 1}`],
  ['too many polygons', but(/<polygon>.*<\/polygon>/, `<polygon>${'1,1 '.repeat(capPairsPerPolygonMax)}</polygon>`.repeat(3)), 'info: expected at most 10000 pairs in all polygons, found 15000'],
  ['a polygon that crosses itself', but(/<polygon>.*<\/polygon>/, '<polygon>0,0 1,1 0,1 1,0 0,0</polygon>'), 'info[0].area[0].polygon[0]: expected a line that does not cross itself, found that it does after pairs 1 and 3'],
  ['a circle without radius', but('38.47,-120.14 5<', '38.47,-120.14<'), 'info[0].area[0].circle[0]: expected latitude,longitude within ±90,±180, a space, and a radius in km of at least 0, found "38.47,-120.14"'],
  ['a ceiling below the floor', but('<ceiling>200', '<ceiling>99'), 'info[0].area[0].ceiling: expected no less than altitude, 100'],
  ['a ceiling without floor', but('<altitude>100</altitude>', ''), 'info[0].area[0].ceiling: expected altitude beside it'],
  ['an altitude with an exponent', but('<altitude>100', '<altitude>1e2'), 'info[0].area[0].altitude: expected a number, found a string'],
  ['another root', valid.replaceAll('alert', 'warning'), 'warning: expected alert as the root element'],
  ['no namespace', but(/ xmlns="[^"]*"/, ''), 'alert: expected namespace urn:oasis:names:tc:emergency:cap:1.2, found none: only CAP 1.2 is taken'],
  ['CAP 1.1', but('cap:1.2', 'cap:1.1'), 'alert: expected namespace urn:oasis:names:tc:emergency:cap:1.2, found "urn:oasis:names:tc:emergency:cap:1.1": only CAP 1.2 is taken'],
])('%s is refused', (_, document, reason) => {
  expect(refusal(document)).toBe(`invalid: ${reason}`);
});

test.each([
  ['a message that is cut off', valid.slice(0, 400), /^undecodable: alert: expected well-formed XML, found: unclosed tag: alert, at line 11/],
  ['tags that cross', but('</event>', '</category>'), /^undecodable: alert\.info: expected well-formed XML, found: unexpected close tag/],
  ['an ampersand alone', but('SEVERE THUNDERSTORM', 'RAIN & WIND'), /^undecodable: alert\.info\.event: expected well-formed XML/],
  ['a prefix that nobody declared', but(/<scope>Public<\/scope>/, '<cap:scope>Public</cap:scope>'), /^undecodable: alert.*: expected well-formed XML, found: unbound namespace prefix/],
  ['an attribute twice', but('<scope>', '<scope a="1" a="2">'), /^undecodable: alert.*: expected well-formed XML, found: duplicate attribute/],
  ['a control character', but('SEVERE', '\u0001'), /^undecodable: alert\.info\.event: expected well-formed XML/],
  ['a control character by its number', but('SEVERE', '&#1;'), /^undecodable: alert\.info\.event: expected well-formed XML/],
  ['two roots', `${valid}<alert/>`, /^undecodable: message: expected well-formed XML/],
  ['nothing', '', /^undecodable: message: expected well-formed XML/],
  ['something else', '{"alert":{}}', /^undecodable: message: expected well-formed XML/],
  ['XML 1.1', but('version="1.0"', 'version="1.1"'), /^undecodable: message: expected XML 1\.0/],
  ['depth without end', but('SEVERE THUNDERSTORM', `${'<a>'.repeat(1000)}${'</a>'.repeat(1000)}`), /^undecodable: .*expected at most 32 levels of elements/],
  ['elements without end', but('<code>a</code>', '<code>a</code>'.repeat(20_001)), /^undecodable: alert: expected at most 20000 elements/],
  ['depth without end in a signature', but('</info>\n</alert>', `</info><Signature xmlns="http://www.w3.org/2000/09/xmldsig#">${'<a>'.repeat(1000)}`), /expected at most 32 levels of elements/],
])('%s is not XML that we read', (_, document, reason) => {
  expect(refusal(document)).toMatch(reason);
});

describe('entities', () => {
  const attack = (subset: string, text: string): string => but(/^<\?xml.*\?>/, `<?xml version="1.0"?>\n<!DOCTYPE alert ${subset}>`).replace('SEVERE THUNDERSTORM', text);
  const laughs = Array.from({ length: 9 }, (_, level) => `<!ENTITY l${level + 1} "${`&l${level};`.repeat(10)}">`).join('');
  test.each([
    ['a file of this machine', attack('[<!ENTITY x SYSTEM "file:///etc/passwd">]', '&x;')],
    ['an address inside', attack('[<!ENTITY x SYSTEM "http://169.254.169.254/latest/meta-data/">]', '&x;')],
    ['a public identifier', attack('[<!ENTITY x PUBLIC "-//X//EN" "http://example.org/x">]', '&x;')],
    ['a parameter entity', attack('[<!ENTITY % x SYSTEM "http://example.org/x.dtd"> %x;]', '')],
    ['an external subset', attack('SYSTEM "http://example.org/x.dtd"', '')],
    ['a billion laughs', attack(`[<!ENTITY l0 "lol">${laughs}]`, '&l9;')],
    ['one great entity many times', attack(`[<!ENTITY a "${'a'.repeat(50_000)}">]`, '&a;'.repeat(50_000))],
    ['an entity of itself', attack('[<!ENTITY a "&b;"><!ENTITY b "&a;">]', '&a;')],
    ['a default attribute', attack('[<!ATTLIST scope kind CDATA "x">]', 'x')],
    ['a document type that does nothing', attack('', 'x')],
  ])('%s is refused by its document type', (_, document) => {
    expect(refusal(document)).toMatch(/^undecodable: message: expected no document type \(DOCTYPE\): entities are not taken, at line 2, column \d+$/);
  });

  test('a document type that never ends, or stands in the wrong place, is refused', () => {
    expect(refusal('<!DOCTYPE alert [<!ENTITY a "')).toMatch(/^undecodable: message: expected well-formed XML/);
    expect(refusal(but('<code>', '<!DOCTYPE alert []><code>'))).toMatch(/^undecodable: alert: expected/);
  });

  test('one that nobody declared is refused; XML\'s own five, and numbers, are text', () => {
    expect(refusal(but('SEVERE', '&nbsp;'))).toMatch(/^undecodable: alert\.info\.event: expected well-formed XML, found: undefined entity/);
    expect(read(but('SEVERE THUNDERSTORM', '&lt;b&gt; &amp;amp; &quot;&apos;&#7891;&#x1F637;<![CDATA[&x; <c>]]>'))).toMatchObject({ message: { info: [{ event: '<b> &amp; "\'ồ😷&x; <c>' }] } });
  });

  test('an inclusion is not followed: its element is of somebody else', () => {
    expect(refusal(but('<code>a', '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/><code>a'))).toBe('invalid: include: expected an element of CAP 1.2, found namespace "http://www.w3.org/2001/XInclude"');
  });
});

describe('encodings', () => {
  const named = (encoding: string): string => but('SEVERE THUNDERSTORM', 'Mưa đá é').replace('UTF-8', encoding);
  const latin = named('ISO-8859-1').replace('Mưa đá é', 'Orage é');
  const event = (bytes: Buffer): unknown => {
    const found = read(bytes);
    return found instanceof Rejected ? found.message : found.message.info?.[0]?.event;
  };
  const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

  test('UTF-8, with its mark and without, UTF-16 by its mark, ISO-8859-1 and US-ASCII by their declaration', () => {
    expect(event(Buffer.from(named('utf-8')))).toBe('Mưa đá é');
    expect(event(Buffer.from(`\ufeff${named('UTF-8')}`))).toBe('Mưa đá é');
    expect(event(Buffer.from(`\ufeff${named('UTF-16')}`, 'utf16le'))).toBe('Mưa đá é');
    expect(event(utf16be(`\ufeff${named('UTF-16')}`))).toBe('Mưa đá é');
    expect(event(Buffer.from(latin, 'latin1'))).toBe('Orage é');
    expect(event(Buffer.from(but('UTF-8', 'US-ASCII')))).toBe('SEVERE THUNDERSTORM');
    expect(event(Buffer.from(named('UTF-8').replace(/^<\?xml.*\?>\n/, '')))).toBe('Mưa đá é');
  });

  test.each([
    ['an encoding that we do not read', Buffer.from(named('windows-1258')), 'expected UTF-8, UTF-16, ISO-8859-1 or US-ASCII, found windows-1258'],
    ['UTF-7, in which tags can hide', Buffer.from(named('UTF-7')), 'expected UTF-8, UTF-16, ISO-8859-1 or US-ASCII, found UTF-7'],
    ['a name that objects have', Buffer.from(named('constructor')), 'expected UTF-8, UTF-16, ISO-8859-1 or US-ASCII, found constructor'],
    ['bytes that are not UTF-8', Buffer.from(latin.replace('ISO-8859-1', 'UTF-8'), 'latin1'), 'expected bytes in UTF-8'],
    ['bytes that are not US-ASCII', Buffer.from(named('US-ASCII')), 'expected US-ASCII as declared, found a byte above 127'],
    ['UTF-16 without its mark', Buffer.from(named('UTF-16')), 'expected a byte order mark before UTF-16'],
    ['a mark and another declaration', Buffer.from(`\ufeff${latin}`), 'expected as its byte order mark says, utf-8, found ISO-8859-1'],
  ])('%s are refused', (_, bytes, reason) => {
    expect(event(bytes)).toBe(`undecodable: encoding: ${reason}`);
  });
});

test('a message that is too long is refused unread', () => {
  expect(readCap(Buffer.from(valid), 100)).toMatchObject({ reason: 'too-large', details: `message: expected at most 100 bytes, found ${Buffer.byteLength(valid)}` });
});

test('a signature is allowed, at the end, whatever is in it; it is told of and not checked', () => {
  const signature = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo Id="x">a<b/></SignedInfo></Signature>';
  expect(read(but('</alert>', `${signature}</alert>`))).toMatchObject({ signed: true });
  expect(refusal(but('<info>', `${signature}<info>`))).toBe('invalid: info: expected before the signature');
});

test('empty texts that need not be there are not there', () => {
  const found = read(but('<code>a</code>', '<restriction/><addresses></addresses><code/><note/>').replace('</references>', '</references><incidents/>'));
  expect(found).toMatchObject({ signed: false });
  expect(Object.keys((found as { message: object }).message)).toEqual(['identifier', 'sender', 'sent', 'status', 'msgType', 'scope', 'references', 'info']);
});

test('blanks around times and numbers say nothing, nor do prefixes, comments, instructions and where the schema is', () => {
  const document = but('2003-06-17T14:57:00-07:00</sent>', '\n 2003-06-17T14:57:00-07:00 </sent><!-- <x> -->').replace('<altitude>100', '<altitude> 100 ').replace(/(<\/?)(\w)/g, '$1c:$2').replace('xmlns=', 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x x.xsd" xmlns:c=').replace('<c:alert', '<?xml-stylesheet href="x.xsl"?><c:alert');
  expect(read(document)).toEqual(read(valid));
});
