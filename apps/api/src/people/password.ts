/**
 * What a password must be, and how it is kept: argon2id with the parameters that OWASP's Password Storage Cheat Sheet
 * names first (19 MiB, 2 passes). Length counts, not kinds of characters (NIST SP 800-63B, 5.1.1.2).
 *
 * Computing a hash takes memory and tens of milliseconds: only a few run at once, a few more wait, the rest are refused.
 */
import { problem } from '#service';
import { hash, verify } from '@node-rs/argon2';
import { randomBytes, randomInt } from 'node:crypto';

const parameters = { algorithm: 2 /* argon2id */, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
export const passwordCharactersMin = 12;
export const passwordCharactersMax = 128;

/** What is tried first by whoever guesses. Compared without digits and signs at the ends, in small letters. */
const guessedFirst = new Set([
  'password', 'passw0rd', 'passwordpassword', 'qwertyuiop', 'qwertyuiopasdf', 'asdfghjkl', 'letmein', 'iloveyou', 'administrator', 'changeme', 'changemenow', 'welcome', 'correcthorsebatterystaple',
  'matkhau', 'matkhaumatkhau', 'anhyeuem', 'emyeuanh', 'yeuemnhieu', 'hanoi', 'thanhpho', 'vietnam', 'vietnamvodich', 'nhip', 'smartcity',
]);

/** In a few words what is wrong with a password for this person; null: nothing. Pure. */
export function complaintAboutPassword(password: string, person: string): string | null {
  const text = password.normalize('NFKC');
  const length = [...text].length;
  if (length < passwordCharactersMin || length > passwordCharactersMax) return `${passwordCharactersMin} to ${passwordCharactersMax} characters`;
  if (new Set(text).size < 5) return 'at least 5 different characters';
  const small = text.toLowerCase();
  if (person.length >= 3 && small.includes(person)) return 'a password that does not contain the name';
  const core = small.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  if (core === '' || guessedFirst.has(core)) return 'a password that is not among those tried first';
  return null;
}

/** A password to be typed once: 20 characters of 5 bits each, without those that look alike. */
export function newPassword(): string {
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789';
  const part = (): string => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('');
  return [part(), part(), part(), part()].join('-');
}

export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password.normalize('NFKC'), parameters));
}

/** With `null`, for a name that nobody has, takes as long as with a hash, and is false. */
export async function isPassword(kept: string | null, password: string): Promise<boolean> {
  const right = await inTurn(async () => verify(kept ?? (await nobodys), password.normalize('NFKC')));
  return right && kept !== null;
}

const nobodys = hash(randomBytes(16), parameters);
const atOnceMax = 2;
const waitingMax = 30;
let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= atOnceMax) {
    if (waiting.length >= waitingMax) throw problem(429, 'busy', { detail: 'too many are signing in at this moment; try again', retryAfterS: 2 });
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else {
    running++;
  }
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next(); // Takes this one's place.
  }
}
