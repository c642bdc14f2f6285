/**
 * Limits of law and science with their dates, and how people change them: one proposes with a reason, another decides.
 *
 * History is never rewritten: a row that is added ends the one that holds on its first day, which goes on after its last
 * one; whatever was judged by a row can be judged by it again.
 */
import { rowValues, complaintOf, type DatedRow } from '#contracts';
import { problem } from '#service';
import type { Database, Queryable, Transaction } from '#timeseries';
import { audit } from './audit.js';
import { lockRegistry } from './registry-lists.js';

/** What a proposal to add a row says of it. */
export type NewRow = Omit<DatedRow, 'id' | 'verifiedBy'>;

export interface RowChange {
  readonly id: number;
  readonly action: 'add' | 'verify';
  /** The row that is verified, or that was added. */
  readonly rowId: string | null;
  readonly kind: string;
  readonly key: string;
  /** Empty for `verify`. */
  readonly proposal: Partial<NewRow>;
  readonly reason: string;
  readonly author: string;
  readonly proposedAt: Date;
  readonly state: 'proposed' | 'approved' | 'refused';
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  readonly decisionReason: string | null;
}

const rowColumns = 'id, kind, key, legal_basis as "legalBasis", article, valid_from as "validFrom", valid_to as "validTo", value, unit, source, verified_by as "verifiedBy", verified_by is not null as verified';
const changeColumns = `id, action, row_id as "rowId", kind, key, proposal, reason, author, proposed_at as "proposedAt", state, decided_by as "decidedBy", decided_at as "decidedAt", decision_reason as "decisionReason"`;

export interface RowFilter {
  readonly kind?: string | undefined;
  readonly key?: string | undefined;
  /** ms since 1970: those that hold then. */
  readonly at?: number | undefined;
  readonly afterId: string;
  readonly limit: number;
}

export type KeptRow = Omit<DatedRow, 'validFrom' | 'validTo'> & { readonly validFrom: Date; readonly validTo: Date | null; readonly verified: boolean };

export function listRows(db: Queryable, { kind, key, at, afterId, limit }: RowFilter): Promise<KeptRow[]> {
  return db.query<KeptRow>(
    `select ${rowColumns} from registry.dated_row
     where id > $1 and ($3::text is null or kind = $3) and ($4::text is null or key = $4) and ($5::float8 is null or tstzrange(valid_from, valid_to) @> to_timestamp($5 / 1000.0))
     order by id limit $2`,
    [afterId, limit, kind, key, at],
  );
}

export async function findRow(db: Queryable, id: string): Promise<KeptRow | null> {
  const [row] = await db.query<KeptRow>(`select ${rowColumns} from registry.dated_row where id = $1`, [id]);
  return row ?? null;
}

export function listChanges(db: Queryable, { state, kind, beforeId, limit }: { state?: string | undefined; kind?: string | undefined; beforeId: number; limit: number }): Promise<RowChange[]> {
  return db.query<RowChange>(
    `select ${changeColumns} from registry.dated_row_change where id < $1 and ($3::text is null or state = $3) and ($4::text is null or kind = $4) order by id desc limit $2`,
    [beforeId, limit, state, kind],
  );
}

export async function findChange(db: Queryable, id: number): Promise<RowChange | null> {
  const [change] = await db.query<RowChange>(`select ${changeColumns} from registry.dated_row_change where id = $1`, [id]);
  return change ?? null;
}

/** Throws 422 when the kind is unknown, the value is not one of its kind, or the days are the wrong way round. */
export function proposeRow(db: Database, row: NewRow, reason: string, author: string): Promise<RowChange> {
  needValue(row.kind, row.value);
  if (row.validTo !== null && Date.parse(row.validTo) <= Date.parse(row.validFrom)) throw problem(422, 'invalid', { field: 'row.validTo', expected: 'a time after validFrom, or null' });
  return propose(db, { action: 'add', rowId: null, kind: row.kind, key: row.key, proposal: row, reason, author });
}

/** Proposes that a row says what its source says. Throws 404 when there is no such row, 409 when it is verified already. */
export async function proposeVerification(db: Database, rowId: string, reason: string, author: string): Promise<RowChange> {
  const row = await findRow(db, rowId);
  if (row === null) throw problem(404, 'unknown-row', { detail: `there is no dated row "${rowId}"` });
  if (row.verified) throw problem(409, 'verified', { detail: `${rowId} was verified already, by ${row.verifiedBy}` });
  return propose(db, { action: 'verify', rowId, kind: row.kind, key: row.key, proposal: {}, reason, author });
}

function propose(db: Database, { action, rowId, kind, key, proposal, reason, author }: Pick<RowChange, 'action' | 'rowId' | 'kind' | 'key' | 'proposal' | 'reason' | 'author'>): Promise<RowChange> {
  return db.transaction(async (transaction) => {
    const [change] = await transaction.query<RowChange>(
      `insert into registry.dated_row_change (action, row_id, kind, key, proposal, reason, author) values ($1, $2, $3, $4, $5, $6, $7) returning ${changeColumns}`,
      [action, rowId, kind, key, JSON.stringify(proposal), reason, author],
    );
    await audit(transaction, { author, action: 'dated-row-proposed', subject: `${kind} ${key}`, details: { change: change!.id, action, rowId, proposal, reason } });
    return change!;
  });
}

export interface Decision {
  readonly approve: boolean;
  readonly reason: string;
  readonly person: string;
}

/** Throws 403 for the author, 409 when it was decided already or when the days are taken by a later row. */
export function decide(db: Database, id: number, { approve, reason, person }: Decision): Promise<RowChange> {
  return db.transaction(async (transaction) => {
    await lockRegistry(transaction);
    const change = await findChange(transaction, id);
    if (change === null) throw problem(404, 'unknown-change', { detail: `there is no proposal ${id}` });
    if (change.state !== 'proposed') throw problem(409, 'decided', { detail: `proposal ${id} was ${change.state} already, by ${change.decidedBy}` });
    if (approve && change.author === person) throw problem(403, 'own-proposal', { detail: 'another person than the one who proposed it must approve' });
    const rowId = approve ? await apply(transaction, change, person) : change.rowId;
    const [decided] = await transaction.query<RowChange>(
      `update registry.dated_row_change set state = $2, decided_by = $3, decided_at = now(), decision_reason = $4, row_id = $5 where id = $1 returning ${changeColumns}`,
      [id, approve ? 'approved' : 'refused', person, reason, rowId],
    );
    await audit(transaction, { author: person, action: approve ? 'dated-row-approved' : 'dated-row-refused', subject: `${change.kind} ${change.key}`, details: { change: id, rowId, reason } });
    return decided!;
  });
}

/** Returns the id of the row that was added or verified. */
async function apply(transaction: Transaction, { id, action, rowId, proposal, author }: RowChange, person: string): Promise<string> {
  if (action === 'verify') {
    const [verified] = await transaction.query('update registry.dated_row set verified_by = $2 where id = $1 and verified_by is null returning 1', [rowId, `${author}, ${person}`]);
    if (verified === undefined) throw problem(409, 'verified', { detail: `${rowId} was verified meanwhile, or is gone` });
    return rowId!;
  }
  const row = proposal as NewRow;
  needValue(row.kind, row.value); // The contracts may have changed since it was proposed.
  const added = `change-${id}`;
  await makeRoom(transaction, row, added);
  await transaction.query(
    'insert into registry.dated_row (id, kind, key, legal_basis, article, valid_from, valid_to, value, unit, source) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
    [added, row.kind, row.key, row.legalBasis, row.article, row.validFrom, row.validTo, JSON.stringify(row.value), row.unit, row.source],
  );
  return added;
}

/** Ends the row that holds on the first day; it goes on after the last one. A later row stands in the way. */
async function makeRoom(transaction: Transaction, { kind, key, validFrom, validTo }: NewRow, added: string): Promise<void> {
  const [later] = await transaction.query<{ id: string; validFrom: Date }>(
    `select id, valid_from as "validFrom" from registry.dated_row
     where kind = $1 and key = $2 and valid_from >= $3 and tstzrange(valid_from, valid_to) && tstzrange($3, $4) order by valid_from limit 1`,
    [kind, key, validFrom, validTo],
  );
  if (later !== undefined) throw problem(409, 'overlap', { field: 'row.validTo', expected: `an end at or before ${later.validFrom.toISOString()}, where ${later.id} begins`, detail: `the days overlap those of ${later.id}, which begins ${later.validFrom.toISOString()}` });
  const ended = await transaction.query<{ id: string; validTo: Date | null }>(
    `with before as (select id, valid_to from registry.dated_row where kind = $1 and key = $2 and tstzrange(valid_from, valid_to) @> $3::timestamptz)
     update registry.dated_row r set valid_to = $3 from before where r.id = before.id returning r.id, before.valid_to as "validTo"`,
    [kind, key, validFrom],
  );
  for (const { id, validTo: until } of ended) {
    if (validTo === null || (until !== null && until.getTime() <= Date.parse(validTo))) continue;
    await transaction.query(
      `insert into registry.dated_row (id, kind, key, legal_basis, article, valid_from, valid_to, value, unit, source, verified_by)
       select $2, kind, key, legal_basis, article, $3, $4, value, unit, source, verified_by from registry.dated_row where id = $1`,
      [id, `${added}-after`, validTo, until],
    );
  }
}

function needValue(kind: string, value: unknown): void {
  const schema = Object.hasOwn(rowValues, kind) ? rowValues[kind]! : null;
  if (schema === null) throw problem(422, 'invalid', { field: 'row.kind', expected: `one of ${Object.keys(rowValues).join(', ')}` });
  const result = schema.safeParse(value);
  // What a database cannot hold, wherever it stands in the value.
  if (/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(value))) throw problem(422, 'invalid', { field: 'row.value', expected: 'texts without control characters' });
  if (result.success) return;
  const { field, expected } = complaintOf(result.error);
  const whole = ['row.value', field].filter((part) => part !== '').join('.');
  throw problem(422, 'invalid', { field: whole, expected: expected.replace(/^expected /, ''), detail: `${whole}: ${expected}` });
}
