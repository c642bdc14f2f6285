/** What the registry's tables hold to by themselves: the audit's chain, dated rows without overlap, credentials, rights. */
import { seedRows, type DatedRow } from '#contracts';
import { openDatabase } from '#timeseries';
import { audit, checkAudit } from '../apps/api/src/audit.js';
import { seed } from '../apps/api/src/seed.js';
import { seedDatedRows } from '../apps/api/src/tables.js';
import { noLog, privateDatabase, type PrivateDatabase } from './support/private-database.js';

let own: PrivateDatabase;

beforeEach(async () => {
  own = await privateDatabase();
}, 60_000);

afterEach(() => own.drop());

const act = (subject: string) => audit(own.db, { author: 'lan', action: 'tried', subject, details: { b: 1, a: [true, null, 'ế'] } });

/** As someone who can switch the refusals off. */
async function tamper(sql: string): Promise<void> {
  await own.admin.transaction(async (transaction) => {
    await transaction.query('set local session_replication_role = replica');
    await transaction.query(sql);
  });
}

describe('the audit', () => {
  test('writers at once make one chain that holds', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, n) => act(`thing-${n}`)));
    await own.db.query("insert into registry.audit (author, action, subject, details) select 'lan', 'tried', n::text, '{}' from generate_series(1, 10) n");
    expect(await checkAudit(own.db)).toEqual({ rows: 50, brokenAt: null });
  }, 60_000);

  test('an empty one holds', async () => {
    expect(await checkAudit(own.db)).toEqual({ rows: 0, brokenAt: null });
  }, 60_000);

  test.each(["update registry.audit set author = 'x'", 'delete from registry.audit', 'truncate registry.audit'])('%s is refused, for its owner too', async (sql) => {
    await act('one');
    await expect(own.db.query(sql)).rejects.toThrow('append-only');
  }, 60_000);

  test.each<[string, string, number]>([
    ['a changed author', "update registry.audit set author = 'minh' where seq = 3", 3],
    ['a detail that was changed', "update registry.audit set details = jsonb_set(details, '{b}', '2') where seq = 3", 3],
    ['a time that was moved by a microsecond', "update registry.audit set at = at + interval '1 microsecond' where seq = 3", 3],
    ['a row that was changed together with its hash', "update registry.audit a set author = 'minh', hash = registry.audit_hash((select hash from registry.audit where seq = 2), row(a.seq, a.at, 'minh', a.action, a.subject, a.details, a.hash)::registry.audit) where seq = 3", 4],
    ['a row that is gone', 'delete from registry.audit where seq = 3', 4],
    ['the first row gone', 'delete from registry.audit where seq = 1', 2],
    ['the last row gone', 'delete from registry.audit where seq = 5', 5],
    ['all rows gone', 'delete from registry.audit', 1],
  ])('%s is found', async (_, sql, brokenAt) => {
    for (let n = 1; n <= 5; n++) await act(`thing-${n}`);
    expect((await checkAudit(own.db)).brokenAt).toBeNull();
    await tamper(sql);
    expect((await checkAudit(own.db)).brokenAt).toBe(brokenAt);
  }, 60_000);
});

describe('dated rows', () => {
  const row = (id: string, validFrom: string, validTo: string | null, key = 'arterial', kind = 'k'): DatedRow => ({ id, kind, key, legalBasis: '', article: '', validFrom, validTo, value: 1, unit: '', source: 's', verifiedBy: null });
  const put = ({ id, kind, key, validFrom, validTo }: DatedRow) => own.db.query("insert into registry.dated_row (id, kind, key, legal_basis, article, valid_from, valid_to, value, unit, source) values ($1, $2, $3, '', '', $4, $5, '1', '', 's')", [id, kind, key, validFrom, validTo]);

  test('for a kind and key no two rows hold at once; one may begin where another ends', async () => {
    await put(row('a', '2025-01-01T00:00:00Z', '2026-01-01T00:00:00Z'));
    await put(row('b', '2026-01-01T00:00:00Z', null));
    await put(row('c', '2025-01-01T00:00:00Z', null, 'street'));
    await put(row('d', '2025-01-01T00:00:00Z', null, 'arterial', 'other'));
    await expect(put(row('e', '2025-12-31T23:59:59.999Z', '2026-01-01T00:00:00Z'))).rejects.toThrow('no_overlap');
    await expect(put(row('f', '2030-01-01T00:00:00Z', null))).rejects.toThrow('no_overlap');
    await expect(put(row('g', '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', 'street'))).rejects.toThrow('check');
    await expect(own.db.query("update registry.dated_row set valid_to = null where id = 'a'")).rejects.toThrow('no_overlap');
  }, 60_000);

  test('the seeds of the contracts go in once; what people put in their place stays', async () => {
    await seed(own.db, noLog);
    const count = async (): Promise<number> => (await own.db.query<{ n: number }>('select count(*) as n from registry.dated_row'))[0]!.n;
    expect(await count()).toBe(seedRows.length);
    await seed(own.db, noLog);
    expect(await checkAudit(own.db)).toEqual({ rows: 1, brokenAt: null });

    const seeded = seedRows.find(({ validTo }) => validTo === null)!;
    await own.db.query('delete from registry.dated_row where id = $1', [seeded.id]);
    const theirs = { ...seeded, id: 'theirs', verifiedBy: 'lan' };
    await own.db.transaction((transaction) => seedDatedRows(transaction, [theirs]));
    await seed(own.db, noLog);
    expect(await own.db.query('select id from registry.dated_row where kind = $1 and key = $2', [seeded.kind, seeded.key])).toEqual([{ id: 'theirs' }]);
  }, 60_000);
});

test('at most two secrets of a client are in force', async () => {
  const add = (slot: number) => own.db.query("insert into registry.credential (client_id, kind, slot, secret_sha256) values ('d', 'device', $1, sha256($2))", [slot, Buffer.from(`${slot}${Math.random()}`)]);
  await add(1);
  await add(2);
  await expect(add(1)).rejects.toThrow('duplicate key');
  await expect(add(3)).rejects.toThrow('check');
  await own.db.query("update registry.credential set revoked_at = now() where slot = 1");
  await add(1);
}, 60_000);

test('a domain reads the registry, changes nothing in it, and does not see the audit', async () => {
  const domain = openDatabase({ url: own.urls['traffic']!, name: 'test rights', connectionsMax: 1, log: noLog });
  try {
    for (const table of ['asset', 'gateway', 'device', 'credential', 'dated_row', 'change']) await domain.query(`select * from registry.${table}`);
    await expect(domain.query("insert into registry.gateway (id, name_vi, name_en) values ('g', 'g', 'g')")).rejects.toThrow('permission denied');
    await expect(domain.query('update registry.change set n = 0')).rejects.toThrow('permission denied');
    await expect(domain.query('select * from registry.audit')).rejects.toThrow('permission denied');
  } finally {
    await domain.close();
  }
}, 60_000);
