/** Pollution's own HTTP routes, beside those that every domain has: what stations publish, and how it came about. */
import { id, pollutants, type PollutionFlag, pollutionMetricNames, type PollutionRows } from '#contracts';
import { instantOf, localDay, offsetMs } from '#rules';
import { Described, instantField, limitField, type Principal, principalOf, problem, type Registry, sees, yesField } from '#service';
import type { Database } from '#timeseries';
import { Controller, Get, Inject, Param, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { answerOfDay, answerOfHour, dayAnswer, exceedanceAnswer, hourAnswer, type HourAnswer } from './answers.js';
import { metricTexts } from './catalogue.js';
import { inForce } from './in-force.js';
import { silenceMs } from './quality.js';
import { hourMs, startOfHour } from './stale-hours.js';
import { whoReport } from './station-report.js';
import { daysBetween, dayRevisions, type DayRevision, exceedancesBetween, flagsBetween, hoursBetween, hourRevisions, type HourRevision, newestHours, type StationRow, stations } from './station-tables.js';
import { averagings, flagTexts, pollutantTexts, sourceTexts } from './texts.js';

export interface RouteOptions {
  readonly db: Database;
  readonly registry: Registry;
  readonly rows: PollutionRows;
  readonly zoneOf: (asset: string) => string;
}

export const routeOptions = Symbol('pollution route options');

const daysMax = 31;
const reportDaysMax = 366;
const dayMs = 24 * hourMs;

const instant = z.string().meta({ format: 'date-time' });
const named = { nameVi: z.string(), nameEn: z.string() };
const dateExpected = 'expected a date such as 2026-11-22, of the years 1970 to 2199';
const date = z.iso.date({ error: dateExpected }).refine((text) => text >= '1970-01-01' && text < '2200-01-01', dateExpected);
const stationParams = z.strictObject({ station: id.describe('The station\'s asset') });
const hourParams = stationParams.extend({ hour: instantField().describe('Start of the hour') });
const dayParams = stationParams.extend({ day: date });
const airQuery = z.strictObject({ station: id.describe('This one alone').optional(), replay: yesField().describe('Stations of replays, instead of living ones'), limit: limitField(1_000, 1_000) });
const timeQuery = z.strictObject({ from: instantField(), to: instantField().describe('Exclusive; at most 31 days after `from`'), limit: limitField(1_000, 744) });
const daysQuery = z.strictObject({ from: date, to: date.describe('Included'), limit: limitField(1_000, 366) });
const exceedancesQuery = z.strictObject({ from: instantField(), to: instantField().describe('Exclusive'), station: id.optional(), limit: limitField(1_000) });
const reportQuery = z.strictObject({ from: date, to: date.describe('Included; at most 366 days') });

const station = z.object({ id: z.string(), ...named, longitude: z.number().nullable(), latitude: z.number().nullable() }).meta({ id: 'AirStation' });
const airQuality = z
  .object({
    station,
    source: z.object({ ...named, replay: z.boolean() }),
    latestAt: instant.nullable().describe('Newest reading'),
    stale: z.object({ ...named, forS: z.int().min(0) }).nullable().describe('No reading for too long: what follows is old'),
    hour: hourAnswer.nullable().describe('The newest closed hour that has readings'),
  })
  .meta({ id: 'AirQuality' });
const exceeded = z.object({ station: z.string(), from: instant.describe('Start of the averaging time'), revision: z.int().min(1), exceedance: hourAnswer.shape.exceedances.element }).meta({ id: 'StationExceedance' });
const flagAnswer = z
  .object({ device: z.string(), channel: z.string(), observedAt: instant, metric: z.enum([...pollutionMetricNames, '*']), metricVi: z.string(), metricEn: z.string(), flag: z.enum(Object.keys(flagTexts) as [PollutionFlag, ...PollutionFlag[]]), ...named, rowId: z.string() })
  .meta({ id: 'ValueFlag' });
const whoLine = z
  .object({
    pollutant: z.enum(pollutants), ...named, key: z.string(), averaging: z.enum([...averagings, 'year']), ugM3: z.number(), values: z.int().min(0), enough: z.boolean().describe('Enough of the time for the figure to stand for it'),
    guidelineUgM3: z.number(), timesGuideline: z.number(), meets: z.enum(['aqg', 'it4', 'it3', 'it2', 'it1']).nullable().describe('The strictest target that is kept; null: not even the first'),
    targets: z.object({ it1: z.number().optional(), it2: z.number().optional(), it3: z.number().optional(), it4: z.number().optional(), aqg: z.number() }), rowId: z.string(), verified: z.boolean(),
  })
  .meta({ id: 'WhoComparison' });
const notFound = (what: string) => ({ 404: { description: `There is no such ${what}, or it lies outside the caller's areas` } });

@Controller('v1/pollution')
export class PollutionRoutes {
  constructor(@Inject(routeOptions) private readonly options: RouteOptions) {}

  @Get('air-quality')
  @Described({ summary: 'Air quality now, of each station', description: 'VN_AQI with level, advice and method in both languages, US AQI beside it under its own name, legal exceedance apart. A station of grade `reference` has concentrations alone.', role: 'viewer', query: airQuery, answers: { 200: { description: 'By station', schema: z.array(airQuality) } } })
  async airQuality(@Req() request: IncomingMessage, @Query() { station: stationId, replay, limit }: z.output<typeof airQuery>): Promise<unknown> {
    const found = (await this.stationsOf(request, stationId ?? null)).filter((one) => one.replay === replay).slice(0, limit);
    const hours = new Map((await newestHours(this.options.db, found.map((one) => one.id))).map((hour) => [hour.asset, hour]));
    return found.map((one) => this.current(one, hours.get(one.id) ?? null));
  }

  @Get('stations/:station/hours')
  @Described({ summary: 'Closed hours of a station', role: 'viewer', params: stationParams, query: timeQuery, answers: { 200: { description: 'In order of time, each in its newest revision', schema: z.array(hourAnswer) }, ...notFound('station') } })
  async hours(@Req() request: IncomingMessage, @Param() { station: stationId }: z.output<typeof stationParams>, @Query() { from, to, limit }: z.output<typeof timeQuery>): Promise<unknown> {
    await this.station(request, stationId);
    needSpan(from, to, daysMax);
    return (await hoursBetween(this.options.db, stationId, from, to, limit)).map((hour) => this.hourAnswer(hour));
  }

  @Get('stations/:station/hours/:hour/revisions')
  @Described({ summary: 'Every revision of one hour', role: 'viewer', params: hourParams, answers: { 200: { description: 'The newest first; revision 1 is the closing', schema: z.array(hourAnswer) }, ...notFound('hour') } })
  async hourRevisions(@Req() request: IncomingMessage, @Param() { station: stationId, hour }: z.output<typeof hourParams>): Promise<unknown> {
    await this.station(request, stationId);
    const found = await hourRevisions(this.options.db, stationId, startOfHour(hour));
    if (found.length === 0) throw problem(404, 'unknown-hour', { detail: `${stationId} has no closed hour that begins at ${new Date(startOfHour(hour)).toISOString()}` });
    return found.map((one) => this.hourAnswer(one));
  }

  @Get('stations/:station/days')
  @Described({ summary: 'Closed days of a station', role: 'viewer', params: stationParams, query: daysQuery, answers: { 200: { description: 'In order of time, each in its newest revision', schema: z.array(dayAnswer) }, ...notFound('station') } })
  async days(@Req() request: IncomingMessage, @Param() { station: stationId }: z.output<typeof stationParams>, @Query() { from, to, limit }: z.output<typeof daysQuery>): Promise<unknown> {
    await this.station(request, stationId);
    return (await daysBetween(this.options.db, stationId, from, to, limit)).map((day) => this.dayAnswer(day));
  }

  @Get('stations/:station/days/:day/revisions')
  @Described({ summary: 'Every revision of one day', role: 'viewer', params: dayParams, answers: { 200: { description: 'The newest first', schema: z.array(dayAnswer) }, ...notFound('day') } })
  async dayRevisions(@Req() request: IncomingMessage, @Param() { station: stationId, day }: z.output<typeof dayParams>): Promise<unknown> {
    await this.station(request, stationId);
    const found = await dayRevisions(this.options.db, stationId, day);
    if (found.length === 0) throw problem(404, 'unknown-day', { detail: `${stationId} has no closed day ${day}` });
    return found.map((one) => this.dayAnswer(one));
  }

  @Get('stations/:station/flags')
  @Described({ summary: 'What QA/QC found on single values of a station', role: 'viewer', params: stationParams, query: timeQuery, answers: { 200: { description: 'In order of time; the values themselves stay as they are', schema: z.array(flagAnswer) }, ...notFound('station') } })
  async flags(@Req() request: IncomingMessage, @Param() { station: stationId }: z.output<typeof stationParams>, @Query() { from, to, limit }: z.output<typeof timeQuery>): Promise<unknown> {
    await this.station(request, stationId);
    needSpan(from, to, daysMax);
    return (await flagsBetween(this.options.db, stationId, from, to, limit)).map(({ observedAt, metric, flag, ...rest }) => {
      const metricText = metric === '*' ? { nameVi: 'Cả bản ghi', nameEn: 'The whole reading' } : metricTexts[metric as 'pm25UgM3'];
      return { ...rest, observedAt: observedAt.toISOString(), metric, metricVi: metricText.nameVi, metricEn: metricText.nameEn, flag, ...flagTexts[flag as PollutionFlag] };
    });
  }

  @Get('exceedances')
  @Described({ summary: 'Means above the limits of QCVN 05', description: 'Another question than the level of VN_AQI. Of regulatory stations alone, one for each averaging period.', role: 'viewer', query: exceedancesQuery, answers: { 200: { description: 'The newest first', schema: z.array(exceeded) } } })
  async exceedances(@Req() request: IncomingMessage, @Query() { from, to, station: stationId, limit }: z.output<typeof exceedancesQuery>): Promise<unknown> {
    needSpan(from, to, reportDaysMax);
    const ids = (await this.stationsOf(request, stationId ?? null)).map((one) => one.id);
    const found = await exceedancesBetween(this.options.db, ids, from, to, limit);
    return found.map(({ asset, atMs, revision, exceedance }) => ({ station: asset, from: new Date(exceedance.key.endsWith('-8h') ? atMs - 7 * hourMs : atMs).toISOString(), revision, exceedance: exceedanceAnswer(exceedance, this.options.rows) }));
  }

  @Get('stations/:station/who')
  @Described({ summary: 'A station\'s means against the guideline of WHO 2021', description: 'Mean of the time as `year`, 99th percentile of its days as `24h`, highest mean as `8h` and `1h`. No law, no alarm.', role: 'viewer', params: stationParams, query: reportQuery, answers: { 200: { description: 'By pollutant and averaging time', schema: z.array(whoLine) }, ...notFound('station') } })
  async who(@Req() request: IncomingMessage, @Param() { station: stationId }: z.output<typeof stationParams>, @Query() { from, to }: z.output<typeof reportQuery>): Promise<unknown> {
    await this.station(request, stationId);
    const { db, rows, zoneOf } = this.options;
    const fromMs = startOfDay(from, zoneOf(stationId));
    const toMs = localDay(zoneOf(stationId), startOfDay(to, zoneOf(stationId))).endMs;
    needSpan(fromMs, toMs, reportDaysMax);
    const [hours, days] = await Promise.all([hoursBetween(db, stationId, fromMs, toMs, reportDaysMax * 24), daysBetween(db, stationId, from, to, reportDaysMax)]);
    const lines = whoReport({ fromMs, hoursDue: Math.round((toMs - fromMs) / hourMs), hours: hours.map(({ result }) => result.means), eightHours: hours.map(({ result }) => result.eightHours), days: days.map(({ result }) => result.means) }, rows);
    return lines.map(({ pollutant, ...line }) => ({ pollutant, ...pollutantTexts[pollutant], averaging: line.key.slice(line.key.lastIndexOf('-') + 1), ...line }));
  }

  private current(one: StationRow, hour: HourRevision | null): z.output<typeof airQuality> {
    const { id, nameVi, nameEn, longitude, latitude, replay, latestAtMs, latestPeriodS } = one;
    const nowMs = Date.now();
    const gap = inForce(this.options.rows, 'pollution.gap', '', nowMs);
    const silentMs = latestAtMs === null ? null : nowMs - latestAtMs - (latestPeriodS ?? 0) * 1000;
    // No silence check for replays (decision 5).
    const stale = !replay && gap !== null && silentMs !== null && silentMs > silenceMs(latestPeriodS ?? 0, gap.value);
    return {
      station: { id, nameVi, nameEn, longitude, latitude },
      source: { ...sourceTexts[replay ? 'replayed' : 'measured'], replay },
      latestAt: latestAtMs === null ? null : new Date(latestAtMs).toISOString(),
      stale: stale ? { ...flagTexts.stale, forS: Math.round(silentMs / 1000) } : null,
      hour: hour === null ? null : this.hourAnswer(hour),
    };
  }

  private hourAnswer(hour: HourRevision): HourAnswer {
    return answerOfHour(hour.hourMs, clock(hour.hourMs + hourMs, this.options.zoneOf(hour.asset)), hour, this.options.rows);
  }

  private dayAnswer(day: DayRevision): z.output<typeof dayAnswer> {
    return answerOfDay(day.day, day.startMs, day, this.options.rows);
  }

  private async stationsOf(request: IncomingMessage, id: string | null): Promise<StationRow[]> {
    const principal: Principal = principalOf(request);
    return (await stations(this.options.db, id === null ? null : [id])).filter((one) => sees(this.options.registry, principal, one.id));
  }

  private async station(request: IncomingMessage, id: string): Promise<StationRow> {
    const [found] = await this.stationsOf(request, id);
    if (found === undefined) throw problem(404, 'unknown-station', { detail: `there is no station ${id}` });
    return found;
  }
}

function needSpan(fromMs: number, toMs: number, days: number): void {
  if (toMs <= fromMs) throw problem(422, 'invalid', { field: 'to', expected: 'a time after `from`' });
  // A day more for days that are 25 hours long.
  if (toMs - fromMs > (days + 1) * dayMs) throw problem(422, 'invalid', { field: 'to', expected: `at most ${days} days after \`from\`` });
}

/** `2026-11-22 08:00` in the zone; midnight is the 00:00 of the next day, as the Decision has it. */
function clock(atMs: number, zone: string): string {
  const local = new Date(atMs + offsetMs(zone, atMs)).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 16)}`;
}

/** The local midnight with which the date begins. */
function startOfDay(day: string, zone: string): number {
  return instantOf(zone, Date.parse(`${day}T00:00:00Z`));
}
