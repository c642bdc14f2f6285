/** `npm run revoke -- CLIENT [--old]`: ends the credentials of a device or gateway; ingest disconnects it within 5 s. */
import { openDatabase } from '#timeseries';
import { runCommand } from '#service';
import { userInfo } from 'node:os';
import { registryConfiguration } from './configuration.js';
import { revoke } from './register.js';

await runCommand({
  name: 'revoke',
  config: registryConfiguration,
  async run(config, { args, print, complain, log }) {
    const old = args.includes('--old');
    const [client, ...rest] = args.filter((arg) => arg !== '--old');
    if (client === undefined || client.startsWith('-') || rest.length > 0) {
      complain('npm run revoke -- CLIENT [--old]\n  --old   ends all of its secrets but the newest, after a rotation');
      return 1;
    }
    const db = openDatabase({ url: config.DATABASE_URL, name: 'nhip revoke', connectionsMax: 1, log });
    try {
      const ended = await revoke(db, client, { author: `cli:${userInfo().username}`, old });
      print(ended === 0 ? `${client}: nothing to end` : `${client}: ${ended} ${ended === 1 ? 'secret is' : 'secrets are'} no longer valid`);
      return 0;
    } finally {
      await db.close();
    }
  },
});
