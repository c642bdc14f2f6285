/** Signing in and out of the browser's session, and changing one's own password. */
import { Described, principalOf, problem } from '#service';
import type { Database } from '#timeseries';
import { Body, Controller, Delete, Get, Header, Inject, Post, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { callerOf, type Caller, type Callers } from './callers.js';
import { csrfOf, isFromOurPage, sessionCookie } from './cookie.js';
import { signOut, signOutEverywhere, type SignIn } from './people.js';
import { sessionView } from './words.js';

export interface SessionRouteOptions {
  readonly db: Database;
  readonly callers: Callers;
  readonly signIn: SignIn;
}
export const sessionRouteOptions = Symbol('session route options');

const password = z.string('expected a password').min(1, 'expected a password').max(1_000, 'expected at most 1000 characters');
// A name that nobody can have is a wrong name, not a wrong form: whoever guesses learns nothing from it.
const signInBody = z.strictObject({ name: z.string('expected a name').min(1, 'expected a name').max(200, 'expected at most 200 characters'), password });
const passwordBody = z.strictObject({ current: password, new: password });
const tag = 'session';

@Controller('v1/session')
export class SessionRoutes {
  constructor(@Inject(sessionRouteOptions) private readonly options: SessionRouteOptions) {}

  @Post()
  @Header('cache-control', 'no-store')
  @Described({
    summary: 'Sign in', tag, role: 'anyone', body: signInBody,
    description: 'Sets the session cookie. Changes need the header `nhip-csrf` beside it, with the value `csrf` of the answer.',
    answers: { 201: { description: 'Signed in', schema: sessionView }, 401: { description: 'Name or password is wrong' }, 403: { description: 'Asked for by a page of another site' } },
  })
  async signIn(@Req() request: IncomingMessage, @Res({ passthrough: true }) response: ServerResponse, @Body() body: z.output<typeof signInBody>): Promise<unknown> {
    const { callers, signIn } = this.options;
    if (!isFromOurPage(request, callers.publicUrl)) throw problem(403, 'other-site', { detail: 'sign in on our own page' });
    const { person, secret, expiresAt } = await signIn.signIn(body.name.trim().toLowerCase(), body.password, callers.addressOf(request));
    response.setHeader('set-cookie', sessionCookie(secret, expiresAt, callers.secureCookies));
    return { person: person.id, name: person.name, role: person.role, areas: person.areas, mustChangePassword: person.mustChangePassword, csrf: csrfOf(secret), expiresAt };
  }

  @Get()
  @Header('cache-control', 'no-store')
  @Described({ summary: 'Who I am', tag, role: 'viewer', answers: { 200: { description: 'The person whose session or token was sent', schema: sessionView } } })
  session(@Req() request: IncomingMessage): unknown {
    const { principal, role, name, mustChangePassword, expiresAt, by } = callerOf(request);
    return { person: principal.person, name, role, areas: principal.areas, mustChangePassword, csrf: 'secret' in by ? csrfOf(by.secret) : null, expiresAt };
  }

  @Delete()
  @Described({ summary: 'Sign out', tag, role: 'viewer', answers: { 204: { description: 'Signed out' } } })
  async signOut(@Req() request: IncomingMessage, @Res({ passthrough: true }) response: ServerResponse): Promise<void> {
    const { db, callers } = this.options;
    await signOut(db, principalOf(request).person, sessionOf(callerOf(request)));
    response.setHeader('set-cookie', sessionCookie(null, new Date(0), callers.secureCookies));
  }

  @Delete('everywhere')
  @Described({ summary: 'Sign out everywhere', tag, role: 'viewer', description: 'Ends all of one\'s own sessions. Tokens stay.', answers: { 204: { description: 'Signed out of all browsers' } } })
  async signOutEverywhere(@Req() request: IncomingMessage, @Res({ passthrough: true }) response: ServerResponse): Promise<void> {
    const { db, callers } = this.options;
    sessionOf(callerOf(request));
    const { person } = principalOf(request);
    await signOutEverywhere(db, person, person);
    response.setHeader('set-cookie', sessionCookie(null, new Date(0), callers.secureCookies));
  }

  @Post('password')
  @Described({
    summary: 'Change one\'s own password', tag, role: 'viewer', body: passwordBody,
    description: '12 to 128 characters; not the name, not what is tried first. All other sessions of the person end.',
    answers: { 204: { description: 'Changed' } },
  })
  async changePassword(@Req() request: IncomingMessage, @Body() body: z.output<typeof passwordBody>): Promise<void> {
    const { callers, signIn } = this.options;
    const session = sessionOf(callerOf(request));
    await signIn.changePassword(principalOf(request).person, body.current, body.new, callers.addressOf(request), session);
  }
}

/** What concerns the person, not what they see: a token that leaked must not be enough. */
export function sessionOf({ by }: Caller): number {
  if ('token' in by) throw problem(403, 'session-needed', { detail: 'this needs a person who has signed in: a token is not enough' });
  return by.session;
}
