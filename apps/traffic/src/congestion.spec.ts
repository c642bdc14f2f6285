import { condition, trafficFlagBits } from '#contracts';
import { changeFrom, judgedAtMs, newSegment, observe, periodsKept, segmentFrom, type CongestionLimits, type LaneReading, type Segment } from './congestion.js';

const limits: CongestionLimits = {
  rowId: 'traffic.congestion.street.test',
  freeFlowKmh: 50,
  enterBelowShare: 0.4, // 20 km/h
  clearAboveShare: 0.5625, // 28.125 km/h, exactly
  windows: [
    { periodSMax: 300, needed: 3, of: 5 },
    { periodSMax: 86_400, needed: 1, of: 1 },
  ],
};

const startMs = Date.UTC(2026, 10, 22, 7);
const minute = (number: number, speedKmh: number | null, more: Partial<LaneReading> = {}): LaneReading => ({ observedAtMs: startMs + number * 60_000, periodS: 60, count: 10, speedKmh, flags: 0, ...more });

/** Speeds minute by minute; the state after each. */
function states(speeds: readonly (number | null)[], from = newSegment('hn-1')): string {
  let segment = from;
  return speeds
    .map((speedKmh, number) => {
      segment = observe(segment, 1, minute(number, speedKmh), limits);
      return segment.active ? 'C' : '.';
    })
    .join('');
}

describe('the state by the speeds of minutes (free flow 50, enter below 20, leave above 28.125, 3 of 5)', () => {
  test.each([
    ['flowing', [50, 45, 40, 35, 30, 25], '......'],
    ['between the thresholds nothing begins', [27, 24, 21, 24, 27, 21], '......'],
    ['the third slow minute of five', [50, 15, 15, 50, 15], '....C'],
    ['slow minutes too far apart', [15, 50, 50, 15, 50, 15, 50, 50, 15], '.........'],
    ['around the enter threshold: one change, not many (T5)', [19, 21, 19, 21, 19, 21, 19, 21, 19, 21, 19], '....CCCCCCC'],
    ['around the leave threshold: one change, not many (T5)', [10, 10, 10, 27, 29, 27, 29, 27, 29, 27, 29, 27], '..CCCCCC....'],
    ['the threshold itself is not below it', [20, 20, 20, 20, 20], '.....'],
    ['nor above it', [10, 10, 10, 28.125, 28.125, 28.125, 28.125], '..CCCCC'],
    ['a single fast minute clears nothing', [10, 10, 10, 50, 10, 10, 50, 10], '..CCCCCC'],
    ['minutes without a speed say nothing, and clear nothing', [10, 10, 10, null, null, null, null, null, null], '..CCCCCCC'],
    ['nor do they count as slow', [10, null, null, 10, null, null, 10, null, null, 10], '..........'],
    ['enough of both in turn', [10, 10, 10, 50, 50, 50, 10, 10, 10], '..CCC...C'],
  ])('%s', (_, speeds, expected) => {
    expect(states(speeds)).toBe(expected);
  });

  test('an hour stands for itself', () => {
    const hour = (number: number, speedKmh: number): LaneReading => ({ observedAtMs: startMs + number * 3_600_000, periodS: 3600, count: 900, speedKmh, flags: 0 });
    let segment = newSegment('be-1');
    const seen = [30, 19, 25, 29, 25].map((speedKmh, number) => (segment = observe(segment, 1, hour(number, speedKmh), limits)).active);
    expect(seen).toEqual([false, true, true, false, false]);
  });

  test('slow minutes before a gap are not among the last five minutes', () => {
    let segment = newSegment('hn-1');
    for (const number of [0, 1, 60]) segment = observe(segment, 1, minute(number, 10), limits);
    expect(segment.active).toBe(false);
  });

  test('without a row in force the readings are kept and the state stays', () => {
    let segment = newSegment('hn-1');
    for (const number of [0, 1, 2]) segment = observe(segment, 1, minute(number, 10), null);
    expect(segment.active).toBe(false);
    segment = observe(segment, 1, minute(3, 10), limits);
    expect(segment.active).toBe(true);
  });
});

describe('given a segment of two lanes', () => {
  const lanes = (...readings: [channel: number, reading: LaneReading][]): Segment => readings.reduce((segment, [channel, reading]) => observe(segment, channel, reading, limits), newSegment('hn-1'));

  test('when both lanes have spoken, then the speed of the minute is the mean weighted by flow', () => {
    const segment = lanes([1, minute(0, 10, { count: 30 })], [2, minute(0, 40, { count: 10 })]);
    expect(segment.periods.at(-1)?.speedKmh).toBeCloseTo(17.5, 12);
  });

  test('when a lane has no count, then it weighs one vehicle; when it has no speed, nothing', () => {
    const segment = lanes([1, minute(0, 10, { count: null })], [2, minute(0, 40, { count: 2 })], [3, minute(0, null, { count: 99 })]);
    expect(segment.periods.at(-1)?.speedKmh).toBeCloseTo(30, 12);
  });

  test('when the second lane makes the mean fast again, then the change is taken back', () => {
    let segment = lanes([1, minute(0, 10)], [1, minute(1, 10)], [1, minute(2, 10)]);
    expect(segment).toMatchObject({ active: true, seq: 1 });
    for (const number of [0, 1, 2]) segment = observe(segment, 2, minute(number, 60, { count: 30 }), limits);
    expect(segment).toMatchObject({ active: false, seq: 2 });
  });

  test('when lanes come in another order, then the segment is the same to the last bit', () => {
    const readings = [7, 3, 5, 1].map((channel): [number, LaneReading] => [channel, minute(0, 10 + channel / 7, { count: channel })]);
    expect(lanes(...readings.reverse())).toEqual(lanes(...readings.reverse()));
  });
});

describe('given a congested segment', () => {
  const congested = [0, 1, 2, 3, 4].reduce((segment, number) => observe(segment, 1, minute(number, 10), limits), newSegment('hn-1'));

  test('when a reading comes again, then the very same segment comes back', () => {
    expect(observe(congested, 1, minute(3, 10), limits)).toBe(congested);
  });

  test('when values of the window are corrected, then it is judged anew', () => {
    const corrected = [2, 3, 4].reduce((segment, number) => observe(segment, 1, minute(number, 45), limits), congested);
    expect(corrected).toMatchObject({ active: false, seq: 2 });
    expect(corrected.periods).toHaveLength(5);
  });

  test('when a value is older than the window, then the state stays', () => {
    expect(observe(congested, 1, minute(-1, 90), limits)).toMatchObject({ active: true, seq: 1 });
    const old = observe(congested, 1, minute(-1000, 90), limits);
    expect(old).toMatchObject({ active: true, seq: 1 });
  });

  test('when a value is older than all that is kept, then nothing changes at all', () => {
    let full = congested;
    for (let number = 5; number < 5 + periodsKept; number += 1) full = observe(full, 1, minute(number, 10), limits);
    expect(full.periods).toHaveLength(periodsKept);
    expect(observe(full, 1, minute(0, 90), limits)).toBe(full);
  });

  test('when imputed values say it flows, then it is congested still: they are no observation', () => {
    const segment = [5, 6, 7].reduce((before, number) => observe(before, 1, minute(number, 50, { flags: trafficFlagBits.imputed }), limits), congested);
    expect(segment.active).toBe(true);
  });

  test('when a late minute fills the window, then it counts', () => {
    const lateMinutes = [9, 5, 7].reduce((segment, number) => observe(segment, 1, minute(number, 45), limits), congested);
    expect(lateMinutes).toMatchObject({ active: false, seq: 2 });
  });

  test('limits are those of the newest period, also for a late reading', () => {
    expect(judgedAtMs(congested, minute(1, 10))).toBe(startMs + 4 * 60_000);
    expect(judgedAtMs(congested, minute(9, 10))).toBe(startMs + 9 * 60_000);
    expect(judgedAtMs(newSegment('hn-1'), minute(1, 10))).toBe(startMs + 60_000);
  });
});

describe('the condition', () => {
  const before = [0, 1].reduce((segment, number) => observe(segment, 1, minute(number, 12), limits), newSegment('hn-1'));
  const after = observe(before, 1, minute(2, 12.345), limits);

  test('says what changed, when, by which row and why, and is a condition of the contract', () => {
    const change = changeFrom(before, after, 'loop-0001/@2026-11-22T07:02:00.000Z', limits);
    expect(change).toEqual({
      conditionId: 'traffic/congestion/hn-1',
      seq: 1,
      state: 'active',
      level: 'congested',
      observedAt: '2026-11-22T07:02:00.000Z',
      value: 0.2469,
      limit: 0.4,
      unit: 'share',
      limitRowId: 'traffic.congestion.street.test',
      ruleVersion: 'congestion-1',
      causeId: 'loop-0001/@2026-11-22T07:02:00.000Z',
      late: false,
    });
    expect(condition.safeParse(change).success).toBe(true);
  });

  test('is none where the state stays; clears with the next number and the other limit', () => {
    expect(changeFrom(newSegment('hn-1'), before, 'x', limits)).toBeNull();
    const clear = [3, 4, 5].reduce((segment, number) => observe(segment, 1, minute(number, 40), limits), after);
    expect(changeFrom(after, clear, 'x', limits)).toMatchObject({ seq: 2, state: 'clear', value: 0.8, limit: 0.5625 });
  });

  test('tells the last known speed where the newest period has none', () => {
    const cleared = observe(observe(after, 1, minute(3, null), limits), 1, minute(2, 12), limits);
    expect(changeFrom(before, cleared, 'x', limits)).toMatchObject({ observedAt: '2026-11-22T07:03:00.000Z', value: 0.24 });
  });
});

/** mulberry32: small, and the same on every machine. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

type Row = LaneReading & { readonly channelId: number };

/** The second way: the definition, read from all rows ever stored. */
function judgedByDefinition(rows: readonly Row[], active: boolean): boolean {
  const moments = [...new Set(rows.map((row) => row.observedAtMs))].sort((a, b) => a - b);
  const newestMs = moments.at(-1)!;
  const periodS = Math.max(...rows.filter((row) => row.observedAtMs === newestMs).map((row) => row.periodS));
  const { needed, of } = limits.windows.find((window) => periodS <= window.periodSMax)!;
  const shares = moments
    .slice(-of)
    .filter((ms) => ms > newestMs - of * periodS * 1000)
    .map((ms) => {
      const lanes = rows.filter((row) => row.observedAtMs === ms && row.speedKmh !== null && (row.flags & trafficFlagBits.imputed) === 0).sort((a, b) => a.channelId - b.channelId);
      const weight = lanes.reduce((sum, row) => sum + (row.count ?? 1), 0);
      return lanes.reduce((sum, row) => sum + (row.count ?? 1) * Math.fround(row.speedKmh!), 0) / weight / limits.freeFlowKmh;
    });
  if (active) return !(shares.filter((share) => share > limits.clearAboveShare).length >= needed);
  return shares.filter((share) => share < limits.enterBelowShare).length >= needed;
}

describe('folding, a restart at any moment, and the definition lead to the same', () => {
  test.each(Array.from({ length: 40 }, (_, index) => 20_261_122 + index))('seed %i', (seed) => {
    const random = chance(seed);
    const stored = new Map<string, Row>();
    let folded = newSegment('hn-1');
    let restarted = newSegment('hn-1');
    let defined = { active: false, seq: 0 };
    let newest = 0;
    const lengths = seed % 3 === 0 ? [60, 300, 3600] : [60];

    for (let step = 0; step < 150; step += 1) {
      const way = random(10);
      // Mostly the next minute or another lane of this one; else late within or behind what is kept. Corrections come of themselves.
      if (way < 4) newest += 1 + (random(12) === 0 ? random(8) : 0);
      const number = way < 7 ? newest : newest - random(way < 9 ? 6 : 20);
      const row: Row = {
        channelId: 1 + random(3),
        observedAtMs: startMs + number * 60_000,
        periodS: lengths[random(lengths.length)]!,
        count: random(8) === 0 ? null : 1 + random(40),
        speedKmh: random(8) === 0 ? null : Math.max(1, (Math.floor(step / 30) % 2 === 0 ? 12 : 30) + random(200) / 10 - 8),
        flags: random(15) === 0 ? trafficFlagBits.imputed : 0,
      };
      const repeated = random(6) === 0 ? [...stored.values()][random(stored.size)] : undefined;
      const reading = repeated ?? row;
      stored.set(`${reading.channelId} ${reading.observedAtMs}`, reading);

      folded = observe(folded, reading.channelId, reading, limits);
      restarted = observe(restarted, reading.channelId, reading, limits);
      if (random(10) === 0) {
        const shuffled = [...stored.values()].map((one) => [random(1_000_000), one] as const).sort(([a], [b]) => a - b);
        restarted = segmentFrom('hn-1', shuffled.map(([, one]) => ({ ...one, speedKmh: one.speedKmh === null ? null : Math.fround(one.speedKmh) })), restarted.active, restarted.seq);
      }
      const active = judgedByDefinition([...stored.values()], defined.active);
      defined = { active, seq: defined.seq + (active === defined.active ? 0 : 1) };

      // As text: the test compares thousands of segments.
      expect(JSON.stringify({ step, restarted })).toBe(JSON.stringify({ step, restarted: folded }));
      expect(`step ${step}: ${folded.active} ${folded.seq}`).toBe(`step ${step}: ${defined.active} ${defined.seq}`);
    }
    expect(folded.seq).toBeGreaterThan(0);
  });
});
