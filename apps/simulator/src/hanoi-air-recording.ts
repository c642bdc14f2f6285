/** Half a year of Hanoi's PM2.5 as a recording. An hour that the file has twice is sent twice: the second corrects the first. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localDate, localHour } from '#rules';
import { airHours, embassy, hanoiAirSource, hanoiZone, readingOf, registrationOf, type AirHour } from './hanoi-air.js';
import type { DataSet, Recording, Span } from './recording.js';

const file = 'pm25-2018-jan-jun.csv';

export const airHanoi: DataSet = {
  domain: 'pollution',
  gateway: { id: 'replay-hanoi-air', nameVi: 'Phát lại: không khí Hà Nội', nameEn: 'Replay: Hanoi air', asset: null },
  fromDefault: null,
  daysDefault: null,
  daysMax: 366,
  source: hanoiAirSource,
  licence: 'AirNow, US Department of State',
  files: () => [file],
  load,
};

async function load(folder: string, span: Span): Promise<Recording> {
  const { rows: all, bad } = airHours(await readFile(join(folder, file), 'utf8'));
  const wanted = span === null ? null : new Set(span);
  const day = (row: AirHour): string => localDate(hanoiZone, row.observedAtMs);
  const rows = wanted === null ? all : all.filter((row) => wanted.has(day(row)));
  const months = [...new Set(rows.map((row) => day(row).slice(0, 7)))];
  return {
    // In the order of the file, which is that of time, so that of two values for one hour the later line has the last word.
    messages: rows.map((row) => ({ device: embassy, atMs: row.observedAtMs, clock: `${day(row)} ${String(localHour(hanoiZone, row.observedAtMs)).padStart(2, '0')}:00 in Hanoi`, reading: readingOf(row) })),
    registration: registrationOf(airHanoi.gateway.id),
    summary: `${rows.length} hours of PM2.5, ${rows.filter((row) => row.pm25UgM3 !== null).length} of them valid.`,
    report: ['  month        hours   valid   mean µg/m³', ...months.map((month) => monthLine(month, rows.filter((row) => day(row).startsWith(month))))],
    bad: bad.map((line) => ({ file, ...line })),
  };
}

function monthLine(month: string, rows: readonly AirHour[]): string {
  const valid = rows.flatMap(({ pm25UgM3 }) => pm25UgM3 ?? []);
  const mean = valid.length === 0 ? '–' : (valid.reduce((sum, value) => sum + value, 0) / valid.length).toFixed(1);
  return `  ${month}${String(rows.length).padStart(11)}${String(valid.length).padStart(8)}${mean.padStart(13)}`;
}
