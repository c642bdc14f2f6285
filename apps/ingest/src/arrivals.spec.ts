import { jest } from '@jest/globals';
import { Arrivals } from './arrivals.js';

interface Caller {
  name: number;
  destroyed: boolean;
}

function door(perSecond: number): { begun: number[]; arrivals: Arrivals<Caller>; add(count: number): Caller[]; pass(ms: number): void } {
  jest.useFakeTimers();
  let nowMs = 0;
  let names = 0;
  const begun: number[] = [];
  const arrivals = new Arrivals<Caller>(perSecond, ({ name }) => void begun.push(name), () => nowMs);
  return {
    begun,
    arrivals,
    add: (count) => Array.from({ length: count }, () => {
      const caller = { name: names++, destroyed: false };
      arrivals.add(caller);
      return caller;
    }),
    pass(ms) {
      for (let passed = 0; passed < ms; passed++) {
        nowMs++;
        jest.advanceTimersByTime(1);
      }
    },
  };
}

afterEach(() => jest.useRealTimers());

it('lets a few in at once', () => {
  const { begun, add } = door(1_000);
  add(20);
  expect(begun).toHaveLength(20);
});

it('keeps the pace and the order in a storm', () => {
  const { begun, add, pass, arrivals } = door(1_000);
  add(500);
  expect([begun.length, arrivals.length]).toEqual([20, 480]);
  pass(100);
  expect(begun.length).toBeGreaterThanOrEqual(110);
  expect(begun.length).toBeLessThanOrEqual(120);
  pass(1_000);
  expect(begun).toEqual(Array.from({ length: 500 }, (_, name) => name));
  expect(arrivals.length).toBe(0);
});

it('saves up no more than a burst while nobody comes', () => {
  const { begun, add, pass } = door(1_000);
  pass(60_000);
  add(500);
  expect(begun).toHaveLength(20);
});

it('spends nothing on those who gave up, and hands back who waits at the end', () => {
  const { begun, add, pass, arrivals } = door(1_000);
  const callers = add(40);
  for (const caller of callers.slice(20, 30)) caller.destroyed = true;
  pass(10);
  expect(begun).toEqual([...Array(20).keys(), ...Array.from({ length: 10 }, (_, n) => 30 + n)]);
  add(3);
  expect(arrivals.stop().map(({ name }) => name)).toEqual([40, 41, 42]);
  pass(100);
  expect(begun).toHaveLength(30);
});
