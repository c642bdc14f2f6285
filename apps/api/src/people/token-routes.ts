/** Tokens for programs: each acts for the person who made it, with at most that person's rights. */
import { Described, limitField, principalOf, problem, seesAll, yesField } from '#service';
import type { Database } from '#timeseries';
import { Body, Controller, Delete, Get, Header, Inject, Param, Post, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { cursorField, pageOf, pageView } from '../pages.js';
import { callerOf } from './callers.js';
import { makeToken, revokeToken } from './people.js';
import { peopleDatabase } from './people-routes.js';
import { sessionOf } from './session-routes.js';
import { findTokenById, listTokens } from './tables.js';
import { newTokenView, role, shownName, tokenView } from './words.js';

const params = z.strictObject({ id: z.coerce.number({ error: 'expected the number of a token' }).int('expected the number of a token').min(1, 'expected the number of a token').max(Number.MAX_SAFE_INTEGER) });
const listQuery = z.strictObject({ all: yesField().describe('Of all people: for admins of the whole city'), limit: limitField(1_000), cursor: cursorField(z.tuple([z.int()])) });
const daysMax = 366;
const addBody = z.strictObject({ name: shownName, role: role.default('viewer'), days: z.int(`expected a whole number of days, 1 to ${daysMax}`).min(1, `expected 1 to ${daysMax} days`).max(daysMax, `expected 1 to ${daysMax} days`).default(90) });
const tag = 'tokens';

@Controller('v1/tokens')
export class TokenRoutes {
  constructor(@Inject(peopleDatabase) private readonly db: Database) {}

  @Get()
  @Described({ summary: 'One\'s own tokens, newest first', tag, role: 'viewer', query: listQuery, answers: { 200: { description: 'A page of tokens, without their secrets', schema: pageView(tokenView) } } })
  async list(@Req() request: IncomingMessage, @Query() { all, limit, cursor }: z.output<typeof listQuery>): Promise<unknown> {
    if (all && !isKeeper(request)) throw problem(403, 'role', { detail: 'the tokens of others are for admins of the whole city' });
    const tokens = await listTokens(this.db, all ? null : principalOf(request).person, cursor?.[0] ?? Number.MAX_SAFE_INTEGER, limit + 1);
    return pageOf(tokens, limit, ({ id }) => [id]);
  }

  @Post()
  @Header('cache-control', 'no-store')
  @Described({
    summary: 'Make a token', tag, role: 'viewer', body: addBody, description: 'The secret is shown this once: send it as `Authorization: Bearer …`. A token cannot make tokens.',
    answers: { 201: { description: 'Made', schema: newTokenView }, 409: { description: 'Too many tokens in force' } },
  })
  add(@Req() request: IncomingMessage, @Body() body: z.output<typeof addBody>): Promise<unknown> {
    sessionOf(callerOf(request));
    const { person } = principalOf(request);
    return makeToken(this.db, { ...body, person }, person);
  }

  @Delete(':id')
  @Described({ summary: 'Revoke a token', tag, role: 'viewer', params, description: 'One\'s own; admins of the whole city those of others too.', answers: { 204: { description: 'No longer valid' }, 404: { description: 'There is no such token of yours' } } })
  async revoke(@Req() request: IncomingMessage, @Param() { id }: z.output<typeof params>): Promise<void> {
    const { person } = principalOf(request);
    const token = await findTokenById(this.db, id);
    if (token === null || (token.person !== person && !isKeeper(request))) throw problem(404, 'unknown-token', { detail: `you have no token ${id}` });
    await revokeToken(this.db, token.person, id, person);
  }
}

function isKeeper(request: IncomingMessage): boolean {
  const principal = principalOf(request);
  return principal.roles.includes('admin') && seesAll(principal);
}
