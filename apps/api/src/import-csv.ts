/**
 * Reads assets, gateways and devices from CSV (RFC 4180; comma or semicolon; with or without BOM).
 *
 * Cells are data: what looks like a formula is kept as text. A column that is not known, or named twice, refuses the
 * file, since a misspelt name would otherwise be a default in every row.
 */
import { asset, device, gateway, type Asset, type Device, type Gateway } from '#contracts';
import { parse, type CsvError } from 'csv-parse/sync';
import { isUtf8 } from 'node:buffer';
import type { z } from 'zod';
import { checkRow, type FileLimits, type FileRows, type Row, type RowProblem } from './import-row.js';

type Cell = (text: string) => unknown;
interface Kind<T> {
  readonly schema: z.ZodType<T>;
  readonly columns: Readonly<Record<string, Cell>>;
  readonly required: readonly string[];
  /** Columns that together make one field. */
  readonly combine?: (raw: Record<string, unknown>) => void;
}

const text: Cell = (cell) => cell;
// What is no number stays text, so that the schema names the field and what it found.
const decimal: Cell = (cell) => (/^-?\d{1,15}(\.\d{1,15})?$/.test(cell) ? Number(cell) : cell);
const yesOrNo: Cell = (cell) => (cell === 'true' ? true : cell === 'false' ? false : cell);
const json: Cell = (cell) => {
  try {
    return JSON.parse(cell) as unknown;
  } catch {
    return cell;
  }
};

const assetKind: Kind<Asset> = {
  schema: asset,
  columns: { id: text, kind: text, parent: text, nameVi: text, nameEn: text, zone: text, roadClass: text, lanes: decimal, lengthM: decimal, freeFlowKmh: decimal, timeZone: text, geometry: json, longitude: decimal, latitude: decimal },
  required: ['id', 'kind', 'nameVi', 'nameEn'],
  combine(raw) {
    const { longitude, latitude } = raw;
    if (longitude === undefined && latitude === undefined) return;
    delete raw['longitude'];
    delete raw['latitude'];
    raw['geometry'] = { type: 'Point', coordinates: [longitude, latitude] };
  },
};
const gatewayKind: Kind<Gateway> = { schema: gateway, columns: { id: text, nameVi: text, nameEn: text, asset: text }, required: ['id', 'nameVi', 'nameEn'] };
const deviceKind: Kind<Device> = { schema: device, columns: { id: text, domain: text, asset: text, gateway: text, codec: text, replay: yesOrNo }, required: ['id', 'domain', 'asset'] };

export const assetsFromCsv = (file: string, bytes: Buffer, limits: FileLimits): FileRows<Asset> => rowsOf(assetKind, file, bytes, limits);
export const gatewaysFromCsv = (file: string, bytes: Buffer, limits: FileLimits): FileRows<Gateway> => rowsOf(gatewayKind, file, bytes, limits);
export const devicesFromCsv = (file: string, bytes: Buffer, limits: FileLimits): FileRows<Device> => rowsOf(deviceKind, file, bytes, limits);

/** A record longer than this has most likely lost a quote. */
const recordCharactersMax = 1_000_000;

function rowsOf<T>(kind: Kind<T>, file: string, bytes: Buffer, { rowsMax, bytesMax }: FileLimits): FileRows<T> {
  const whole = (expected: string, at = 'line 1'): FileRows<T> => ({ rows: [], problems: [{ file, at, field: '', expected }] });
  if (bytes.length > bytesMax) return whole(`expected at most ${bytesMax} bytes`);
  if (!isUtf8(bytes)) return whole('expected text in UTF-8: save it again as "CSV UTF-8"');

  const rows: Row<T>[] = [];
  const problems: RowProblem[] = [];
  let header: readonly string[] | null = null;
  let count = 0;

  const take = (cells: readonly string[], line: number): void => {
    if (header === null) {
      header = cells.map((cell) => cell.trim());
      problems.push(...complaintsAboutHeader(kind, header).map((expected) => ({ file, at: `line ${line}`, field: '', expected })));
      return;
    }
    if (++count > rowsMax || problems.length > 0 && problems[0]!.at === 'line 1') return;
    const place = { file, at: `line ${line}` };
    if (cells.length !== header.length) return void problems.push({ ...place, field: '', expected: `expected ${header.length} cells, found ${cells.length}` });
    const checked = checkRow(kind.schema, rawOf(kind, header, cells), place);
    if ('row' in checked) rows.push(checked.row);
    else problems.push(...checked.problems);
  };

  try {
    parse(bytes, {
      bom: true,
      delimiter: delimiterOf(bytes),
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: recordCharactersMax,
      skip_records_with_error: true,
      on_skip: (error) => void problems.push(fromParser(file, error)),
      on_record: (cells: string[], { lines }) => {
        take(cells, lines);
        return null; // Kept by us, not by the parser.
      },
    });
  } catch (error) {
    problems.push(fromParser(file, error as CsvError));
  }
  if (header === null && problems.length === 0) return whole('expected a header line');
  if (count > rowsMax) return whole(`expected at most ${rowsMax} rows, found ${count}`);
  return { rows, problems };
}

function complaintsAboutHeader(kind: Kind<unknown>, header: readonly string[]): string[] {
  const known = Object.keys(kind.columns);
  const unknown = header.filter((name) => !known.includes(name));
  const twice = header.filter((name, index) => header.indexOf(name) !== index);
  const missing = kind.required.filter((name) => !header.includes(name));
  return [
    ...(unknown.length > 0 ? [`expected columns among ${known.join(', ')}; found ${unknown.slice(0, 5).map((name) => JSON.stringify(name.slice(0, 64))).join(', ')}`] : []),
    ...(twice.length > 0 ? [`expected each column once; found ${[...new Set(twice)].slice(0, 5).map((name) => JSON.stringify(name.slice(0, 64))).join(', ')} again`] : []),
    ...(missing.length > 0 ? [`expected the columns ${missing.join(', ')}`] : []),
  ];
}

/** An empty cell is an absent field. */
function rawOf(kind: Kind<unknown>, header: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const raw: Record<string, unknown> = {};
  for (const [index, name] of header.entries()) {
    const cell = cells[index]!.trim();
    if (cell !== '') raw[name] = kind.columns[name]!(cell);
  }
  kind.combine?.(raw);
  return raw;
}

/** Spreadsheets of Vietnam and much of Europe save with semicolons, since the comma is their decimal point. */
function delimiterOf(bytes: Buffer): string {
  const end = bytes.indexOf(0x0a);
  const first = bytes.subarray(0, end < 0 ? bytes.length : end).toString();
  return first.includes(';') && !first.includes(',') ? ';' : ',';
}

function fromParser(file: string, error: CsvError | undefined): RowProblem {
  const line = typeof error?.['lines'] === 'number' ? error['lines'] : 1;
  const expected = error?.code === 'CSV_MAX_RECORD_SIZE' ? `expected a row of at most ${recordCharactersMax} characters: a quote may be missing` : 'expected quotes only around a whole cell, and doubled inside it';
  return { file, at: `line ${line}`, field: '', expected };
}
