/** `npm run people`: people and tokens from the machine itself, for whoever has lost the last password. */
import { openDatabase, type Database } from '#timeseries';
import { roles, runCommand, type Command, type Role } from '#service';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { registryConfiguration } from './configuration.js';
import { addPerson, makeToken, resetPassword } from './people/people.js';
import { listPeople } from './people/tables.js';
import { areas, personId } from './people/words.js';

const usage = `npm run people -- list
npm run people -- add NAME --name "FULL NAME" [--role viewer] [--area ASSET]…
npm run people -- reset NAME          # a new password; sessions end. "reset admin" lets the first admin in again, whatever was changed
npm run people -- token NAME --for "WHAT" [--role viewer] [--days 90] [--out FILE]
  --for   what the token is for; an older one for the same is revoked
  --out   writes the header for "curl -H @FILE" there (mode 600) instead of printing the token`;

const options = {
  name: { type: 'string' }, role: { type: 'string', default: 'viewer' }, area: { type: 'string', multiple: true, default: [] as string[] },
  for: { type: 'string' }, days: { type: 'string', default: '90' }, out: { type: 'string' },
} as const;
const everybody = 10_000;

await runCommand({
  name: 'people',
  config: registryConfiguration,
  async run(config, command) {
    const { values, positionals } = parseArgs({ args: [...command.args], allowPositionals: true, options });
    const [verb, id, ...rest] = positionals;
    const role = roles.find((known) => known === values.role);
    if (rest.length > 0 || role === undefined || (verb !== 'list' && (id === undefined || !personId.safeParse(id).success))) return refuse(command);
    const db = openDatabase({ url: config.DATABASE_URL, name: 'nhip people', connectionsMax: 1, log: command.log });
    const author = `cli:${userInfo().username}`;
    try {
      if (verb === 'list') return await list(db, command);
      if (verb === 'add' && values.name !== undefined && areas.safeParse(values.area).success) {
        const { password } = await addPerson(db, { id: id!, name: values.name, role, areas: values.area }, author);
        command.print(`${id}: password ${password}\nIt is shown this once, and must be changed at the first sign-in.`);
        return 0;
      }
      if (verb === 'reset') {
        const password = await resetPassword(db, id!, author, { mustChange: false, restore: true });
        command.print(`${id}: password ${password}\nIt is shown this once. All sessions of ${id} have ended.`);
        return 0;
      }
      if (verb === 'token' && values.for !== undefined && /^[1-9]\d{0,2}$/.test(values.days)) {
        return await token(db, command, { person: id!, name: values.for, role, days: Number(values.days), out: values.out, author });
      }
      return refuse(command);
    } finally {
      await db.close();
    }
  },
});

function refuse({ complain }: Command): number {
  complain(usage);
  return 1;
}

async function list(db: Database, { print }: Command): Promise<number> {
  for (const { id, name, role, areas: of, active, mustChangePassword } of await listPeople(db, '', everybody)) {
    print(`${id.padEnd(24)} ${role.padEnd(11)} ${name}${of.length === 0 ? '' : `  only ${of.join(', ')}`}${active ? '' : '  (put off)'}${mustChangePassword ? '  (has not changed the first password)' : ''}`);
  }
  return 0;
}

async function token(db: Database, { print }: Command, { person, name, role, days, out, author }: { person: string; name: string; role: Role; days: number; out: string | undefined; author: string }): Promise<number> {
  const { token: made, secret } = await makeToken(db, { person, name, role, days }, author, { instead: true });
  const until = made.expiresAt.toISOString().slice(0, 10);
  if (out === undefined) {
    print(`${secret}\nShown this once; valid until ${until} as ${role}. Send it as "Authorization: Bearer …".`);
    return 0;
  }
  await mkdir(dirname(out), { recursive: true, mode: 0o700 });
  await rm(`${out}.part`, { force: true });
  await writeFile(`${out}.part`, `Authorization: Bearer ${secret}\n`, { mode: 0o600, flag: 'wx' });
  await rename(`${out}.part`, out);
  print(`${out}: valid until ${until} as ${role}. Use it with: curl -H @${out}`);
  return 0;
}
