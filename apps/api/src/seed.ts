/** Puts the dated rows that the contracts bring into the registry, where people have not put others in their place. */
import { seedRows } from '#contracts';
import type { Database } from '#timeseries';
import { audit } from './audit.js';
import { seedDatedRows } from './tables.js';

interface Log {
  info(facts: object, message: string): void;
}

export async function seed(db: Database, log: Log): Promise<void> {
  await db.transaction(async (transaction) => {
    const added = await seedDatedRows(transaction, seedRows);
    if (added.length === 0) return;
    await audit(transaction, { author: 'system', action: 'dated-rows-seeded', subject: '', details: { added } });
    log.info({ count: added.length }, 'dated rows seeded');
  });
}
