/**
 * Half a year of Hanoi's PM2.5 through the import door and the MQTT door, as an operator would play it, compared with a
 * second way of computing straight from the file (test/support/air-hanoi.ts).
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { compareNowCast, nowCastCauses, secondWay, type SecondWay } from './support/air-hanoi.js';
import { sleep, startCity, type Accounting, type City } from './support/city.js';
import { repository } from './support/places.js';
import { recordedData } from './support/recorded-data.js';

const minuteMs = 60_000;
const lines = 4_103;
/** Hours that have two lines. */
const twice = 1;
const station = 'hanoi-us-embassy';
const folder = recordedData('air-hanoi', 'https://www.airnow.gov/international/us-embassies-and-consulates/ (Hanoi, 2018)');

interface ClosedHour {
  readonly revision: number;
  readonly aqi: number | null;
  readonly status: string;
  readonly dominant: string | null;
  readonly nowCastUgM3: number | null;
  readonly usAqi: number | null;
  readonly level: string | null;
}

(folder === null ? describe.skip : describe)('half a year of Hanoi, replayed', () => {
  let city: City;
  let second: SecondWay;
  let first: Accounting;
  /** By hours since 1970. */
  let hours: Map<number, ClosedHour>;

  beforeAll(async () => {
    city = await startCity({ assets: [], gateways: [], devices: [], apps: ['api', 'ingest', 'pollution'] });
    // Nothing comes after the last hour of a replay: it closes by the grace, and no test waits ten minutes for it.
    await city.db.query(`update registry.dated_row set value = '{"graceS": 1}' where kind = 'pollution.hour-close'`);
    await replay(city);
    expect(await untilClosed(city, 3 * minuteMs)).toBe(true);
    first = await city.accounting();
    second = secondWay(folder!);
    hours = await closedHours(city);
  }, 6 * minuteMs);

  afterAll(async () => {
    await city?.stop();
  }, minuteMs);

  it('stores every hour of the file; of the hour that is there twice the later line corrects the first', async () => {
    expect(first).toMatchObject({ entries: lines, stored: lines - twice, corrected: twice, repeated: 0, deadLettered: 0 });
    const stored = await city.db.query(
      `select round(extract(epoch from r.observed_at) / 3600)::int as hour, r.period_s, r.pm25_ug_m3::text::float8 as value, r.revision, r.status
         from pollution.reading r join pollution.channel c on c.id = r.channel_id where c.device = $1`,
      [station],
    );
    const inFile = new Map([...second.tenths].map(([hour, tenths]) => [hour, tenths === null ? null : Number(tenths) / 10]));
    const differing = stored.filter((row) => !inFile.has(row['hour'] as number) || row['value'] !== inFile.get(row['hour'] as number) || row['period_s'] !== 3600);
    expect(stored).toHaveLength(second.tenths.size);
    expect(differing).toEqual([]);
    expect(stored.filter((row) => row['revision'] !== 0)).toMatchObject([{ value: 44.1, revision: 1 }]);
    expect(await city.db.query('select h.pm25_ug_m3::text::float8 as value from pollution.reading_history h')).toEqual([{ value: 43 }]);
  });

  it('counts Invalid and Missing as absent: no value, no mean, never 0; what was reported is kept beside', async () => {
    const [row] = await city.db.query(
      `select count(*) filter (where status <> 'Valid')::int as absent, count(*) filter (where status <> 'Valid' and pm25_ug_m3 is not null)::int as with_value,
              count(*) filter (where status = 'Invalid' and raw is not null)::int as kept, count(*) filter (where pm25_ug_m3 = 0)::int as zeros from pollution.reading`,
    );
    expect(row).toEqual({ absent: 271, with_value: 0, kept: second.rows.filter(({ status }) => status === 'Invalid').length - noValueButInvalid(second), zeros: 2 });
    const means = await city.db.query(`select round(extract(epoch from hour_at) / 3600)::int as hour, result->'means'->'pm25'->'ugM3' as mean from pollution.station_hour where asset = $1`, [station]);
    const inFile = (hour: number): number | null => ((tenths) => (tenths === null ? null : Number(tenths) / 10))(second.tenths.get(hour) ?? null);
    expect(means.filter((one) => (one['mean'] ?? null) !== inFile(one['hour'] as number))).toEqual([]);
  });

  it('has closed every hour of the file', () => {
    expect([...second.tenths.keys()].filter((hour) => !hours.has(hour))).toEqual([]);
  });

  it('has the NowCast of the file within 0.1 µg/m³ in at least 3,800 hours, and every other hour is explained', () => {
    const cut = (value: number | null): number | null => (value === null ? null : Math.floor(value * 10 + 1e-9) / 10);
    const { counts, unexplained } = compareNowCast(second, (hour) => cut(hours.get(hour)!.nowCastUgM3));
    console.table(Object.entries(counts).map(([cause, count]) => ({ hours: count, because: nowCastCauses[cause as keyof typeof nowCastCauses] })));
    expect(counts.within).toBeGreaterThanOrEqual(3_800);
    expect(unexplained).toEqual([]);
  });

  it('has the VN_AQI of the second way in every hour, and none where there are too few hours', () => {
    const differing = [...hours].filter(([hour, found]) => found.aqi !== second.vnAqi(hour) || found.status !== (found.aqi === null ? 'insufficient' : 'ok') || found.dominant !== (found.aqi === null ? null : 'pm25'));
    console.log(`${hours.size} hours closed, ${[...hours.values()].filter(({ aqi }) => aqi !== null).length} with a VN_AQI`);
    expect(differing).toEqual([]);
  });

  it('has the daily VN_AQI of the second way on every day of the file', async () => {
    const days = await city.db.query(`select day::text, result->'vnAqi'->'aqi' as aqi from pollution.station_day where asset = $1`, [station]);
    const expected = second.vnAqiDays();
    const found = new Map(days.map((row) => [row['day'] as string, row['aqi'] as number | null]));
    console.log(`${found.size} days, ${[...found.values()].filter((aqi) => aqi !== null).length} with a VN_AQI`);
    expect([...expected].filter(([day, aqi]) => found.get(day) !== aqi)).toEqual([]);
    expect([...found.keys()].filter((day) => !expected.has(day) && found.get(day) !== null)).toEqual([]);
  });

  it('has the US AQI of the second way, by the table of that year', () => {
    expect([...hours].filter(([hour, { usAqi }]) => usAqi !== second.usAqi2012(hour))).toEqual([]);
  });

  it('is in alarm in the same hours as by the second way, at the same level', async () => {
    const alarms = second.alarms();
    console.log(`${alarms.size} hours of alarm, ${(await city.db.query('select 1 from pollution.condition_change')).length} changes`);
    expect([...hours].filter(([hour, { level }]) => level !== (alarms.get(hour) ?? null))).toEqual([]);
    expect(alarms.size).toBeGreaterThan(500);
    // Where nothing comes an alarm stays, and no hour need be closed to say so.
    expect([...alarms.keys()].filter((hour) => !hours.has(hour) && second.vnAqi(hour) !== null)).toEqual([]);
  });

  it('tells every change of level once, in order, as late: a replay is no news', async () => {
    const changes = await city.db.query(`select seq::int, state, payload->>'level' as level, (payload->>'late')::boolean as late, round(extract(epoch from observed_at) / 3600)::int as hour from pollution.condition_change where condition_id = 'pollution/air-quality-level/${station}' order by seq`);
    expect(changes.map((change) => change['seq'])).toEqual(changes.map((_, index) => index + 1));
    expect(changes.every((change) => change['late'] === true)).toBe(true);
    const told = changes.map((change) => [change['hour'], change['state'] === 'active' ? change['level'] : null]);
    expect(told).toEqual(transitions(second));
  });

  it('changes no result when all of it is played again; the hour with two values is corrected there and back', async () => {
    const before = await results(city);
    await replay(city);
    expect(await untilClosed(city, 3 * minuteMs)).toBe(true);
    const now = await city.accounting();
    expect(now).toEqual({ ...first, entries: 2 * lines, repeated: lines - 2 * twice, corrected: first.corrected + 2 * twice });
    expect(await results(city)).toEqual(before);
  }, 4 * minuteMs);
});

/** Hours at which the level of the alarm changes, with the new one. */
function transitions(second: SecondWay): [number, string | null][] {
  const alarms = second.alarms();
  const found: [number, string | null][] = [];
  let before: string | null = null;
  for (const hour of second.hours) {
    const level = alarms.get(hour) ?? null;
    if (level !== before) found.push([hour, level]);
    before = level;
  }
  return found;
}

/** Invalid rows that have −999. */
function noValueButInvalid(second: SecondWay): number {
  return second.rows.filter(({ status, reported }) => status === 'Invalid' && !reported).length;
}

async function closedHours({ db }: City): Promise<Map<number, ClosedHour>> {
  const rows = await db.query(
    `select round(extract(epoch from hour_at) / 3600)::int as hour, revision, condition_level as level, result->'vnAqi'->'aqi' as aqi, result->'vnAqi'->>'status' as status, result->'vnAqi'->>'dominant' as dominant,
            result->'vnAqi'->'concentrations'->'pm25' as "nowCastUgM3", result->'usAqi'->'aqi' as "usAqi" from pollution.station_hour where asset = $1`,
    [station],
  );
  return new Map(rows.map(({ hour, ...rest }) => [hour as number, { ...rest, usAqi: rest['usAqi'] ?? null } as unknown as ClosedHour]));
}

/** All that was published of hours and days, without the numbers of revisions. */
async function results({ db }: City): Promise<unknown> {
  return db.query(`select
    (select jsonb_build_array(count(*), sum(hashtextextended(concat(hour_at, condition_level, result), 0)::numeric)) from pollution.station_hour) as hours,
    (select jsonb_build_array(count(*), sum(hashtextextended(concat(day, result), 0)::numeric)) from pollution.station_day) as days,
    (select count(*)::int from pollution.condition_change) as changes`);
}

/** Everything is stored, and every hour that it made stale is computed. */
async function untilClosed(city: City, deadlineMs: number): Promise<boolean> {
  const end = Date.now() + deadlineMs;
  if (!(await city.untilDrained(deadlineMs))) return false;
  for (; Date.now() < end; await sleep(200)) {
    const [row] = await city.db.query('select count(*)::int as stale from pollution.stale_hour');
    if (row!['stale'] === 0) return city.untilDrained(end - Date.now());
  }
  return false;
}

/** The real command, as fast as it can. */
async function replay(city: City): Promise<void> {
  const env = { ...process.env, DATABASE_URL: city.adminUrl, MQTT_PORT: String(city.mqttPort), NODE_OPTIONS: '' };
  const child = spawn(process.execPath, [join(repository, 'dist/apps/simulator/src/replay.js'), 'air-hanoi', '--speed', '0'], { cwd: repository, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`replay ended with ${code}: ${said}`);
}
