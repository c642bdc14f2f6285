/**
 * What may not stop a round: readings on which our own code fails, one channel too many, a database that is away. And
 * what becomes of dead letters when they are tried again.
 */
import { channelsPerDeviceMax, Unavailable } from '#contracts';
import { accounting, type DeadLetter, deadLetter, findDeadLetter, listDeadLetters, openDatabase, type RoundResult } from '#timeseries';
import { readings } from '../apps/traffic/src/tables.js';
import { doorBefore, noLog } from './support/private-database.js';
import { arrivalOf, type ArrivalFacts, partsOf, segmentAsset, trafficDevice, trafficStorage, type TrafficArrival, type TrafficStorage, type TrafficStore } from './support/traffic-storage.js';

const minute = 60_000;
const noon = Date.UTC(2026, 10, 22, 12);
const devices = 8;
/** Readings of this count make our own code fail. */
const poison = 666;
let storage: TrafficStorage;

beforeAll(async () => {
  storage = await trafficStorage({ assets: [segmentAsset('road-0')], devices: Array.from({ length: devices }, (_, n) => trafficDevice(`loop-${n}`, 'road-0')) });
});
afterAll(() => storage?.drop());

beforeEach(async () => {
  await storage.database.admin.query('truncate traffic.reading, traffic.reading_history, traffic.condition, traffic.condition_change, traffic.outbox, traffic.invalidation, traffic.dead_letter, traffic.dead_letter_count');
  await storage.database.admin.query('update traffic.consumed set next_offset = 0, fold_version = 0, entries = 0, stored = 0, corrected = 0, repeated = 0, dead_lettered = 0');
});

const loop = (n: number, offset: number, atMinute: number, rest: Partial<ArrivalFacts> = {}): TrafficArrival => arrivalOf({ offset, device: `loop-${n % devices}`, atMs: noon + atMinute * minute, subject: 'road-0', ...rest });
const put = (store: TrafficStore, ...arrivals: TrafficArrival[]): Promise<RoundResult> => store.store(partsOf(arrivals), arrivals, []);
const stored = async (): Promise<number> => (await storage.db.query('select count(*)::int as count from traffic.reading'))[0]!['count'] as number;
const counted = async (): Promise<unknown> => {
  const [{ entries, stored, corrected, repeated, deadLettered, reasons }] = (await accounting(storage.db, 'traffic')) as [Awaited<ReturnType<typeof accounting>>[number]];
  return { entries, stored, corrected, repeated, deadLettered, reasons };
};
const letters = (): ReturnType<typeof listDeadLetters> => listDeadLetters(storage.db, 'traffic', { all: true, limit: 1_000 });

/** Our own fault, in a rule or on the way into the table. */
const faults: [string, () => TrafficStore][] = [
  ['a rule that throws', () => storage.store({ fold: { ...storage.fold, apply: (state, arrival, channelId) => {
    if (arrival.observation.count === poison) throw new TypeError('cannot read properties of undefined');
    return storage.fold.apply(state, arrival, channelId);
  } } })],
  ['a value that cannot be written', () => storage.store({ table: { ...readings, columns: readings.columns.map((column) => (column.name !== 'imputation' ? column : { ...column, of: (o) => (o.count === poison ? 'nul \0' : null) })) } })],
];

describe.each(faults)('%s', (_, faulty) => {
  test('takes only the culprits out of their round', async () => {
    const round = Array.from({ length: 50 }, (_unused, n) => loop(n, n, n, [3, 4, 40].includes(n) ? { count: poison } : {}));
    expect(await put(faulty(), ...round)).toMatchObject({ stored: 47, deadLettered: 3 });
    expect((await letters()).map(({ offset, reason, device, payload }) => ({ offset, reason, device, payload: payload.toString() })).reverse()).toEqual(
      [3, 4, 40].map((n) => ({ offset: n, reason: 'our-fault', device: `loop-${n % devices}`, payload: round[n]!.payload.toString() })),
    );
    expect(await counted()).toEqual({ entries: 50, stored: 47, corrected: 0, repeated: 0, deadLettered: 3, reasons: { 'our-fault': 3 } });
    expect(await stored()).toBe(47);
  });

  test('alone in its round becomes a dead letter', async () => {
    expect(await put(faulty(), loop(0, 0, 0, { count: poison }))).toMatchObject({ stored: 0, deadLettered: 1 });
    expect(await put(storage.store(), loop(0, 1, 1))).toMatchObject({ stored: 1 });
  });

  test('beside messages that are refused already: both are kept', async () => {
    const [culprit, refused] = [loop(0, 0, 0, { count: poison }), loop(1, 1, 0)];
    await faulty().store([{ partition: 0, fromOffset: 0, nextOffset: 2 }], [culprit], [deadLetter(refused, 'invalid', 'count: expected a whole number')]);
    expect(await counted()).toMatchObject({ entries: 2, deadLettered: 2, reasons: { 'our-fault': 1, invalid: 1 } });
  });
});

describe('when everything fails', () => {
  const failing = (count: number, ofDevices: number): TrafficArrival[] => Array.from({ length: count }, (_, n) => loop(n % ofDevices, n, n, { count: poison }));
  const broken = (onOurFault: (error: unknown) => void): TrafficStore => storage.store({ onOurFault, fold: { ...storage.fold, apply: () => { throw new TypeError('a broken release'); } } });

  test('20 messages of 5 devices say that the release is at fault: it stops, and nothing is dead-lettered', async () => {
    const told: unknown[] = [];
    await expect(put(broken((error) => told.push(error)), ...failing(20, 5))).rejects.toThrow('a broken release');
    expect(told).toHaveLength(1);
    expect(await letters()).toEqual([]);
    expect(await counted()).toMatchObject({ entries: 0 });
    expect(await put(storage.store(), ...failing(20, 5))).toMatchObject({ stored: 20 });
  });

  test.each([
    ['19 messages', 19, 5],
    ['4 devices', 40, 4],
  ])('%s are too few to say so: they are dead letters', async (_, count, ofDevices) => {
    const told: unknown[] = [];
    expect(await put(broken((error) => told.push(error)), ...failing(count, ofDevices))).toMatchObject({ stored: 0, deadLettered: count });
    expect(told).toEqual([]);
  });

  test('but one that passes says that the release works', async () => {
    const told: unknown[] = [];
    const store = storage.store({ onOurFault: (error) => told.push(error), fold: { ...storage.fold, apply: (state, arrival, channelId) => {
      if (arrival.observation.count === poison) throw new TypeError('poison');
      return storage.fold.apply(state, arrival, channelId);
    } } });
    expect(await put(store, ...failing(30, 8), loop(0, 30, 30))).toMatchObject({ stored: 1, deadLettered: 30 });
    expect(told).toEqual([]);
  });
});

test('readings that fail only together: the one that makes the round fail is the culprit, and the partition goes on', async () => {
  const store = storage.store({ fold: { ...storage.fold, apply: (state, arrival) => {
    const periods = [...state.periods, { observedAtMs: arrival.observedAtMs, periodS: 60, speedKmh: null, lanes: [] }];
    if (arrival.observation.count === poison && state.periods.length > 0) throw new TypeError('only after another one');
    return { state: { ...state, periods }, change: null };
  }, load: async () => new Map([['road-0', { asset: 'road-0', active: false, seq: 0, periods: [] }]]) } });
  const round = Array.from({ length: 16 }, (_, n) => loop(n, n, n, { subject: n === 2 || n === 11 ? 'road-0' : null, ...(n === 11 ? { count: poison } : {}) }));
  expect(await put(store, ...round)).toMatchObject({ stored: 15, deadLettered: 1 });
  expect((await letters()).map(({ offset }) => offset)).toEqual([11]);
});

test('a failure that passes by blames nobody: the round is given again', async () => {
  let failures = 0;
  const store = storage.store({ fold: { ...storage.fold, apply: (state, arrival, channelId) => {
    if (arrival.offset === 5 && failures++ < 4) throw new Error('canceling statement due to user request');
    return storage.fold.apply(state, arrival, channelId);
  } } });
  const round = Array.from({ length: 8 }, (_, n) => loop(n, n, n));
  await expect(put(store, ...round)).rejects.toThrow('canceling');
  expect(await letters()).toEqual([]);
  expect(await put(store, ...round)).toMatchObject({ stored: 8 });
});

describe('while the database is away', () => {
  test('nothing is dead-lettered, the store says Unavailable, and stores the same round later', async () => {
    const door = await doorBefore(storage.database.urls['traffic']!);
    const db = openDatabase({ url: door.url, name: 'test through a door', connectionsMax: 2, log: noLog });
    try {
      const store = storage.store({ db });
      const round = [loop(0, 0, 0), loop(1, 1, 0, { count: poison })];
      await put(store, loop(0, 0, 0));
      await door.shut();
      await expect(put(store, ...round)).rejects.toBeInstanceOf(Unavailable);
      await expect(put(store, ...round)).rejects.toBeInstanceOf(Unavailable);
      await door.open();
      expect(await put(store, ...round)).toMatchObject({ stored: 1, deadLettered: 0 });
      expect(await counted()).toEqual({ entries: 2, stored: 2, corrected: 0, repeated: 0, deadLettered: 0, reasons: {} });
    } finally {
      await db.close();
      await door.close();
    }
  });

  test('cut off when all but the commit was done: what was remembered of the road is forgotten with it', async () => {
    let cut = true;
    const store = storage.store({ fold: { ...storage.fold, save: async (transaction, changes) => {
      const announced = await storage.fold.save(transaction, changes);
      if (cut) throw new Unavailable('database', 'cut off');
      return announced;
    } } });
    const slow = [0, 1, 2].map((n) => loop(0, n, n, { speedKmh: 10 }));
    await expect(put(store, ...slow)).rejects.toBeInstanceOf(Unavailable);
    cut = false;
    expect(await put(store, ...slow)).toMatchObject({ stored: 3, announced: 1 });
    expect(await storage.db.query('select seq, state from traffic.condition_change')).toEqual([{ seq: 1, state: 'active' }]);
  });

  test('cut off in the middle of the search for culprits: the search ends, nobody is blamed', async () => {
    const door = await doorBefore(storage.database.urls['traffic']!);
    const db = openDatabase({ url: door.url, name: 'test through a door', connectionsMax: 2, log: noLog });
    try {
      let failures = 0;
      const store = storage.store({ db, fold: { ...storage.fold, apply: (state, arrival, channelId) => {
        if (arrival.observation.count !== poison) return storage.fold.apply(state, arrival, channelId);
        failures++;
        if (failures === 2) void door.shut();
        throw new TypeError('poison');
      } } });
      const round = Array.from({ length: 30 }, (_, n) => loop(n, n, n, n === 17 ? { count: poison } : {}));
      await expect(put(store, ...round)).rejects.toBeInstanceOf(Unavailable);
      expect(await letters()).toEqual([]);
      await door.open();
      expect(await put(store, ...round)).toMatchObject({ stored: 29, deadLettered: 1 });
    } finally {
      await db.close();
      await door.close();
    }
  });
});

test(`a device has ${channelsPerDeviceMax} channels; the next one is refused with its reason, and the others go on`, async () => {
  const round = Array.from({ length: channelsPerDeviceMax + 2 }, (_, n) => loop(7, n, 0, { device: 'full', channel: `lane-${n}` }));
  const store = storage.store();
  expect(await put(store, ...round)).toMatchObject({ stored: 64, deadLettered: 2 });
  expect(await counted()).toMatchObject({ entries: 66, reasons: { 'too-many-channels': 2 } });
  const [letter] = await letters();
  expect(letter!.details).toMatch(/at most 64 channels.*lane-65/);
  // The 65th stays refused, also for a process that has just started; those that exist go on.
  expect(await put(storage.store(), loop(7, 66, 1, { device: 'full', channel: 'lane-64' }), loop(7, 67, 1, { device: 'full', channel: 'lane-63' }), loop(6, 68, 1, { channel: 'lane-64' }))).toMatchObject({ stored: 2, deadLettered: 1 });
});

describe('a dead letter tried again', () => {
  const part = { partition: 0, fromOffset: 0, nextOffset: 1 };
  const refuse = async (letter: DeadLetter): Promise<number> => {
    await storage.store().store([part], [], [letter]);
    return (await letters())[0]!.id;
  };
  const replay = (id: number, arrivals: TrafficArrival[], dead: DeadLetter[] = []) => storage.store().replay({ id, partition: 0 }, arrivals, dead);
  const reading = loop(0, 0, 0);

  test('that is stored now: its count moves, the letter says what it became, and the offset stays', async () => {
    const id = await refuse(deadLetter(reading, 'unknown-device', ''));
    expect(await counted()).toEqual({ entries: 1, stored: 0, corrected: 0, repeated: 0, deadLettered: 1, reasons: { 'unknown-device': 1 } });
    expect(await replay(id, [reading])).toMatchObject({ stored: 1, deadLettered: 0 });
    expect(await counted()).toEqual({ entries: 1, stored: 1, corrected: 0, repeated: 0, deadLettered: 0, reasons: {} });
    expect(await findDeadLetter(storage.db, 'traffic', id)).toMatchObject({ replayedAs: 'stored 1', reason: 'unknown-device', payload: reading.payload });
    expect((await storage.db.query('select next_offset from traffic.consumed where partition = 0'))[0]).toEqual({ next_offset: 1 });
  });

  test('twice, also at the same time: one of them does it, the other hears null', async () => {
    const id = await refuse(deadLetter(reading, 'unknown-device', ''));
    const results = await Promise.all([replay(id, [reading]), replay(id, [reading])]);
    expect(results.filter((result) => result === null)).toHaveLength(1);
    expect(await replay(id, [reading])).toBeNull();
    expect(await replay(999_999, [reading])).toBeNull();
    expect(await counted()).toMatchObject({ entries: 1, stored: 1, deadLettered: 0 });
  });

  test('of something that came by another way meanwhile: repeated or corrected', async () => {
    const [same, other] = [await refuse(deadLetter(reading, 'invalid', '')), 0];
    expect(other).toBe(0);
    const store = storage.store();
    await store.store([{ ...part, fromOffset: 1, nextOffset: 3 }], [loop(0, 1, 0)], [deadLetter(loop(0, 2, 0, { count: 99 }), 'invalid', '')]);
    expect(await replay(same, [reading])).toMatchObject({ repeated: 1 });
    const [second] = (await letters()).filter(({ replayedAt }) => replayedAt === null);
    expect(await replay(second!.id, [loop(0, 2, 0, { count: 99 })])).toMatchObject({ corrected: 1 });
    expect(await counted()).toEqual({ entries: 3, stored: 1, corrected: 1, repeated: 1, deadLettered: 0, reasons: {} });
  });

  test('that is refused once more stays open with its new reason', async () => {
    const id = await refuse(deadLetter(reading, 'unknown-device', 'device: found "loop-0"'));
    expect(await replay(id, [], [deadLetter(reading, 'invalid', 'count: expected more')])).toMatchObject({ stored: 0, deadLettered: 1 });
    expect(await findDeadLetter(storage.db, 'traffic', id)).toMatchObject({ reason: 'invalid', details: 'count: expected more', replayedAt: null });
    expect(await counted()).toEqual({ entries: 1, stored: 0, corrected: 0, repeated: 0, deadLettered: 1, reasons: { invalid: 1 } });
    expect(await replay(id, [], [deadLetter(reading, 'invalid', 'count: expected more')])).toMatchObject({ deadLettered: 1 });
    expect(await replay(id, [reading])).toMatchObject({ stored: 1 });
    expect(await counted()).toMatchObject({ entries: 1, stored: 1, deadLettered: 0, reasons: {} });
  });

  test('whose reason another replay changed after it was read: the reason under the lock counts', async () => {
    const id = await refuse(deadLetter(reading, 'unknown-device', ''));
    const asRead = await findDeadLetter(storage.db, 'traffic', id);
    await replay(id, [], [deadLetter(reading, 'invalid', '')]);
    expect(await storage.store().replay(asRead!, [reading], [])).toMatchObject({ stored: 1 });
    expect(await counted()).toEqual({ entries: 1, stored: 1, corrected: 0, repeated: 0, deadLettered: 0, reasons: {} });
  });

  test('an undecodable message that holds three readings now, one of them refused: three entries', async () => {
    const id = await refuse(deadLetter(loop(0, 0, 0), 'undecodable', ''));
    const element = (n: number): TrafficArrival => loop(0, 0, n, { element: n });
    expect(await replay(id, [element(0), element(2)], [deadLetter(element(1), 'invalid', 'count')])).toMatchObject({ stored: 2, deadLettered: 1 });
    expect(await counted()).toEqual({ entries: 3, stored: 2, corrected: 0, repeated: 0, deadLettered: 1, reasons: { invalid: 1 } });
    expect((await letters()).map((letter) => ({ element: letter.element, reason: letter.reason, as: letter.replayedAs }))).toEqual([
      { element: 1, reason: 'invalid', as: null },
      { element: -1, reason: 'undecodable', as: 'stored 2, dead-lettered 1' },
    ]);
  });

  test('that our own code cannot bear leaves everything as it was', async () => {
    const id = await refuse(deadLetter(reading, 'unknown-device', ''));
    const store = storage.store({ fold: { ...storage.fold, apply: () => { throw new TypeError('poison'); } } });
    await expect(store.replay({ id, partition: 0 }, [reading], [])).rejects.toThrow('poison');
    expect(await counted()).toMatchObject({ entries: 1, deadLettered: 1, reasons: { 'unknown-device': 1 } });
    expect(await store.replay({ id, partition: 0 }, [{ ...reading, subject: null }], [])).toMatchObject({ stored: 1 });
  });

  test('makes what it changed known to a store that remembers the road', async () => {
    const id = await refuse(deadLetter(loop(1, 0, 5), 'unknown-device', ''));
    const store = storage.store();
    await store.store([{ partition: 0, fromOffset: 1, nextOffset: 2 }], [loop(1, 1, 0)], []);
    await replay(id, [loop(1, 0, 5)]);
    expect(await store.store([{ partition: 0, fromOffset: 2, nextOffset: 3 }], [loop(1, 2, 5)], [])).toMatchObject({ repeated: 1, deadLettered: 0 });
  });
});
