/** Days of Berlin's traffic as a recording: the stations of those days, with the free flow of the whole months. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { berlinSource, deviceOf, readingOf, registrationOf, stationHours, stationPlaces, type StationHour } from './berlin.js';
import type { DataSet, Recording, Span } from './recording.js';

const placesFile = 'detectors.csv';

export const trafficBerlin: DataSet = {
  domain: 'traffic',
  gateway: { id: 'replay-berlin', nameVi: 'Phát lại: giao thông Berlin', nameEn: 'Replay: Berlin traffic', asset: null },
  fromDefault: '2023-03-01',
  daysDefault: 3,
  daysMax: 31,
  source: berlinSource,
  licence: 'Geoportal Berlin / Verkehrsdetektion Berlin, CC BY 4.0',
  files: (span) => [...monthFiles(span), placesFile],
  load,
};

function monthFiles(span: Span): string[] {
  return [...new Set((span ?? []).map((day) => `mq_hr_${day.slice(0, 4)}_${day.slice(5, 7)}.csv.gz`))];
}

async function load(folder: string, span: Span): Promise<Recording> {
  const parsed = await Promise.all(monthFiles(span).map(async (file) => ({ file, ...stationHours(gunzipSync(await readFile(join(folder, file))).toString('utf8')) })));
  // Free flow needs the nights of the whole months.
  const months = parsed.flatMap(({ rows }) => rows);
  const wanted = new Set(span);
  const rows = months.filter((row) => wanted.has(row.localDay)).sort((a, b) => a.observedAtMs - b.observedAtMs || (a.station < b.station ? -1 : 1));
  const stations = new Set(rows.map((row) => row.station));
  const places = stationPlaces(await readFile(join(folder, placesFile), 'utf8'));
  return {
    messages: rows.map((row) => ({ device: deviceOf(row.station), atMs: row.observedAtMs, clock: `${row.localDay} ${String(row.localHour).padStart(2, '0')}:00 in Berlin`, reading: readingOf(row) })),
    registration: registrationOf(months.filter((row) => stations.has(row.station)), places, trafficBerlin.gateway.id),
    summary: `${rows.length} station hours of ${stations.size} stations, ${span?.length ?? 0} days from ${span?.[0] ?? ''}.`,
    report: ['  day           station hours   vehicles', ...(span ?? []).map((day) => dayLine(day, rows.filter((row) => row.localDay === day)))],
    bad: parsed.flatMap(({ file, bad }) => bad.map((line) => ({ file, ...line }))),
  };
}

function dayLine(day: string, rows: readonly StationHour[]): string {
  return `  ${day}${String(rows.length).padStart(17)}${String(rows.reduce((sum, row) => sum + (row.count ?? 0), 0)).padStart(11)}`;
}
