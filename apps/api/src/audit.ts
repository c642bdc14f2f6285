/**
 * The audit: what people did, append-only, each row chained to the one before by its hash (decision 33).
 *
 * The database makes the chain and refuses changes. Whoever can switch that off leaves a broken chain, and
 * `checkAudit` names the first row that does not fit.
 */
import type { Queryable } from '#timeseries';

export interface AuditEntry {
  readonly author: string;
  /** In past tense: `devices-registered`. */
  readonly action: string;
  readonly subject: string;
  readonly details: object;
}

export async function audit(db: Queryable, { author, action, subject, details }: AuditEntry): Promise<void> {
  await db.query('insert into registry.audit (author, action, subject, details) values ($1, $2, $3, $4)', [author, action, subject, JSON.stringify(details)]);
}

export interface AuditCheck {
  readonly rows: number;
  /** Number of the first row that was changed, or after which one is missing; null: the chain holds. */
  readonly brokenAt: number | null;
}

/** Computes the chain again. Reads the whole table: for commands and tests, not for each request. */
export async function checkAudit(db: Queryable): Promise<AuditCheck> {
  const [row] = await db.query<{ rows: number; brokenAt: number | null; lastSeq: number; lastHash: string | null; headSeq: number; headHash: string }>(`
    with chain as (
      select a.seq, a.hash, row_number() over (order by a.seq) as place, registry.audit_hash(coalesce(lag(a.hash) over (order by a.seq), sha256('nhip')), a) as computed
      from registry.audit a
    )
    select count(*) as rows, min(seq) filter (where seq <> place or hash <> computed) as "brokenAt",
           coalesce(max(seq), 0) as "lastSeq", (select encode(hash, 'hex') from chain order by seq desc limit 1) as "lastHash",
           (select seq from registry.audit_head) as "headSeq", (select encode(hash, 'hex') from registry.audit_head) as "headHash"
    from chain`);
  const { rows, brokenAt, lastSeq, lastHash, headSeq, headHash } = row!;
  // Rows that were cut off at the end leave a chain that holds, but not the head.
  const cut = lastSeq !== headSeq || (lastHash !== null && lastHash !== headHash);
  return { rows, brokenAt: brokenAt ?? (cut ? lastSeq + 1 : null) };
}

export interface AuditFilter {
  readonly author?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  /** ms since 1970; `to` exclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly beforeSeq: number;
  readonly limit: number;
}

export interface AuditRow extends AuditEntry {
  readonly seq: number;
  readonly at: Date;
  /** In hex. */
  readonly hash: string;
}

/** Newest first. */
export function listAudit(db: Queryable, { author, action, subject, from, to, beforeSeq, limit }: AuditFilter): Promise<AuditRow[]> {
  return db.query<AuditRow>(
    `select seq, at, author, action, subject, details, encode(hash, 'hex') as hash from registry.audit
     where seq < $1 and ($3::text is null or author = $3) and ($4::text is null or action = $4) and ($5::text is null or subject = $5)
       and ($6::float8 is null or at >= to_timestamp($6 / 1000.0)) and ($7::float8 is null or at < to_timestamp($7 / 1000.0))
     order by seq desc limit $2`,
    [beforeSeq, limit, author, action, subject, from, to],
  );
}
