/**
 * Two hours of readings three times: as they were, once more the same, and once more with other values. Expected sums
 * come from the readings themselves by a loop, never from the database.
 */
import { mqttTopic, vehicleClasses, type TrafficReading } from '#contracts';
import { detectorOn, readingsOf } from '../apps/simulator/src/detectors.js';
import { registrationOf } from '../apps/simulator/src/fleet.js';
import { stretches } from '../apps/simulator/src/hanoi.js';
import { Link } from '../apps/simulator/src/link.js';
import { startCity, type Accounting, type City } from './support/city.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const devices = 24;
const drainMs = 2 * minuteMs;
const gateway = 'gateway-traffic-1';

/** 23:00 to 01:00 in Hanoi, three days ago: the hours of two local days, in one day of UTC. */
const startMs = (Math.floor(Date.now() / dayMs) - 3) * dayMs + 16 * hourMs;
const zoneMs = 7 * hourMs;

const detectors = stretches(devices).map((stretch, index) => detectorOn(stretch, index));
const asTheyWere = Array.from({ length: 120 }, (_, minute) => detectors.flatMap((detector) => readingsOf(detector, startMs + minute * minuteMs, 60, 1, true))).flat();
const otherwise = asTheyWere.map(corrected);

describe('two hours of readings', () => {
  let city: City;
  let before: Accounting;

  beforeAll(async () => {
    city = await startCity(registrationOf({ devices, gateways: 1 }));
  }, 2 * minuteMs);

  afterAll(async () => {
    await city?.stop();
  }, minuteMs);

  it('are all stored, although the door is killed in the middle and what was on its way comes again', async () => {
    const sentAgain = await send(city, asTheyWere, () => city.supervisor.kill9('ingest'));
    expect(await city.untilDrained(drainMs)).toBe(true);
    before = await city.accounting();
    expect(sentAgain).toBeGreaterThan(0);
    expect(before).toMatchObject({ stored: asTheyWere.length, corrected: 0, deadLettered: 0 });
    expect(before.repeated).toBeLessThanOrEqual(sentAgain);
    expect(await rows(city, 'reading')).toEqual(expectedRows(asTheyWere, 0));
    await expectAggregates(city, asTheyWere);
  }, 4 * minuteMs);

  it('change nothing when they come again: no new row, all counted as repeated', async () => {
    await send(city, asTheyWere);
    expect(await city.untilDrained(drainMs)).toBe(true);
    const now = await city.accounting();
    expect(now).toEqual({ ...before, entries: before.entries + asTheyWere.length, repeated: before.repeated + asTheyWere.length });
    expect(await rows(city, 'reading')).toEqual(expectedRows(asTheyWere, 0));
    expect(await rows(city, 'reading_history')).toEqual([]);
    before = now;
  }, 4 * minuteMs);

  it('are all corrected when they come with other values: history kept, aggregates right', async () => {
    await send(city, otherwise);
    expect(await city.untilDrained(drainMs)).toBe(true);
    expect(await city.accounting()).toEqual({ ...before, entries: before.entries + otherwise.length, corrected: otherwise.length });
    expect(await rows(city, 'reading')).toEqual(expectedRows(otherwise, 1));
    expect(await rows(city, 'reading_history')).toEqual(expectedRows(asTheyWere, 0));
    await expectAggregates(city, otherwise);
  }, 4 * minuteMs);
});

function corrected(reading: TrafficReading): TrafficReading {
  const count = reading.count! + 3;
  return {
    ...reading,
    count,
    speedKmh: (reading.speedKmh ?? 30) + 1.5,
    ...(reading.countByClass === undefined ? {} : { countByClass: { ...reading.countByClass, car: reading.countByClass.car! + 3 } }),
  };
}

/** All readings by one gateway, as fast as they are acknowledged; `halfway` happens once, in between. Returns how many were sent again. */
async function send(city: City, readings: readonly TrafficReading[], halfway?: () => Promise<void>): Promise<number> {
  const link = new Link({ url: `mqtt://127.0.0.1:${city.mqttPort}`, client: gateway, secret: city.secrets.get(gateway)!, protocolVersion: 5, window: 200, bufferMax: readings.length, pauseMsMax: 1_000, onTrouble: () => undefined });
  link.connect();
  const half = Math.floor(readings.length / 2);
  for (const [index, reading] of readings.entries()) {
    if (index === half && halfway !== undefined) {
      await link.atMost(150);
      for (const next of readings.slice(half)) publish(link, next);
      await halfway();
      break;
    }
    await link.atMost(200);
    publish(link, reading);
  }
  await link.atMost(0);
  await link.stop(1_000);
  expect(link.counts).toMatchObject({ published: readings.length, acknowledged: readings.length, refused: 0, lost: 0 });
  return link.counts.sentAgain;
}

function publish(link: Link, reading: TrafficReading): void {
  link.publish(mqttTopic('traffic', reading.device!, 'readings'), JSON.stringify(reading));
}

async function rows({ db }: City, table: 'reading' | 'reading_history'): Promise<unknown[]> {
  return db.query(
    `select c.device, c.channel, (extract(epoch from r.observed_at) * 1000)::float8 as ms, r.revision, r.count, r.speed_kmh as speed, r.car, r.motorcycle
       from traffic.${table} r join traffic.channel c on c.id = r.channel_id order by c.device collate "C", c.channel collate "C", r.observed_at`,
  );
}

function expectedRows(readings: readonly TrafficReading[], revision: number): unknown[] {
  return readings
    .map((reading) => ({
      device: reading.device!, channel: reading.channel ?? '', ms: Date.parse(reading.observedAt!), revision, count: reading.count, speed: asReal(reading.speedKmh ?? null),
      car: reading.countByClass?.car ?? null, motorcycle: reading.countByClass?.motorcycle ?? null,
    }))
    .sort((a, b) => compare(a.device, b.device) || compare(a.channel, b.channel) || a.ms - b.ms);
}

/** PostgreSQL prints a real as the shortest number that is the same real. */
function asReal(value: number | null): number | null {
  return value === null ? null : Number(Math.fround(value).toPrecision(6));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const levels: readonly (readonly [table: string, bucketOf: (ms: number) => number])[] = [
  ['reading_1m', (ms) => floor(ms, minuteMs)],
  ['reading_5m', (ms) => floor(ms, 5 * minuteMs)],
  ['reading_15m', (ms) => floor(ms, 15 * minuteMs)],
  ['reading_1h', (ms) => floor(ms, hourMs)],
  ['reading_1d', (ms) => floor(ms + zoneMs, dayMs) - zoneMs],
];

const floor = (ms: number, width: number): number => Math.floor(ms / width) * width;

interface Sums {
  n: number;
  seconds: number;
  count: number;
  speedSum: number;
  speedWeight: number;
  occupancySum: number;
  [className: string]: number;
}

async function expectAggregates({ db }: City, readings: readonly TrafficReading[]): Promise<void> {
  for (const [table, bucketOf] of levels) {
    const expected = new Map<string, Sums>();
    for (const reading of readings) add(expected, `${reading.device} ${reading.channel ?? ''} ${bucketOf(Date.parse(reading.observedAt!))}`, reading);
    const found = await db.query(
      `select c.device || ' ' || c.channel || ' ' || (extract(epoch from a.bucket) * 1000)::int8 as key, a.n_observed as n, a.observed_s::float8 as seconds, a.count::float8 as count, a.n_imputed,
              coalesce(a.speed_sum, 0) as "speedSum", coalesce(a.speed_weight, 0) as "speedWeight", coalesce(a.occupancy_sum, 0) as "occupancySum",
              ${vehicleClasses.map((name) => `coalesce(a.${name}, 0)::float8 as ${name}`).join(', ')}
         from traffic.${table} a join traffic.channel c on c.id = a.channel_id`,
    );
    expect([table, found.length]).toEqual([table, expected.size]);
    for (const { key, n_imputed: imputed, ...sums } of found) {
      const wanted = expected.get(key as string);
      expect([table, key, wanted !== undefined, imputed]).toEqual([table, key, true, 0]);
      // Sums of floating numbers depend on their order in the last digits.
      for (const [name, value] of Object.entries(wanted!)) if (Math.abs((sums[name] as number) - value) > 1e-9 * Math.max(1, Math.abs(value))) expect([table, key, name, sums[name]]).toEqual([table, key, name, value]);
    }
  }
}

function add(into: Map<string, Sums>, key: string, reading: TrafficReading): void {
  const sums = into.get(key) ?? { n: 0, seconds: 0, count: 0, speedSum: 0, speedWeight: 0, occupancySum: 0, ...Object.fromEntries(vehicleClasses.map((name) => [name, 0])) };
  sums.n += 1;
  sums.seconds += reading.periodS;
  sums.count += reading.count ?? 0;
  if (reading.speedKmh !== null && reading.speedKmh !== undefined) {
    sums.speedSum += (reading.count ?? 1) * Math.fround(reading.speedKmh);
    sums.speedWeight += reading.count ?? 1;
  }
  sums.occupancySum += Math.fround(reading.occupancy ?? 0) * reading.periodS;
  for (const name of vehicleClasses) sums[name]! += reading.countByClass?.[name] ?? 0;
  into.set(key, sums);
}
