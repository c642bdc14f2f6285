/** Hours under `kill -9`: two processes compute them and are killed at random moments; what is left is what one would have made in peace. */
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PollutionReading } from '#contracts';
import { closeHours } from '../apps/pollution/src/hours.js';
import { repository } from './support/places.js';
import { airDevice, pollutionStorage, type PollutionStorage, stationAsset } from './support/pollution-storage.js';
import { noLog } from './support/private-database.js';
import { chanceFrom } from './support/readings-model.js';

const hour = 3_600_000;
const midnight = Date.parse('2026-11-19T17:00:00Z');
const nowMs = midnight + 40 * hour;
const seed = 20_261_122;
const stations = Array.from({ length: 3 }, (_, index) => `hn-air-${index + 1}`);
const killsMin = 4;

const plan = { assets: stations.map((id) => stationAsset(id)), devices: stations.map((id) => airDevice(`at-${id}`, id)) };
let killed: PollutionStorage;
let peaceful: PollutionStorage;

beforeAll(async () => {
  killed = await pollutionStorage(plan);
  peaceful = await pollutionStorage(plan);
});
afterAll(async () => {
  await killed?.drop();
  await peaceful?.drop();
});

const reading = (index: number, rest: Partial<PollutionReading>): PollutionReading => ({ observedAt: new Date(midnight + index * hour).toISOString(), periodS: 3600, ...rest });

/** Smog that comes and goes, so that levels are entered and left and limits exceeded; the same for both. */
async function fill(storage: PollutionStorage, from: number, shift: number): Promise<void> {
  const chance = chanceFrom(seed + shift);
  const store = storage.store();
  for (const id of stations) {
    const phase = chance() * 12;
    const message = Array.from({ length: 37 - from }, (_, at) => reading(from + at, { pm25UgM3: Math.round(100 + 95 * Math.sin((from + at + phase) / 4) + shift), no2UgM3: Math.round(120 + 110 * Math.sin((at + phase) / 3)) }));
    await storage.put(store, `at-${id}`, message, nowMs - 3 * hour);
  }
}

async function state(storage: PollutionStorage): Promise<unknown> {
  const of = (sql: string): Promise<unknown[]> => storage.db.query(sql);
  return {
    hours: await of('select asset, hour_at, revision, condition_level, result from pollution.station_hour order by asset, hour_at'),
    hourHistory: await of('select asset, hour_at, revision, result from pollution.station_hour_history order by asset, hour_at, revision'),
    days: await of('select asset, day::text, revision, result from pollution.station_day order by asset, day'),
    dayHistory: await of('select asset, day::text, revision, result from pollution.station_day_history order by asset, day, revision'),
    flags: await of('select c.device, f.observed_at, f.metric, f.flag from pollution.value_flag f join pollution.channel c on c.id = f.channel_id order by 1, 2, 3, 4'),
    conditions: await of('select payload from pollution.condition_change order by condition_id, seq'),
    announced: await of('select payload from pollution.outbox order by key, (payload::jsonb->>\'seq\')::int'),
    notes: await of(`select asset, hour_at from pollution.stale_hour where hour_at < '${new Date(nowMs - 2 * hour).toISOString()}'`),
  };
}

async function underKills(url: string): Promise<number> {
  const file = join(repository, 'dist/test/support/hours-process.js');
  if (!existsSync(file)) throw new Error('The process is not built: npm run build');
  const chance = chanceFrom(seed);
  let kills = 0;
  const lane = async (): Promise<void> => {
    for (let done = false; !done; ) {
      const child = fork(file, [url, String(nowMs)], { execArgv: [], env: { PATH: process.env['PATH'] } });
      let timer: NodeJS.Timeout | undefined;
      child.on('message', (message) => {
        if (message === 'done') done = true;
        else if (kills < killsMin) timer = setTimeout(() => child.kill('SIGKILL'), chance() * 400);
      });
      const end = await new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ?? code)));
      clearTimeout(timer);
      if (end === 'SIGKILL') kills++;
      else expect({ end, done }).toEqual({ end: 0, done: true });
    }
  };
  await Promise.all([lane(), lane()]);
  return kills;
}

test('killed at random moments, the results, revisions, conditions and announcements are those of peace', async () => {
  for (const [from, shift] of [[0, 0], [20, 7]] as const) {
    // First all of it; then the second half of it once more, with other values: corrections.
    for (const storage of [killed, peaceful]) await fill(storage, from, shift);
    expect(await underKills(killed.database.urls['pollution']!)).toBeGreaterThanOrEqual(killsMin);
    await closeHours({ db: peaceful.db, zoneOf: () => 'Asia/Ho_Chi_Minh', topicRoot: 'test', log: noLog }, nowMs);
    const [left, right] = [await state(killed), await state(peaceful)];
    expect(left).toEqual(right);
  }
  const [{ changes, announced }] = (await killed.db.query('select (select count(*)::int from pollution.condition_change) as changes, (select count(*)::int from pollution.outbox) as announced')) as [{ changes: number; announced: number }];
  expect(changes).toBeGreaterThan(20);
  expect(announced).toBe(changes);
  const [{ corrected }] = (await killed.db.query('select count(*)::int as corrected from pollution.station_hour where revision = 2')) as [{ corrected: number }];
  expect(corrected).toBeGreaterThan(25);
}, 180_000);
