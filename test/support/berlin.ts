/**
 * The second way of computing what three days of Berlin must become: SQL straight over the city's own file.
 *
 * It shares nothing with the replay or the consumer: COPY reads the lines, PostgreSQL knows the time zone, and
 * congestion is "the last decisive hour", not a fold. Differences come back as rows, so an empty list is a proof.
 */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

export interface SecondWay {
  /** Rows of the file for the days asked for. */
  expectedRows(): Promise<number>;
  storedRows(): Promise<number>;
  /** Rows whose classes add up to more than the total. */
  contradictory(): Promise<{ expected: number; stored: number }>;
  /** Rows that are missing, too many, or have another value, at most 20. */
  rowDifferences(): Promise<unknown[]>;
  /** Sums of vehicles and classes and flow-weighted speed by station and day, against the aggregates of a day. */
  dayDifferences(): Promise<unknown[]>;
  dayFigures(): Promise<unknown[]>;
  /** The same against the aggregates of an hour. */
  hourDifferences(): Promise<unknown[]>;
  freeFlowDifferences(): Promise<unknown[]>;
  /** Station-hours in congestion that only one of the two ways has. */
  congestionDifferences(): Promise<unknown[]>;
  congestedHours(): Promise<{ expected: number; stations: number; changes: number }>;
  close(): Promise<void>;
}

export interface SecondWayPlan {
  readonly adminUrl: string;
  /** The folder with the city's files. */
  readonly folder: string;
  readonly monthFile: string;
  /** First day and the day after the last, on the clock of Berlin. */
  readonly from: string;
  readonly to: string;
  /** Bit of the flag for contradictory classes. */
  readonly contradictionBit: number;
}

export async function secondWay(plan: SecondWayPlan): Promise<SecondWay> {
  const client = new pg.Client({ connectionString: plan.adminUrl });
  await client.connect();
  await client.query(tables);
  await pipeline(createReadStream(join(plan.folder, plan.monthFile)), createGunzip(), client.query(copyFrom(`copy raw from stdin (format csv, header true, delimiter ';')`)));
  await pipeline(createReadStream(join(plan.folder, 'detectors.csv')), client.query(copyFrom('copy detector from stdin (format csv, header true)')));
  await client.query(expected(plan));
  await client.query('analyze wanted');

  const rows = async (sql: string): Promise<Record<string, unknown>[]> => (await client.query(sql)).rows as Record<string, unknown>[];
  const number = async (sql: string): Promise<number> => Number(Object.values((await rows(sql))[0]!)[0]);
  return {
    expectedRows: () => number('select count(*) from wanted'),
    storedRows: () => number('select count(*) from stored'),
    contradictory: async () => ({
      expected: await number('select count(*) from wanted where contradictory'),
      stored: await number(`select count(*) from stored where flags & ${plan.contradictionBit} <> 0`),
    }),
    rowDifferences: () => rows(rowDifferences(plan.contradictionBit)),
    dayDifferences: () => rows(dayDifferences),
    dayFigures: () => rows(dayFigures),
    hourDifferences: () => rows(hourDifferences),
    freeFlowDifferences: () => rows(freeFlowDifferences),
    congestionDifferences: () => rows(`${congestion} select coalesce(e.device, d.device) as device, coalesce(e.observed_at, d.observed_at) as observed_at, e.device is not null as expected from judged e full join found d using (device, observed_at) where e.device is null or d.device is null limit 20`),
    async congestedHours() {
      const [row] = await rows(`${congestion} select count(*)::int as expected, count(distinct device)::int as stations, (select count(*)::int from traffic.condition_change) as changes from judged`);
      return row as { expected: number; stations: number; changes: number };
    },
    close: () => client.end(),
  };
}

const tables = `
  create temp table raw (mq_name text, tag text, stunde int, qualitaet numeric, q_kfz int, v_kfz int, q_pkw int, v_pkw int, q_lkw int, v_lkw int);
  create temp table detector (mq text, det text, det_id text, mq_id text, street text, position text, detail text, direction text, lane text, note text, longitude text, latitude text, removed text);
`;

function expected({ from, to, contradictionBit: _ }: SecondWayPlan): string {
  return `
    create temp table hours as
      select 'berlin-' || mq_name as device, mq_name, to_date(tag, 'DD.MM.YYYY') as day, stunde,
             (to_date(tag, 'DD.MM.YYYY') + make_interval(hours => stunde)) at time zone 'Europe/Berlin' as observed_at,
             nullif(q_kfz, -1) as count, nullif(v_kfz, -1) as speed, nullif(q_pkw, -1) as car, nullif(q_lkw, -1) as truck
        from raw;
    create temp table wanted as
      select *, coalesce(car, 0) + coalesce(truck, 0) > count as contradictory from hours where day >= '${from}' and day < '${to}';
    create temp view stored as
      select c.device, r.* from traffic.reading r join traffic.channel c on c.id = r.channel_id where c.device like 'berlin-%';
    -- The 85th percentile of the night's speeds: the smallest that at least 85 % do not exceed.
    create temp table free_flow as
      select device, mq_name, percentile_disc(0.85) within group (order by speed) as kmh
        from hours where (stunde >= 22 or stunde < 5) and speed is not null group by device, mq_name;
    create temp table station as
      select w.device, case when exists (select from detector d where d.mq in (w.mq_name, regexp_replace(w.mq_name, 'n$', '')) and d.street ~ '^A ?[0-9]') then 'motorway' else 'arterial' end as road_class
        from (select distinct device, mq_name from wanted) w;
  `;
}

function rowDifferences(bit: number): string {
  return `
    select coalesce(w.device, s.device) as device, coalesce(w.observed_at, s.observed_at) as observed_at, w.count, s.count as stored_count, w.speed, s.speed_kmh, s.revision
      from wanted w full join stored s using (device, observed_at)
     where (w.count, w.speed::real, w.car, w.truck, w.contradictory, 3600, 0::int2)
           is distinct from (s.count, s.speed_kmh, s.car, s.truck, s.flags & ${bit} <> 0, s.period_s, s.revision)
        or num_nonnulls(s.motorcycle, s.bus, s.trailer, s.bicycle, s.other, s.occupancy, s.length_m) > 0
     limit 20`;
}

const sums = `count(*) as n, sum(count) as count, sum(car) as car, sum(truck) as truck,
  sum(count * speed) filter (where speed is not null)::float8 / nullif(sum(count) filter (where speed is not null), 0) as speed`;

const dayDifferences = `
  with e as (select device, day, ${sums} from wanted group by device, day),
       d as (select c.device, (a.bucket at time zone 'Europe/Berlin')::date as day, (a.bucket at time zone 'Europe/Berlin')::time as begins, a.* from traffic.reading_1d a join traffic.channel c on c.id = a.channel_id where c.device like 'berlin-%')
  select coalesce(e.device, d.device) as device, coalesce(e.day, d.day) as day, e.n, d.n_observed, e.count, d.count as stored, e.speed, d.speed_sum / nullif(d.speed_weight, 0) as stored_speed
    from e full join d using (device, day)
   where (e.n, e.count, e.car, e.truck, e.n * 3600, 0, time '00:00') is distinct from (d.n_observed, d.count, d.car, d.truck, d.observed_s, d.n_imputed, d.begins)
      or e.speed is null <> (coalesce(d.speed_weight, 0) = 0) or abs(e.speed - d.speed_sum / nullif(d.speed_weight, 0)) > 1e-9
   limit 20`;

const hourDifferences = `
  with d as (select c.device, a.bucket as observed_at, a.* from traffic.reading_1h a join traffic.channel c on c.id = a.channel_id where c.device like 'berlin-%')
  select coalesce(e.device, d.device) as device, observed_at, e.count, d.count as stored
    from wanted e full join d using (device, observed_at)
   where (1, e.count, e.car, e.truck, 3600, (e.count * e.speed)::float8) is distinct from (d.n_observed, d.count, d.car, d.truck, d.observed_s, d.speed_sum)
   limit 20`;

const dayFigures = `
  select day::text, count(*)::int as rows, sum(count)::int as vehicles, sum(car)::int as cars, sum(truck)::int as lorries,
         round((sum(count * speed) filter (where speed is not null))::numeric / sum(count) filter (where speed is not null), 3)::float8 as "speedKmh"
    from wanted group by day order by day`;

const freeFlowDifferences = `
  select s.device, f.kmh, a.free_flow_kmh, s.road_class, a.road_class as registered
    from station s left join free_flow f using (device) left join registry.asset a on a.id = s.device
   where (f.kmh::float8, s.road_class) is distinct from (a.free_flow_kmh, a.road_class) limit 20`;

/**
 * An hour is decisive when its speed lies below the share to enter or above the share to leave; a station is congested
 * in an hour when its last decisive hour so far was one below.
 */
const congestion = `
  with limits as (
    select key as road_class, (value->>'enterBelowShare')::float8 as enter_below, (value->>'clearAboveShare')::float8 as clear_above from registry.dated_row where kind = 'traffic.congestion'
  ), decided as (
    select w.device, w.observed_at, case when w.speed < l.enter_below * f.kmh then true when w.speed > l.clear_above * f.kmh then false end as low
      from wanted w join station using (device) join limits l using (road_class) join free_flow f using (device)
  ), numbered as (
    select *, count(low) over (partition by device order by observed_at) as decisive from decided
  ), judged as (
    select device, observed_at from (select device, observed_at, first_value(low) over (partition by device, decisive order by observed_at) as low from numbered where decisive > 0) j where low
  ), found as (
    select s.device, s.observed_at from stored s join lateral (
      select state from traffic.condition_change c where c.asset = s.device and c.observed_at <= s.observed_at order by c.seq desc limit 1
    ) last on last.state = 'active'
  )`;
