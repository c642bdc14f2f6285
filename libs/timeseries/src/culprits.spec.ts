/** Halving against every small case: any set of bad messages among twelve is found, and nobody else is blamed. */
import { findCulprits, type Trial } from './culprits.js';

const whole = new Error('whole');
const messages = Array.from({ length: 12 }, (_, n) => n);

const failsWith = (bad: ReadonlySet<number>): Trial<number> => (some) => Promise.resolve(some.some((n) => bad.has(n)) ? new Error(`has ${some.filter((n) => bad.has(n)).join()}`) : null);

test('every set of culprits is found, and no innocent is blamed', async () => {
  for (let set = 1; set < 2 ** messages.length; set++) {
    const bad = new Set(messages.filter((n) => (set >> n) & 1));
    const found = await findCulprits(messages, whole, failsWith(bad));
    expect([...found.keys()].sort((a, b) => a - b)).toEqual([...bad]);
  }
});

test('what fails only together is blamed on the message with which it begins to fail', async () => {
  const together: Trial<number> = (some) => Promise.resolve(some.includes(3) && some.includes(9) ? new Error('3 and 9') : null);
  expect([...(await findCulprits(messages, whole, together)).keys()]).toEqual([9]);
});

test('a failure that has passed blames nobody', async () => {
  let failures = 1;
  const passing: Trial<number> = () => Promise.resolve(failures-- > 0 ? new Error('once') : null);
  expect((await findCulprits(messages, whole, passing)).size).toBe(0);
  expect((await findCulprits([], whole, passing)).size).toBe(0);
});

test('no more trials than halving needs for one culprit among a thousand', async () => {
  let trials = 0;
  const counting: Trial<number> = (some) => {
    trials++;
    return failsWith(new Set([617]))(some);
  };
  await findCulprits(Array.from({ length: 1024 }, (_, n) => n), whole, counting);
  expect(trials).toBeLessThanOrEqual(2 * 10 + 1);
});
