/** `npm run import`: see the usage below. */
import { openDatabase } from '#timeseries';
import { runCommand, type Command } from '#service';
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { importConfiguration } from './configuration.js';
import { importFiles, type ImportResult } from './import.js';
import { sentence } from './import-row.js';

const usage = `npm run import -- [--assets FILE.csv|.geojson]… [--gateways FILE.csv]… [--devices FILE.csv]…
  --secrets-out FILE   adds the new secrets to this file (JSON, mode 600) instead of printing them
  --partial            imports what holds and leaves out the rest; otherwise one bad row stops all
  --rotate-secrets     gives new secrets to all gateways and devices in the files; the old one stays valid beside it
                       until "npm run revoke -- CLIENT --old"
  --readmit            with --rotate-secrets: also to those that were revoked`;

await runCommand({
  name: 'import',
  config: importConfiguration,
  async run(config, command) {
    const options = optionsOf(command);
    if (options === null) return 1;
    const { assets, gateways, devices, partial, rotate, readmit, secretsOut } = options;
    const db = openDatabase({ url: config.DATABASE_URL, name: 'nhip import', connectionsMax: 1, log: command.log });
    try {
      const result = await importFiles(db, { assets, gateways, devices }, {
        author: `cli:${userInfo().username}`,
        limits: { rowsMax: config.IMPORT_ROWS_MAX, bytesMax: config.IMPORT_BYTES_MAX },
        partial,
        rotate,
        readmit,
        ...(secretsOut === undefined ? {} : { secretsOut }),
      });
      return report(result, secretsOut, config.IMPORT_PROBLEMS_MAX, command);
    } finally {
      await db.close();
    }
  },
});

function optionsOf({ args, complain }: Command) {
  const files = { type: 'string', multiple: true, default: [] as string[] } as const;
  const flag = { type: 'boolean', default: false } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { assets: files, gateways: files, devices: files, 'secrets-out': { type: 'string' }, partial: flag, 'rotate-secrets': flag, readmit: flag },
    });
    const { assets, gateways, devices, partial, readmit } = values;
    if (assets.length + gateways.length + devices.length === 0) throw new Error('no file was given');
    return { assets, gateways, devices, partial, readmit, rotate: values['rotate-secrets'], secretsOut: values['secrets-out'] };
  } catch (error) {
    complain(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return null;
  }
}

function report({ problems, done, secrets, stillRevoked }: ImportResult, secretsOut: string | undefined, problemsMax: number, { print, complain }: Command): number {
  for (const wrong of problems.slice(0, problemsMax)) complain(sentence(wrong));
  if (problems.length > problemsMax) complain(`… and ${problems.length - problemsMax} more`);
  if (done === null) {
    complain(`Nothing was imported: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}. With --partial the rest is imported.`);
    return 1;
  }
  for (const [kind, { given, added, changed }] of Object.entries(done)) {
    if (given > 0) print(`${kind}: ${given} given, ${added} added, ${changed} changed, ${given - added - changed} as before`);
  }
  if (problems.length > 0) complain(`Left out because of ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}, listed above.`);
  if (stillRevoked.length > 0) complain(`Still revoked: ${stillRevoked.slice(0, 20).join(', ')}${stillRevoked.length > 20 ? ` and ${stillRevoked.length - 20} more` : ''}.`);
  if (secrets.size > 0 && secretsOut !== undefined) print(`${secrets.size} secrets added to ${secretsOut}`);
  if (secrets.size > 0 && secretsOut === undefined) {
    print('Secrets, shown this once:');
    for (const [client, secret] of secrets) print(`${client}\t${secret}`);
  }
  return 0;
}
