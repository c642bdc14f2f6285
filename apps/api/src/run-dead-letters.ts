/** `npm run deadletters -- list|show|replay`: what could not be stored, why, and trying it again in its place. */
import { type Command, runCommand } from '#service';
import { parseArgs } from 'node:util';
import { commandConfiguration, forwardUrls } from './configuration.js';
import { type DomainClient, domainClient } from './domain-client.js';

const usage = `npm run deadletters -- list [--domain traffic|pollution|alarms] [--reason R] [--device D] [--all] [--limit 50]
npm run deadletters -- show ID [--domain traffic|pollution|alarms]
npm run deadletters -- replay ID… | --reason R [--domain traffic|pollution|alarms]
  --all      those too that were replayed
  --reason   for replay: every open letter with this reason`;

interface Letter {
  readonly id: number;
  readonly at: string;
  readonly device: string;
  readonly reason: string;
  readonly details: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly replayedAs: string | null;
}

const pageMax = 1_000;

await runCommand({
  name: 'deadletters',
  config: commandConfiguration,
  async run(config, command) {
    const { values, positionals } = parseArgs({
      args: [...command.args],
      allowPositionals: true,
      options: { domain: { type: 'string', default: 'traffic' }, reason: { type: 'string' }, device: { type: 'string' }, all: { type: 'boolean' }, limit: { type: 'string', default: '50' } },
    });
    const client = domainClient(forwardUrls(config), config.INTERNAL_SECRET);
    const [verb, ...ids] = positionals;
    const filter = { reason: values.reason, device: values.device, all: values.all === true ? 'true' : undefined, limit: values.limit };
    if (verb === 'list' && ids.length === 0) return list(client, values.domain, filter, command);
    if (verb === 'show' && ids.length === 1) return show(client, values.domain, ids[0]!, command);
    if (verb === 'replay' && ids.length > 0 !== (values.reason !== undefined)) return replay(client, values.domain, ids, values.reason, command);
    command.complain(usage);
    return 1;
  },
});

async function list(client: DomainClient, domain: string, filter: Record<string, string | undefined>, { print }: Command): Promise<number> {
  const letters = await page(client, domain, filter);
  for (const { id, at, device, reason, details, topic, partition, offset, replayedAs } of letters) {
    print(`${id}  ${at}  ${device || '–'}  ${reason}: ${details}  (${topic}/${partition}@${offset})${replayedAs === null ? '' : `  replayed: ${replayedAs}`}`);
  }
  if (letters.length === 0) print('no dead letters');
  return 0;
}

async function show(client: DomainClient, domain: string, id: string, { print }: Command): Promise<number> {
  print(JSON.stringify(await client.call(domain, 'GET', `dead-letters/${encodeURIComponent(id)}`), null, 2));
  return 0;
}

async function replay(client: DomainClient, domain: string, ids: readonly string[], reason: string | undefined, { print, complain }: Command): Promise<number> {
  let failed = 0;
  for (const id of reason === undefined ? ids : await openIds(client, domain, reason)) {
    try {
      const result = (await client.call(domain, 'POST', `dead-letters/${encodeURIComponent(id)}/replay`)) as Record<string, number> & { refused: { reason: string; details: string }[] };
      const became = ['stored', 'corrected', 'repeated'].filter((name) => result[name]! > 0).map((name) => `${name} ${result[name]}`);
      print([`${id}:`, ...became, ...result.refused.map(({ reason: why, details }) => `refused again, ${why}: ${details}`)].join('  '));
    } catch (error) {
      failed++;
      complain(`${id}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return failed === 0 ? 0 : 1;
}

async function openIds(client: DomainClient, domain: string, reason: string): Promise<string[]> {
  const ids: string[] = [];
  for (let before: number | undefined; ; ) {
    const letters = await page(client, domain, { reason, limit: String(pageMax), beforeId: before === undefined ? undefined : String(before) });
    ids.push(...letters.map(({ id }) => String(id)));
    if (letters.length < pageMax) return ids.reverse(); // Oldest first, in the order of their arrival.
    before = letters.at(-1)!.id;
  }
}

async function page(client: DomainClient, domain: string, filter: Record<string, string | undefined>): Promise<Letter[]> {
  const query = new URLSearchParams(Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return (await client.call(domain, 'GET', `dead-letters?${query.toString()}`)) as Letter[];
}
