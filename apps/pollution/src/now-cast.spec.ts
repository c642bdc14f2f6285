import { pollutionRowValues, pollutionSeeds, type PollutionRowValue } from '#contracts';
import { nowCast } from './now-cast.js';

const rule = (key: string): PollutionRowValue<'pollution.nowcast'> => pollutionRowValues['pollution.nowcast'].parse(pollutionSeeds.find((row) => row.kind === 'pollution.nowcast' && row.key === key)!.value);
const [vn, epa25, epa10] = [rule('vn'), rule('epa-pm25'), rule('epa-pm10')];
const n = null;

describe('two of the newest three', () => {
  test.each([
    ['all three', [10, 10, 10], 10],
    ['the first two', [10, 10, n], 10],
    ['the last two', [n, 10, 10], 10],
    ['the outer two', [10, n, 10], 10],
    ['only the newest', [10, n, n, 10, 10], n],
    ['only the third', [n, n, 10, 10, 10, 10], n],
    ['none of them, though older ones', [n, n, n, 10, 10, 10, 10], n],
    ['nothing', [], n],
  ])('%s', (_, hours, expected) => {
    expect(nowCast(hours, vn)).toBe(expected);
  });
});

test('with all hours the case w = 1/2 is what the Decision writes, Σ (1/2)^i · c_i, but for the weight of the hours beyond the twelfth', () => {
  const hours = [40, 90, 120, 35, 20, 60, 61, 62, 30, 25, 24, 23];
  const asWritten = hours.reduce((sum, value, at) => sum + 0.5 ** (at + 1) * value, 0);
  expect(nowCast(hours, vn)! * (1 - 0.5 ** 12)).toBeCloseTo(asWritten, 9);
});

test('with gaps it stays near the real concentration, where the form as written falls far below it', () => {
  const hours = [100, n, 20, n, n, n, n, n, n, n, n, n];
  const asWritten = 0.5 * 100 + 0.125 * 20;
  expect(nowCast(hours, vn)).toBeCloseTo((100 + 0.25 * 20) / 1.25, 9);
  expect(nowCast(hours, vn)!).toBeGreaterThan(1.5 * asWritten);
});

test('above the floor the weight is Cmin / Cmax over the hours present', () => {
  expect(nowCast([40, n, 30, 32], vn)).toBeCloseTo((40 + 0.75 ** 2 * 30 + 0.75 ** 3 * 32) / (1 + 0.75 ** 2 + 0.75 ** 3), 12);
});

test('hours beyond the twelfth do not count', () => {
  const twelve = [9, 10, 11, 12, 13, 12, 11, 10, 9, 10, 11, 12];
  expect(nowCast([...twelve, 500], vn)).toBe(nowCast(twelve, vn));
});

test('all zero is 0, not nothing', () => {
  expect(nowCast([0, 0, 0, n], vn)).toBe(0);
  expect(nowCast([-1, -1, n], vn)).toBeCloseTo(-1, 12);
});

test('the EPA truncates: PM2.5 to 0.1, PM10 to 1', () => {
  expect(nowCast([12.19, 12.19, 12.19], epa25)).toBe(12.1);
  expect(nowCast([30.7, 30.7, 30.7], epa25)).toBe(30.7);
  expect(nowCast([154.9, 154.9, 154.9], epa10)).toBe(154);
});

test('for any hours: between the least and the most, moved by a change of unit, and not by a missing old hour that equals it', () => {
  for (let seed = 1; seed <= 3_000; seed += 1) {
    const hours = Array.from({ length: 12 }, (_, at) => ((seed * 31 + at * 17) % 7 === 0 && at > 2 ? n : ((seed * 7919 + at * 104_729) % 2_003) / 10));
    const present = hours.filter((value) => value !== n);
    const found = nowCast(hours, vn)!;
    expect(found >= Math.min(...present) - 1e-9 && found <= Math.max(...present) + 1e-9).toBe(true);
    expect(nowCast(hours.map((value) => (value === n ? n : value * 10)), vn)).toBeCloseTo(found * 10, 6);
    const level = hours.map((value) => (value === n ? n : 42));
    expect(nowCast(level, vn)).toBeCloseTo(42, 9);
  }
});
