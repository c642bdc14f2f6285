/**
 * Reads the hourly counts of Berlin's traffic detection (Verkehrsdetektion Berlin, CC BY 4.0): rows, stations, readings.
 *
 * Pure: text in, values out. A line that is not as the city describes it is left out and named, never guessed at.
 * Contradictions between classes and total are the consumer's to flag, so they pass here as they are.
 */
import type { Asset, Device, TrafficReading } from '#contracts';
import { offsetMs } from '#rules';
import { parse } from 'csv-parse/sync';

export const berlinZone = 'Europe/Berlin';
export const hourS = 3600;

/** Where the files come from, for whoever does not have them. */
export const berlinSource = 'https://daten.berlin.de/datensaetze/verkehrsdetektion-berlin (files mq_hr_<year>_<month>.csv.gz and the list of detectors as detectors.csv)';

export interface StationHour {
  readonly station: string;
  /** The day on the clock of Berlin, 2023-03-01. */
  readonly localDay: string;
  readonly localHour: number;
  readonly observedAtMs: number;
  /** Share of good intervals in the hour; by the city's own words always 1 for stations. Our reading has no field for it. */
  readonly quality: number;
  readonly count: number | null;
  readonly speedKmh: number | null;
  readonly cars: number | null;
  readonly lorries: number | null;
}

export interface BadLine {
  readonly line: number;
  readonly reason: string;
}

const columns = [/^mq_name$/, /^tag$/, /^stunde$/, /^qualitaet$/, /^q_kfz/, /^v_kfz/, /^q_pkw/, /^v_pkw/, /^q_lkw/, /^v_lkw/];

/** All rows of one month's file, in its order. Throws when the first line is not the known one. */
export function stationHours(text: string): { rows: StationHour[]; bad: BadLine[] } {
  const lines: string[][] = parse(text, { delimiter: ';', bom: true, relax_column_count: true, skip_empty_lines: true });
  const header = lines[0] ?? [];
  if (header.length !== columns.length || !columns.every((pattern, index) => pattern.test(header[index]!))) {
    throw new Error(`first line: expected mq_name;tag;stunde;qualitaet;q_kfz;v_kfz;q_pkw;v_pkw;q_lkw;v_lkw, found ${header.join(';').slice(0, 200)}`);
  }
  const rows: StationHour[] = [];
  const bad: BadLine[] = [];
  const times = new Map<string, number | string>();
  for (let index = 1; index < lines.length; index++) {
    const row = stationHour(lines[index]!, times);
    if (typeof row === 'string') bad.push({ line: index + 1, reason: row });
    else rows.push(row);
  }
  return { rows, bad };
}

function stationHour(fields: readonly string[], times: Map<string, number | string>): StationHour | string {
  if (fields.length !== columns.length) return `expected ${columns.length} fields, found ${fields.length}`;
  const [station, day, hour, quality] = fields as [string, string, string, string];
  if (!/^[A-Za-z0-9]{1,32}$/.test(station)) return `mq_name: expected letters and digits, found ${JSON.stringify(station)}`;
  if (!/^\d(\.\d+)?$/.test(quality)) return `qualitaet: expected a share such as 1.0, found ${JSON.stringify(quality)}`;

  const key = `${day} ${hour}`;
  let time = times.get(key);
  if (time === undefined) times.set(key, (time = hourOf(day, hour)));
  if (typeof time === 'string') return time;

  const values: (number | null)[] = [];
  for (let index = 4; index < columns.length; index++) {
    const field = fields[index]!;
    // -1 stands where no vehicle passed: there was no speed, so null.
    if (!/^(-1|\d{1,6})$/.test(field)) return `${columns[index]!.source.slice(1)}: expected a whole number or -1, found ${JSON.stringify(field)}`;
    values.push(field === '-1' ? null : Number(field));
  }
  const [count, speedKmh, cars, , lorries] = values as [number | null, number | null, number | null, number | null, number | null];
  if (speedKmh !== null && speedKmh > 300) return `v_kfz: expected at most 300 km/h, found ${speedKmh}`;
  const localDay = `${day.slice(6)}-${day.slice(3, 5)}-${day.slice(0, 2)}`;
  return { station, localDay, localHour: Number(hour), observedAtMs: time, quality: Number(quality), count, speedKmh, cars, lorries };
}

function hourOf(day: string, hour: string): number | string {
  const date = /^(\d\d)\.(\d\d)\.(\d{4})$/.exec(day);
  if (date === null) return `tag: expected dd.mm.yyyy, found ${JSON.stringify(day)}`;
  const [dd, mm, yyyy] = [Number(date[1]), Number(date[2]), Number(date[3])];
  const calendar = new Date(Date.UTC(yyyy, mm - 1, dd));
  if (calendar.getUTCMonth() !== mm - 1 || calendar.getUTCDate() !== dd) return `tag: ${day} is not in the calendar`;
  if (!/^\d{1,2}$/.test(hour) || Number(hour) > 23) return `stunde: expected 0 to 23, found ${JSON.stringify(hour)}`;
  const instants = instantsOf(berlinZone, Date.UTC(yyyy, mm - 1, dd, Number(hour)));
  if (instants.length === 0) return `stunde: ${day} has no hour ${hour}, summer time began`;
  // The file does not say which of the two it means, and a guess would put an hour of traffic in the wrong place.
  if (instants.length === 2) return `stunde: ${day} has hour ${hour} twice, summer time ended`;
  return instants[0]!;
}

/**
 * The instants (ms since 1970) at which a clock in `zone` shows `localMs` (a local time written as if it were UTC):
 * usually one, none in the hour that is skipped when summer time begins, and two, earlier first, where it comes twice.
 */
export function instantsOf(zone: string, localMs: number): number[] {
  const dayMs = 24 * hourS * 1000;
  // A zone does not change its offset twice within two days, so the offsets around are all that can hold.
  const offsets = new Set([offsetMs(zone, localMs - dayMs), offsetMs(zone, localMs + dayMs)]);
  return [...offsets].map((offset) => ({ offset, at: localMs - offset })).filter(({ offset, at }) => offsetMs(zone, at) === offset).map(({ at }) => at).sort((a, b) => a - b);
}

/** What the station's device sends for this hour. */
export function readingOf(row: StationHour): TrafficReading {
  return {
    device: deviceOf(row.station),
    observedAt: new Date(row.observedAtMs).toISOString(),
    periodS: hourS,
    count: row.count,
    speedKmh: row.speedKmh,
    countByClass: { car: row.cars, truck: row.lorries },
  };
}

export function deviceOf(station: string): string {
  return `berlin-${station}`;
}

export interface StationPlace {
  readonly street: string;
  readonly position: string;
  readonly direction: string;
  readonly lanes: number;
  readonly longitude: number;
  readonly latitude: number;
}

/** Stations by name, out of the list of detectors (one line for each lane). */
export function stationPlaces(text: string): Map<string, StationPlace> {
  const records: Record<string, string>[] = parse(text, { columns: true, bom: true, relax_column_count: true });
  const places = new Map<string, StationPlace>();
  for (const record of records) {
    const station = record['MQ_KURZNAME'] ?? '';
    const [longitude, latitude] = [Number(record['LÄNGE (WGS84)']), Number(record['BREITE (WGS84)'])];
    if (station === '' || !(longitude > 5 && longitude < 16 && latitude > 47 && latitude < 56)) continue;
    const before = places.get(station);
    if (before !== undefined) places.set(station, { ...before, lanes: before.lanes + 1 });
    else places.set(station, { street: record['STRASSE'] ?? '', position: record['POSITION'] ?? '', direction: record['RICHTUNG'] ?? '', lanes: 1, longitude, latitude });
  }
  return places;
}

/**
 * Free-flow speed by station, km/h: the 85th percentile of all known speeds of the night, 22:00 to 05:00 local.
 * Percentile by nearest rank: the smallest value that at least 85 % of the values do not exceed.
 */
export function freeFlowByStation(rows: readonly StationHour[]): Map<string, number> {
  const nights = new Map<string, number[]>();
  for (const { station, localHour, speedKmh } of rows) {
    if (speedKmh === null || !(localHour >= 22 || localHour < 5)) continue;
    const speeds = nights.get(station);
    if (speeds === undefined) nights.set(station, [speedKmh]);
    else speeds.push(speedKmh);
  }
  return new Map([...nights].map(([station, speeds]) => [station, speeds.sort((a, b) => a - b)[Math.ceil(0.85 * speeds.length) - 1]!]));
}

/** One asset and one device, marked `replay`, for each station that the rows name. */
export function registrationOf(rows: readonly StationHour[], places: ReadonlyMap<string, StationPlace>, gateway: string): { assets: Asset[]; devices: Device[] } {
  const freeFlow = freeFlowByStation(rows);
  const stations = [...new Set(rows.map((row) => row.station))].sort();
  return {
    assets: stations.map((station) => assetOf(station, placeOf(station, places), freeFlow.get(station) ?? null)),
    devices: stations.map((station) => ({ id: deviceOf(station), domain: 'traffic', asset: deviceOf(station), gateway, codec: 'json', replay: true })),
  };
}

/** A name ending in "n" is the renewed station at the place of the one without; the list has only the old name. */
function placeOf(station: string, places: ReadonlyMap<string, StationPlace>): StationPlace | null {
  return places.get(station) ?? places.get(station.replace(/n$/, '')) ?? null;
}

function assetOf(station: string, place: StationPlace | null, freeFlowKmh: number | null): Asset {
  const direction = place === null ? undefined : directions[place.direction];
  return {
    id: deviceOf(station),
    kind: 'station',
    parent: null,
    nameVi: place === null ? `Trạm ${station}, Berlin` : named(`${place.street} (${station}, Berlin)${direction === undefined ? '' : `, hướng ${direction.vi}`}`),
    nameEn: place === null ? `Station ${station}, Berlin` : named(`${place.street} (${station}, Berlin)${direction === undefined ? '' : `, ${direction.en}`}`),
    geometry: place === null ? null : { type: 'Point', coordinates: [place.longitude, place.latitude] },
    zone: 'Berlin',
    // Streets named A and a number are Autobahnen.
    roadClass: place !== null && /^A ?\d+/.test(place.street) ? 'motorway' : 'arterial',
    lanes: place?.lanes ?? null,
    lengthM: null,
    freeFlowKmh: freeFlowKmh !== null && freeFlowKmh > 0 ? freeFlowKmh : null,
    timeZone: berlinZone,
  };
}

function named(name: string): string {
  return name.slice(0, 200);
}

const directions: Readonly<Record<string, { vi: string; en: string }>> = {
  Nord: { vi: 'bắc', en: 'northbound' },
  Nordost: { vi: 'đông bắc', en: 'north-eastbound' },
  Ost: { vi: 'đông', en: 'eastbound' },
  Südost: { vi: 'đông nam', en: 'south-eastbound' },
  Süd: { vi: 'nam', en: 'southbound' },
  Südwest: { vi: 'tây nam', en: 'south-westbound' },
  West: { vi: 'tây', en: 'westbound' },
  Nordwest: { vi: 'tây bắc', en: 'north-westbound' },
};
