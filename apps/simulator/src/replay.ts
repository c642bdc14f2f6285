/**
 * `npm run replay -- traffic-berlin --from 2023-03-01 --days 3 --speed 3600`: plays recorded days through the MQTT door.
 *
 * The stations are registered by the import door first, as devices marked `replay` behind one gateway. Breaking off and
 * starting again is harmless: the same readings are counted as repeated.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { mqttTopic, type Gateway } from '#contracts';
import { port, runCommand, text, type Command } from '#service';
import { z } from 'zod';
import { berlinSource, deviceOf, readingOf, registrationOf, stationHours, stationPlaces, type BadLine, type StationHour } from './berlin.js';
import { importFiles, secretsIn } from './import-door.js';
import { Link } from './link.js';
import { showProgress } from './progress.js';
import { writeRegistration } from './registration-files.js';

const settings = z.object({
  NHIP_DATA: text('the folder of recorded data').default('../shared/data'),
  MQTT_PORT: port().default(18830),
  API_PORT: port().default(18000),
});

const gateway: Gateway = { id: 'replay-berlin', nameVi: 'Phát lại: giao thông Berlin', nameEn: 'Replay: Berlin traffic', asset: null };
/** Messages on their way at once; the door may allow fewer. */
const window = 500;
const daysMax = 31;
const badLinesShown = 20;
/** A replay that nobody acknowledges for so long tells of it and goes on trying. */
const pauseMsMax = 5_000;
const stopDeadlineMs = 5_000;
/** For ingest to hear of the new secret. */
const registryMs = 1_000;

const usage = 'expected: npm run replay -- traffic-berlin --from 2023-03-01 --days 3 [--speed 3600 | --speed 0 for as fast as possible] [--url mqtt://host:port]';

interface Options {
  readonly from: string;
  readonly days: number;
  /** Recorded seconds in one second; 0: as fast as the door takes them. */
  readonly speed: number;
  readonly url: string | null;
}

interface Recording {
  /** Of the days asked for, in the order of time. */
  readonly rows: readonly StationHour[];
  /** Of the whole months these days lie in: free flow needs their nights. */
  readonly months: readonly StationHour[];
  readonly bad: readonly (BadLine & { readonly file: string })[];
  readonly detectors: string;
}

void runCommand({ name: 'replay', config: settings, run });

async function run(config: z.infer<typeof settings>, command: Command): Promise<number> {
  const options = optionsFrom(command.args);
  const recording = await load(resolve(config.NHIP_DATA, 'traffic-berlin'), options, command);
  if (recording === null) return 1;
  const { rows, bad } = recording;
  command.print(`${rows.length} station hours of ${new Set(rows.map((row) => row.station)).size} stations, ${options.days} days from ${options.from}.`);
  for (const { file, line, reason } of bad.slice(0, badLinesShown)) command.complain(`${file} line ${line} is left out: ${reason}`);
  if (bad.length > badLinesShown) command.complain(`… and ${bad.length - badLinesShown} more lines are left out`);
  if (rows.length === 0) return 1;

  const secret = await register(recording, command);
  const link = new Link({ url: options.url ?? `mqtt://127.0.0.1:${config.MQTT_PORT}`, client: gateway.id, secret, protocolVersion: 5, window, bufferMax: 2 * window, pauseMsMax, onTrouble: (trouble) => command.complain(`\n${trouble}; trying again`) });
  await sleep(registryMs);
  link.connect();
  const startedMs = Date.now();
  await play(rows, options.speed, link);
  await link.stop(stopDeadlineMs);
  report(rows, link, Date.now() - startedMs, command, config.API_PORT);
  return link.counts.refused === 0 ? 0 : 1;
}

async function play(rows: readonly StationHour[], speed: number, link: Link): Promise<void> {
  const progress = showProgress('replay');
  const [firstMs, startedMs] = [rows[0]!.observedAtMs, Date.now()];
  const show = (done: number, at: StationHour): void => progress.show(done, rows.length, `${at.localDay} ${String(at.localHour).padStart(2, '0')}:00 in Berlin, ${link.counts.acknowledged} acknowledged`);
  for (const [index, row] of rows.entries()) {
    const dueMs = speed === 0 ? 0 : startedMs + (row.observedAtMs - firstMs) / speed;
    if (dueMs > Date.now()) await sleep(dueMs - Date.now());
    await link.atMost(window);
    link.publish(mqttTopic('traffic', deviceOf(row.station), 'readings'), JSON.stringify(readingOf(row)));
    show(index + 1, row);
  }
  await link.atMost(0);
  show(rows.length, rows.at(-1)!);
  progress.end();
}

/** Null, with a sentence printed, where the recording is missing. */
async function load(folder: string, { from, days }: Options, { complain }: Command): Promise<Recording | null> {
  const wanted = localDays(from, days);
  const files = [...new Set(wanted.map((day) => `mq_hr_${day.slice(0, 4)}_${day.slice(5, 7)}.csv.gz`))];
  const missing = [...files, 'detectors.csv'].filter((file) => !existsSync(join(folder, file)));
  if (missing.length > 0) {
    complain(`${missing.join(', ')} not found in ${folder}: set NHIP_DATA to the folder that holds traffic-berlin, or fetch them from ${berlinSource}.`);
    return null;
  }
  const parsed = await Promise.all(files.map(async (file) => ({ file, ...stationHours(gunzipSync(await readFile(join(folder, file))).toString('utf8')) })));
  const months = parsed.flatMap(({ rows }) => rows);
  const played = new Set(wanted);
  const rows = months.filter((row) => played.has(row.localDay)).sort((a, b) => a.observedAtMs - b.observedAtMs || (a.station < b.station ? -1 : 1));
  const bad = parsed.flatMap(({ file, bad }) => bad.map((line) => ({ file, ...line })));
  return { rows, months, bad, detectors: await readFile(join(folder, 'detectors.csv'), 'utf8') };
}

/** Registers through `npm run import`, and hands back a new secret of the gateway. */
async function register({ rows, months, detectors }: Recording, command: Command): Promise<string> {
  const played = new Set(rows.map((row) => row.station));
  const { assets, devices } = registrationOf(months.filter((row) => played.has(row.station)), stationPlaces(detectors), gateway.id);
  const folder = await mkdtemp(join(tmpdir(), 'replay-'));
  try {
    const files = await writeRegistration(folder, { assets, devices, gateways: [gateway] });
    const secrets = join(folder, 'secrets.json');
    // The gateway alone gets a new secret each time: so none has to be kept, and the one before stays in force beside it.
    await importFiles(['--assets', files.assets, '--gateways', files.gateways!, '--rotate-secrets', '--secrets-out', secrets]);
    await importFiles(['--devices', files.devices, '--secrets-out', join(folder, 'unused.json')]);
    command.print(`${assets.length} stations are registered, as devices marked replay behind the gateway ${gateway.id}.`);
    const secret = (await secretsIn(secrets))?.get(gateway.id);
    if (secret === undefined) throw new Error(`the import gave no secret for ${gateway.id}: is it revoked?`);
    return secret;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function report(rows: readonly StationHour[], link: Link, tookMs: number, { print }: Command, apiPort: number): void {
  const { counts } = link;
  const line = (name: string, value: number): string => `  ${name.padEnd(14)}${String(value).padStart(8)}`;
  print(`\n  day           station hours   vehicles`);
  for (const day of [...new Set(rows.map((row) => row.localDay))]) {
    const ofDay = rows.filter((row) => row.localDay === day);
    print(`  ${day}${String(ofDay.length).padStart(17)}${String(ofDay.reduce((sum, row) => sum + (row.count ?? 0), 0)).padStart(11)}`);
  }
  print(`\n${line('published', counts.published)}\n${line('acknowledged', counts.acknowledged)}\n${line('sent again', counts.sentAgain)}\n${line('refused', counts.refused)}`);
  print(`\nIn ${(tookMs / 1000).toFixed(1)} s. Acknowledged means: safe in Kafka. To see what became of it:`);
  print(`  npm run accounting\n  http://127.0.0.1:${apiPort}/\nThe recording: Geoportal Berlin / Verkehrsdetektion Berlin, CC BY 4.0.`);
}

function optionsFrom(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { from: { type: 'string' }, days: { type: 'string' }, speed: { type: 'string' }, url: { type: 'string' } } });
  if (positionals.length !== 1 || positionals[0] !== 'traffic-berlin') throw new Error(usage);
  const [from, days, speed] = [values.from ?? '2023-03-01', Number(values.days ?? '3'), Number(values.speed ?? '3600')];
  if (!/^20\d\d-\d\d-\d\d$/.test(from)) throw new Error(`--from: expected a day such as 2023-03-01, found ${from}`);
  if (!Number.isInteger(days) || days < 1 || days > daysMax) throw new Error(`--days: expected 1 to ${daysMax}, found ${values.days}`);
  if (!(speed >= 0 && speed <= 1e9)) throw new Error(`--speed: expected recorded seconds per second, 0 for as fast as possible, found ${values.speed}`);
  return { from, days, speed, url: values.url ?? null };
}

/** Days on the clock of Berlin, each of 23, 24 or 25 hours. */
function localDays(from: string, days: number): string[] {
  const [year, month, day] = from.split('-').map(Number) as [number, number, number];
  const wanted = Array.from({ length: days }, (_, index) => new Date(Date.UTC(year, month - 1, day + index)).toISOString().slice(0, 10));
  if (wanted[0] !== from) throw new Error(`--from: ${from} is not in the calendar`);
  return wanted;
}
