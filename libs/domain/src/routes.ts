/**
 * The routes that every domain has, below `v1/<domain>`: conditions, accounting, dead letters. On a private port: api
 * forwards to them, with a signed principal. Series and latest values: series-routes.ts.
 */
import { condition, conditionIdPattern, type Domain } from '#contracts';
import { Described, limitField, principalOf, problem, yesField } from '#service';
import { type Database, type DeadLetter, listDeadLetters, type Relay, type RoundStore, type Stream } from '#timeseries';
import { Controller, Get, Param, Post, Query, Req, type Type } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { needWholeCity } from './areas.js';
import { conditionChanges, currentConditions } from './conditions.js';
import type { TimedObservation } from './definition.js';
import { accountingOf, counted, type Ends, foundLetter, keptLetter, letterAsJson, letterFilter, letterParams, lettersQuery, replayed, serial } from './letters.js';
import { entryResults, type UnpackOptions } from './unpack.js';

export interface DomainRouteOptions<O extends TimedObservation> extends UnpackOptions<O> {
  readonly domain: Domain;
  readonly schema: string;
  readonly db: Database;
  readonly store: Pick<RoundStore<O, unknown, unknown>, 'replay'>;
  readonly stream: Stream;
  readonly relay: Relay;
  readonly ends: Ends;
}

const conditionsQuery = z.strictObject({ all: yesField().describe('Those that have cleared, too'), replay: yesField().describe('Those that a replay found, instead'), limit: limitField(1_000, 1_000) });
const changesQuery = z.strictObject({ conditionId: z.string().regex(conditionIdPattern, 'expected <domain>/<type>/<asset>'), afterSeq: serial(Number.MAX_SAFE_INTEGER, 'a whole number from 0').default(0), limit: limitField(1_000) });
const instant = z.string().meta({ format: 'date-time' });
const named = condition.extend({ observedAt: instant, nameVi: z.string().nullable(), nameEn: z.string().nullable() }).meta({ id: 'NamedCondition' });
const change = condition.extend({ observedAt: instant }).meta({ id: 'Condition' });
/** The controller of these routes for one domain. */
export function routesOf<O extends TimedObservation>(options: DomainRouteOptions<O>): Type {
  const { db, schema } = options;

  @Controller(`v1/${options.domain}`)
  class DomainRoutes {
    @Get('conditions')
    @Described({ summary: 'Conditions that are active, newest first', role: 'viewer', query: conditionsQuery, answers: { 200: { description: 'With the names of their assets', schema: z.array(named) } } })
    conditions(@Req() request: IncomingMessage, @Query() query: z.output<typeof conditionsQuery>): Promise<unknown> {
      return currentConditions(db, schema, { ...query, areas: principalOf(request).areas });
    }

    @Get('conditions/changes')
    @Described({
      summary: 'Changes of one condition after a sequence number',
      description: 'In order: what alerts asks for when it has missed some.',
      role: 'viewer',
      query: changesQuery,
      answers: { 200: { description: 'None, where there is no such condition', schema: z.array(change) } },
    })
    changes(@Req() request: IncomingMessage, @Query() query: z.output<typeof changesQuery>): Promise<unknown> {
      return conditionChanges(db, schema, { ...query, areas: principalOf(request).areas });
    }

    @Get('accounting')
    @Described({
      summary: 'What became of everything consumed',
      description: 'For each partition `entries = stored + corrected + repeated + deadLettered`; `inFlight` are records, each of one or many readings, that are not consumed yet.',
      role: 'viewer',
      answers: { 200: { description: 'By topic and partition', schema: z.array(counted) } },
    })
    async accounting(): Promise<unknown> {
      return accountingOf(db, options.stream, options.ends);
    }

    @Get('dead-letters')
    @Described({
      summary: 'What could not be stored, and why',
      description: 'Newest first; payloads are cut to 200 characters. Raw messages may hold anything: for operators of the whole city alone.',
      role: 'operator',
      query: lettersQuery,
      answers: { 200: { description: 'Dead letters', schema: z.array(keptLetter) } },
    })
    async letters(@Req() request: IncomingMessage, @Query() query: z.output<typeof lettersQuery>): Promise<unknown> {
      needWholeCity(principalOf(request));
      return (await listDeadLetters(db, schema, letterFilter(query))).map((letter) => letterAsJson(letter, 200));
    }

    @Get('dead-letters/:id')
    @Described({ summary: 'One dead letter, with its whole payload', role: 'operator', params: letterParams, answers: { 200: { description: 'The dead letter', schema: keptLetter } } })
    async letter(@Req() request: IncomingMessage, @Param() { id }: z.output<typeof letterParams>): Promise<unknown> {
      needWholeCity(principalOf(request));
      return letterAsJson(await foundLetter(db, schema, id), Number.POSITIVE_INFINITY);
    }

    @Post('dead-letters/:id/replay')
    @Described({
      summary: 'Tries a dead letter again',
      description: 'As it came, with what is known now. What is refused once more stays with its new reason.',
      role: 'operator',
      params: letterParams,
      answers: { 200: { description: 'What it became', schema: replayed }, 409: { description: 'It was replayed before' } },
    })
    async replay(@Req() request: IncomingMessage, @Param() { id }: z.output<typeof letterParams>): Promise<unknown> {
      needWholeCity(principalOf(request));
      const letter = await foundLetter(db, schema, id);
      await options.registry.refresh(); // Whoever replays may have put the registry right just now.
      const { arrivals, dead } = entryResults(letter, options);
      const result = await options.store.replay(letter, arrivals, dead);
      if (result === null) throw problem(409, 'replayed', { detail: `dead letter ${letter.id} was replayed already` });
      if (result.announced > 0) options.relay.nudge();
      return { id: letter.id, ...result, refused: dead.map(({ reason, details }: DeadLetter) => ({ reason, details })) };
    }
  }
  return DomainRoutes;
}
