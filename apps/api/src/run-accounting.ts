/** `npm run accounting [-- --json]`: what became of every message that was accepted, domain by domain. */
import { runCommand } from '#service';
import { commandConfiguration, forwardUrls } from './configuration.js';
import { domainClient } from './domain-client.js';

interface Count {
  readonly topic: string;
  readonly partition: number;
  readonly entries: number;
  readonly stored: number;
  readonly corrected: number;
  readonly repeated: number;
  readonly deadLettered: number;
  readonly inFlight: number;
  readonly reasons: Readonly<Record<string, number>>;
}

const columns = ['entries', 'stored', 'corrected', 'repeated', 'deadLettered', 'inFlight'] as const;

await runCommand({
  name: 'accounting',
  config: commandConfiguration,
  async run(config, { args, print }) {
    const client = domainClient(forwardUrls(config), config.INTERNAL_SECRET);
    const counts = (await Promise.all(client.domains.map((domain) => client.call(domain, 'GET', 'accounting')))).flat() as Count[];
    if (args.includes('--json')) {
      print(JSON.stringify(counts, null, 2));
      return 0;
    }
    const width = 13;
    print(['topic/partition'.padEnd(36), ...columns.map((name) => (name === 'inFlight' ? 'in flight*' : name).padStart(width))].join(''));
    for (const count of counts) print([`${count.topic}/${count.partition}`.padEnd(36), ...columns.map((name) => String(count[name]).padStart(width))].join(''));
    print(['all'.padEnd(36), ...columns.map((name) => String(counts.reduce((sum, count) => sum + count[name], 0)).padStart(width))].join(''));
    const reasons = new Map<string, number>();
    for (const count of counts) for (const [reason, n] of Object.entries(count.reasons)) reasons.set(reason, (reasons.get(reason) ?? 0) + n);
    for (const [reason, n] of reasons) print(`  dead-lettered, ${reason}: ${n}`);
    print('entries = stored + corrected + repeated + dead-lettered, by a constraint of the table\n* records in Kafka beyond the stored offset; a record holds up to 100 readings');
    return 0;
  },
});
