/** Decision 2 on a real database: the same identity again is a repeat or a correction, wherever and whenever it comes. */
import { type RoundResult } from '#timeseries';
import { chanceFrom, ReadingsModel, storedState } from './support/readings-model.js';
import { arrivalOf, type ArrivalFacts, partsOf, segmentAsset, trafficDevice, trafficStorage, type TrafficArrival, type TrafficStorage, type TrafficStore } from './support/traffic-storage.js';

const minute = 60_000;
const noon = Date.UTC(2026, 10, 22, 12);
let storage: TrafficStorage;
let offset = 0;

beforeAll(async () => {
  storage = await trafficStorage({ assets: [segmentAsset('road-0')], devices: [trafficDevice('loop-0', 'road-0'), trafficDevice('loop-1', 'road-0')] });
});
afterAll(() => storage?.drop());

beforeEach(async () => {
  await storage.database.admin.query('truncate traffic.reading, traffic.reading_history, traffic.reading_1m, traffic.reading_5m, traffic.reading_15m, traffic.reading_1h, traffic.reading_1d, traffic.condition, traffic.condition_change, traffic.outbox, traffic.invalidation');
  await storage.database.admin.query('update traffic.consumed set next_offset = 0, fold_version = 0, entries = 0, stored = 0, corrected = 0, repeated = 0, dead_lettered = 0');
  offset = 0;
});

const at = (atMinute: number, count: number, rest: Partial<ArrivalFacts> = {}): TrafficArrival => arrivalOf({ offset: offset++, device: 'loop-0', atMs: noon + atMinute * minute, count, subject: 'road-0', ...rest });
const put = (store: TrafficStore, ...arrivals: TrafficArrival[]): Promise<RoundResult> => store.store(partsOf(arrivals), arrivals, []);

function modelOf(...arrivals: TrafficArrival[]): ReadingsModel {
  const model = new ReadingsModel();
  for (const arrival of arrivals) model.take(arrival);
  return model;
}

const counts = async (): Promise<Record<string, number[]>> => {
  const found: Record<string, number[]> = {};
  for (const level of ['1m', '5m', '15m', '1h', '1d']) {
    found[level] = (await storage.db.query(`select count from traffic.reading_${level} where n_observed + n_imputed > 0 order by channel_id, bucket`)).map((row) => row['count'] as number);
  }
  return found;
};

test('a correction takes the row, keeps the old one with the time of change, and recomputes the aggregates', async () => {
  const store = storage.store();
  await put(store, at(0, 10), at(1, 20));
  await storage.rollUp();
  expect(await counts()).toEqual({ '1m': [10, 20], '5m': [30], '15m': [30], '1h': [30], '1d': [30] });

  expect(await put(store, at(0, 15, { receivedAtMs: noon + 5 * minute }))).toMatchObject({ stored: 0, corrected: 1, repeated: 0 });
  const [row] = await storage.db.query('select count, revision, received_at from traffic.reading order by observed_at limit 1');
  expect(row).toEqual({ count: 15, revision: 1, received_at: new Date(noon + 5 * minute) });
  const history = await storage.db.query("select count, revision, received_at, changed_at > now() - interval '1 hour' as just_now from traffic.reading_history");
  expect(history).toEqual([{ count: 10, revision: 0, received_at: new Date(noon + minute), just_now: true }]);
  await storage.rollUp();
  expect(await counts()).toEqual({ '1m': [15, 20], '5m': [35], '15m': [35], '1h': [35], '1d': [35] });
});

test('a correction to a longer period leaves nothing behind in the aggregates that it no longer belongs to', async () => {
  const store = storage.store();
  await put(store, at(0, 10), at(3, 20));
  await storage.rollUp();
  await put(store, at(0, 10, { periodS: 3_600 }));
  await storage.rollUp();
  expect(await counts()).toEqual({ '1m': [20], '5m': [20], '15m': [20], '1h': [30], '1d': [30] });
});

test('a value that becomes unknown, and one that becomes known, are corrections', async () => {
  const store = storage.store();
  const readings = [at(0, 10, { speedKmh: 30 }), at(0, 10, { speedKmh: null }), at(0, 10, { speedKmh: 30 })];
  for (const reading of readings) await put(store, reading);
  expect(await storedState(storage.db)).toEqual(modelOf(...readings).state());
});

describe.each([
  ['by the store that wrote it', false],
  ['by a process that has just started', true],
])('%s', (_, restarted) => {
  let warm: TrafficStore;
  const store = (): TrafficStore => (restarted ? storage.store() : warm);
  beforeEach(() => {
    warm = storage.store();
  });

  const cases: [string, () => TrafficArrival[][]][] = [
    ['a repeat is seen', () => [[at(0, 10)], [at(0, 10)]]],
    ['a correction is seen', () => [[at(0, 10)], [at(0, 11)]]],
    ['a chain over several rounds, back to the first value', () => [[at(0, 10)], [at(0, 11)], [at(0, 11)], [at(0, 10)]]],
    ['a chain within one round', () => [[at(0, 10), at(0, 10), at(0, 11), at(0, 12), at(0, 12)]]],
    ['a chain of a row that exists within one round', () => [[at(0, 10)], [at(0, 11), at(0, 10), at(0, 10), at(0, 12)]]],
    ['duplicates of new, late and known moments in one frame', () => [[at(0, 1), at(5, 1)], [at(6, 1), at(6, 1), at(3, 1), at(3, 1), at(5, 1), at(6, 2), at(3, 2), at(5, 2)]]],
    ['a late reading between two that are stored', () => [[at(0, 10), at(2, 10)], [at(1, 10)], [at(1, 10)], [at(1, 11)]]],
    ['late readings in falling order', () => [[at(9, 1)], [at(8, 1), at(7, 1), at(6, 1), at(7, 1)]]],
    ['a late correction among fresh readings of another lane', () => [[at(0, 1), at(1, 1)], [at(2, 1), at(0, 2), at(0, 5, { channel: 'b' }), at(3, 1), at(0, 5, { channel: 'b' })]]],
    ['milliseconds tell moments apart', () => [[at(0, 1, { atMs: noon }), at(0, 1, { atMs: noon + 1 })], [at(0, 1, { atMs: noon + 2 }), at(0, 2, { atMs: noon + 1 })]]],
    ['one value of 32 bits is itself again', () => [[at(0, 1, { speedKmh: 31.4 })], [at(0, 1, { speedKmh: 31.4 })], [at(0, 1, { speedKmh: 31.399999618530273 })]]],
  ];
  test.each(cases)('%s', async (_name, rounds) => {
    const all = rounds();
    for (const round of all) await put(store(), ...round);
    expect(await storedState(storage.db)).toEqual(modelOf(...all.flat()).state());
  });
});

test('a corrected speed is judged again: congestion that was none is cleared, and its number goes on', async () => {
  const store = storage.store();
  const slow = [0, 1, 2].map((n) => at(n, 10, { speedKmh: 10 }));
  expect(await put(store, ...slow)).toMatchObject({ announced: 1 });
  const corrected = [0, 1, 2].map((n) => at(n, 10, { speedKmh: 45 }));
  expect(await put(storage.store(), ...corrected)).toMatchObject({ corrected: 3, announced: 1 });
  expect((await storedState(storage.db)).changes).toEqual(['road-0 1 active 2026-11-22T12:02:00.000Z', 'road-0 2 clear 2026-11-22T12:02:00.000Z']);
  expect(await storedState(storage.db)).toEqual(modelOf(...slow, ...corrected).state());
});

test('two hours again: with equal values no new row, with others all corrected, history kept, aggregates right', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const chance = chanceFrom(seed);
  const send = (values: readonly number[]): TrafficArrival[] => values.map((count, n) => at(Math.floor(n / 2), count, { device: `loop-${n % 2}` }));
  const first = Array.from({ length: 240 }, () => 1 + Math.floor(chance() * 50));
  const other = first.map((count) => count + 1 + Math.floor(chance() * 9));
  const [sent, again, changed] = [send(first), send(first), send(other)];
  const store = storage.store();
  expect(await put(store, ...sent)).toMatchObject({ stored: 240 });
  expect(await put(store, ...again)).toMatchObject({ stored: 0, corrected: 0, repeated: 240 });
  await storage.rollUp();
  expect(await put(storage.store(), ...changed)).toMatchObject({ stored: 0, corrected: 240, repeated: 0 });
  await storage.rollUp();
  expect({ seed, ...(await storedState(storage.db)) }).toEqual({ seed, ...modelOf(...sent, ...again, ...changed).state() });
  const sums = await counts();
  const total = other.reduce((a, b) => a + b);
  for (const level of ['1m', '5m', '15m', '1h', '1d']) expect(sums[level]!.reduce((a, b) => a + b)).toBe(total);
  const ofMinute = (device: number): number[] => other.filter((_, n) => n % 2 === device);
  expect(sums['1m']).toEqual([...ofMinute(0), ...ofMinute(1)]);
});
