// @ts-check
/**
 * Makes and drops databases on the server of an instance: TimescaleDB, and each app's role and schema (roles.sql).
 * They are copied from a template that has the extension already, since installing it takes the better part of a second.
 */
import { pathIn, secret } from '../local/instance.mjs';
import { withLock } from '../local/lock.mjs';
import { psql, urlOf } from '../local/postgres.mjs';
import { appRoles } from '../local/settings.mjs';
import { rolesSql } from './roles.mjs';

/** @typedef {import('../local/settings.mjs').InstanceName} InstanceName */

const template = 'nhip_template';

/**
 * Makes a database, or completes the one that is there.
 * @param {InstanceName} name
 * @param {string} database `[a-z][a-z0-9_]*`
 * @returns {Promise<{ adminUrl: string, urls: Record<string, string> }>} `urls`: the DATABASE_URL of each app, by its name
 */
export async function createDatabase(name, database) {
  assertName(database);
  // A database cannot be copied while another copy of it is being made, and passwords are made at first need.
  await withLock(pathIn(name, 'create-database.lock'), async () => {
    const existing = await databases(name);
    if (!existing.includes(database)) {
      if (!existing.includes(template)) await makeTemplate(name);
      await psql(name, 'postgres', `create database ${database} template ${template};`);
    }
    const { settings, roles } = rolesSql((role) => secret(name, role));
    await psql(name, database, [
      // Must come first in a session. It does nothing unless the server's TimescaleDB has been renewed.
      'alter extension timescaledb update;',
      `${settings} \\g /dev/null`,
      roles,
    ].join('\n'));
  });
  return {
    adminUrl: urlOf(name, { database }),
    urls: Object.fromEntries(appRoles.map(({ app, role }) => [app, urlOf(name, { role, database })])),
  };
}

/**
 * Drops a database, ending its connections. Roles stay: they belong to the server.
 * @param {InstanceName} name
 * @param {string} database
 */
export async function dropDatabase(name, database) {
  assertName(database);
  await psql(name, 'postgres', `drop database if exists ${database} with (force);`);
}

/** Made under another name, so that a template without its extension cannot be left behind. @param {InstanceName} name */
async function makeTemplate(name) {
  await psql(name, 'postgres', `drop database if exists ${template}_part with (force);\ncreate database ${template}_part;`);
  await psql(name, `${template}_part`, 'create extension timescaledb;');
  await psql(name, 'postgres', `alter database ${template}_part rename to ${template};\nalter database ${template} with allow_connections false;`);
}

/** @param {InstanceName} name */
async function databases(name) {
  return (await psql(name, 'postgres', 'select datname from pg_database;')).split('\n');
}

/** @param {string} database */
function assertName(database) {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(database)) throw new Error(`not a name for a database: ${database}`);
}
