/**
 * The simulated town as a process: a fleet of detectors that speak MQTT like real ones.
 *
 * Everything it sends follows from seed and time, so a second run with the same seed repeats the same readings.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, startService, type Service } from '#service';
import { z } from 'zod';
import { simulatorConfiguration, type SimulatorConfiguration } from './configuration.js';
import { registrationOf, startFleet, type Fleet } from './fleet.js';
import { importFiles, secretsIn } from './import-door.js';
import { simulatorOptions, simulatorUsage, type SimulatorOptions } from './options.js';
import { showProgress } from './progress.js';
import { writeRegistration } from './registration-files.js';

const stopDeadlineMs = 3_000;
const reportEveryMs = 60_000;

const [first, ...rest] = process.argv.slice(2);
if (first === '--help') console.log(simulatorUsage);
else if (first === 'describe' || first === 'register') void runCommand({ name: `simulator ${first}`, config: z.object({}), run: (_, { print }) => describe(rest, first === 'register', print) });
else void startService({ name: 'simulator', config: simulatorConfiguration, start: run });

async function run(config: SimulatorConfiguration, service: Service): Promise<void> {
  const options = simulatorOptions(process.argv.slice(2));
  const fleet = startFleet(options, {
    url: config.MQTT_URL ?? `mqtt://127.0.0.1:${config.MQTT_PORT}`,
    secrets: await secretsFrom(config.SIMULATOR_SECRETS_FILE),
    onTrouble: (trouble) => service.log.warn({ trouble }, 'device in trouble'),
  });
  service.onStop('fleet', () => fleet.stop(stopDeadlineMs));
  const report = setInterval(() => service.log.info(fleet.counts(), 'fleet'), reportEveryMs);
  service.onStop('report', () => clearInterval(report));
  void play(fleet, options, service).catch((error: unknown) => service.crash(error, 'fleet failed'));
}

async function play(fleet: Fleet, options: SimulatorOptions, service: Service): Promise<void> {
  if (options.backfillMs > 0) {
    const progress = showProgress('backlog', (progress) => service.log.info({ progress }, 'backlog'));
    await fleet.backfill(Date.now() - options.backfillMs, (done, all) => progress.show(done, all, `${(done / 3_600_000).toFixed(1)} of ${(all / 3_600_000).toFixed(1)} h, ${fleet.counts().acknowledged} messages acknowledged`));
    progress.end();
    service.log.info(fleet.counts(), 'backlog sent');
  }
  fleet.live();
}

async function secretsFrom(file: string): Promise<Map<string, string>> {
  const secrets = await secretsIn(file);
  if (secrets === null) throw new Error(`${file} cannot be read: make it with the mode register`);
  return secrets;
}

/** Writes what the registry has to know of the town; with `register` also puts it there, and leaves all secrets in `secrets.json`. */
async function describe(args: readonly string[], register: boolean, print: (line: string) => void): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { out: { type: 'string' }, devices: { type: 'string' }, gateways: { type: 'string' } } });
  if (values.out === undefined) throw new Error('--out: expected a folder to write to');
  const numbers = [values.devices === undefined ? [] : ['--devices', values.devices], values.gateways === undefined ? [] : ['--gateways', values.gateways]].flat();
  const registration = registrationOf(simulatorOptions(numbers));
  const { assets, devices, gateways } = await writeRegistration(values.out, registration);
  const secretsFile = join(values.out, 'secrets.json');
  const clients = [...(gateways === null ? [] : ['--gateways', gateways]), '--devices', devices];
  print(`${registration.assets.length} assets, ${registration.devices.length} devices, ${registration.gateways.length} gateways are described in ${values.out}.`);
  if (!register) {
    print(`Register them with:\nnpm run import -- --assets ${assets} ${clients.join(' ')} --secrets-out ${secretsFile}`);
    return 0;
  }
  await importFiles(['--assets', assets, ...clients, '--secrets-out', secretsFile]);
  const known = (await secretsIn(secretsFile)) ?? new Map();
  // Registered earlier, and the file of that time is gone: only a new secret helps.
  const lost = [...registration.devices, ...registration.gateways].filter(({ id }) => !known.has(id)).length;
  if (lost > 0) await importFiles([...clients, '--secrets-out', secretsFile, '--rotate-secrets']);
  print(`They are registered${lost > 0 ? ', with new secrets' : ''}. Play them with SIMULATOR_SECRETS_FILE=${secretsFile}.`);
  return 0;
}
