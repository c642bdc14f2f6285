/**
 * `npm run replay -- traffic-berlin --from 2023-03-01 --days 3 --speed 3600`: plays recorded days through the MQTT door.
 *
 * The stations are registered by the import door first, as devices marked `replay` behind one gateway. Breaking off and
 * starting again is harmless: the same readings are counted as repeated.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { mqttTopic } from '#contracts';
import { port, runCommand, text, type Command } from '#service';
import { z } from 'zod';
import { trafficBerlin } from './berlin-recording.js';
import { airHanoi } from './hanoi-air-recording.js';
import { importFiles, secretsIn } from './import-door.js';
import { Link } from './link.js';
import { showProgress } from './progress.js';
import type { DataSet, RecordedMessage, Recording, Span } from './recording.js';
import { writeRegistration } from './registration-files.js';

const settings = z.object({
  NHIP_DATA: text('the folder of recorded data').default('../shared/data'),
  MQTT_PORT: port().default(18830),
  API_PORT: port().default(18000),
});

const dataSets: Readonly<Record<string, DataSet>> = { 'traffic-berlin': trafficBerlin, 'air-hanoi': airHanoi };

/** Messages on their way at once; the door may allow fewer. */
const window = 500;
const badLinesShown = 20;
/** A replay that nobody acknowledges for so long tells of it and goes on trying. */
const pauseMsMax = 5_000;
const stopDeadlineMs = 5_000;
/** For ingest to hear of the new secret. */
const registryMs = 1_000;

const usage = `expected: npm run replay -- ${Object.keys(dataSets).join(' | ')} [--from 2023-03-01] [--days 3] [--speed 3600 | --speed 0 for as fast as possible] [--url mqtt://host:port]`;

interface Options {
  readonly name: string;
  readonly dataSet: DataSet;
  readonly span: Span;
  /** Recorded seconds in one second; 0: as fast as the door takes them. */
  readonly speed: number;
  readonly url: string | null;
}

void runCommand({ name: 'replay', config: settings, run });

async function run(config: z.infer<typeof settings>, command: Command): Promise<number> {
  const { name, dataSet, span, speed, url } = optionsFrom(command.args);
  const folder = resolve(config.NHIP_DATA, name);
  const missing = dataSet.files(span).filter((file) => !existsSync(join(folder, file)));
  if (missing.length > 0) {
    command.complain(`${missing.join(', ')} not found in ${folder}: set NHIP_DATA to the folder that holds ${name}, or fetch them from ${dataSet.source}.`);
    return 1;
  }
  const recording = await dataSet.load(folder, span);
  const { messages, bad } = recording;
  command.print(recording.summary);
  for (const { file, line, reason } of bad.slice(0, badLinesShown)) command.complain(`${file} line ${line} is left out: ${reason}`);
  if (bad.length > badLinesShown) command.complain(`… and ${bad.length - badLinesShown} more lines are left out`);
  if (messages.length === 0) return 1;

  const secret = await register(recording, dataSet, command);
  const link = new Link({ url: url ?? `mqtt://127.0.0.1:${config.MQTT_PORT}`, client: dataSet.gateway.id, secret, protocolVersion: 5, window, bufferMax: 2 * window, pauseMsMax, onTrouble: (trouble) => command.complain(`\n${trouble}; trying again`) });
  await sleep(registryMs);
  link.connect();
  const startedMs = Date.now();
  await play(messages, dataSet, speed, link);
  await link.stop(stopDeadlineMs);
  report(recording, dataSet, link, Date.now() - startedMs, command, config.API_PORT);
  return link.counts.refused === 0 ? 0 : 1;
}

async function play(messages: readonly RecordedMessage[], { domain }: DataSet, speed: number, link: Link): Promise<void> {
  const progress = showProgress('replay');
  const [firstMs, startedMs] = [messages[0]!.atMs, Date.now()];
  const show = (done: number, { clock }: RecordedMessage): void => progress.show(done, messages.length, `${clock}, ${link.counts.acknowledged} acknowledged`);
  for (const [index, message] of messages.entries()) {
    const dueMs = speed === 0 ? 0 : startedMs + (message.atMs - firstMs) / speed;
    if (dueMs > Date.now()) await sleep(dueMs - Date.now());
    await link.atMost(window);
    link.publish(mqttTopic(domain, message.device, 'readings'), JSON.stringify(message.reading));
    show(index + 1, message);
  }
  await link.atMost(0);
  show(messages.length, messages.at(-1)!);
  progress.end();
}

/** Registers through `npm run import`, and hands back a new secret of the gateway. */
async function register({ registration }: Recording, { gateway }: DataSet, command: Command): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'replay-'));
  try {
    const files = await writeRegistration(folder, { ...registration, gateways: [gateway] });
    const secrets = join(folder, 'secrets.json');
    // The gateway alone gets a new secret each time: so none has to be kept, and the one before stays in force beside it.
    await importFiles(['--assets', files.assets, '--gateways', files.gateways!, '--rotate-secrets', '--secrets-out', secrets]);
    await importFiles(['--devices', files.devices, '--secrets-out', join(folder, 'unused.json')]);
    command.print(`Registered, as devices marked replay behind the gateway ${gateway.id}: ${registration.devices.length}.`);
    const secret = (await secretsIn(secrets))?.get(gateway.id);
    if (secret === undefined) throw new Error(`the import gave no secret for ${gateway.id}: is it revoked?`);
    return secret;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function report(recording: Recording, { licence }: DataSet, link: Link, tookMs: number, { print }: Command, apiPort: number): void {
  const { counts } = link;
  const line = (name: string, value: number): string => `  ${name.padEnd(14)}${String(value).padStart(8)}`;
  print(`\n${recording.report.join('\n')}`);
  print(`\n${line('published', counts.published)}\n${line('acknowledged', counts.acknowledged)}\n${line('sent again', counts.sentAgain)}\n${line('refused', counts.refused)}`);
  print(`\nIn ${(tookMs / 1000).toFixed(1)} s. Acknowledged means: safe in Kafka. To see what became of it:`);
  print(`  npm run accounting\n  http://127.0.0.1:${apiPort}/\nThe recording: ${licence}.`);
}

function optionsFrom(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { from: { type: 'string' }, days: { type: 'string' }, speed: { type: 'string' }, url: { type: 'string' } } });
  const name = positionals[0] ?? '';
  if (positionals.length !== 1 || !Object.hasOwn(dataSets, name)) throw new Error(usage);
  const dataSet = dataSets[name]!;
  const speed = Number(values.speed ?? '3600');
  if (!(speed >= 0 && speed <= 1e9)) throw new Error(`--speed: expected recorded seconds per second, 0 for as fast as possible, found ${values.speed}`);
  return { name, dataSet, span: spanOf(values.from ?? dataSet.fromDefault, values.days ?? dataSet.daysDefault, dataSet.daysMax), speed, url: values.url ?? null };
}

function spanOf(from: string | null, days: string | number | null, daysMax: number): Span {
  if (from === null && days === null) return null;
  if (from === null || !/^20\d\d-\d\d-\d\d$/.test(from)) throw new Error(`--from: expected a day such as 2023-03-01, found ${from ?? 'none'}`);
  const count = Number(days ?? '1');
  if (!Number.isInteger(count) || count < 1 || count > daysMax) throw new Error(`--days: expected 1 to ${daysMax}, found ${days}`);
  const [year, month, day] = from.split('-').map(Number) as [number, number, number];
  const wanted = Array.from({ length: count }, (_, index) => new Date(Date.UTC(year, month - 1, day + index)).toISOString().slice(0, 10));
  if (wanted[0] !== from) throw new Error(`--from: ${from} is not in the calendar`);
  return wanted;
}
