// @ts-check
/** The SQL that makes each app's role and schema, for whoever runs it: the local set-up through psql, a deployed one through pg. */
import { readFileSync } from 'node:fs';
import { appRoles, domainGroup } from '../local/settings.mjs';

/**
 * Two statements to run one after the other in one session: what to make, then making it (roles.sql).
 * @param {(role: string, app: string) => string} passwordOf
 */
export function rolesSql(passwordOf) {
  const apps = appRoles.map(({ app, role, schema, inGroup }) => ({ role, schema, inGroup, password: passwordOf(role, app) }));
  const asText = (/** @type {string} */ value) => `'${value.replaceAll("'", "''")}'`;
  return {
    settings: `select set_config('nhip.apps', ${asText(JSON.stringify(apps))}, false), set_config('nhip.domain_group', ${asText(domainGroup)}, false)`,
    roles: readFileSync(new URL('roles.sql', import.meta.url), 'utf8'),
  };
}
