/** The routes of alerts, on a private port: api forwards to them, with a signed principal. */
import { alarm, alarmStates, alarmTransition, domainNames, id } from '#contracts';
import { accountingOf, counted, type Ends, foundLetter, keptLetter, letterAsJson, letterFilter, letterParams, lettersQuery, needWholeCity, replayed } from '#domain';
import { Described, instantField, limitField, principalOf, problem } from '#service';
import { type Database, type EntryStore, listDeadLetters, type Relay, type Stream } from '#timeseries';
import { Controller, Get, Inject, Param, Post, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { type ConditionEntry, readAgain } from './reading-conditions.js';
import { type AlarmCursor, findAlarm, listAlarms, schema, transitionsOf } from './tables.js';

export interface RouteOptions {
  readonly db: Database;
  readonly store: Pick<EntryStore<ConditionEntry>, 'replay'>;
  readonly relay: Pick<Relay, 'nudge'>;
  readonly stream: Stream;
  readonly ends: Ends;
}

export const routeOptions = Symbol('route options');

const notNormal = alarmStates.filter((state) => state !== 'NORMAL');
const states = z
  .string()
  .regex(new RegExp(`^(?:${alarmStates.join('|')})(?:,(?:${alarmStates.join('|')})){0,20}$`), `expected states with commas between, of ${alarmStates.join(', ')}`)
  .describe('States with commas between; all but NORMAL when none is given')
  .transform((text) => text.split(',') as (typeof alarmStates)[number][])
  .optional();
const typePattern = /^[a-z][a-z0-9-]{0,63}$/;
const number = z.coerce.number({ error: 'expected a whole number from 1' }).int('expected a whole number').min(1).max(Number.MAX_SAFE_INTEGER);

const listQuery = z.strictObject({
  state: states,
  domain: z.enum(domainNames as [string, ...string[]], `expected one of ${domainNames.join(', ')}`).optional(),
  type: z.string().regex(typePattern, 'expected the type of an alarm, such as congestion').optional(),
  asset: id.describe('This asset and all that lies in it').optional(),
  level: z.string().regex(/^[A-Za-z0-9._:-]{1,32}$/, 'expected a level, such as congested').optional(),
  from: instantField().describe('Last changed at this time or later').optional(),
  to: instantField().describe('Last changed before this time').optional(),
  limit: limitField(1_000),
  cursor: z.string().max(400).regex(/^[A-Za-z0-9_-]*$/, 'expected `next` of an answer').describe('`next` of the page before').optional(),
});
const alarmParams = z.object({ domain: z.string().regex(/^[a-z]{1,32}$/), type: z.string().regex(typePattern), asset: id });
const historyQuery = z.strictObject({ limit: limitField(1_000), beforeSeq: number.describe('`next` of the page before').optional() });

@Controller('v1/alarms')
export class AlarmRoutes {
  constructor(@Inject(routeOptions) private readonly options: RouteOptions) {}

  @Get()
  @Described({
    summary: 'Alarms, the one that changed last first',
    description: 'Those of the caller’s areas. While alarms change, follow `/v1/stream`: open it first, then ask here, and take what has the higher `seq`.',
    role: 'viewer',
    query: listQuery,
    answers: { 200: { description: 'One page; `next` null: the last', schema: z.strictObject({ alarms: z.array(alarm), next: z.string().nullable() }) } },
  })
  async list(@Req() request: IncomingMessage, @Query() query: z.output<typeof listQuery>): Promise<unknown> {
    const { state = notNormal, from, to, cursor, limit, ...same } = query;
    const after = cursor === undefined ? null : cursorFrom(cursor);
    const alarms = await listAlarms(this.options.db, principalOf(request).areas, { ...same, domain: same.domain as (typeof domainNames)[number] | undefined, states: state, fromMs: from, toMs: to, after, limit });
    return { alarms, next: alarms.length < limit ? null : textOf(alarms.at(-1)!) };
  }

  @Get('accounting')
  @Described({ summary: 'What became of every condition that was consumed', role: 'viewer', answers: { 200: { description: 'By topic and partition', schema: z.array(counted) } } })
  accounting(): Promise<unknown> {
    return accountingOf(this.options.db, this.options.stream, this.options.ends);
  }

  @Get('dead-letters')
  @Described({
    summary: 'Conditions that could not be taken, and why',
    description: 'Newest first; payloads are cut to 200 characters, and `device` is the record’s key. For operators of the whole city alone.',
    role: 'operator',
    query: lettersQuery,
    answers: { 200: { description: 'Dead letters', schema: z.array(keptLetter) } },
  })
  async letters(@Req() request: IncomingMessage, @Query() query: z.output<typeof lettersQuery>): Promise<unknown> {
    needWholeCity(principalOf(request));
    return (await listDeadLetters(this.options.db, schema, letterFilter(query))).map((letter) => letterAsJson(letter, 200));
  }

  @Get('dead-letters/:id')
  @Described({ summary: 'One dead letter, with its whole payload', role: 'operator', params: letterParams, answers: { 200: { description: 'The dead letter', schema: keptLetter } } })
  async letter(@Req() request: IncomingMessage, @Param() { id: number }: z.output<typeof letterParams>): Promise<unknown> {
    needWholeCity(principalOf(request));
    return letterAsJson(await foundLetter(this.options.db, schema, number), Number.POSITIVE_INFINITY);
  }

  @Post('dead-letters/:id/replay')
  @Described({
    summary: 'Tries a dead letter again, as it came, with what is known now',
    role: 'operator',
    params: letterParams,
    answers: { 200: { description: 'What it became', schema: replayed }, 409: { description: 'It was replayed already' } },
  })
  async replay(@Req() request: IncomingMessage, @Param() { id: number }: z.output<typeof letterParams>): Promise<unknown> {
    needWholeCity(principalOf(request));
    const { db, store, relay } = this.options;
    const kept = await foundLetter(db, schema, number);
    const { entries, dead } = readAgain(kept);
    const result = await store.replay(kept, entries, dead);
    if (result === null) throw problem(409, 'replayed', { detail: `dead letter ${number} was replayed already` });
    if (result.announced > 0) relay.nudge();
    return { id: number, ...result, refused: dead.map(({ reason, details }) => ({ reason, details })) };
  }

  @Get(':domain/:type/:asset')
  @Described({ summary: 'One alarm', role: 'viewer', params: alarmParams, answers: { 200: { description: 'As it is now', schema: alarm }, 404: { description: 'There is none, or it lies outside the caller’s areas' } } })
  async one(@Req() request: IncomingMessage, @Param() params: z.output<typeof alarmParams>): Promise<unknown> {
    return this.found(request, params);
  }

  @Get(':domain/:type/:asset/history')
  @Described({
    summary: 'All that ever happened to an alarm, the newest first',
    description: 'Late findings stand among the others, by their number; `late` marks them and `at` is their own time.',
    role: 'viewer',
    params: alarmParams,
    query: historyQuery,
    answers: { 200: { description: 'One page; `next` null: the last', schema: z.strictObject({ transitions: z.array(alarmTransition), next: z.int().nullable() }) }, 404: { description: 'There is no such alarm, or it lies outside the caller’s areas' } },
  })
  async history(@Req() request: IncomingMessage, @Param() params: z.output<typeof alarmParams>, @Query() { limit, beforeSeq }: z.output<typeof historyQuery>): Promise<unknown> {
    const { alarmId } = await this.found(request, params);
    const transitions = await transitionsOf(this.options.db, alarmId, { beforeSeq: beforeSeq ?? null, limit });
    return { transitions, next: transitions.length < limit ? null : transitions.at(-1)!.seq };
  }

  private async found(request: IncomingMessage, { domain, type, asset }: z.output<typeof alarmParams>): Promise<z.infer<typeof alarm>> {
    const alarmId = `${domain}/${type}/${asset}`;
    const found = await findAlarm(this.options.db, principalOf(request).areas, alarmId);
    if (found === null) throw problem(404, 'unknown-alarm', { detail: `there is no alarm ${alarmId}` });
    return found;
  }
}

const textOf = ({ changedAt, alarmId }: AlarmCursor): string => Buffer.from(`${changedAt} ${alarmId}`).toString('base64url');

function cursorFrom(text: string): AlarmCursor {
  const [, changedAt, alarmId] = /^((?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([a-zA-Z0-9/._:-]{1,200})$/.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  if (changedAt === undefined || alarmId === undefined || Number.isNaN(Date.parse(changedAt))) throw problem(422, 'invalid', { field: 'cursor', expected: '`next` of an answer' });
  return { changedAt, alarmId };
}
