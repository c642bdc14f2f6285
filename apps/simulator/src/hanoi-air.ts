/**
 * Reads the recorded hours of PM2.5 at the US Embassy in Hanoi (AirNow, US Department of State): rows and readings.
 *
 * Pure: text in, values out. A label is the end of its hour: the file of a year runs from 1 January 01:00 to the next
 * 1 January 12:00 AM, which is hour 24 of the day before. Labels are the clock of Hanoi, 7 h ahead of UTC all year.
 */
import type { Asset, Device, PollutionReading } from '#contracts';
import { instantOf } from '#rules';
import { parse } from 'csv-parse/sync';

export const hanoiZone = 'Asia/Ho_Chi_Minh';
export const embassy = 'hanoi-us-embassy';
const hourMs = 3_600_000;
const hourS = 3600;

/** Where the file comes from, for whoever does not have it. */
export const hanoiAirSource = 'https://www.airnow.gov/international/us-embassies-and-consulates/ (historical data of Hanoi 2018, January to June, as pm25-2018-jan-jun.csv)';

export interface AirHour {
  /** As the file has it, 2018-03-11 03:00 AM. */
  readonly label: string;
  /** Start of the hour. */
  readonly observedAtMs: number;
  /** Null: the row is not valid, or there was no value. */
  readonly pm25UgM3: number | null;
  /** What an invalid row holds all the same. */
  readonly rejectedUgM3: number | null;
  readonly status: 'Valid' | 'Invalid' | 'Missing';
}

export interface BadLine {
  readonly line: number;
  readonly reason: string;
}

const columns = ['Site', 'Parameter', 'Date (LT)', 'Year', 'Month', 'Day', 'Hour', 'NowCast Conc.', 'AQI', 'AQI Category', 'Raw Conc.', 'Conc. Unit', 'Duration', 'QC Name'];
/** Stands for "no value" in this file. */
const noValue = -999;
const statuses: ReadonlySet<string> = new Set(['Valid', 'Invalid', 'Missing'] satisfies AirHour['status'][]);

/** All rows in the file's order; an hour that is there twice comes twice. Throws when the first line is not the known one. */
export function airHours(text: string): { rows: AirHour[]; bad: BadLine[] } {
  const lines: string[][] = parse(text, { bom: true, relax_column_count: true, skip_empty_lines: true });
  if (lines[0]?.join() !== columns.join()) throw new Error(`first line: expected ${columns.join()}, found ${(lines[0] ?? []).join().slice(0, 200)}`);
  const rows: AirHour[] = [];
  const bad: BadLine[] = [];
  for (const [index, fields] of lines.entries()) {
    if (index === 0) continue;
    const row = airHour(fields);
    if (typeof row === 'string') bad.push({ line: index + 1, reason: row });
    else rows.push(row);
  }
  return { rows, bad };
}

function airHour(fields: readonly string[]): AirHour | string {
  if (fields.length !== columns.length) return `expected ${columns.length} fields, found ${fields.length}`;
  const field = (name: string): string => fields[columns.indexOf(name)]!;
  for (const [name, expected] of [['Site', 'Hanoi'], ['Parameter', 'PM2.5 - Principal'], ['Conc. Unit', 'UG/M3'], ['Duration', '1 Hr']] as const) {
    if (field(name) !== expected) return `${name}: expected ${expected}, found ${JSON.stringify(field(name))}`;
  }
  const status = field('QC Name');
  if (!statuses.has(status)) return `QC Name: expected Valid, Invalid or Missing, found ${JSON.stringify(status)}`;
  const raw = field('Raw Conc.');
  if (!/^-?\d{1,5}(\.\d+)?$/.test(raw)) return `Raw Conc.: expected a number, found ${JSON.stringify(raw)}`;
  const localEndMs = endOfHour(field('Date (LT)'));
  if (typeof localEndMs === 'string') return localEndMs;
  const parts = ['Year', 'Month', 'Day', 'Hour'].map((name) => Number(field(name)));
  if (Date.UTC(parts[0]!, parts[1]! - 1, parts[2], parts[3]) !== localEndMs) return `Date (LT): ${field('Date (LT)')} is not what Year, Month, Day and Hour say`;

  const value = Number(raw) === noValue ? null : Number(raw);
  return {
    label: field('Date (LT)'),
    observedAtMs: instantOf(hanoiZone, localEndMs) - hourMs,
    pm25UgM3: status === 'Valid' ? value : null,
    rejectedUgM3: status === 'Valid' ? null : value,
    status: status as AirHour['status'],
  };
}

/** The end of the hour on the clock, written as if it were UTC. 12:00 AM is midnight: the 24th hour of the day before. */
function endOfHour(label: string): number | string {
  const match = /^(\d{4})-(\d\d)-(\d\d) (\d\d):00 (AM|PM)$/.exec(label);
  if (match === null || Number(match[4]) < 1 || Number(match[4]) > 12) return `Date (LT): expected a label such as 2018-01-01 01:00 AM, found ${JSON.stringify(label)}`;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const hour = (Number(match[4]) % 12) + (match[5] === 'PM' ? 12 : 0);
  const calendar = new Date(Date.UTC(year, month - 1, day));
  return calendar.getUTCMonth() === month - 1 ? Date.UTC(year, month - 1, day, hour) : `Date (LT): ${label} is not in the calendar`;
}

/** What the monitor sends for this hour. An invalid value is absent, and kept beside as what had been reported. */
export function readingOf({ observedAtMs, pm25UgM3, rejectedUgM3, status }: AirHour): PollutionReading {
  return {
    device: embassy,
    observedAt: new Date(observedAtMs).toISOString(),
    periodS: hourS,
    pm25UgM3,
    status,
    ...(status === 'Invalid' ? { flags: ['invalid' as const] } : {}),
    ...(rejectedUgM3 === null ? {} : { raw: { pm25UgM3: { value: rejectedUgM3, unit: 'UG/M3' } } }),
  };
}

/** The one station, with its device marked `replay`. */
export function registrationOf(gateway: string): { assets: Asset[]; devices: Device[] } {
  const station: Asset = {
    id: embassy,
    kind: 'station',
    parent: null,
    nameVi: 'Đại sứ quán Hoa Kỳ tại Hà Nội (phát lại năm 2018)',
    nameEn: 'US Embassy, Hanoi (replay of 2018)',
    geometry: { type: 'Point', coordinates: [105.819, 21.02177] },
    zone: 'hn-ward-giang-vo',
    roadClass: null,
    lanes: null,
    lengthM: null,
    freeFlowKmh: null,
    timeZone: hanoiZone,
  };
  return { assets: [station], devices: [{ id: embassy, domain: 'pollution', asset: embassy, gateway, codec: 'json', replay: true }] };
}
