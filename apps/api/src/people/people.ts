/**
 * What is done with people: signing in and out, adding and changing them, passwords, tokens. Each leaves a row in the
 * audit in the transaction of the change itself.
 */
import { problem, roles, type Role } from '#service';
import type { Database, Transaction } from '#timeseries';
import { randomBytes } from 'node:crypto';
import { audit } from '../audit.js';
import { Attempts, type AttemptLimits } from './attempts.js';
import { sha256 } from './callers.js';
import { complaintAboutPassword, hashPassword, isPassword, newPassword } from './password.js';
import * as tables from './tables.js';
import { personId } from './words.js';

export const firstAdmin = 'admin';
export const tokensPerPersonMax = 100;
const sessionsPerPersonMax = 20;

export interface SignInOptions {
  readonly db: Database;
  readonly attempts: AttemptLimits;
  /** However busy: after so long one signs in again. */
  readonly sessionHours: number;
}

export interface SignedIn extends tables.Session {
  readonly secret: string;
  readonly person: tables.Person;
}

export interface SignIn {
  /** Throws 401 when name or password are wrong, without saying which, and 429 when there were too many attempts. */
  signIn(name: string, password: string, address: string): Promise<SignedIn>;
  /** Throws 422 when the current password is wrong or the new one is not allowed. Ends all other sessions. */
  changePassword(person: string, current: string, next: string, address: string, sessionId: number): Promise<void>;
}

export function createSignIn({ db, attempts: limits, sessionHours }: SignInOptions): SignIn {
  const attempts = new Attempts(limits);

  /** The person, if that is their password. An unknown name takes as long as a known one. */
  async function judge(name: string, password: string, address: string): Promise<tables.Person | null> {
    const waitS = attempts.begin(name, address, Date.now());
    if (waitS > 0) throw problem(429, 'too-many-attempts', { detail: `too many wrong passwords; try again in ${waitS} s`, retryAfterS: waitS });
    let judged = false;
    let right = false;
    try {
      const person = personId.safeParse(name).success ? await tables.findPerson(db, name) : null;
      right = await isPassword(person?.active === true ? person.passwordHash : null, password);
      judged = true;
      // What was typed as a name may be a password: only names that exist are written down.
      if (!right) await audit(db, { author: 'system', action: 'sign-in-refused', subject: person?.id ?? '', details: { address, known: person !== null, active: person?.active ?? null } });
      return right ? person : null;
    } finally {
      if (right || !judged) attempts.takeBack(name, address, Date.now());
    }
  }

  return {
    async signIn(name, password, address) {
      const person = await judge(name, password, address);
      if (person === null) throw problem(401, 'sign-in', { detail: 'name or password is wrong' });
      const secret = randomBytes(32).toString('base64url');
      return db.transaction(async (transaction) => {
        const session = await tables.addSession(transaction, person.id, sha256(secret), address, sessionHours);
        await tables.endOldestSessions(transaction, person.id, sessionsPerPersonMax);
        await audit(transaction, { author: person.id, action: 'signed-in', subject: person.id, details: { address, session: session.id } });
        return { ...session, secret, person };
      });
    },

    async changePassword(person, current, next, address, sessionId) {
      if ((await judge(person, current, address)) === null) throw problem(422, 'invalid', { field: 'current', expected: 'the password in use' });
      const complaint = current === next ? 'another password than the one in use' : complaintAboutPassword(next, person);
      if (complaint !== null) throw problem(422, 'invalid', { field: 'new', expected: complaint });
      const hash = await hashPassword(next);
      await db.transaction(async (transaction) => {
        await tables.savePassword(transaction, person, hash, false);
        const ended = await tables.endSessions(transaction, person, sessionId);
        await audit(transaction, { author: person, action: 'password-changed', subject: person, details: { sessionsEnded: ended } });
      });
    },
  };
}

export async function signOut(db: Database, person: string, sessionId: number): Promise<void> {
  await db.transaction(async (transaction) => {
    await tables.endSession(transaction, sessionId);
    await audit(transaction, { author: person, action: 'signed-out', subject: person, details: { session: sessionId } });
  });
}

/** Ends all sessions of a person. */
export async function signOutEverywhere(db: Database, person: string, author: string): Promise<number> {
  return db.transaction(async (transaction) => {
    if ((await tables.lockPerson(transaction, person)) === null) throw unknownPerson(person);
    const ended = await tables.endSessions(transaction, person, null);
    await audit(transaction, { author, action: 'signed-out-everywhere', subject: person, details: { sessionsEnded: ended } });
    return ended;
  });
}

export interface NewPerson {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly areas: readonly string[];
}

/** Adds a person with a password that is shown once and must be changed at the first sign-in. */
export async function addPerson(db: Database, { id, name, role, areas }: NewPerson, author: string): Promise<{ person: tables.Person; password: string }> {
  const password = newPassword();
  const hash = await hashPassword(password);
  const person = await db.transaction(async (transaction) => {
    if (!(await tables.addPerson(transaction, { id, name, role, mustChangePassword: true }, hash))) throw problem(409, 'taken', { field: 'id', expected: 'a name that nobody has', detail: `id: ${id} is taken` });
    await putAreas(transaction, id, areas);
    await audit(transaction, { author, action: 'person-added', subject: id, details: { name, role, areas } });
    return (await tables.findPerson(transaction, id))!;
  });
  return { person: shown(person), password };
}

export type PersonChange = Partial<Pick<tables.Person, 'name' | 'role' | 'areas' | 'active'>>;

/** Throws 409 when nobody would be left who may do everything. Whoever is put off is signed out. */
export async function changePerson(db: Database, id: string, change: PersonChange, author: string): Promise<tables.Person> {
  return db.transaction(async (transaction) => {
    const admins = await tables.lockAdmins(transaction);
    const before = await tables.lockPerson(transaction, id);
    if (before === null) throw unknownPerson(id);
    const after = { ...before, ...change };
    await tables.savePerson(transaction, after);
    if (change.areas !== undefined) await putAreas(transaction, id, change.areas);
    if (admins.includes(id) && (await tables.lockAdmins(transaction)).length === 0) throw problem(409, 'last-admin', { detail: `${id} is the last admin of the whole city: make another one first` });
    if (!after.active) await tables.endSessions(transaction, id, null);
    const was = Object.fromEntries(Object.keys(change).map((field) => [field, before[field as keyof PersonChange]]));
    await audit(transaction, { author, action: 'person-changed', subject: id, details: { before: was, after: change } });
    return shown((await tables.findPerson(transaction, id))!);
  });
}

/**
 * Gives a person a new password and ends their sessions. `mustChange`: somebody else reads it. The first admin is made
 * again if need be, and let in again: whoever holds the database may always do so.
 */
export async function resetPassword(db: Database, id: string, author: string, { mustChange = true, restore = false } = {}): Promise<string> {
  const password = newPassword();
  const hash = await hashPassword(password);
  await db.transaction(async (transaction) => {
    const person = await tables.lockPerson(transaction, id);
    if (person === null && !(restore && id === firstAdmin)) throw unknownPerson(id);
    if (person === null) await tables.addPerson(transaction, { id, name: 'Quản trị viên', role: 'admin', mustChangePassword: mustChange }, hash);
    else await tables.savePassword(transaction, id, hash, mustChange);
    if (person !== null && restore) {
      await tables.savePerson(transaction, { ...person, active: true, role: id === firstAdmin ? 'admin' : person.role });
      if (id === firstAdmin) await tables.saveAreas(transaction, id, []);
    }
    const ended = await tables.endSessions(transaction, id, null);
    await audit(transaction, { author, action: 'password-reset', subject: id, details: { sessionsEnded: ended, restored: restore } });
  });
  return password;
}

/** The password of the first admin, made when there is nobody yet; null: there is somebody. */
export async function makeFirstAdmin(db: Database): Promise<string | null> {
  if (await tables.anybody(db)) return null;
  const password = newPassword();
  const hash = await hashPassword(password);
  return db.transaction(async (transaction) => {
    await tables.lockPeople(transaction);
    if (await tables.anybody(transaction)) return null; // Another process was faster.
    await tables.addPerson(transaction, { id: firstAdmin, name: 'Quản trị viên', role: 'admin', mustChangePassword: false }, hash);
    await audit(transaction, { author: 'system', action: 'first-admin-made', subject: firstAdmin, details: {} });
    return password;
  });
}

export interface NewToken {
  readonly person: string;
  readonly name: string;
  readonly role: Role;
  readonly days: number;
}

/** A token for a program; the secret is handed out here and never again. Throws 422 when its role is above the owner's. */
export async function makeToken(db: Database, wanted: NewToken, author: string, { instead = false } = {}): Promise<{ token: tables.Token; secret: string }> {
  const secret = `nhip_${randomBytes(32).toString('base64url')}`;
  return db.transaction(async (transaction) => {
    const owner = await tables.lockPerson(transaction, wanted.person);
    if (owner === null || !owner.active) throw unknownPerson(wanted.person);
    if (roles.indexOf(wanted.role) > roles.indexOf(owner.role)) throw problem(422, 'invalid', { field: 'role', expected: `a role up to ${owner.role}` });
    if (instead) await tables.revokeTokens(transaction, wanted.person, { name: wanted.name });
    if ((await tables.tokensInForce(transaction, wanted.person)) >= tokensPerPersonMax) throw problem(409, 'too-many-tokens', { detail: `${wanted.person} has ${tokensPerPersonMax} tokens in force: revoke some first` });
    const token = await tables.addToken(transaction, wanted, sha256(secret));
    await audit(transaction, { author, action: 'token-made', subject: wanted.person, details: { id: token.id, name: wanted.name, role: wanted.role, expiresAt: token.expiresAt } });
    return { token, secret };
  });
}

export async function revokeToken(db: Database, person: string, id: number, author: string): Promise<void> {
  await db.transaction(async (transaction) => {
    const revoked = await tables.revokeTokens(transaction, person, { id });
    if (revoked.length > 0) await audit(transaction, { author, action: 'token-revoked', subject: person, details: { id } });
  });
}

async function putAreas(transaction: Transaction, person: string, areas: readonly string[]): Promise<void> {
  const unknown = await tables.unknownAssets(transaction, areas);
  if (unknown.length > 0) throw problem(422, 'invalid', { field: 'areas', expected: 'ids of assets', detail: `areas: expected ids of assets, found ${unknown.slice(0, 5).join(', ')}` });
  await tables.saveAreas(transaction, person, [...new Set(areas)]);
}

/** Without its hash. */
export function shown({ id, name, role, areas, active, mustChangePassword, createdAt }: tables.Person): tables.Person {
  return { id, name, role, areas, active, mustChangePassword, createdAt };
}

export function unknownPerson(id: string): Error {
  return problem(404, 'unknown-person', { detail: `there is no person "${id}"` });
}
