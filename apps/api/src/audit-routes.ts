/** What people did, and whether the record of it is whole: for admins of the whole city. */
import { instantField, limitField, Described } from '#service';
import type { Database } from '#timeseries';
import { Controller, Get, Inject, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { registryDatabase } from './asset-routes.js';
import { checkAudit, listAudit, type AuditCheck } from './audit.js';
import { cursorField, pageOf, pageView } from './pages.js';
import { needWholeCity } from './people/people-routes.js';

const word = z.string('expected a text').regex(/^[^\p{Cc}\p{Cs}]{1,300}$/u, 'expected 1–300 printable characters');
const listQuery = z.strictObject({
  author: word.optional(), action: word.optional(), subject: word.optional(), from: instantField().optional(), to: instantField().optional(),
  limit: limitField(1_000), cursor: cursorField(z.tuple([z.int()])),
});
const entryView = z
  .strictObject({ seq: z.int(), at: z.iso.datetime(), author: z.string(), action: z.string(), subject: z.string(), details: z.json(), hash: z.string().meta({ description: 'SHA-256 over this row and the hash before it, in hex' }) })
  .meta({ id: 'AuditEntry' });
const checkView = z.strictObject({ rows: z.int(), brokenAt: z.int().nullable().meta({ description: 'The first row that was changed, or after which one is missing; null: the chain holds' }) });

@Controller('v1/audit')
export class AuditRoutes {
  private checking: Promise<AuditCheck> | null = null;

  constructor(@Inject(registryDatabase) private readonly db: Database) {}

  @Get()
  @Described({ summary: 'What people did, newest first', tag: 'audit', role: 'admin', query: listQuery, answers: { 200: { description: 'A page of the audit', schema: pageView(entryView) } } })
  async list(@Req() request: IncomingMessage, @Query() { limit, cursor, ...filter }: z.output<typeof listQuery>): Promise<unknown> {
    needWholeCity(request);
    return pageOf(await listAudit(this.db, { ...filter, beforeSeq: cursor?.[0] ?? Number.MAX_SAFE_INTEGER, limit: limit + 1 }), limit, ({ seq }) => [seq]);
  }

  @Get('verification')
  @Described({ summary: 'Whether the chain of the audit holds', tag: 'audit', role: 'admin', description: 'Computes every hash again: seconds for a large audit.', answers: { 200: { description: 'What was found', schema: checkView } } })
  verification(@Req() request: IncomingMessage): Promise<AuditCheck> {
    needWholeCity(request);
    // The whole table is read: those who ask meanwhile share the answer.
    this.checking ??= checkAudit(this.db).finally(() => (this.checking = null));
    return this.checking;
  }
}
