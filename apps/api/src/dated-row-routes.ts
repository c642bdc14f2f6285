/** Limits with their dates: looked at by all, proposed by operators, decided by another person, a supervisor. */
import { datedRow, rowValues } from '#contracts';
import { Described, instantField, limitField, principalOf, problem } from '#service';
import type { Database } from '#timeseries';
import { Body, Controller, Get, Inject, Param, Post, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { registryDatabase } from './asset-routes.js';
import { decide, findChange, findRow, listChanges, listRows, proposeRow, proposeVerification } from './dated-rows.js';
import { cursorField, pageOf, pageView } from './pages.js';
import { needWholeCity } from './people/people-routes.js';

const rowId = z.string('expected the id of a dated row').regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/, 'expected the id of a dated row');
const printable = (max: number, min = 0) => z.string('expected a text').regex(new RegExp(`^[^\\p{Cc}\\p{Cs}]{${min},${max}}$`, 'u'), `expected ${min}–${max} printable characters`);
const reason = printable(1_000, 3);
const kind = printable(64, 1);
const key = printable(128);

const { shape } = datedRow;
const whole = { ...shape, id: z.string(), validFrom: z.iso.datetime(), validTo: z.iso.datetime().nullable(), verified: z.boolean().meta({ description: 'False: a default that nobody has compared with its source yet' }) };
const rowView = z.strictObject(whole).meta({ id: 'DatedRow' });
const day = shape.validFrom.refine((text) => Date.parse(text) >= Date.UTC(1900) && Date.parse(text) < Date.UTC(2200), 'expected a time of 1900 to 2199 such as 2026-01-01T00:00:00+07:00');
const newRow = z.strictObject({
  kind, key: key.default(''), legalBasis: printable(300).default(''), article: printable(100).default(''), validFrom: day, validTo: day.nullable().default(null),
  value: z.json(), unit: printable(32).default(''), source: printable(500, 1),
});
const proposeBody = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('add'), row: newRow, reason }),
  z.strictObject({ action: z.literal('verify'), rowId, reason }),
]);
const decideBody = z.strictObject({ reason });
const changeView = z
  .strictObject({
    id: z.int(), action: z.enum(['add', 'verify']), rowId: z.string().nullable(), kind: z.string(), key: z.string(), proposal: z.json(), reason: z.string(), author: z.string(), proposedAt: z.iso.datetime(),
    state: z.enum(['proposed', 'approved', 'refused']), decidedBy: z.string().nullable(), decidedAt: z.iso.datetime().nullable(), decisionReason: z.string().nullable(),
  })
  .meta({ id: 'DatedRowChange' });

const rowsQuery = z.strictObject({ kind: kind.optional(), key: key.optional(), at: instantField().describe('Those that hold at this time').optional(), limit: limitField(1_000), cursor: cursorField(z.tuple([rowId])) });
const changesQuery = z.strictObject({ state: z.enum(['proposed', 'approved', 'refused']).optional(), kind: kind.optional(), limit: limitField(1_000), cursor: cursorField(z.tuple([z.int()])) });
const rowParams = z.strictObject({ id: rowId });
const changeParams = z.strictObject({ id: z.coerce.number({ error: 'expected the number of a proposal' }).int('expected the number of a proposal').min(1, 'expected the number of a proposal').max(Number.MAX_SAFE_INTEGER) });
const tag = 'dated rows';
const unknown = { 404: { description: 'There is no such thing' } };
const decided = { ...unknown, 409: { description: 'It was decided already, or its days are taken' } };

@Controller('v1/dated-rows')
export class DatedRowRoutes {
  constructor(@Inject(registryDatabase) private readonly db: Database) {}

  @Get()
  @Described({ summary: 'Limits with their dates, by id', tag, role: 'viewer', query: rowsQuery, answers: { 200: { description: 'A page of rows', schema: pageView(rowView) } } })
  async list(@Query() { limit, cursor, ...filter }: z.output<typeof rowsQuery>): Promise<unknown> {
    return pageOf(await listRows(this.db, { ...filter, afterId: cursor?.[0] ?? '', limit: limit + 1 }), limit, ({ id }) => [id]);
  }

  @Get('kinds')
  @Described({ summary: 'The kinds of rows, and what a value of each looks like', tag, role: 'viewer', answers: { 200: { description: 'JSON Schema by kind', schema: z.record(z.string(), z.record(z.string(), z.json())) } } })
  kinds(): unknown {
    return kinds;
  }

  @Get(':id')
  @Described({ summary: 'One row', tag, role: 'viewer', params: rowParams, answers: { 200: { description: 'The row', schema: rowView }, ...unknown } })
  async one(@Param() { id }: z.output<typeof rowParams>): Promise<unknown> {
    const row = await findRow(this.db, id);
    if (row === null) throw problem(404, 'unknown-row', { detail: `there is no dated row "${id}"` });
    return row;
  }
}

@Controller('v1/dated-row-changes')
export class DatedRowChangeRoutes {
  constructor(@Inject(registryDatabase) private readonly db: Database) {}

  @Get()
  @Described({ summary: 'Proposed changes of limits, newest first', tag, role: 'viewer', query: changesQuery, answers: { 200: { description: 'A page of proposals', schema: pageView(changeView) } } })
  async list(@Query() { limit, cursor, ...filter }: z.output<typeof changesQuery>): Promise<unknown> {
    return pageOf(await listChanges(this.db, { ...filter, beforeId: cursor?.[0] ?? Number.MAX_SAFE_INTEGER, limit: limit + 1 }), limit, ({ id }) => [id]);
  }

  @Get(':id')
  @Described({ summary: 'One proposal', tag, role: 'viewer', params: changeParams, answers: { 200: { description: 'The proposal', schema: changeView }, ...unknown } })
  async one(@Param() { id }: z.output<typeof changeParams>): Promise<unknown> {
    const change = await findChange(this.db, id);
    if (change === null) throw problem(404, 'unknown-change', { detail: `there is no proposal ${id}` });
    return change;
  }

  @Post()
  @Described({
    summary: 'Propose a change', tag, role: 'operator', body: proposeBody,
    description: 'To add a row, whose value must be one of its kind, or to say that a row was compared with its source. Nothing changes until another person approves.',
    answers: { 201: { description: 'Proposed', schema: changeView }, 404: { description: 'There is no such row' }, 409: { description: 'It is verified already' } },
  })
  propose(@Req() request: IncomingMessage, @Body() body: z.output<typeof proposeBody>): Promise<unknown> {
    needWholeCity(request);
    const { person } = principalOf(request);
    return body.action === 'add' ? proposeRow(this.db, body.row, body.reason, person) : proposeVerification(this.db, body.rowId, body.reason, person);
  }

  @Post(':id/approval')
  @Described({
    summary: 'Approve a proposal of another person', tag, role: 'supervisor', params: changeParams, body: decideBody,
    description: 'A row that is added ends the one that holds on its first day; that one goes on after its last day.',
    answers: { 200: { description: 'Approved, and in force', schema: changeView }, ...decided },
  })
  approve(@Req() request: IncomingMessage, @Param() { id }: z.output<typeof changeParams>, @Body() { reason: why }: z.output<typeof decideBody>): Promise<unknown> {
    needWholeCity(request);
    return decide(this.db, id, { approve: true, reason: why, person: principalOf(request).person });
  }

  @Post(':id/refusal')
  @Described({ summary: 'Refuse a proposal', tag, role: 'supervisor', params: changeParams, body: decideBody, answers: { 200: { description: 'Refused', schema: changeView }, ...decided } })
  refuse(@Req() request: IncomingMessage, @Param() { id }: z.output<typeof changeParams>, @Body() { reason: why }: z.output<typeof decideBody>): Promise<unknown> {
    needWholeCity(request);
    return decide(this.db, id, { approve: false, reason: why, person: principalOf(request).person });
  }
}

const kinds = Object.fromEntries(Object.entries(rowValues).map(([name, schema]) => [name, z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })]));
