/** Given limits, when wrong passwords are tried, then who must wait, and how long. */
import { Attempts } from './attempts.js';

const limits = { perNameAndAddress: 3, perAddress: 6, perName: 10, forgivenS: 60, remembered: 30 };
const times = (n: number, act: () => unknown): unknown[] => Array.from({ length: n }, act);

test('a name at an address waits after its attempts, until one is forgiven', () => {
  const attempts = new Attempts(limits);
  expect(times(3, () => attempts.begin('lan', '10.0.0.1', 0))).toEqual([0, 0, 0]);
  expect(attempts.begin('lan', '10.0.0.1', 0)).toBe(60);
  expect(attempts.begin('lan', '10.0.0.1', 59_000)).toBe(1);
  expect(attempts.begin('lan', '10.0.0.1', 60_000)).toBe(0);
  expect(attempts.begin('lan', '10.0.0.1', 60_000)).toBe(60);
});

test('others at the address, and the name elsewhere, go on', () => {
  const attempts = new Attempts(limits);
  times(3, () => attempts.begin('lan', '10.0.0.1', 0));
  expect(attempts.begin('minh', '10.0.0.1', 0)).toBe(0);
  expect(attempts.begin('lan', '10.0.0.2', 0)).toBe(0);
});

test('many names from one address are stopped, and one name from many addresses', () => {
  const attempts = new Attempts(limits);
  expect(Array.from({ length: 7 }, (_, n) => attempts.begin(`name-${n}`, '10.0.0.1', 0))).toEqual([0, 0, 0, 0, 0, 0, 60]);
  expect(Array.from({ length: 11 }, (_, n) => attempts.begin('lan', `10.1.0.${n}`, 0))).toEqual([...times(10, () => 0), 60]);
});

test('right ones are taken back; one that was refused is not counted', () => {
  const attempts = new Attempts(limits);
  for (let n = 0; n < 100; n++) {
    expect(attempts.begin('lan', '10.0.0.1', 0)).toBe(0);
    attempts.takeBack('lan', '10.0.0.1', 0);
  }
  times(100, () => attempts.begin('lan', '10.0.0.1', 0));
  expect(attempts.begin('lan', '10.0.0.1', 0)).toBe(60);
});

test('what is remembered is bounded, in number and in bytes', () => {
  const attempts = new Attempts(limits);
  for (let n = 0; n < 1_000; n++) attempts.begin('x'.repeat(100_000) + String(n), `10.0.${n >> 8}.${n & 255}`, 0);
  expect(attempts.size).toBeLessThanOrEqual(limits.remembered);
});
