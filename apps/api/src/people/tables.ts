/** Every SQL statement about people, their sessions and their tokens. */
import type { Role } from '#service';
import type { Queryable, Transaction } from '#timeseries';

/** As the API shows a person. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly areas: readonly string[];
  readonly active: boolean;
  readonly mustChangePassword: boolean;
  readonly createdAt: Date;
}

const personColumns = `p.id, p.name, p.role, p.active, p.must_change as "mustChangePassword", p.created_at as "createdAt",
  array(select a.asset::text from registry.person_area a where a.person = p.id order by a.asset) as areas`;

export async function findPerson(db: Queryable, id: string): Promise<(Person & { readonly passwordHash: string }) | null> {
  const [row] = await db.query<Person & { passwordHash: string }>(`select ${personColumns}, p.password_hash as "passwordHash" from registry.person p where p.id = $1`, [id]);
  return row ?? null;
}

/** The same, held until the end of the transaction: two changes at once would undo one another. */
export async function lockPerson(transaction: Transaction, id: string): Promise<(Person & { readonly passwordHash: string }) | null> {
  await transaction.query('select from registry.person where id = $1 for update', [id]);
  return findPerson(transaction, id);
}

export function listPeople(db: Queryable, afterId: string, limit: number): Promise<Person[]> {
  return db.query<Person>(`select ${personColumns} from registry.person p where p.id > $1 order by p.id limit $2`, [afterId, limit]);
}

/** False: the name is taken. */
export async function addPerson(transaction: Transaction, { id, name, role, mustChangePassword }: Pick<Person, 'id' | 'name' | 'role' | 'mustChangePassword'>, passwordHash: string): Promise<boolean> {
  const added = await transaction.query('insert into registry.person (id, name, role, password_hash, must_change) values ($1, $2, $3, $4, $5) on conflict do nothing returning 1', [id, name, role, passwordHash, mustChangePassword]);
  return added.length === 1;
}

export async function savePerson(transaction: Transaction, { id, name, role, active }: Pick<Person, 'id' | 'name' | 'role' | 'active'>): Promise<void> {
  await transaction.query('update registry.person set name = $2, role = $3, active = $4 where id = $1', [id, name, role, active]);
}

export async function savePassword(db: Queryable, id: string, passwordHash: string, mustChange: boolean): Promise<void> {
  await db.query('update registry.person set password_hash = $2, must_change = $3 where id = $1', [id, passwordHash, mustChange]);
}

export async function saveAreas(transaction: Transaction, id: string, areas: readonly string[]): Promise<void> {
  await transaction.query('delete from registry.person_area where person = $1', [id]);
  await transaction.query('insert into registry.person_area (person, asset) select $1, unnest($2::text[])', [id, areas]);
}

/** People who may do everything everywhere; held until the end of the transaction, so that two cannot put each other out. */
export async function lockAdmins(transaction: Transaction): Promise<string[]> {
  const rows = await transaction.query<{ id: string }>(
    `select p.id from registry.person p where p.role = 'admin' and p.active and not exists (select from registry.person_area a where a.person = p.id) order by p.id for update`,
  );
  return rows.map(({ id }) => id);
}

export async function anybody(db: Queryable): Promise<boolean> {
  return (await db.query('select from registry.person limit 1')).length > 0;
}

/** One process at a time goes on from here. */
export async function lockPeople(transaction: Transaction): Promise<void> {
  await transaction.query('lock table registry.person in share row exclusive mode');
}

export interface Session {
  readonly id: number;
  readonly expiresAt: Date;
}

export async function addSession(transaction: Transaction, person: string, sha256: Buffer, address: string, hours: number): Promise<Session> {
  const [row] = await transaction.query<Session>(
    `insert into registry.session (sha256, person, address, expires_at) values ($1, $2, $3, now() + make_interval(hours => $4)) returning id, expires_at as "expiresAt"`,
    [sha256, person, address, hours],
  );
  return row!;
}

export interface KnownCaller {
  readonly id: number;
  readonly person: string;
  readonly name: string;
  readonly role: Role;
  /** Of the person, where `role` is a token's. */
  readonly ownRole: Role;
  readonly areas: readonly string[];
  readonly mustChangePassword: boolean;
  readonly expiresAt: Date;
  /** Since it was last noted that the secret is in use. */
  readonly unseenS: number;
}

const callerColumns = `p.id as person, p.name, p.role as "ownRole", p.must_change as "mustChangePassword", array(select a.asset::text from registry.person_area a where a.person = p.id order by a.asset) as areas`;

/** Null: there is no such session, or it has ended. */
export async function findSession(db: Queryable, sha256: Buffer, idleMinutes: number): Promise<KnownCaller | null> {
  const [row] = await db.query<KnownCaller>(
    `select s.id, p.role, s.expires_at as "expiresAt", extract(epoch from now() - s.seen_at)::float8 as "unseenS", ${callerColumns}
     from registry.session s join registry.person p on p.id = s.person
     where s.sha256 = $1 and p.active and s.expires_at > now() and s.seen_at > now() - make_interval(mins => $2)`,
    [sha256, idleMinutes],
  );
  return row ?? null;
}

export async function noteSessionSeen(db: Queryable, id: number): Promise<void> {
  await db.query('update registry.session set seen_at = now() where id = $1', [id]);
}

/** Null: there is no such token, or it has expired or was revoked. */
export async function findToken(db: Queryable, sha256: Buffer): Promise<KnownCaller | null> {
  const [row] = await db.query<KnownCaller>(
    `select t.id, t.role, t.expires_at as "expiresAt", coalesce(extract(epoch from now() - t.used_at)::float8, 'infinity') as "unseenS", ${callerColumns}
     from registry.token t join registry.person p on p.id = t.person
     where t.sha256 = $1 and p.active and t.expires_at > now() and t.revoked_at is null`,
    [sha256],
  );
  return row ?? null;
}

export async function noteTokenUsed(db: Queryable, id: number): Promise<void> {
  await db.query('update registry.token set used_at = now() where id = $1', [id]);
}

export async function endSession(transaction: Transaction, id: number): Promise<void> {
  await transaction.query('delete from registry.session where id = $1', [id]);
}

/** All of a person's, but for one that may stay. How many were ended. */
export async function endSessions(transaction: Transaction, person: string, butId: number | null): Promise<number> {
  return (await transaction.query('delete from registry.session where person = $1 and id is distinct from $2 returning 1', [person, butId])).length;
}

/** The oldest beyond `max`: whoever never signs out has not sessions without end. */
export async function endOldestSessions(transaction: Transaction, person: string, max: number): Promise<void> {
  await transaction.query('delete from registry.session where person = $1 and id not in (select id from registry.session where person = $1 order by id desc limit $2)', [person, max]);
}

export async function forgetEndedSessions(db: Queryable, idleMinutes: number): Promise<void> {
  await db.query('delete from registry.session where expires_at <= now() or seen_at <= now() - make_interval(mins => $1)', [idleMinutes]);
}

/** As the API shows a token; its secret was shown once. */
export interface Token {
  readonly id: number;
  readonly person: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly usedAt: Date | null;
  readonly revokedAt: Date | null;
}

const tokenColumns = `id, person, name, role, created_at as "createdAt", expires_at as "expiresAt", used_at as "usedAt", revoked_at as "revokedAt"`;

export async function addToken(transaction: Transaction, { person, name, role, days }: { person: string; name: string; role: Role; days: number }, sha256: Buffer): Promise<Token> {
  const [row] = await transaction.query<Token>(
    `insert into registry.token (sha256, person, name, role, expires_at) values ($1, $2, $3, $4, now() + make_interval(days => $5)) returning ${tokenColumns}`,
    [sha256, person, name, role, days],
  );
  return row!;
}

/** Newest first; of one person, or with null of all. */
export function listTokens(db: Queryable, person: string | null, beforeId: number, limit: number): Promise<Token[]> {
  return db.query<Token>(`select ${tokenColumns} from registry.token where ($1::text is null or person = $1) and id < $2 order by id desc limit $3`, [person, beforeId, limit]);
}

export async function findTokenById(db: Queryable, id: number): Promise<Token | null> {
  const [row] = await db.query<Token>(`select ${tokenColumns} from registry.token where id = $1`, [id]);
  return row ?? null;
}

/** Those of a person that are in force: one, those of a name, or all. Their ids. */
export async function revokeTokens(transaction: Transaction, person: string, which: { id?: number; name?: string }): Promise<number[]> {
  const rows = await transaction.query<{ id: number }>(
    'update registry.token set revoked_at = now() where person = $1 and revoked_at is null and ($2::bigint is null or id = $2) and ($3::text is null or name = $3) returning id',
    [person, which.id ?? null, which.name ?? null],
  );
  return rows.map(({ id }) => id);
}

export async function tokensInForce(db: Queryable, person: string): Promise<number> {
  const [row] = await db.query<{ n: number }>('select count(*) as n from registry.token where person = $1 and revoked_at is null and expires_at > now()', [person]);
  return row!.n;
}

/** Assets that do not exist, among these. */
export async function unknownAssets(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>('select given.id from unnest($1::text[]) as given (id) where not exists (select from registry.asset a where a.id = given.id)', [ids]);
  return rows.map(({ id }) => id);
}
