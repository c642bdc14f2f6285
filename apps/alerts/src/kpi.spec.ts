/** Figures worked out by hand, and every figure computed a second way: second by second, over lives of alarms made by chance. */
import { alarmPriorities, alarmRowValues, alarmRows, type AlarmLife, type Condition } from '#contracts';
import { fresh } from './alarm-log.js';
import { floods, kpis, type CountedTransition, type Kpis, type KpiScope } from './kpi.js';
import { step, type AlarmEvent, type AlarmRules, type Person } from './state-machine.js';

const { aims: _, ...settings } = alarmRowValues['alarm.kpi'].parse(alarmRows.find(({ kind }) => kind === 'alarm.kpi')!.value);
const startMs = Date.UTC(2026, 10, 22);
const iso = (s: number): string => new Date(startMs + s * 1_000).toISOString();
const hour = 3_600;
const period = (fromS: number, toS: number, rest: Partial<KpiScope> = {}): KpiScope => ({ fromMs: startMs + fromS * 1_000, toMs: startMs + toS * 1_000, areas: [], onDuty: null, operators: 1, ...rest });

const lan: Person = { name: 'lan', role: 'admin', inArea: true };
const role = { low: 'viewer', medium: 'viewer', high: 'viewer', critical: 'viewer' } as const;
const rules: AlarmRules = {
  masterRowId: 'row', priority: 'low', priorityByLevel: { jammed: 'medium', worst: 'high' }, onDelayS: 0, offDelayS: 0, latching: false,
  shelving: { longestS: 8 * hour, runningMax: 3, restS: 60, never: ['critical'] }, outOfService: { longestS: 8 * hour, secondPersonFor: [] },
  leastRole: { ack: role, reset: role, shelve: role, unshelve: role, suppress: role, release: role, remove: role, return: role, assign: role, comment: role },
};
const said = (state: Condition['state'], s: number, level = 'slow', late = false): AlarmEvent => ({
  kind: 'condition', condition: { seq: 1, state, level, observedAt: iso(s), value: null, limit: null, unit: '', limitRowId: '', ruleVersion: '', causeId: '', late },
});
const act = {
  ack: { kind: 'ack', by: lan, comment: '' }, unshelve: { kind: 'unshelve', by: lan, comment: '' }, return: { kind: 'return', by: lan, comment: '' },
  suppress: { kind: 'suppress', by: null, relation: 'same-city', causeAlarmId: null, reason: '' }, release: { kind: 'release', by: null, relation: 'same-city', reason: '' }, due: { kind: 'due' },
} as const satisfies Record<string, AlarmEvent>;
const shelve = (untilS: number): AlarmEvent => ({ kind: 'shelve', by: lan, reason: 'x', until: iso(untilS) });
const remove = (untilS: number): AlarmEvent => ({ kind: 'remove', by: lan, second: null, permit: 'BT-1', reason: 'x', until: iso(untilS) });

/** The log of one alarm from what happens at which second; what is refused does not happen. */
function lived(alarmId: string, events: readonly (readonly [number, AlarmEvent])[], rest: Partial<CountedTransition> = {}): CountedTransition[] {
  let alarm: AlarmLife = fresh(alarmId, 'low');
  return events.flatMap(([s, event]) => {
    const result = step(alarm, event, iso(s), rules);
    if ('refused' in result) return [];
    ({ alarm } = result);
    return result.transitions.map((one) => ({ ...one, path: [alarmId.split('/')[2]!, 'hn'], exercise: false, ...rest }));
  });
}
const trips = (count: number, s: number, prefix = 'a', type = 'traffic/congestion'): CountedTransition[] => Array.from({ length: count }, (_unused, at) => lived(`${type}/${prefix}${at}`, [[s, said('active', s)]])).flat();
const of = (log: readonly CountedTransition[], scope = period(0, hour)): Kpis => kpis(log, scope, settings);

test('an empty period has no data, not zero', () => {
  const nothing = { newAlarms: null, rate: null, flood: null, badPeriodShare: null, topTen: null, chattering: null, fleeting: null, stale: null, timeToAcknowledge: null, timeToClear: null, priorityMix: null, shelved: null, outOfService: null, suppressed: null, reduction: null };
  expect(of([])).toEqual(nothing);
  expect(of(trips(3, 2 * hour))).toEqual(nothing);
  expect(of(trips(3, 60), period(0, hour, { onDuty: [] }))).toEqual(nothing);
});

test('a period in which things happened, and no alarm came, has a rate of 0', () => {
  expect(of(lived('traffic/congestion/a', [[-90, said('active', -90)], [60, act.ack]]))).toMatchObject({ newAlarms: 0, rate: { mean: 0, max: 0 }, priorityMix: null, timeToAcknowledge: null, reduction: null });
});

test('rate: 12 alarms in an hour are 2 in 10 minutes; shared by two operators 1', () => {
  const log = [...trips(9, 0), ...trips(3, 1_800, 'b')];
  expect(of(log)).toMatchObject({ newAlarms: 12, rate: { mean: 2, max: 9 }, badPeriodShare: 0 });
  expect(of(log, period(0, hour, { operators: 2 }))).toMatchObject({ rate: { mean: 1, max: 4.5 } });
});

test('flood: begins with the 11th in 10 minutes, ends when fewer than 5 are left', () => {
  // 11 at once: 10 minutes, until they are too old.
  expect(of(trips(11, 60))).toMatchObject({ flood: { minutes: 10, share: 1 / 6 }, badPeriodShare: 1 / 6 });
  expect(of(trips(10, 60))).toMatchObject({ flood: { minutes: 0, share: 0 }, badPeriodShare: 0 });
  // 7 at minute 1, 4 at minute 6: flood from minute 6; at minute 11 only 4 are left.
  expect(of([...trips(7, 60), ...trips(4, 360, 'b')])).toMatchObject({ flood: { minutes: 5 } });
  // 6 and 5: at minute 11 five are left, which is not fewer than 5; at minute 16 none.
  expect(of([...trips(6, 60), ...trips(5, 360, 'b')])).toMatchObject({ flood: { minutes: 10 } });
  // At minute 11 seven grow old and one comes: five, judged together, so it goes on until minute 16.
  expect(of([...trips(7, 60), ...trips(4, 360, 'b'), ...trips(1, 660, 'c')])).toMatchObject({ flood: { minutes: 10 } });
  // One that began before the period counts from its beginning on.
  expect(of(trips(11, -300).concat(trips(1, 400, 'b')))).toMatchObject({ flood: { minutes: 5 } });
  expect(floods([], 1, settings)).toEqual([]);
});

test('an operator: only the time on duty and what lies in the area', () => {
  const log = [...trips(4, 100), ...trips(2, 2_000, 'b')];
  expect(of(log, period(0, hour, { onDuty: [{ fromMs: startMs + 1_800_000, toMs: startMs + 3_000_000 }] }))).toMatchObject({ newAlarms: 2, rate: { mean: 1, max: 2 } });
  expect(of(log, period(0, hour, { areas: ['a1', 'b0'] })).newAlarms).toBe(2);
  expect(of(log, period(0, hour, { areas: ['hn'] })).newAlarms).toBe(6);
});

test('the ten most frequent types', () => {
  const log = Array.from({ length: 12 }, (_unused, at) => trips(at + 1, 60, 'a', `traffic/type-${String.fromCharCode(97 + at)}`)).flat();
  const { topTen } = of(log);
  expect(topTen!.share).toBeCloseTo((78 - 1 - 2) / 78, 12);
  expect([topTen!.types[0], topTen!.types.length]).toEqual([{ type: 'traffic/type-l', count: 12 }, 10]);
});

test('chattering, fleeting, stale', () => {
  const log = [
    ...lived('traffic/congestion/c', [[0, said('active', 0)], [10, said('clear', 10)], [30, said('active', 30)], [40, said('clear', 40)], [60, said('active', 60)]]), // 3 in 60 s, 2 of 10 s.
    ...lived('traffic/congestion/d', [[0, said('active', 0)], [10, said('clear', 10)], [30, said('active', 30)], [35, act.ack], [40, said('clear', 40)], [61, said('active', 61)], [100, said('clear', 100)]]), // 61 s; one went by itself.
    ...lived('traffic/congestion/e', [[-24 * hour - 60, said('active', -24 * hour - 60)]]),
    ...lived('traffic/congestion/f', [[-23 * hour, said('active', -23 * hour)], [hour + 60, said('clear', hour + 60)]]),
    ...lived('traffic/congestion/g', [[-25 * hour, said('active', -25 * hour)], [600, said('clear', 600)]]),
  ];
  expect(of(log)).toMatchObject({ chattering: [{ alarmId: 'traffic/congestion/c', count: 1 }], fleeting: [{ alarmId: 'traffic/congestion/c', count: 2 }, { alarmId: 'traffic/congestion/d', count: 1 }], stale: { now: ['traffic/congestion/e'], mostAtOnce: 2 } });
});

test('time to acknowledge by our clock, time to clear by that of the device', () => {
  const ackedAfter = (s: number, at: number) => lived(`traffic/congestion/k${at}`, [[at, said('active', at - 3_000)], [at + s, act.ack], [at + s + 5, said('clear', at - 2_900)]]);
  const log = [...[10, 20, 30, 40].map((s, at) => ackedAfter(s, at)).flat(), ...lived('traffic/congestion/n', [[5, said('active', 5, 'worst')]]), ...lived('traffic/congestion/o', [[5, said('active', 5)], [20, said('clear', 20)], [25, said('active', 25)], [30, act.ack]])];
  const { timeToAcknowledge, timeToClear } = of(log);
  // Of 5, 10, 20, 30, 40: the middle one; 95 %: between the last two, 0.8 of the way.
  expect(timeToAcknowledge).toMatchObject({ low: { acknowledged: { count: 5, p50S: 20, p95S: 38 }, notAcknowledged: 1 }, high: { acknowledged: null, notAcknowledged: 1 }, medium: { acknowledged: null, notAcknowledged: 0 } });
  expect(timeToClear).toEqual({ 'traffic/congestion': { count: 5, p50S: 100, p95S: 100 } });
});

test('hidden: now, begun, overdue, unauthorised; hidden trips are no new alarms', () => {
  const log = [
    ...lived('traffic/congestion/a', [[10, said('active', 10)], [20, shelve(1_000)]]), // Nobody has told the clock: overdue.
    ...lived('traffic/congestion/b', [[10, shelve(7_200)], [20, said('active', 20)]]),
    ...lived('traffic/congestion/c', [[10, remove(600)], [700, act.due]]),
    ...lived('traffic/congestion/d', [[10, remove(600)], [500, act.return]]),
    ...lived('traffic/congestion/e', [[10, act.suppress], [20, said('active', 20)]]),
    ...lived('traffic/congestion/f', [[10, act.suppress], [20, act.release]]),
    ...lived('traffic/congestion/g', [[10, act.suppress]], { warrant: null }),
  ];
  expect(of(log)).toMatchObject({ newAlarms: 1, shelved: { now: 2, overdue: 1, begun: 2 }, outOfService: { now: 1, overdue: 1, begun: 2 }, suppressed: { now: 2, begun: 3, unauthorised: 1 }, reduction: 1 - 1 / 3 });
});

test('a thousand devices behind one gateway: one alarm shown', () => {
  const devices = Array.from({ length: 1_000 }, (_unused, at) => lived(`traffic/device-offline/d${at}`, [[10, act.suppress], [10, said('active', 10)]])).flat();
  expect(of([...lived('system/gateway-offline/gw-1', [[9, said('active', 9)]]), ...devices])).toMatchObject({ newAlarms: 1, reduction: 1 - 1 / 1_001, flood: { minutes: 0 }, suppressed: { now: 1_000, begun: 1_000, unauthorised: 0 } });
});

test('exercises and findings about the past are left out', () => {
  const log = lived('traffic/congestion/a', [[10, said('active', 10)], [11, said('active', 11, 'slow', true)]]);
  expect([of(log).newAlarms, of(log.map((one) => ({ ...one, exercise: true }))).newAlarms, of(log.slice(1)).newAlarms]).toEqual([1, null, null]);
});

/** mulberry32: the same seed, the same numbers. */
function chance(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/**
 * The second way: a state for each alarm and second, made by going through the log once, and every figure read from those.
 * Nothing of kpi.ts is used, and the percentile is written anew.
 */
function secondBySecond(log: readonly CountedTransition[], fromS: number, toS: number, duty: (s: number) => boolean, operators: number) {
  const second = (time: string): number => (Date.parse(time) - startMs) / 1_000;
  const seconds = (a: number, b: number): number[] => Array.from({ length: b - a }, (_unused, at) => a + at);
  const onDuty = seconds(fromS, toS).filter(duty);
  const newAt = new Map<number, CountedTransition[]>();
  const ids = [...new Set(log.map(({ alarmId }) => alarmId))];
  const waits: { priority: string; waited: number | null }[] = [];
  let tripped = 0;
  let shown = 0;
  for (const id of ids) {
    let asking: { since: number; priority: string; counts: boolean } | null = null;
    const drop = (): void => {
      if (asking?.counts === true) waits.push({ priority: asking.priority, waited: null });
      asking = null;
    };
    for (const one of log.filter(({ alarmId, late }) => alarmId === id && !late)) {
      const s = second(one.recordedAt);
      if (s >= toS) break;
      const counts = s >= fromS && duty(s);
      if (one.action === 'trip' && counts) tripped += 1;
      if (one.action === 'trip' && counts && one.to === 'UNACK_ACTIVE') shown += 1;
      if (one.action === 'ack') {
        const since = asking as { since: number; priority: string; counts: boolean } | null;
        if (since?.counts === true) waits.push({ priority: since.priority, waited: s - since.since });
        asking = null;
      } else if (one.to === 'UNACK_ACTIVE' && one.from !== 'UNACK_ACTIVE') {
        drop();
        asking = { since: s, priority: one.priority, counts };
        newAt.set(s, [...(newAt.get(s) ?? []), one]);
      } else if (['SHELVED', 'SUPPRESSED_BY_DESIGN', 'OUT_OF_SERVICE'].includes(one.to)) drop();
    }
    drop();
  }
  const news = onDuty.flatMap((s) => newAt.get(s) ?? []);
  let flooded = false;
  let floodS = 0;
  const first = Math.min(fromS, ...newAt.keys());
  for (const s of seconds(first, toS)) {
    let inWindow = 0;
    for (let back = 0; back < 600; back += 1) inWindow += newAt.get(s - back)?.length ?? 0;
    flooded = flooded ? inWindow >= 5 * operators : inWindow > 10 * operators;
    if (flooded && s >= fromS && duty(s)) floodS += 1;
  }
  const quantile = (values: readonly number[], q: number): number => {
    const sorted = [...values].sort((a, b) => a - b);
    const place = q * (sorted.length - 1);
    return (sorted[Math.floor(place)] ?? 0) * (1 - (place % 1)) + (sorted[Math.ceil(place)] ?? 0) * (place % 1);
  };
  const waited = (priority: string) => waits.filter((one) => one.priority === priority);
  return {
    newAlarms: news.length,
    mean: (news.length * 600) / onDuty.length / operators,
    floodS,
    mix: alarmPriorities.map((priority) => news.filter((one) => one.priority === priority).length / news.length),
    acknowledged: alarmPriorities.map((priority) => {
      const done = waited(priority).flatMap((one) => (one.waited === null ? [] : [one.waited]));
      return [done.length, waited(priority).length - done.length, ...(done.length === 0 ? [] : [quantile(done, 0.5), quantile(done, 0.95)])];
    }),
    reduction: 1 - shown / tripped,
    shelvedNow: ids.filter((id) => {
      let on = false;
      for (const one of log) if (one.alarmId === id && second(one.recordedAt) < toS) on = one.action === 'shelve' ? true : one.action === 'unshelve' || one.action === 'shelf-ended' ? false : on;
      return on;
    }).length,
  };
}

test.each(Array.from({ length: 12 }, (_unused, index) => 20_261_122 + index))('computed a second way, seed %i', (seed) => {
  const random = chance(seed);
  const pick = <T>(values: readonly T[]): T => values[random(values.length)]!;
  const busy = 20 + random(300);
  const log = Array.from({ length: 14 }, (_unused, at) => {
    let s = random(600);
    const events: [number, AlarmEvent][] = [];
    while (s < 3 * hour) {
      const level = pick(['slow', 'slow', 'jammed', 'worst']);
      events.push([s, pick<AlarmEvent>([said('active', s, level), said('active', s, level), said('clear', s), said('clear', s), said('bad', s), said('active', s, level, true), act.ack, act.ack, act.due, shelve(s + 60 + random(900)), act.unshelve, act.suppress, act.release, act.release, remove(s + 600), act.return])]);
      s += 1 + random(busy);
    }
    return lived(`traffic/${pick(['congestion', 'device-offline'])}/x${at}`, events);
  }).flat().sort((a, b) => Date.parse(a.recordedAt) - Date.parse(b.recordedAt));
  const fromS = random(hour);
  const toS = 2 * hour + random(hour);
  const operators = 1 + (seed % 2);
  const shiftS = 1_200 + random(2_400);
  const duty = (s: number): boolean => seed % 3 === 0 || Math.floor(s / shiftS) % 2 === 0;
  const spans = Array.from({ length: 20 }, (_unused, at) => ({ fromMs: startMs + 2 * at * shiftS * 1_000, toMs: startMs + (2 * at + 1) * shiftS * 1_000 }));
  const found = of(log, period(fromS, toS, { operators, onDuty: seed % 3 === 0 ? null : spans }));
  const expected = secondBySecond(log, fromS, toS, duty, operators);
  expect([found.newAlarms, found.shelved!.now]).toEqual([expected.newAlarms, expected.shelvedNow]);
  expect(found.rate!.mean).toBeCloseTo(expected.mean, 9);
  expect(found.flood!.minutes).toBeCloseTo(expected.floodS / 60, 9);
  expect(found.reduction).toBeCloseTo(expected.reduction, 9);
  alarmPriorities.forEach((priority, at) => {
    expect(found.priorityMix![priority]).toBeCloseTo(expected.mix[at]!, 9);
    const { acknowledged, notAcknowledged } = found.timeToAcknowledge![priority];
    const figures = [acknowledged?.count ?? 0, notAcknowledged, ...(acknowledged === null ? [] : [acknowledged.p50S, acknowledged.p95S])];
    expect(figures.length).toBe(expected.acknowledged[at]!.length);
    figures.forEach((figure, index) => expect(figure).toBeCloseTo(expected.acknowledged[at]![index]!, 6));
  });
});
