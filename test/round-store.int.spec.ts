/**
 * Exactly once, on a real database: whatever is delivered twice, by two at once, or by a process that is killed, the
 * rows, outcomes and conditions are those of one reading after the other.
 */
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { deadLetter, lockConsumed, prepareStream, type RoundResult, saveConsumed } from '#timeseries';
import { repository } from './support/places.js';
import { chanceFrom, ReadingsModel, storedState } from './support/readings-model.js';
import { logAssets, logDevices, readingLog, takeLog } from './support/reading-log.js';
import { arrivalOf, type ArrivalFacts, openStorage, partitions, partsOf, segmentAsset, trafficDevice, trafficStorage, type TrafficArrival, type TrafficStorage, type TrafficStore } from './support/traffic-storage.js';

const minute = 60_000;
const noon = Date.UTC(2026, 10, 22, 12);
const assets = logAssets.map((id) => segmentAsset(id));
const devices = logDevices.map(({ id, asset }) => trafficDevice(id, asset));
const seed = Math.floor(Math.random() * 2 ** 31);
console.log(`seed ${seed}`);

let storage: TrafficStorage;

beforeAll(async () => {
  storage = await trafficStorage({ assets, devices });
}, 60_000);

afterAll(() => storage?.drop());

/** Channels stay: their numbers are for ever, and every store of this process remembers them. */
beforeEach(async () => {
  await storage.database.admin.query(
    'truncate traffic.reading, traffic.reading_history, traffic.condition, traffic.condition_change, traffic.outbox, traffic.dead_letter, traffic.dead_letter_count, traffic.invalidation',
  );
  await storage.database.admin.query(`delete from traffic.consumed where cluster_id <> 'test-cluster' or partition >= ${partitions}`);
  await storage.database.admin.query('update traffic.consumed set next_offset = 0, fold_version = 0, entries = 0, stored = 0, corrected = 0, repeated = 0, dead_lettered = 0');
});

/** A reading of loop-n on its road; its home is the partition it comes from, unless something else is said. */
const loop = (n: number, offset: number, atMinute: number, rest: Partial<ArrivalFacts> = {}): TrafficArrival =>
  arrivalOf({ partition: 0, offset, device: `loop-${n}`, atMs: noon + atMinute * minute, subject: `road-${n % 4}`, ...rest });

const put = (store: TrafficStore, ...arrivals: TrafficArrival[]): Promise<RoundResult> => store.store(partsOf(arrivals), arrivals, []);

function modelOf(...arrivals: TrafficArrival[]): ReadingsModel {
  const model = new ReadingsModel();
  for (const arrival of arrivals) model.take(arrival);
  return model;
}

const numbered = async (): Promise<number[]> => (await storage.db.query('select next_offset from traffic.consumed order by partition')).map((row) => row['next_offset'] as number);

describe('a round that comes again', () => {
  test('has no effect, and is counted once', async () => {
    const round = [loop(0, 0, 0), loop(0, 1, 1), loop(4, 2, 0), loop(0, 3, 1, { speedKmh: 12 })];
    const store = storage.store();
    expect(await put(store, ...round)).toMatchObject({ stored: 3, corrected: 1, repeated: 0 });
    expect(await put(store, ...round)).toEqual({ stored: 0, corrected: 0, repeated: 0, deadLettered: 0, announced: 0 });
    expect(await put(storage.store(), ...round)).toEqual({ stored: 0, corrected: 0, repeated: 0, deadLettered: 0, announced: 0 });
    expect(await storedState(storage.db)).toEqual(modelOf(...round).state());
  });

  test('with more behind it: only what is behind is new', async () => {
    const log = Array.from({ length: 15 }, (_, n) => loop(0, n, n, { speedKmh: 10 + n }));
    const store = storage.store();
    await put(store, ...log.slice(0, 10));
    expect(await put(store, ...log.slice(5))).toMatchObject({ stored: 5 });
    expect(await storedState(storage.db)).toEqual(modelOf(...log).state());
    expect((await numbered())[0]).toBe(15);
  });

  test('an older one does not move the offset back', async () => {
    const log = Array.from({ length: 10 }, (_, n) => loop(0, n, n));
    const store = storage.store();
    await put(store, ...log);
    await put(store, ...log.slice(0, 5));
    expect((await numbered())[0]).toBe(10);
  });

  test('a part without messages moves the offset alone: control records take offsets too', async () => {
    await storage.store().store([{ partition: 2, fromOffset: 0, nextOffset: 7 }], [], []);
    expect(await numbered()).toEqual([0, 0, 7, 0]);
  });
});

test('a part that does not begin where the last one ended is refused, with where to go on, and nothing of its round is stored', async () => {
  const store = storage.store();
  await put(store, loop(0, 0, 0), loop(0, 1, 1));
  const late = [loop(1, 0, 0, { partition: 1 }), loop(0, 5, 5)];
  await expect(put(store, ...late)).rejects.toMatchObject({ name: 'OffsetGap', partition: 0, dueOffset: 2, givenOffset: 5 });
  expect(await storedState(storage.db)).toEqual(modelOf(loop(0, 0, 0), loop(0, 1, 1)).state());
  expect(await put(store, loop(1, 0, 0, { partition: 1 }), ...[2, 3, 4, 5].map((n) => loop(0, n, n)))).toMatchObject({ stored: 5 });
});

test('random rounds, taken again and by cold stores now and then, equal one reading after the other', async () => {
  const log = readingLog(seed, 400);
  const chance = chanceFrom(seed + 1);
  let store = storage.store();
  const changing: Pick<TrafficStore, 'store'> = { store: (...round) => store.store(...round) };
  await takeLog(changing as TrafficStore, log, [0, 0, 0, 0], chance, () => {
    if (chance() < 0.1) store = storage.store();
  });
  expect(await storedState(storage.db)).toEqual(modelOf(...log.flat()).state());
});

test('two stores take the same rounds at once: a zombie waits, sees that all is stored, and skips it', async () => {
  const log = readingLog(seed + 2, 300);
  const takers = [1, 2, 3].map((n) => takeLog(storage.store(), log, [0, 0, 0, 0], chanceFrom(seed + n)));
  await Promise.all(takers);
  expect(await storedState(storage.db)).toEqual(modelOf(...log.flat()).state());
});

describe('a road whose devices come from two partitions', () => {
  /** Both on road-0, at home in partition 0. */
  const own = (offset: number, atMinute: number, rest: Partial<ArrivalFacts> = {}): TrafficArrival => loop(0, offset, atMinute, rest);
  const foreign = (offset: number, atMinute: number, rest: Partial<ArrivalFacts> = {}): TrafficArrival => loop(4, offset, atMinute, { partition: 1, home: 0, ...rest });

  test('two stores in turn: each sees what the other did to the road', async () => {
    const [one, other] = [storage.store(), storage.store()];
    const chance = chanceFrom(seed + 5);
    const model = new ReadingsModel();
    for (let n = 0; n < 40; n++) {
      const speedKmh = n % 20 < 10 ? 5 + chance() * 20 : 22 + chance() * 20;
      const [a, b] = [own(n, n, { speedKmh }), foreign(n, n - (n % 3), { speedKmh, count: n + 1 })];
      await put(one, a);
      await put(other, b);
      model.take(a);
      model.take(b);
    }
    expect(model.changes.length).toBeGreaterThan(1);
    expect(await storedState(storage.db)).toEqual(model.state());
  });

  test('two stores at once: the road’s home is locked, so one order holds for rows and conditions', async () => {
    const applied: TrafficArrival[] = [];
    const { fold } = storage;
    const noting: typeof fold = { ...fold, apply: (state, arrival, channelId) => (applied.push(arrival), fold.apply(state, arrival, channelId)) };
    const slowAndFast = (n: number): number => (n % 40 < 20 ? 15 : 35);
    await Promise.all([
      (async (store) => { for (let n = 0; n < 120; n += 4) await put(store, ...[0, 1, 2, 3].map((k) => own(n + k, n + k, { speedKmh: slowAndFast(n + k) }))); })(storage.store({ fold: noting })),
      (async (store) => { for (let n = 0; n < 120; n += 3) await put(store, ...[0, 1, 2].map((k) => foreign(n + k, n + k, { speedKmh: slowAndFast(n + k) }))); })(storage.store({ fold: noting })),
    ]);
    expect(applied).toHaveLength(240);
    expect(await storedState(storage.db)).toEqual(modelOf(...applied).state());
  });

  test('a zombie whose own part is stored already changes the road through another part: the owner sees it', async () => {
    const [owner, zombie] = [storage.store(), storage.store()];
    const first = [own(0, 0), loop(4, 1, 0)];
    await put(owner, ...first);
    // The owner's memory of partition 0 is now of offset 2; the zombie leaves it there, and yet adds to road-0.
    await put(zombie, ...first, foreign(0, 5));
    const then = [own(2, 1), loop(4, 3, 5)];
    expect(await put(owner, ...then)).toMatchObject({ stored: 1, repeated: 1, deadLettered: 0 });
    expect(await storedState(storage.db)).toEqual(modelOf(...first, foreign(0, 5), ...then).state());
  });
});

test('killed at random moments while storing, ten times', async () => {
  const file = join(repository, 'dist/test/support/storing-process.js');
  if (!existsSync(file)) throw new Error('The storing process is not built: npm run build');
  const offsets = 800;
  const chance = chanceFrom(seed + 7);
  const killsMin = 10;
  let kills = 0;
  let runs = 0;
  /** One life after the other until one comes to the end; two such lanes are zombies to each other. */
  const lane = async (): Promise<void> => {
    for (let done = false; !done; ) {
      const child = fork(file, [storage.database.urls['traffic']!, String(seed), String(offsets), String(++runs)], { execArgv: [], env: { PATH: process.env['PATH'] } });
      let timer: NodeJS.Timeout | undefined;
      child.on('message', (message) => {
        if (message === 'done') done = true;
        else if (kills < killsMin) timer = setTimeout(() => child.kill('SIGKILL'), chance() * 250);
      });
      const end = await new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ?? code)));
      clearTimeout(timer);
      if (end === 'SIGKILL') kills++;
      else expect({ end, done }).toEqual({ end: 0, done: true });
    }
  };
  await Promise.all([lane(), lane()]);
  expect(kills).toBeGreaterThanOrEqual(killsMin);
  expect(await storedState(storage.db)).toEqual(modelOf(...readingLog(seed, offsets).flat()).state());
  expect(await numbered()).toEqual([offsets, offsets, offsets, offsets]);
}, 120_000);

test('a registry that changes in the middle of a round harms nobody', async () => {
  const store = storage.store({ fold: { ...storage.fold, load: async (transaction, subjects) => {
    const loaded = await storage.fold.load(transaction, subjects);
    store.forget();
    return loaded;
  } } });
  const round = Array.from({ length: 6 }, (_, n) => loop(n, n, n));
  expect(await put(store, ...round)).toMatchObject({ stored: 6, deadLettered: 0 });
  expect(await storedState(storage.db)).toEqual(modelOf(...round).state());
});

test('a topic that grows: the new partition gets its row when its first round comes', async () => {
  expect(await put(storage.store(), loop(0, 0, 0, { partition: partitions, home: partitions }))).toMatchObject({ stored: 1 });
  expect(await numbered()).toEqual([0, 0, 0, 0, 1]);
});

describe('before anything is consumed', () => {
  const endsOf = (low: number, high: number, count = partitions): Map<number, { low: number; high: number }> => new Map(Array.from({ length: count }, (_, partition) => [partition, { low, high }]));
  /** The statement that the message gives to a person. */
  const remedyIn = (error: unknown): string => /(?:insert into|update) .+?(?= \(repeated readings|$)/.exec((error as Error).message)![0];
  const refusal = async (work: Promise<unknown>): Promise<Error> => work.then(() => { throw new Error('was not refused'); }, (error: Error) => error);

  beforeEach(() => put(storage.store(), ...Array.from({ length: 10 }, (_, n) => loop(0, n, n))));

  test('the stream that was consumed so far is welcome', async () => {
    await prepareStream(storage.db, storage.stream, endsOf(0, 10));
    await prepareStream(storage.db, storage.stream, endsOf(0, 10).set(0, { low: 10, high: 10 }));
    expect((await numbered())[0]).toBe(10);
  });

  test('another cluster is refused; the remedy in the text lets it in', async () => {
    const other = { ...storage.stream, clusterId: 'other-cluster' };
    const error = await refusal(prepareStream(storage.db, other, endsOf(0, 10)));
    expect(error.message).toMatch(/other-cluster.*test-cluster/);
    await storage.db.query(remedyIn(error));
    await prepareStream(storage.db, other, endsOf(0, 10));
    expect(await put(storage.store({ stream: other }), loop(0, 0, 0), loop(0, 1, 20))).toMatchObject({ stored: 1, repeated: 1 });
  });

  test('a topic that ends before what is stored is refused; with the remedy what it holds is taken, and repeats are seen', async () => {
    const error = await refusal(prepareStream(storage.db, storage.stream, endsOf(0, 4)));
    expect(error.message).toMatch(/ends at offset 4, but 10 are stored/);
    await storage.db.query(remedyIn(error));
    await prepareStream(storage.db, storage.stream, endsOf(0, 4));
    expect(await put(storage.store(), loop(0, 0, 0), loop(0, 1, 30))).toMatchObject({ stored: 1, repeated: 1 });
  });

  test('what was a dead letter in the old topic can be one again in the new', async () => {
    const refused = (details: string) => [deadLetter(loop(0, 11, 0), 'invalid', details)];
    const part = { partition: 0, fromOffset: 10, nextOffset: 12 };
    await storage.store().store([part], [], refused('in the old topic'));
    await storage.db.query(remedyIn(await refusal(prepareStream(storage.db, storage.stream, endsOf(0, 4)))));
    await storage.store().store([{ ...part, fromOffset: 0 }], [], refused('in the new topic'));
    expect(await storage.db.query('select details from traffic.dead_letter')).toEqual([{ details: 'in the new topic' }]);
    expect((await storage.db.query('select dead_lettered from traffic.consumed where partition = 0'))[0]).toEqual({ dead_lettered: 2 });
  });

  test('a topic made anew with fewer partitions is refused as well', async () => {
    await put(storage.store(), loop(3, 0, 0, { partition: 3 }));
    const error = await refusal(prepareStream(storage.db, storage.stream, endsOf(0, 10, 3)));
    expect(error.message).toMatch(/readings.v1\/3.*1 are stored/);
    await storage.db.query(remedyIn(error));
    await prepareStream(storage.db, storage.stream, endsOf(0, 10, 3));
  });

  test('retention that overtook us is refused, and says what is lost; the remedy goes on without it', async () => {
    const error = await refusal(prepareStream(storage.db, storage.stream, new Map([[0, { low: 15, high: 20 }]])));
    expect(error.message).toMatch(/dropped offsets 10 to 14/);
    await storage.db.query(remedyIn(error));
    await prepareStream(storage.db, storage.stream, new Map([[0, { low: 15, high: 20 }]]));
    expect((await numbered())[0]).toBe(15);
  });
});

test('a count that does not add up is refused by the database', async () => {
  await put(storage.store(), loop(0, 0, 0));
  for (const wrong of ['entries = entries + 1', 'stored = stored + 1', 'dead_lettered = dead_lettered - 1, entries = entries - 1']) {
    await expect(storage.db.query(`update traffic.consumed set ${wrong} where partition = 0`)).rejects.toMatchObject({ code: '23514' });
  }
  const consumption = { partition: 0, nextOffset: 1, stored: -2, corrected: 0, repeated: 0, deadLettered: new Map(), foreignFolds: 0 };
  await expect(storage.db.transaction((transaction) => saveConsumed(transaction, storage.stream, [consumption]))).rejects.toMatchObject({ code: '23514' });
});

test('two that lock the same partitions in different orders never wait for each other', async () => {
  const lock = (order: number[]): Promise<unknown> => storage.db.transaction((transaction) => lockConsumed(transaction, storage.stream, order));
  await Promise.all(Array.from({ length: 40 }, (_, n) => lock(n % 2 === 0 ? [0, 1, 2, 3] : [3, 2, 1, 0])));
});

test('two processes that meet the same devices at once give each channel one number', async () => {
  const other = await openStorage(storage.database.urls['traffic']!);
  try {
    const arrivals = Array.from({ length: 60 }, (_, n) => loop(0, n, 0, { channel: `new-${Math.floor(n / 2)}`, ...(n % 2 === 0 ? {} : { speedKmh: 1 }) }));
    const halves = [arrivals.map((arrival) => ({ ...arrival, partition: 1 })), arrivals.map((arrival) => ({ ...arrival, partition: 2 })).reverse().map((arrival, offset) => ({ ...arrival, offset }))];
    await Promise.all([put(storage.store(), ...halves[0]!), put(other.store(), ...halves[1]!)]);
    const [channels] = await storage.db.query(`select count(*)::int as count, count(distinct ordinal)::int as ordinals, max(ordinal) as last from traffic.channel where device = 'loop-0' and channel like 'new-%'`);
    expect(channels).toMatchObject({ count: 30, ordinals: 30 });
    expect((await storedState(storage.db)).rows).toHaveLength(30);
  } finally {
    await other.close();
  }
});
