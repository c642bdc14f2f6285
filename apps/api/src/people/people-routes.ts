/** People and what they may do: for admins of the whole city. */
import { Described, limitField, principalOf, problem, seesAll } from '#service';
import type { Database } from '#timeseries';
import { Body, Controller, Delete, Get, Header, Inject, Param, Patch, Post, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { cursorField, pageOf, pageView } from '../pages.js';
import { addPerson, changePerson, resetPassword, shown, signOutEverywhere, unknownPerson } from './people.js';
import { findPerson, listPeople } from './tables.js';
import { areas, passwordView, personId, personView, role, shownName } from './words.js';

export const peopleDatabase = Symbol('database of people');

const params = z.strictObject({ id: personId });
const listQuery = z.strictObject({ limit: limitField(1_000), cursor: cursorField(z.tuple([personId])) });
const addBody = z.strictObject({ id: personId, name: shownName, role, areas: areas.default([]) });
const changeBody = z.strictObject({ name: shownName.optional(), role: role.optional(), areas: areas.optional(), active: z.boolean().optional() });
const tag = 'people';
const nobody = { 404: { description: 'There is no such person' } };

@Controller('v1/people')
export class PeopleRoutes {
  constructor(@Inject(peopleDatabase) private readonly db: Database) {}

  @Get()
  @Described({ summary: 'All people, by name', tag, role: 'admin', query: listQuery, answers: { 200: { description: 'A page of people', schema: pageView(personView) } } })
  async list(@Req() request: IncomingMessage, @Query() { limit, cursor }: z.output<typeof listQuery>): Promise<unknown> {
    needWholeCity(request);
    return pageOf(await listPeople(this.db, cursor?.[0] ?? '', limit + 1), limit, ({ id }) => [id]);
  }

  @Get(':id')
  @Described({ summary: 'One person', tag, role: 'admin', params, answers: { 200: { description: 'The person', schema: personView }, ...nobody } })
  async one(@Req() request: IncomingMessage, @Param() { id }: z.output<typeof params>): Promise<unknown> {
    needWholeCity(request);
    const person = await findPerson(this.db, id);
    if (person === null) throw unknownPerson(id);
    return shown(person);
  }

  @Post()
  @Header('cache-control', 'no-store')
  @Described({
    summary: 'Add a person', tag, role: 'admin', body: addBody, description: 'The password of the answer is shown this once, and must be changed at the first sign-in.',
    answers: { 201: { description: 'Added', schema: z.strictObject({ person: personView, password: passwordView.shape.password }) }, 409: { description: 'The name is taken' } },
  })
  add(@Req() request: IncomingMessage, @Body() body: z.output<typeof addBody>): Promise<unknown> {
    needWholeCity(request);
    return addPerson(this.db, body, principalOf(request).person);
  }

  @Patch(':id')
  @Described({
    summary: 'Change a person: name, role, areas, or whether they may come in', tag, role: 'admin', params, body: changeBody,
    answers: { 200: { description: 'As it is now', schema: personView }, ...nobody, 409: { description: 'Nobody would be left who may do everything' } },
  })
  change(@Req() request: IncomingMessage, @Param() { id }: z.output<typeof params>, @Body() body: z.output<typeof changeBody>): Promise<unknown> {
    needWholeCity(request);
    // Fields that are not given are absent, not undefined: they must not wipe what is there.
    const change = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
    return changePerson(this.db, id, change, principalOf(request).person);
  }

  @Post(':id/password')
  @Header('cache-control', 'no-store')
  @Described({
    summary: 'Give a person a new password', tag, role: 'admin', params, description: 'Shown this once, to be changed at the next sign-in. Their sessions end; their tokens stay.',
    answers: { 201: { description: 'The new password', schema: passwordView }, ...nobody },
  })
  async reset(@Req() request: IncomingMessage, @Param() { id }: z.output<typeof params>): Promise<unknown> {
    needWholeCity(request);
    return { person: id, password: await resetPassword(this.db, id, principalOf(request).person) };
  }

  @Delete(':id/sessions')
  @Described({ summary: 'Sign a person out everywhere', tag, role: 'admin', params, answers: { 204: { description: 'Signed out' }, ...nobody } })
  async signOut(@Req() request: IncomingMessage, @Param() { id }: z.output<typeof params>): Promise<void> {
    needWholeCity(request);
    await signOutEverywhere(this.db, id, principalOf(request).person);
  }
}

/** For what belongs to no place: whoever has areas could otherwise give themselves the rest. */
export function needWholeCity(request: IncomingMessage): void {
  if (!seesAll(principalOf(request))) throw problem(403, 'whole-city', { detail: 'this concerns the whole city, and you have areas of it' });
}
