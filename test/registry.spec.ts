/**
 * Names what a half-added domain lacks. A domain begins as a line in contracts' list of domains; this walks the list and
 * says what else there must be, and that the door, the transport and the store know none of them by name (B8).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { datedRow, domainNames, domains, ownJson, rowValues, seedRows } from '#contracts';
import type { DomainDefinition } from '#domain';

const root = new URL('../', import.meta.url);
const text = (path: string): string => (existsSync(new URL(path, root)) ? readFileSync(new URL(path, root), 'utf8') : '');
const files = (folder: string): string[] => (existsSync(new URL(folder, root)) ? readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }) : []);

type Settings = { readonly appRoles: readonly { readonly app: string; readonly role: string; readonly schema: string; readonly inGroup: boolean }[] };
type Processes = { readonly startOrder: readonly (readonly string[])[]; cityPorts(): Readonly<Record<string, number>> };

/** Each piece of a domain, in the order in which somebody adds them, and whether it is there. */
async function piecesOf(domain: string): Promise<[piece: string, there: boolean][]> {
  const { appRoles } = (await import('../infra/local/settings.mjs' as string)) as Settings;
  const { startOrder, cityPorts } = (await import('../infra/local/processes.mjs' as string)) as Processes;
  const streams = (domains as Record<string, { readonly streams: readonly string[] }>)[domain]?.streams ?? [];
  const projects = (JSON.parse(text('nest-cli.json')) as { projects: Record<string, { entryFile: string; compilerOptions: { tsConfigPath: string; assets?: unknown[] } } | undefined> }).projects;
  const compose = text('docker-compose.yml');
  const upper = domain.toUpperCase();
  const migrations = files(`apps/${domain}/src/migrations`).filter((name) => /^\d{4}-.+\.sql$/.test(name));
  return [
    [`libs/contracts/src/${domain}.ts: the form of its readings`, existsSync(new URL(`libs/contracts/src/${domain}.ts`, root))],
    ['libs/contracts/src/domains.ts: its streams', streams.length > 0],
    ['libs/contracts/src/own-json.ts: a schema of our own JSON for each stream', streams.length > 0 && streams.every((stream) => ownJson(domain, stream) !== null)],
    ['libs/contracts/src/seed-rows.ts: kinds of its dated rows', Object.keys(rowValues).some((kind) => kind.startsWith(`${domain}.`))],
    [`libs/contracts/src/seed-rows.ts: how old a reading may be, ${domain}.age`, seedRows.some((row) => row.kind === `${domain}.age` && datedRow.safeParse(row).success)],
    [`docs: a page of our own JSON that names city/${domain}/<device>/`, files('docs').some((name) => name.endsWith('.md') && text(`docs/${name}`).includes(`city/${domain}/<device>/`))],
    [`apps/${domain}/src/definition.ts: what is its own`, existsSync(new URL(`apps/${domain}/src/definition.ts`, root))],
    [`apps/${domain}/src/main.ts: how it starts`, text(`apps/${domain}/src/main.ts`).includes('startDomain(')],
    [`apps/${domain}/src/migrations: its tables, the conditions' among them`, ['create table reading ', 'create table condition ', 'create table condition_change '].every((table) => migrations.some((name) => text(`apps/${domain}/src/migrations/${name}`).includes(table)))],
    [`nest-cli.json: the project, with its migrations and those of timeseries`, projects[domain]?.entryFile === `apps/${domain}/src/main` && projects[domain].compilerOptions.assets?.length === 2],
    [`apps/${domain}/tsconfig.app.json`, existsSync(new URL(`apps/${domain}/tsconfig.app.json`, root))],
    [`apps/simulator/src/${domain}.ts: devices that we do not have`, existsSync(new URL(`apps/simulator/src/${domain}.ts`, root))],
    ['infra/local/settings.mjs: its role and schema, in the group that reads the registry', appRoles.some(({ app, schema, inGroup }) => app === domain && schema === domain && inGroup)],
    [`infra/local/processes.mjs: its port, ${upper}_HTTP_PORT`, `${upper}_HTTP_PORT` in cityPorts()],
    ['infra/local/processes.mjs: its place in the order of starts', startOrder.flat().includes(domain)],
    [`infra/local/processes.mjs: where api and alerts find it, ${upper}_URL`, text('infra/local/processes.mjs').includes(`${upper}_URL: `)],
    ['docker-compose.yml: its service, with its own role', compose.includes(`\n  ${domain}:\n`) && compose.includes(`://nhip_${domain}:`) && compose.includes(`\n  ${upper}_URL: `)],
  ];
}

const lacking = async (domain: string): Promise<string[]> => (await piecesOf(domain)).filter(([, there]) => !there).map(([piece]) => piece);

test.each(domainNames)('%s lacks nothing', async (domain) => {
  expect(await lacking(domain)).toEqual([]);
});

test('a domain that is only thought of lacks everything, each piece by its name', async () => {
  const pieces = await piecesOf('parking');
  expect(await lacking('parking')).toEqual(pieces.map(([piece]) => piece));
  for (const [piece] of pieces) expect(piece).toMatch(/parking|PARKING|its |our own JSON/);
});

describe.each(domainNames)('what %s says of itself holds together', (domain) => {
  let definition: DomainDefinition<never, unknown, unknown>;
  let sql: string;
  beforeAll(async () => {
    definition = ((await import(`../apps/${domain}/src/definition.js`)) as Record<string, unknown>)[domain] as typeof definition;
    sql = files(`apps/${domain}/src/migrations`).map((name) => text(`apps/${domain}/src/migrations/${name}`)).join('\n');
  });

  test('it goes by its own name, in a schema of that name', () => {
    expect([definition.name, definition.table.schema, definition.rollups.schema, definition.rollups.table]).toEqual([domain, domain, domain, definition.table.name]);
  });

  test('every column of its rows and its aggregates is in its migrations', () => {
    for (const { name } of [...definition.table.columns, ...definition.rollups.columns]) expect([name, sql.includes(name.replace(/_(sum|s)$/, ''))]).toEqual([name, true]);
  });

  test('its catalogue names each metric once, in both languages, on columns that exist', () => {
    const names = definition.catalogue.map(({ name }) => name);
    expect(names.length).toBeGreaterThan(0);
    expect(new Set(names).size).toBe(names.length);
    const columns = new Set(definition.table.columns.map(({ name }) => name));
    const sums = new Set(definition.rollups.columns.map(({ name }) => name));
    for (const { name, nameVi, nameEn, column, rollup } of definition.catalogue) {
      expect([name, nameVi.trim() !== '', nameEn.trim() !== '', columns.has(column)]).toEqual([name, true, true, true]);
      const needed = rollup.kind === 'mean' ? [rollup.sum, rollup.weight] : rollup.kind === 'sum' ? [rollup.column] : [];
      expect([name, needed.filter((one) => !sums.has(one))]).toEqual([name, []]);
    }
  });
});

test.each(['apps/ingest/src', 'libs/messaging/src', 'libs/timeseries/src'])('%s knows no domain by name', (folder) => {
  for (const name of files(folder).filter((one) => /\.(ts|sql)$/.test(one) && !one.endsWith('.spec.ts'))) {
    // What stands in a comment is an example.
    const code = text(`${folder}/${name}`).replace(/\/\*[\s\S]*?\*\//g, '').replace(/(\/\/|--) .*$/gm, '');
    for (const domain of domainNames) expect([name, new RegExp(`\\b${domain}\\b`).test(code)]).toEqual([name, false]);
  }
});
