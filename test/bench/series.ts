/**
 * `npm run bench -- series [--rows 10000000]`: a device's year of minutes as at most 1,000 points, through api, and many
 * rows as CSV while the memory of both processes is watched. The rows are made by SQL; their aggregates by traffic itself.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { segmentAsset, trafficDevice } from '../support/traffic-storage.js';
import { startCity, type City } from '../support/city.js';
import { say, table } from './report.js';

const yearRows = 525_600;
const rowsPerDevice = 500_000;
const toMs = Math.floor(Date.now() / 86_400_000) * 86_400_000;
const fromMs = toMs - yearRows * 60_000;
const requests = 40;
/** Bars. */
const pointsMsMax = 150;
const growthMibMax = 50;

export async function benchSeries({ rows }: { readonly rows: number }): Promise<Record<string, unknown>> {
  const many = Array.from({ length: Math.ceil(rows / rowsPerDevice) }, (_, n) => `many-${String(n).padStart(4, '0')}`);
  const city = await startCity({
    assets: [segmentAsset('street')],
    gateways: [],
    devices: ['year-0001', ...many].map((device) => trafficDevice(device, 'street')),
    apps: ['api', 'traffic'],
    env: { traffic: { RETENTION_ROWS_DAYS: '3650' }, api: { API_PERSON_PER_MINUTE: '1000000' } },
  });
  try {
    await makeRows(city, 'year-0001', yearRows, true);
    if (!(await city.untilDrained(240_000))) throw new Error('aggregates were not made within 240 s');
    say(`a year of minutes: ${yearRows} rows and their aggregates are there`);
    const points = await measurePoints(city);
    for (const [n, device] of many.entries()) await makeRows(city, device, Math.min(rowsPerDevice, rows - n * rowsPerDevice), false);
    await city.db.query('analyze traffic.reading');
    say(`${rows} rows more, of ${many.length} devices`);
    const csv = await measureCsv(city, many, rows);
    const failures = [
      ...points.filter(({ bar, p50 }) => bar && p50 > pointsMsMax).map(({ name, p50 }) => `${name}: ${p50} ms, expected at most ${pointsMsMax}`),
      ...(csv.rows === rows ? [] : [`${csv.rows} rows came, expected ${rows}`]),
      ...Object.entries(csv.growthMib).filter(([, mib]) => mib > growthMibMax).map(([app, mib]) => `${app} grew by ${mib} MiB, expected at most ${growthMibMax}`),
    ];
    return { points, csv, failures };
  } finally {
    await city.stop();
  }
}

async function makeRows({ db }: City, device: string, rows: number, aggregated: boolean): Promise<void> {
  await db.query(`insert into traffic.channel (device, channel, ordinal) values ($1, '', 0)`, [device]);
  await db.query(
    `insert into traffic.reading (observed_at, received_at, channel_id, publisher_id, period_s, revision, flags, count, speed_kmh, occupancy, motorcycle, car)
     select $2::timestamptz + make_interval(mins => n), $2::timestamptz + make_interval(mins => n + 1), c.id, null, 60, 0, 0, n % 97, (n % 700) / 10.0, (n % 1000) / 1000.0, n % 61, n % 31
       from traffic.channel c, generate_series(0, $3 - 1) as n where c.device = $1`,
    [device, new Date(fromMs).toISOString(), rows],
  );
  // As a round of late readings would note it.
  if (aggregated) await db.query(`insert into traffic.invalidation (level, from_at, to_at, channel_ids) select 1, $2, $3, array[id] from traffic.channel where device = $1`, [device, new Date(fromMs).toISOString(), new Date(toMs - 1).toISOString()]);
}

interface Points {
  readonly name: string;
  readonly rows: number;
  readonly firstMs: number;
  readonly p50: number;
  readonly p95: number;
  readonly bar: boolean;
}

async function measurePoints(city: City): Promise<Points[]> {
  const year = `device=year-0001&from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`;
  const results: Points[] = [];
  for (const [name, query, bar] of [
    ['a year, at most 1,000 points, all metrics', year, true],
    ['a year, at most 1,000 points, one metric', `${year}&metric=speedKmh`, true],
    ['a year by the hour (8,760 points), one metric', `${year}&metric=speedKmh&bucket=1h`, false],
    ['a day of rows (1,440), all metrics', `device=year-0001&from=${new Date(toMs - 86_400_000).toISOString()}&to=${new Date(toMs).toISOString()}&bucket=raw`, false],
  ] as const) {
    const ms: number[] = [];
    let rows = 0;
    for (let n = 0; n < requests; n++) {
      const since = performance.now();
      const answer = await ask(city, `/v1/series?${query}`);
      const { series } = (await answer.json()) as { series: { rows: unknown[] }[] };
      ms.push(performance.now() - since);
      rows = series[0]!.rows.length;
    }
    const [first] = ms;
    const sorted = ms.slice(1).sort((a, b) => a - b);
    const at = (share: number): number => Math.round(sorted[Math.floor(share * (sorted.length - 1))]! * 10) / 10;
    results.push({ name, rows, firstMs: Math.round(first!), p50: at(0.5), p95: at(0.95), bar });
  }
  table(results.map(({ name, rows, firstMs, p50, p95 }) => [name, `${rows} rows: ${p50} / ${p95} ms (p50 / p95 of ${requests - 1}; the first ${firstMs} ms)`]));
  return results;
}

async function measureCsv(city: City, devices: readonly string[], expected: number): Promise<{ rows: number; mib: number; seconds: number; rowsPerS: number; rssMib: Record<string, number[]>; growthMib: Record<string, number> }> {
  const apps = ['traffic', 'api'] as const;
  const pids = await city.pids();
  const rssMib: Record<string, number[]> = { traffic: [], api: [] };
  const look = (): void => apps.forEach((app) => rssMib[app]!.push(rssOf(pids[app]!)));
  // A first small export, so that what is loaded once is not counted.
  await (await ask(city, `/v1/series?device=year-0001&from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}&bucket=raw&format=csv`)).arrayBuffer();
  const since = performance.now();
  let done = false;
  const watching = (async () => {
    for (; !done; await sleep(1_000)) look();
  })();
  const answer = await ask(city, `/v1/series?${devices.map((device) => `device=${device}`).join('&')}&from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}&bucket=raw&format=csv`);
  let rows = -1; // The head is none.
  let bytes = 0;
  for await (const piece of answer.body!) {
    bytes += piece.length;
    for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) rows++;
  }
  const seconds = (performance.now() - since) / 1_000;
  done = true;
  await watching;
  const growthMib = Object.fromEntries(apps.map((app) => [app, growth(rssMib[app]!)]));
  say(`CSV: ${rows} of ${expected} rows, ${Math.round(bytes / 1_048_576)} MiB in ${seconds.toFixed(1)} s: ${Math.round(rows / seconds)} rows/s`);
  table(apps.map((app) => [`memory of ${app}, MiB`, `${everyNth(rssMib[app]!, 12).join(' ')} (grew by ${growthMib[app]} after the first tenth)`]));
  return { rows, mib: Math.round(bytes / 1_048_576), seconds: Math.round(seconds * 10) / 10, rowsPerS: Math.round(rows / seconds), rssMib, growthMib };
}

async function ask(city: City, path: string): Promise<Response> {
  const answer = await fetch(`http://127.0.0.1:${city.apiPort}${path}`, { headers: { authorization: `Bearer ${city.token}` } });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}

function rssOf(pid: number): number {
  return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024);
}

/** The most after the first tenth, against the most within it. */
function growth(mib: readonly number[]): number {
  const tenth = Math.max(1, Math.ceil(mib.length / 10));
  return Math.max(0, Math.max(...mib.slice(tenth), 0) - Math.max(...mib.slice(0, tenth)));
}

function everyNth(values: readonly number[], count: number): number[] {
  const step = Math.max(1, Math.ceil(values.length / count));
  return values.filter((_, index) => index % step === 0);
}
