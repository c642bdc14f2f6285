/**
 * The judge of faults judged: on a city where nothing is wrong it finds nothing, and whatever is then broken in the
 * database by hand it finds. Each test breaks one thing more, so the counts only grow.
 */
import { judge, nothingBeside, type Compared, type Verdict } from './faults/whole.js';
import { poisons } from './faults/poison.js';
import { loadCity, loadGenerator, placeId, type LoadPlan } from './support/bench-city.js';
import { promptAggregates, startCity, type City } from './support/city.js';
import { GeneratorProcess } from './support/generator-process.js';

const plan: LoadPlan = { prefix: 'judged', devices: 20, devicesPerGateway: 10 };
const airPlan: LoadPlan = { prefix: 'judged-air', devices: 5, devicesPerGateway: 5, domain: 'pollution' };
const messages = 4_000;
const airMessages = 500;
const corrected = 200;
const settleMs = 30_000;

describe('the comparison of a city with the log of acknowledgements', () => {
  let city: City;
  let generator: GeneratorProcess;
  let air: GeneratorProcess;
  let last: Verdict;
  const beside = nothingBeside();
  const { letters } = beside.of.traffic;
  const compared = (): Compared[] => [{ generator, assetOf: (device) => placeId(plan, device) }, { generator: air, assetOf: (device) => placeId(airPlan, device) }];

  beforeAll(async () => {
    const [own, ofAir] = [loadCity(plan), loadCity(airPlan)];
    city = await startCity({
      assets: [...own.assets, ...ofAir.assets], gateways: [...own.gateways, ...ofAir.gateways], devices: [...own.devices, ...ofAir.devices],
      env: promptAggregates, apps: ['api', 'ingest', 'traffic', 'pollution', 'alerts'],
    });
    generator = GeneratorProcess.start(loadGenerator(city, plan, { channels: ['L1', 'L2'], phase: 20 }));
    air = GeneratorProcess.start(loadGenerator(city, airPlan));
    await Promise.all([generator, air].map((one) => one.ask({ do: 'connect' })));
    await air.ask({ do: 'load', rate: 0, messages: airMessages });
    await generator.ask({ do: 'load', rate: 0, messages });
    await generator.settle(settleMs);
    await generator.ask({ do: 'pause' });
    const name = generator.spec.devices[0]!.id;
    const bad = poisons('traffic', name, Date.now());
    for (const { letters: reasons, payload } of bad) for (const reason of reasons) letters.push({ device: name, reason, payload });
    await generator.ask({ do: 'raw', messages: bad.map(({ payload }) => ({ device: 0, payload })) });
    await generator.settle(settleMs);
    await generator.ask({ do: 'again', span: { from: messages - corrected, to: messages }, corrected: true, rate: 0 });
    await air.settle(settleMs);
    await city.untilDrained(settleMs);
  }, 120_000);

  afterAll(async () => {
    await generator?.stop();
    await air?.stop();
    await city?.stop();
  }, 60_000);

  /** Breaks something, and hands back what the judge says now and said before. */
  async function after(...statements: string[]): Promise<{ before: Verdict; now: Verdict }> {
    for (const statement of statements) await city.db.query(statement);
    const before = last;
    last = await judge(city, compared(), beside);
    return { before, now: last };
  }

  it('finds nothing where nothing is wrong', async () => {
    last = await judge(city, compared(), beside);
    expect(last).toEqual({ acknowledged: messages + airMessages + corrected + letters.length, stored: messages + airMessages, duplicates: 0, deadLettered: letters.length, unaccounted: 0, differences: 0, told: [] });
    const [changes] = await city.db.query('select count(*)::int as count from traffic.condition_change');
    expect(changes!['count']).toBeGreaterThan(plan.devices);
  }, 60_000);

  const oneRow = '(select tableoid, ctid from traffic.reading where revision = 0 order by channel_id, observed_at limit 1)';

  it.each<[string, string[], (before: Verdict, now: Verdict) => void]>([
    ['a lost row', [`delete from traffic.reading where (tableoid, ctid) in ${oneRow}`], (before, now) => expect(now.unaccounted).toBe(before.unaccounted + 1)],
    ['a changed value', [`update traffic.reading set speed_kmh = speed_kmh + 0.1 where (tableoid, ctid) in ${oneRow}`], (before, now) => expect(now.differences).toBeGreaterThan(before.differences)],
    ['a row nobody sent', [`insert into traffic.reading (observed_at, received_at, channel_id, period_s) select observed_at - interval '1 day', received_at, channel_id, period_s from traffic.reading limit 1`], (before, now) => expect(now.differences).toBeGreaterThan(before.differences)],
    ['a row twice', ['drop index traffic.reading_identity', 'insert into traffic.reading select * from traffic.reading order by observed_at desc limit 1'], (before, now) => expect(now.duplicates).toBe(before.duplicates + 1)],
    ['a count made twice as large', ['update traffic.reading_5m set count = count * 2 where (tableoid, ctid) in (select tableoid, ctid from traffic.reading_5m limit 1)'], (before, now) => expect(now.differences).toBe(before.differences + 1)],
    ['a lost aggregate', ['delete from traffic.reading_1d where (tableoid, ctid) in (select tableoid, ctid from traffic.reading_1d limit 1)'], (before, now) => expect(now.differences).toBe(before.differences + 1)],
    ['a forgotten correction', ['delete from traffic.reading_history where (tableoid, ctid) in (select tableoid, ctid from traffic.reading_history limit 1)'], (before, now) => expect(now.differences).toBe(before.differences + 1)],
    ['a lost dead letter', ['delete from traffic.dead_letter where id = (select min(id) from traffic.dead_letter)'], (before, now) => expect(now.differences).toBe(before.differences + 1)],
    ['a change of condition that was skipped', ['delete from traffic.condition_change where (asset, seq) = (select asset, max(seq) from traffic.condition_change group by asset limit 1)'], (before, now) => expect(now.differences).toBe(before.differences + 2)], // Of the domain, and of the alarm that heard of it.
    ['a condition in the wrong state', ['update traffic.condition set active = not active where asset = (select min(asset) from traffic.condition)'], (before, now) => expect(now.differences).toBe(before.differences + 1)],
    ['an outcome counted too often', ['update traffic.consumed set stored = stored + 1, entries = entries + 1 where partition = (select min(partition) from traffic.consumed)'], (before, now) => expect(now.differences).toBe(before.differences + 1)],
    ['a lost row of the other domain', ['delete from pollution.reading where (tableoid, ctid) in (select tableoid, ctid from pollution.reading order by channel_id, observed_at limit 1)'], (before, now) => expect(now.unaccounted).toBe(before.unaccounted + 1)],
    ['something where nothing was measured', ['update pollution.reading set o3_ug_m3 = 0 where (tableoid, ctid) in (select tableoid, ctid from pollution.reading limit 1)'], (before, now) => expect(now.differences).toBe(before.differences + 1)],
    ['rain that did not add up', ['update pollution.reading_1h set precipitation_mm_sum = precipitation_mm_sum / 2 where (tableoid, ctid) in (select tableoid, ctid from pollution.reading_1h limit 1)'], (before, now) => expect(now.differences).toBe(before.differences + 1)],
    ['an alarm that stands still', ['update alerts.alarm set condition_seq = condition_seq - 1 where alarm_id = (select min(alarm_id) from alerts.alarm)'], (before, now) => expect(now.differences).toBe(before.differences + 1)],
  ])('finds %s', async (_, statements, check) => {
    const { before, now } = await after(...statements);
    check(before, now);
  }, 60_000);
});
