/**
 * The routes that every domain has, below `v1/<domain>`: dead letters, accounting, conditions. On a private port: api
 * forwards to them, with a signed principal.
 */
import type { Domain } from '#contracts';
import { principalOf, problem } from '#service';
import { accounting, type Database, type DeadLetter, findDeadLetter, type KeptLetter, listDeadLetters, type Relay, type RoundStore, type Stream } from '#timeseries';
import { Controller, Get, Param, Post, Query, Req, type Type } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { conditionChanges, currentConditions } from './conditions.js';
import type { TimedObservation } from './definition.js';
import { entryResults, type UnpackOptions } from './unpack.js';

export interface DomainRouteOptions<O extends TimedObservation> extends UnpackOptions<O> {
  readonly domain: Domain;
  readonly schema: string;
  readonly db: Database;
  readonly store: Pick<RoundStore<O, unknown, unknown>, 'replay'>;
  readonly stream: Stream;
  readonly relay: Relay;
  /** Where the topic ends now, by partition. */
  readonly ends: () => Promise<ReadonlyMap<number, { readonly low: number; readonly high: number }>>;
}

const limit = (max: number) => z.coerce.number({ error: `expected a whole number, 1 to ${max}` }).int().min(1).max(max).default(Math.min(100, max));
const yes = z.enum(['true', 'false']).default('false').transform((text) => text === 'true');
const conditionsQuery = z.strictObject({ all: yes, replay: yes, limit: limit(1_000).default(1_000) });
const changesQuery = z.strictObject({ conditionId: z.string().max(200), afterSeq: z.coerce.number({ error: 'expected a whole number from 0' }).int().min(0).default(0), limit: limit(1_000) });
const lettersQuery = z.strictObject({ limit: limit(1_000), reason: z.string().max(64).optional(), device: z.string().max(64).optional(), all: yes, beforeId: z.coerce.number().int().positive().optional() });
const letterId = z.coerce.number({ error: 'expected the number of a dead letter' }).int().positive();

/** The controller of these routes for one domain. */
export function routesOf<O extends TimedObservation>(options: DomainRouteOptions<O>): Type {
  const { db, schema } = options;

  @Controller(`v1/${options.domain}`)
  class DomainRoutes {
    /** Conditions that are active; with `all=true` those that have cleared as well, with `replay=true` those of replays instead. */
    @Get('conditions')
    conditions(@Query() query: unknown): Promise<unknown> {
      return currentConditions(db, schema, conditionsQuery.parse(query));
    }

    /** Every change of one condition after a sequence number, in order: what alerts asks for when it has missed some. */
    @Get('conditions/changes')
    changes(@Query() query: unknown): Promise<unknown> {
      return conditionChanges(db, schema, changesQuery.parse(query));
    }

    /** What became of everything consumed, and how many records are still in flight. */
    @Get('accounting')
    async accounting(): Promise<unknown> {
      const { ends, stream } = options;
      const [counts, now] = await Promise.all([accounting(db, schema), ends()]);
      return counts.map(({ nextOffset, ...count }) => ({ ...count, inFlight: count.topic === stream.topic ? Math.max(0, (now.get(count.partition)?.high ?? nextOffset) - nextOffset) : 0 }));
    }

    /** Raw messages may hold anything: for operators alone. */
    @Get('dead-letters')
    async letters(@Req() request: IncomingMessage, @Query() query: unknown): Promise<unknown> {
      needOperator(request);
      const { reason, device, all, beforeId, limit } = lettersQuery.parse(query);
      const filter = { all, limit, ...(reason === undefined ? {} : { reason }), ...(device === undefined ? {} : { device }), ...(beforeId === undefined ? {} : { beforeId }) };
      return (await listDeadLetters(db, schema, filter)).map((letter) => asJson(letter, 200));
    }

    @Get('dead-letters/:id')
    async letter(@Req() request: IncomingMessage, @Param('id') id: string): Promise<unknown> {
      needOperator(request);
      return asJson(await found(db, schema, id), Number.POSITIVE_INFINITY);
    }

    /** Tries a dead letter again, as it came, with what we know now. */
    @Post('dead-letters/:id/replay')
    async replay(@Req() request: IncomingMessage, @Param('id') id: string): Promise<unknown> {
      needOperator(request);
      const letter = await found(db, schema, id);
      const { arrivals, dead } = entryResults(letter, options);
      const result = await options.store.replay(letter, arrivals, dead);
      if (result === null) throw problem(409, 'replayed', { detail: `dead letter ${letter.id} was replayed already` });
      if (result.announced > 0) options.relay.nudge();
      return { id: letter.id, ...result, refused: dead.map(({ reason, details }: DeadLetter) => ({ reason, details })) };
    }
  }
  return DomainRoutes;
}

async function found(db: Database, schema: string, text: string): Promise<KeptLetter> {
  const id = letterId.safeParse(text);
  if (!id.success) throw problem(400, 'invalid', { field: 'id', expected: 'the number of a dead letter' });
  const letter = await findDeadLetter(db, schema, id.data);
  if (letter === null) throw problem(404, 'unknown-dead-letter', { detail: `there is no dead letter ${id.data}` });
  return letter;
}

function needOperator(request: IncomingMessage): void {
  if (!principalOf(request).roles.some((role) => role !== 'viewer')) throw problem(403, 'role', { detail: 'expected an operator, supervisor or admin' });
}

/** Text where it is text, base64 otherwise; cut to `charactersMax` in lists. */
function asJson({ payload, receivedAtMs, ...letter }: KeptLetter, charactersMax: number): unknown {
  const text = payload.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(payload);
  const shown = isText ? text : payload.toString('base64');
  return { ...letter, receivedAt: new Date(receivedAtMs).toISOString(), bytes: payload.length, [isText ? 'payload' : 'payloadBase64']: shown.slice(0, charactersMax) };
}
