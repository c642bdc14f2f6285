/**
 * Three recorded days of Berlin through the import door and the MQTT door, as an operator would play them, compared
 * with a second way of computing straight from the file (test/support/berlin.ts).
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { trafficFlagBits } from '#contracts';
import { secondWay, type SecondWay } from './support/berlin.js';
import { startCity, type Accounting, type City } from './support/city.js';
import { repository } from './support/places.js';
import { recordedData } from './support/recorded-data.js';

const minuteMs = 60_000;
const rowsOfThreeDays = 14_846;
const folder = recordedData('traffic-berlin', 'https://daten.berlin.de/datensaetze/verkehrsdetektion-berlin');

(folder === null ? describe.skip : describe)('three days of Berlin, replayed', () => {
  let city: City;
  let second: SecondWay;
  let first: Accounting;

  beforeAll(async () => {
    city = await startCity({ assets: [], gateways: [], devices: [] });
    await replay(city);
    expect(await city.untilDrained(3 * minuteMs)).toBe(true);
    first = await city.accounting();
    second = await secondWay({ adminUrl: city.adminUrl, folder: folder!, monthFile: 'mq_hr_2023_03.csv.gz', from: '2023-03-01', to: '2023-03-04', contradictionBit: trafficFlagBits.classes_exceed_count });
  }, 5 * minuteMs);

  afterAll(async () => {
    await second?.close();
    await city?.stop();
  }, minuteMs);

  it('stores at least 99.9 % of the rows, and names the reason of every other', async () => {
    const [expected, stored] = [await second.expectedRows(), await second.storedRows()];
    const reasons = await city.db.query('select reason, sum(count)::int as count from traffic.dead_letter_count group by reason');
    console.log(`${stored} of ${expected} rows stored; not stored: ${reasons.map((row) => `${row['count']} ${row['reason']}`).join(', ') || 'none'}`);
    expect(expected).toBe(rowsOfThreeDays);
    expect(stored).toBeGreaterThanOrEqual(Math.ceil(0.999 * expected));
    expect(first.stored + first.deadLettered).toBe(expected);
  });

  it('has every value of every row as the file has it', async () => {
    expect(await second.rowDifferences()).toEqual([]);
  });

  it('flags the rows whose classes add up to more than the total', async () => {
    expect(await second.contradictory()).toEqual({ expected: 348, stored: 348 });
  });

  it('has the sums by station, day and class, and the flow-weighted speeds, of the second way', async () => {
    console.table(await second.dayFigures());
    expect(await second.dayDifferences()).toEqual([]);
    expect(await second.hourDifferences()).toEqual([]);
  });

  it('registers the free flow and class of road that the second way finds', async () => {
    expect(await second.freeFlowDifferences()).toEqual([]);
  });

  it('is congested at the same station-hours as by the second way', async () => {
    const { expected, stations, changes } = await second.congestedHours();
    console.log(`${expected} station-hours in congestion at ${stations} stations, ${changes} changes announced`);
    expect(expected).toBeGreaterThan(50);
    expect(await second.congestionDifferences()).toEqual([]);
  });

  it('changes nothing when all of it is played again', async () => {
    const before = await fingerprint(city);
    await replay(city);
    expect(await city.untilDrained(3 * minuteMs)).toBe(true);
    const now = await city.accounting();
    expect(now).toEqual({ ...first, entries: first.entries + rowsOfThreeDays, repeated: first.repeated + rowsOfThreeDays });
    expect(await fingerprint(city)).toEqual(before);
  }, 3 * minuteMs);
});

/** The real command, as fast as it can. */
async function replay(city: City): Promise<void> {
  const env = { ...process.env, DATABASE_URL: city.adminUrl, MQTT_PORT: String(city.mqttPort), NODE_OPTIONS: '' };
  const child = spawn(process.execPath, [join(repository, 'dist/apps/simulator/src/replay.js'), 'traffic-berlin', '--from', '2023-03-01', '--days', '3', '--speed', '0'], { cwd: repository, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`replay ended with ${code}: ${said}`);
}

/** All rows, aggregates and conditions in a few numbers. */
async function fingerprint({ db }: City): Promise<unknown> {
  return db.query(`select
    (select jsonb_build_array(count(*), sum(hashtextextended(r::text, 0)::numeric)) from traffic.reading r) as reading,
    (select count(*)::int from traffic.reading_history) as history,
    (select jsonb_build_array(count(*), sum(hashtextextended(r::text, 0)::numeric)) from traffic.reading_1h r) as hours,
    (select jsonb_build_array(count(*), sum(hashtextextended(r::text, 0)::numeric)) from traffic.reading_1d r) as days,
    (select jsonb_build_array(count(*), sum(hashtextextended(r::text, 0)::numeric)) from traffic.condition_change r) as changes`);
}
