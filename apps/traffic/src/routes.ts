/**
 * Traffic's own HTTP routes, on a private port: api forwards to them, with a signed principal.
 */
import { principalOf, problem, type Logger } from '#service';
import { accounting, type Database, type DeadLetter, findDeadLetter, type KeptLetter, listDeadLetters, type Relay, type RoundStore, type Stream } from '#timeseries';
import { Controller, Get, Inject, Param, Post, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Segment } from './congestion.js';
import { type CongestionChange, entryResults, type UnpackOptions } from './consumer.js';
import type { Observation } from './observation.js';
import { segmentMeasures } from './segment-measures.js';
import { type Bucket, bucketSeconds, currentConditions, latestReadings, schema, segmentSums } from './tables.js';

export interface RouteOptions extends UnpackOptions {
  readonly db: Database;
  readonly store: RoundStore<Observation, Segment, CongestionChange>;
  readonly stream: Stream;
  readonly relay: Relay;
  readonly log: Logger;
  /** Where the topic ends now, by partition. */
  readonly ends: () => Promise<ReadonlyMap<number, { readonly low: number; readonly high: number }>>;
}

export const routeOptions = Symbol('route options');

const limit = (max: number) => z.coerce.number({ error: `expected a whole number, 1 to ${max}` }).int().min(1).max(max).default(Math.min(100, max));
const yes = z.enum(['true', 'false']).default('false').transform((text) => text === 'true');
const latestQuery = z.strictObject({ limit: limit(10_000) });
const conditionsQuery = z.strictObject({ all: yes, replay: yes });
const lettersQuery = z.strictObject({ limit: limit(1_000), reason: z.string().max(64).optional(), device: z.string().max(64).optional(), all: yes, beforeId: z.coerce.number().int().positive().optional() });
const segmentsQuery = z.strictObject({
  bucket: z.enum(Object.keys(bucketSeconds) as [Bucket, ...Bucket[]]).default('15m'),
  at: z.iso.datetime({ offset: true, error: 'expected the start of a bucket such as 2026-11-22T07:00:00Z' }).optional(),
  limit: limit(10_000),
});
const letterId = z.coerce.number({ error: 'expected the number of a dead letter' }).int().positive();

@Controller('v1/traffic')
export class TrafficRoutes {
  constructor(@Inject(routeOptions) private readonly options: RouteOptions) {}

  /** The newest reading of each channel, by event time. */
  @Get('latest')
  async latest(@Query() query: unknown): Promise<unknown> {
    return (await latestReadings(this.options.db, latestQuery.parse(query).limit)).map(withClasses);
  }

  /** Conditions that are active; with `all=true` those that have cleared as well, with `replay=true` those of replays instead. */
  @Get('conditions')
  conditions(@Query() query: unknown): Promise<unknown> {
    return currentConditions(this.options.db, conditionsQuery.parse(query));
  }

  /** Flow, speed, level of service, travel time and delay of each segment in one bucket: its newest, or the one that begins at `at`. */
  @Get('segments')
  async segments(@Query() query: unknown): Promise<unknown> {
    const { bucket, at, limit } = segmentsQuery.parse(query);
    const sums = await segmentSums(this.options.db, bucket, at === undefined ? null : Date.parse(at), limit);
    return sums.map((sum) => segmentMeasures(sum, this.options.registry));
  }

  /** What became of everything consumed, and how many records are still in flight. */
  @Get('accounting')
  async accounting(): Promise<unknown> {
    const { db, ends, stream } = this.options;
    const [counts, now] = await Promise.all([accounting(db, schema), ends()]);
    return counts.map(({ nextOffset, ...count }) => ({ ...count, inFlight: count.topic === stream.topic ? Math.max(0, (now.get(count.partition)?.high ?? nextOffset) - nextOffset) : 0 }));
  }

  /** Raw messages may hold anything: for operators alone. */
  @Get('dead-letters')
  async letters(@Req() request: IncomingMessage, @Query() query: unknown): Promise<unknown> {
    needOperator(request);
    const { reason, device, all, beforeId, limit } = lettersQuery.parse(query);
    const filter = { all, limit, ...(reason === undefined ? {} : { reason }), ...(device === undefined ? {} : { device }), ...(beforeId === undefined ? {} : { beforeId }) };
    return (await listDeadLetters(this.options.db, schema, filter)).map((letter) => asJson(letter, 200));
  }

  @Get('dead-letters/:id')
  async letter(@Req() request: IncomingMessage, @Param('id') id: string): Promise<unknown> {
    needOperator(request);
    return asJson(await this.found(id), Number.POSITIVE_INFINITY);
  }

  /** Tries a dead letter again, as it came, with what we know now. */
  @Post('dead-letters/:id/replay')
  async replay(@Req() request: IncomingMessage, @Param('id') id: string): Promise<unknown> {
    needOperator(request);
    const letter = await this.found(id);
    const { arrivals, dead } = entryResults(letter, this.options);
    const result = await this.options.store.replay(letter, arrivals, dead);
    if (result === null) throw problem(409, 'replayed', { detail: `dead letter ${letter.id} was replayed already` });
    if (result.announced > 0) this.options.relay.nudge();
    return { id: letter.id, ...result, refused: dead.map(({ reason, details }: DeadLetter) => ({ reason, details })) };
  }

  private async found(text: string): Promise<KeptLetter> {
    const id = letterId.safeParse(text);
    if (!id.success) throw problem(400, 'invalid', { field: 'id', expected: 'the number of a dead letter' });
    const letter = await findDeadLetter(this.options.db, schema, id.data);
    if (letter === null) throw problem(404, 'unknown-dead-letter', { detail: `there is no dead letter ${id.data}` });
    return letter;
  }
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

function withClasses({ motorcycle, car, bus, truck, trailer, bicycle, other, ...row }: Record<string, unknown>): unknown {
  return { ...row, byClass: { motorcycle, car, bus, truck, trailer, bicycle, other } };
}
