/** Given a pace, when somebody asks, then how long they must wait. */
import { Pace } from './pace.js';

test('a burst passes, then as many as the pace allows', () => {
  const pace = new Pace({ perMinute: 60, burst: 3, remembered: 10 });
  expect([0, 0, 0, 0].map((atMs) => pace.take('lan', atMs))).toEqual([0, 0, 0, 1]);
  expect(pace.take('minh', 0)).toBe(0);
  expect([900, 1_000, 1_100, 2_000].map((atMs) => pace.take('lan', atMs))).toEqual([1, 0, 1, 0]);
});

test('silence saves up no more than a burst', () => {
  const pace = new Pace({ perMinute: 60, burst: 2, remembered: 10 });
  pace.take('lan', 0);
  expect([1e9, 1e9, 1e9].map((atMs) => pace.take('lan', atMs))).toEqual([0, 0, 1]);
});

test('the longest unused are forgotten', () => {
  const pace = new Pace({ perMinute: 1, burst: 1, remembered: 2 });
  for (const who of ['a', 'b', 'c']) pace.take(who, 0);
  expect([pace.size, pace.take('c', 0), pace.take('a', 0)]).toEqual([2, 60, 0]);
});
