/**
 * Aggregates of every level against plain loops over the readings: random periods and values, some imputed, late or
 * corrected, in two zones, over days on which the clocks of one of them change.
 */
import { trafficFlagBits } from '#contracts';
import { levels } from '#timeseries';
import { chanceFrom } from './support/readings-model.js';
import { arrivalOf, partsOf, segmentAsset, trafficDevice, trafficStorage, type TrafficArrival, type TrafficStorage } from './support/traffic-storage.js';

const seed = Math.floor(Math.random() * 2 ** 31);
console.log(`seed ${seed}`);

const zones: Record<string, string> = { hanoi: 'Asia/Ho_Chi_Minh', berlin: 'Europe/Berlin' };
/** Berlin's day of 23 hours lies in the first span, that of 25 hours in the second. */
const spans = [Date.UTC(2026, 2, 28, 9), Date.UTC(2026, 9, 24, 9)].map((fromMs) => [fromMs, fromMs + 50 * 3_600_000] as const);
const periods = [10, 30, 60, 90, 300, 600, 900, 1_800, 3_600, 7_200, 86_400];

let storage: TrafficStorage;
let offset = 0;

beforeAll(async () => {
  storage = await trafficStorage({
    assets: Object.entries(zones).map(([id, timeZone]) => segmentAsset(id, { timeZone })),
    devices: Object.keys(zones).flatMap((asset) => [trafficDevice(`${asset}-0`, asset), trafficDevice(`${asset}-1`, asset)]),
  });
});
afterAll(() => storage?.drop());

interface Sums {
  n_observed: number;
  n_imputed: number;
  observed_s: number;
  imputed_s: number;
  count: number | null;
  speed_sum: number | null;
  speed_weight: number | null;
  occupancy_sum: number | null;
  occupancy_s: number | null;
}

/** What stands in the table when all has come: the last form of each reading. */
const last = new Map<string, TrafficArrival>();

function expected(level: (typeof levels)[number]): Map<string, Sums> {
  const found = new Map<string, Sums>();
  for (const { device, channel, observedAtMs, observation } of last.values()) {
    if (observation.periodS > level.widthS) continue;
    const zone = zones[device.slice(0, -2)]!;
    const bucket = level.name === '1d' ? dayStart(observedAtMs, zone) : new Date(Math.floor(observedAtMs / (level.widthS * 1000)) * level.widthS * 1000).toISOString();
    const key = `${device}/${channel} ${bucket}`;
    let sums = found.get(key);
    if (sums === undefined) found.set(key, (sums = { n_observed: 0, n_imputed: 0, observed_s: 0, imputed_s: 0, count: null, speed_sum: null, speed_weight: null, occupancy_sum: null, occupancy_s: null }));
    const { periodS, count, flags } = observation;
    if ((flags & trafficFlagBits.imputed) !== 0) {
      sums.n_imputed += 1;
      sums.imputed_s += periodS;
      continue;
    }
    sums.n_observed += 1;
    sums.observed_s += periodS;
    if (count !== null) sums.count = (sums.count ?? 0) + count;
    if (observation.speedKmh !== null) {
      sums.speed_sum = (sums.speed_sum ?? 0) + (count ?? 1) * Math.fround(observation.speedKmh);
      sums.speed_weight = (sums.speed_weight ?? 0) + (count ?? 1);
    }
    if (observation.occupancy !== null) {
      sums.occupancy_sum = (sums.occupancy_sum ?? 0) + Math.fround(observation.occupancy) * periodS;
      sums.occupancy_s = (sums.occupancy_s ?? 0) + periodS;
    }
  }
  return found;
}

/** Backwards by quarter hours as long as the calendar of the zone shows the same date. */
function dayStart(ms: number, zone: string): string {
  const date = new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' });
  const quarterMs = 900_000;
  let start = Math.floor(ms / quarterMs) * quarterMs;
  while (date.format(start - quarterMs) === date.format(ms)) start -= quarterMs;
  return new Date(start).toISOString();
}

async function stored(level: string): Promise<Map<string, Sums>> {
  const rows = await storage.db.query(
    `select c.device, c.channel, r.bucket, n_observed, n_imputed, observed_s, imputed_s, count, speed_sum, speed_weight, occupancy_sum, occupancy_s
       from traffic.reading_${level} r join traffic.channel c on c.id = r.channel_id`,
  );
  return new Map(rows.map(({ device, channel, bucket, ...sums }) => [`${device}/${channel} ${bucket.toISOString()}`, sums as Sums]));
}

/** Sums of 64 bits may differ in their last bits by the order of adding. */
function rounded(sums: Map<string, Sums>): Record<string, unknown> {
  const short = (value: number | null): number | null => (value === null ? null : Number(value.toPrecision(12)));
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, of]) => [key, { ...of, speed_sum: short(of.speed_sum), occupancy_sum: short(of.occupancy_sum) }]));
}

async function put(arrivals: TrafficArrival[]): Promise<void> {
  const result = await storage.store().store(partsOf(arrivals), arrivals, []);
  expect(result.deadLettered).toBe(0);
  for (const arrival of arrivals) last.set(`${arrival.device}/${arrival.channel}@${arrival.observedAtMs}`, arrival);
}

function randomReading(chance: () => number, device: string, channel: string, atMs: number, periodS: number): TrafficArrival {
  const imputed = chance() < 0.15;
  return arrivalOf({
    offset: offset++, device, channel, atMs, periodS, subject: null,
    // Live, or late by up to a day.
    receivedAtMs: atMs + (chance() < 0.7 ? 60_000 : Math.floor(chance() * 86_400_000)),
    count: chance() < 0.1 ? null : Math.floor(chance() * 60),
    speedKmh: chance() < 0.2 ? null : Math.round(chance() * 900) / 10,
    occupancy: chance() < 0.3 ? null : Math.round(chance() * 1000) / 1000,
    ...(imputed ? { flags: trafficFlagBits.imputed, imputation: 'median of the hour' } : {}),
  });
}

async function compareAll(): Promise<void> {
  for (const level of levels) expect({ level: level.name, ...rounded(await stored(level.name)) }).toEqual({ level: level.name, ...rounded(expected(level)) });
}

test('what comes in any order equals plain loops, after each part of it', async () => {
  const chance = chanceFrom(seed);
  const all: TrafficArrival[] = [];
  for (const asset of Object.keys(zones)) {
    for (let n = 0; n < 2; n++) {
      for (const [lane, of] of [['', periods], ['lane-2', [60]]] as const) {
        for (const [fromMs, toMs] of spans) {
          // Each channel has one length of period at a time, as devices do; some gaps.
          for (let at = fromMs; at < toMs; ) {
            const periodS = of[Math.floor(chance() * of.length)]!;
            const count = periodS >= 3_600 ? 2 : 12;
            const start = Math.ceil(at / (periodS * 1000)) * periodS * 1000;
            for (let k = 0; k < count; k++) if (chance() < 0.9) all.push(randomReading(chance, `${asset}-${n}`, lane, start + k * periodS * 1000, periodS));
            at = start + count * periodS * 1000 + Math.floor(chance() * 7_200_000);
          }
        }
      }
    }
  }
  all.sort((a, b) => a.observedAtMs + chance() * 7_200_000 - (b.observedAtMs + chance() * 7_200_000));
  const numbered = all.map((arrival, index) => ({ ...arrival, offset: index }));
  offset = numbered.length;
  const parts = 3;
  for (let part = 0; part < parts; part++) {
    await put(numbered.slice((part * numbered.length) / parts, ((part + 1) * numbered.length) / parts));
    await storage.rollUp();
    await compareAll();
  }
});

test('corrections of values, of periods and of what was imputed', async () => {
  const chance = chanceFrom(seed + 1);
  const corrected = [...last.values()].filter(() => chance() < 0.1).map(({ device, channel, observedAtMs, observation }) => {
    const periodS = chance() < 0.7 ? observation.periodS : periods[Math.floor(chance() * periods.length)]!;
    return randomReading(chance, device, channel, observedAtMs, periodS);
  });
  await put(corrected);
  await storage.rollUp();
  await compareAll();
});

test('two that aggregate at once do the work of one', async () => {
  const chance = chanceFrom(seed + 2);
  const [fromMs] = spans[0]!;
  await put(Array.from({ length: 300 }, (_, n) => randomReading(chance, 'berlin-0', 'lane-3', fromMs + n * 60_000, 60)));
  await Promise.all([storage.rollUp(), storage.rollUp(), storage.rollUp()]);
  await storage.rollUp();
  await compareAll();
  expect(await storage.db.query('select count(*)::int as notes from traffic.invalidation')).toEqual([{ notes: 0 }]);
});

test('a backlog that reaches into the present: its past is aggregated at once, the bucket that is filling waits', async () => {
  const nowMs = Date.now();
  const minuteMs = 60_000;
  const fromMs = Math.floor(nowMs / minuteMs) * minuteMs - 180 * minuteMs;
  const backlog = Array.from({ length: 181 }, (_, n) => randomReading(chanceFrom(seed + 3), 'hanoi-0', 'lane-9', fromMs + n * minuteMs, 60));
  await put(backlog.map((arrival) => ({ ...arrival, receivedAtMs: nowMs + 600 * minuteMs }))); // All of it late, so noted by channel.
  await storage.rollUp(3_600);
  const [minutes] = await storage.db.query("select count(*)::int as n from traffic.reading_1m r join traffic.channel c on c.id = r.channel_id where c.channel = 'lane-9'");
  expect(minutes!['n']).toBeGreaterThanOrEqual(178);
  expect(minutes!['n']).toBeLessThan(181);
  const [hours] = await storage.db.query("select count(*)::int as n from traffic.reading_1h r join traffic.channel c on c.id = r.channel_id where c.channel = 'lane-9'");
  expect(hours!['n']).toBeGreaterThanOrEqual(2);
  await storage.rollUp();
  await compareAll();
});
