/**
 * `npm run bench -- space`: what a value costs on the disk, without compression, in the real table with all that says
 * where a reading came from, its indexes included: rows of 6 values, and of 3 beside it.
 */
import { startCity, type City } from '../support/city.js';
import { loadCity } from '../support/bench-city.js';
import { say } from './report.js';

const rows = 1_000_000;
const devices = 1_000;
const gib = 1024 ** 3;
/** Bar: GiB for 1e9 values in rows of 6. */
const gibMax = 30;

export async function benchSpace(): Promise<Record<string, unknown>> {
  const city = await startCity(loadCity({ prefix: 'space', devices: 1, devicesPerGateway: 0 }));
  try {
    const six = await gibPerThousandMillionValues(city, 6);
    const three = await gibPerThousandMillionValues(city, 3);
    const [{ license }] = (await city.db.query(`select current_setting('timescaledb.license') as license`)) as [{ license: string }];
    const result = { rows, gibPer1e9ValuesOf6: six, gibPer1e9ValuesOf3: three, license, compression: license === 'timescale' ? 'switched on at the next start' : 'not in this edition' };
    say(`1e9 values: ${six} GiB in rows of 6, ${three} GiB in rows of 3 (licence ${license}: compression ${result.compression})`);
    return { ...result, failures: six > gibMax ? [`${six} GiB for 1e9 values, expected at most ${gibMax}`] : [] };
  } finally {
    await city.stop();
  }
}

/** Rows come as they do in life, moment by moment over all devices: half-filled index pages are part of the price. */
async function gibPerThousandMillionValues({ db }: City, values: 3 | 6): Promise<number> {
  await db.query('truncate traffic.reading');
  const more = values === 6 ? ['4.2', '(n * 7 % 90)::int4', '(n * 3 % 40)::int4'] : ['null', 'null', 'null'];
  await db.query(
    `insert into traffic.reading (observed_at, received_at, channel_id, publisher_id, period_s, revision, flags, count, speed_kmh, occupancy, length_m, motorcycle, car)
     select '2026-03-02T00:00:00Z'::timestamptz + make_interval(mins => n / ${devices}), '2026-03-02T00:01:00.123Z'::timestamptz + make_interval(mins => n / ${devices}),
            1 + n % ${devices}, 1, 60, 0, 0, (n * 11 % 130)::int4, (n % 700) / 10.0, (n % 1000) / 1000.0, ${more.join(', ')}
       from generate_series(0, ${rows} - 1) as n`,
  );
  await db.query('checkpoint');
  const [row] = await db.query(`select sum(pg_total_relation_size(c))::float8 as bytes from show_chunks('traffic.reading') c`);
  return Math.round((row!['bytes'] / (rows * values)) * (1e9 / gib) * 100) / 100;
}
