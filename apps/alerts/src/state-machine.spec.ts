/** The tables of alarms.md §3, each way of them, and what holds for every sequence of events. */
import { alarmLife, alarmStates, lifeTransition, type Alarm, type AlarmLife, type AlarmPriority, type AlarmState, type Condition, type LifeTransition, type LiveState } from '#contracts';
import { fresh, replay } from './alarm-log.js';
import { apply } from './life.js';
import { refusalTexts } from './refusals.js';
import { nextDueAt, step, type AlarmEvent, type AlarmRules, type Person, type PersonAction, type Refused, type Stepped } from './state-machine.js';

const id = 'traffic/congestion/road-1';
const minute = (n: number): string => new Date(Date.UTC(2026, 10, 22, 7, 0) + n * 60_000).toISOString();
const lan: Person = { name: 'lan', role: 'operator', inArea: true };
const minh: Person = { name: 'minh', role: 'supervisor', inArea: true };
const each = (role: 'operator' | 'supervisor') => ({ low: role, medium: role, high: role, critical: role });
const leastRole = Object.fromEntries((['ack', 'reset', 'shelve', 'unshelve', 'suppress', 'release', 'return', 'assign', 'comment', 'remove'] as const).map((action) => [action, each('operator')])) as AlarmRules['leastRole'];
const rules: AlarmRules = {
  masterRowId: 'alarm.master.traffic.congestion.default', priority: 'low', priorityByLevel: { jammed: 'medium' }, onDelayS: 0, offDelayS: 0, latching: false,
  shelving: { longestS: 8 * 3_600, runningMax: 3, restS: 8 * 3_600, never: ['critical'] },
  outOfService: { longestS: 86_400, secondPersonFor: ['high', 'critical'] },
  leastRole,
};
const latching = { ...rules, latching: true };

const said = (state: Condition['state'], rest: Partial<Condition> = {}): AlarmEvent => ({
  kind: 'condition',
  condition: { seq: 1, state, level: 'slow', observedAt: minute(1), value: 0.3, limit: 0.4, unit: 'share', limitRowId: 'row-1', ruleVersion: 'congestion-1', causeId: 'loop@1', late: false, ...rest },
});
const active = said('active');
const worse = said('active', { level: 'jammed' });
const clear = said('clear');
const ack: AlarmEvent = { kind: 'ack', by: lan, comment: '' };
const reset: AlarmEvent = { kind: 'reset', by: lan, comment: '' };
const shelve: AlarmEvent = { kind: 'shelve', by: lan, reason: 'sửa đường', until: minute(60) };
const unshelve: AlarmEvent = { kind: 'unshelve', by: lan, comment: '' };
const suppress: AlarmEvent = { kind: 'suppress', by: null, relation: 'gateway-of-device', causeAlarmId: 'system/gateway-offline/gw-1', reason: 'gateway down' };
const release: AlarmEvent = { kind: 'release', by: null, relation: 'gateway-of-device', reason: 'gateway back' };
const remove: AlarmEvent = { kind: 'remove', by: lan, second: null, permit: 'BT-12', reason: 'bảo trì', until: minute(60) };
const bringBack: AlarmEvent = { kind: 'return', by: lan, comment: '' };
const due: AlarmEvent = { kind: 'due' };

const took = (result: Stepped | Refused): Stepped => {
  if ('refused' in result) throw new Error(`refused: ${result.refused}`);
  return result;
};
const after = (events: readonly AlarmEvent[], with_: AlarmRules = rules, from: AlarmLife = fresh(id, 'low'), at = minute(2)): AlarmLife => events.reduce((alarm, event) => took(step(alarm, event, at, with_)).alarm, from);

/** How each state is come to, from nothing. */
const ways: Record<AlarmState, [readonly AlarmEvent[], AlarmRules]> = {
  NORMAL: [[], rules],
  UNACK_ACTIVE: [[active], rules],
  ACK_ACTIVE: [[active, ack], rules],
  RTN_UNACK: [[active, clear], rules],
  LATCHED_UNACK: [[active, clear], latching],
  LATCHED_ACK: [[active, ack, clear], latching],
  SHELVED: [[active, shelve], rules],
  SUPPRESSED_BY_DESIGN: [[active, suppress], rules],
  OUT_OF_SERVICE: [[active, remove], rules],
};
const standing = (state: AlarmState): AlarmLife => after(...ways[state]);

/** Columns: an event at minute 3, but `time`: nothing has happened until minute 61. Hidden states stand over UNACK_ACTIVE. */
const columns: readonly [string, AlarmEvent, AlarmRules][] = [
  ['trip', active, rules], ['clear', clear, rules], ['clear, latching', clear, latching], ['rise', worse, rules], ['bad', said('bad'), rules], ['late', said('active', { late: true }), rules],
  ['ack', ack, rules], ['reset', reset, rules], ['shelve', shelve, rules], ['unshelve', unshelve, rules], ['time', due, rules], ['suppress', suppress, rules], ['release', release, rules],
  ['remove', remove, rules], ['return', bringBack, rules], ['comment', { kind: 'comment', by: lan, comment: 'đã gọi' }, rules], ['assign', { kind: 'assign', by: lan, to: 'minh', comment: '' }, rules],
];
const matrix = `
From                 | trip                 | clear                | clear, latching      | rise                 | bad                  | late                 | ack                    | reset             | shelve               | unshelve     | time           | suppress             | release        | remove                 | return             | comment              | assign
NORMAL               | UNACK_ACTIVE         | NORMAL               | NORMAL               | UNACK_ACTIVE         | NORMAL               | NORMAL               | nothing-to-acknowledge | not-latched       | SHELVED              | not-shelved  | NORMAL         | SUPPRESSED_BY_DESIGN | not-suppressed | OUT_OF_SERVICE         | not-out-of-service | NORMAL               | NORMAL
UNACK_ACTIVE         | UNACK_ACTIVE         | RTN_UNACK            | LATCHED_UNACK        | UNACK_ACTIVE         | UNACK_ACTIVE         | UNACK_ACTIVE         | ACK_ACTIVE             | not-latched       | SHELVED              | not-shelved  | UNACK_ACTIVE   | SUPPRESSED_BY_DESIGN | not-suppressed | OUT_OF_SERVICE         | not-out-of-service | UNACK_ACTIVE         | UNACK_ACTIVE
ACK_ACTIVE           | ACK_ACTIVE           | NORMAL               | LATCHED_ACK          | UNACK_ACTIVE         | ACK_ACTIVE           | ACK_ACTIVE           | already-acknowledged   | not-latched       | SHELVED              | not-shelved  | ACK_ACTIVE     | SUPPRESSED_BY_DESIGN | not-suppressed | OUT_OF_SERVICE         | not-out-of-service | ACK_ACTIVE           | ACK_ACTIVE
RTN_UNACK            | UNACK_ACTIVE         | RTN_UNACK            | RTN_UNACK            | UNACK_ACTIVE         | RTN_UNACK            | RTN_UNACK            | NORMAL                 | not-latched       | SHELVED              | not-shelved  | RTN_UNACK      | SUPPRESSED_BY_DESIGN | not-suppressed | OUT_OF_SERVICE         | not-out-of-service | RTN_UNACK            | RTN_UNACK
LATCHED_UNACK        | UNACK_ACTIVE         | LATCHED_UNACK        | LATCHED_UNACK        | UNACK_ACTIVE         | LATCHED_UNACK        | LATCHED_UNACK        | LATCHED_ACK            | acknowledge-first | SHELVED              | not-shelved  | LATCHED_UNACK  | SUPPRESSED_BY_DESIGN | not-suppressed | OUT_OF_SERVICE         | not-out-of-service | LATCHED_UNACK        | LATCHED_UNACK
LATCHED_ACK          | UNACK_ACTIVE         | LATCHED_ACK          | LATCHED_ACK          | UNACK_ACTIVE         | LATCHED_ACK          | LATCHED_ACK          | already-acknowledged   | NORMAL            | SHELVED              | not-shelved  | LATCHED_ACK    | SUPPRESSED_BY_DESIGN | not-suppressed | OUT_OF_SERVICE         | not-out-of-service | LATCHED_ACK          | LATCHED_ACK
SHELVED              | SHELVED              | SHELVED              | SHELVED              | SHELVED              | SHELVED              | SHELVED              | hidden                 | hidden            | already-shelved      | UNACK_ACTIVE | UNACK_ACTIVE   | SUPPRESSED_BY_DESIGN | not-suppressed | OUT_OF_SERVICE         | not-out-of-service | SHELVED              | SHELVED
SUPPRESSED_BY_DESIGN | SUPPRESSED_BY_DESIGN | SUPPRESSED_BY_DESIGN | SUPPRESSED_BY_DESIGN | SUPPRESSED_BY_DESIGN | SUPPRESSED_BY_DESIGN | SUPPRESSED_BY_DESIGN | hidden                 | hidden            | hidden               | not-shelved  | SUPPRESSED_BY_DESIGN | already-suppressed | UNACK_ACTIVE | OUT_OF_SERVICE         | not-out-of-service | SUPPRESSED_BY_DESIGN | SUPPRESSED_BY_DESIGN
OUT_OF_SERVICE       | OUT_OF_SERVICE       | OUT_OF_SERVICE       | OUT_OF_SERVICE       | OUT_OF_SERVICE       | OUT_OF_SERVICE       | OUT_OF_SERVICE       | hidden                 | hidden            | hidden               | not-shelved  | OUT_OF_SERVICE | OUT_OF_SERVICE       | not-suppressed | already-out-of-service | UNACK_ACTIVE       | OUT_OF_SERVICE       | OUT_OF_SERVICE
`.trim().split('\n').map((line) => line.split('|').map((cell) => cell.trim()));

describe('every state × every event', () => {
  test('the table names all states and all events', () => {
    expect(matrix[0]!.slice(1)).toEqual(columns.map(([name]) => name));
    expect(matrix.slice(1).map(([state]) => state).sort()).toEqual([...alarmStates].sort());
  });
  const cells = matrix.slice(1).flatMap(([state, ...expected]) => columns.map(([name, event, with_], at) => [state as AlarmState, name, expected[at]!, event, with_] as const));
  test.each(cells)('%s, %s: %s', (state, name, expected, event, with_) => {
    const before = standing(state);
    expect(before.state).toBe(state);
    const result = step(before, event, name === 'time' ? minute(61) : minute(3), with_);
    expect('refused' in result ? result.refused : result.alarm.state).toBe(expected);
  });
});

/** Rows of the page, word by word where they have a guard. */
describe('alarms.md §3, row by row', () => {
  const path = (events: readonly AlarmEvent[], with_: AlarmRules = rules): string => events.reduce<[AlarmLife, string]>(([alarm, text], event) => {
    const next = took(step(alarm, event, minute(2), with_)).alarm;
    return [next, `${text} > ${next.state}`];
  }, [fresh(id, 'low'), 'NORMAL'])[1];

  test.each<[string, readonly AlarmEvent[], AlarmRules, string]>([
    ['NORMAL | trip', [active], rules, 'NORMAL > UNACK_ACTIVE'],
    ['UNACK_ACTIVE | ack', [active, ack], rules, 'NORMAL > UNACK_ACTIVE > ACK_ACTIVE'],
    ['UNACK_ACTIVE | clear', [active, clear], rules, 'NORMAL > UNACK_ACTIVE > RTN_UNACK'],
    ['UNACK_ACTIVE | clear, latching', [active, clear], latching, 'NORMAL > UNACK_ACTIVE > LATCHED_UNACK'],
    ['ACK_ACTIVE | clear', [active, ack, clear], rules, 'NORMAL > UNACK_ACTIVE > ACK_ACTIVE > NORMAL'],
    ['ACK_ACTIVE | clear, latching', [active, ack, clear], latching, 'NORMAL > UNACK_ACTIVE > ACK_ACTIVE > LATCHED_ACK'],
    ['RTN_UNACK | ack', [active, clear, ack], rules, 'NORMAL > UNACK_ACTIVE > RTN_UNACK > NORMAL'],
    ['RTN_UNACK | trip', [active, clear, active], rules, 'NORMAL > UNACK_ACTIVE > RTN_UNACK > UNACK_ACTIVE'],
    ['LATCHED_UNACK | ack', [active, clear, ack], latching, 'NORMAL > UNACK_ACTIVE > LATCHED_UNACK > LATCHED_ACK'],
    ['LATCHED_UNACK | trip', [active, clear, active], latching, 'NORMAL > UNACK_ACTIVE > LATCHED_UNACK > UNACK_ACTIVE'],
    ['LATCHED_ACK | reset', [active, ack, clear, reset], latching, 'NORMAL > UNACK_ACTIVE > ACK_ACTIVE > LATCHED_ACK > NORMAL'],
    ['LATCHED_ACK | trip', [active, ack, clear, active], latching, 'NORMAL > UNACK_ACTIVE > ACK_ACTIVE > LATCHED_ACK > UNACK_ACTIVE'],
    ['ACK_ACTIVE | rise of priority', [active, ack, worse], rules, 'NORMAL > UNACK_ACTIVE > ACK_ACTIVE > UNACK_ACTIVE'],
    ['ACK_ACTIVE | no rise', [worse, ack, active], rules, 'NORMAL > UNACK_ACTIVE > ACK_ACTIVE > ACK_ACTIVE'],
  ])('%s', (_, events, with_, expected) => {
    expect(path(events, with_)).toBe(expected);
  });

  const live: readonly [LiveState, readonly AlarmEvent[], AlarmRules][] = [
    ['NORMAL', [], rules], ['UNACK_ACTIVE', [active], rules], ['ACK_ACTIVE', [active, ack], rules], ['RTN_UNACK', [active, clear], rules], ['LATCHED_UNACK', [active, clear], latching], ['LATCHED_ACK', [active, ack, clear], latching],
  ];
  test.each(live)('%s hidden in each way, and back: the true live state', (state, events, with_) => {
    for (const [hide, show] of [[shelve, unshelve], [suppress, release], [remove, bringBack]] as const) {
      const hidden = after([...events, hide], with_);
      expect([hidden.live, hidden.state === state]).toEqual([state, false]);
      expect(after([show], with_, hidden).state).toBe(state);
    }
    expect(after([...events, shelve], with_)).toMatchObject({ state: 'SHELVED' });
    expect(after([due], with_, after([...events, shelve], with_), minute(60)).state).toBe(state);
  });
  test.each<[string, readonly AlarmEvent[], readonly AlarmEvent[], LiveState]>([
    ['acknowledged, then a new occurrence underneath: nobody has acknowledged that', [active, ack], [clear, active], 'UNACK_ACTIVE'],
    ['never acknowledged, and gone underneath', [active], [clear], 'RTN_UNACK'],
    ['normal, and tripped underneath', [], [active], 'UNACK_ACTIVE'],
    ['acknowledged, and risen underneath', [active, ack], [worse], 'UNACK_ACTIVE'],
    ['acknowledged, and still there', [active, ack], [active], 'ACK_ACTIVE'],
    ['acknowledged, and gone', [active, ack], [clear], 'NORMAL'],
  ])('while hidden: %s', (_, before, underneath, expected) => {
    for (const [hide, show] of [[shelve, unshelve], [suppress, release], [remove, bringBack]] as const) expect(after([...before, hide, ...underneath, show]).state).toBe(expected);
  });
});

describe('delays', () => {
  const delayed = { ...rules, onDelayS: 60, offDelayS: 120 };
  test('a condition trips when it has been held, with the true time, however late the clock', () => {
    const waiting = took(step(fresh(id, 'low'), active, minute(2), delayed));
    expect([waiting.alarm.state, nextDueAt(waiting.alarm), waiting.transitions.map(({ action }) => action)]).toEqual(['NORMAL', minute(3), ['update']]);
    expect(took(step(waiting.alarm, due, minute(2.9), delayed)).transitions).toEqual([]);
    const tripped = took(step(waiting.alarm, due, minute(50), delayed));
    expect(tripped.transitions).toMatchObject([{ action: 'trip', at: minute(3), recordedAt: minute(50), from: 'NORMAL', to: 'UNACK_ACTIVE', occurrence: 1 }]);
    expect(tripped.alarm).toMatchObject({ raisedAt: minute(1), level: 'slow', pending: null });
  });
  test('one that goes before is no alarm; again and again does not make the delay longer', () => {
    const waiting = after([active], delayed);
    expect(after([clear], delayed, waiting, minute(2.5))).toMatchObject({ state: 'NORMAL', pending: null, occurrence: 0 });
    expect(after([worse], delayed, waiting, minute(2.5)).pending).toEqual({ to: 'active', level: 'jammed', observedAt: minute(1), sinceAt: minute(2), dueAt: minute(3) });
  });
  test('a clear counts when it has been held; back before that is the same occurrence', () => {
    const tripped = after([due], delayed, after([active], delayed), minute(3));
    const going = after([clear], delayed, tripped, minute(4));
    expect([going.state, nextDueAt(going)]).toEqual(['UNACK_ACTIVE', minute(6)]);
    expect(after([active], delayed, going, minute(5))).toMatchObject({ state: 'UNACK_ACTIVE', occurrence: 1, pending: null });
    expect(after([due], delayed, going, minute(6))).toMatchObject({ state: 'RTN_UNACK', clearedAt: minute(1), pending: null });
  });
  test('lost input neither holds nor clears: the delay begins anew', () => {
    expect(after([due], delayed, after([active, said('bad')], delayed), minute(60))).toMatchObject({ state: 'NORMAL', quality: 'bad', pending: null });
    const tripped = after([due], delayed, after([active], delayed), minute(3));
    expect(after([due], delayed, after([clear, said('bad')], delayed, tripped, minute(4)), minute(60))).toMatchObject({ state: 'UNACK_ACTIVE', quality: 'bad' });
  });
  test('an event finds what was due before it done', () => {
    const result = took(step(after([active], delayed), clear, minute(4), delayed));
    expect(result.transitions.map(({ action, at }) => [action, at])).toEqual([['trip', minute(3)], ['update', minute(1)]]);
  });
  test('a delay set to 0 later leaves a running one its time', () => {
    expect(nextDueAt(after([active], delayed))).toBe(minute(3));
    expect(after([active], rules, after([active], delayed)).state).toBe('UNACK_ACTIVE');
  });
});

describe('guards', () => {
  const refused = (from: AlarmState | AlarmLife, event: AlarmEvent, with_: AlarmRules = rules, at = minute(3)): unknown => {
    const result = step(typeof from === 'string' ? standing(from) : from, event, at, with_);
    return 'refused' in result ? result.refused : result.alarm.state;
  };
  const critical = { ...rules, priorityByLevel: { slow: 'critical' as AlarmPriority } };
  test.each<[string, unknown, unknown]>([
    ['another area', refused('UNACK_ACTIVE', { ...ack, by: { ...lan, inArea: false } } as AlarmEvent), 'outside-area'],
    ['a viewer', refused('UNACK_ACTIVE', { ...ack, by: { ...lan, role: 'viewer' } } as AlarmEvent), 'not-allowed'],
    ['the right goes by priority', refused('UNACK_ACTIVE', ack, { ...rules, leastRole: { ...leastRole, ack: { ...each('operator'), low: 'supervisor' } } }), 'not-allowed'],
    ['a shelf without a reason', refused('UNACK_ACTIVE', { ...shelve, reason: '  ' } as AlarmEvent), 'reason-missing'],
    ['a shelf of the longest time', refused('UNACK_ACTIVE', { ...shelve, until: minute(3 + 480) } as AlarmEvent), 'SHELVED'],
    ['a shelf of a minute more', refused('UNACK_ACTIVE', { ...shelve, until: minute(4 + 480) } as AlarmEvent), 'until-too-far'],
    ['a shelf that ends now', refused('UNACK_ACTIVE', { ...shelve, until: minute(3) } as AlarmEvent), 'until-not-ahead'],
    ['a shelf that ends at no time', refused('UNACK_ACTIVE', { ...shelve, until: 'soon' } as AlarmEvent), 'until-not-ahead'],
    ['critical is never shelved', refused(after([active], critical), shelve, critical), 'priority-never-shelved'],
    ['a suppression without relation', refused('UNACK_ACTIVE', { ...suppress, relation: '' } as AlarmEvent), 'relation-missing'],
    ['no permit', refused('UNACK_ACTIVE', { ...remove, permit: '' } as AlarmEvent), 'permit-missing'],
    ['one that may become high needs two', refused('NORMAL', remove, { ...rules, priorityByLevel: { jammed: 'high' } }), 'second-person-missing'],
    ['two that are one', refused('NORMAL', { ...remove, second: { ...lan } } as AlarmEvent, { ...rules, priority: 'high' }), 'second-person-is-the-first'],
    ['a second who may not', refused('NORMAL', { ...remove, second: { ...minh, inArea: false } } as AlarmEvent, { ...rules, priority: 'high' }), 'second-person-not-allowed'],
    ['two', refused('NORMAL', { ...remove, second: minh } as AlarmEvent, { ...rules, priority: 'high' }), 'OUT_OF_SERVICE'],
    ['out of service for too long', refused('NORMAL', { ...remove, until: minute(3 + 1441) } as AlarmEvent), 'until-too-far'],
    ['reset while the input is lost', refused(after([active, ack, clear, said('bad')], latching), reset, latching), 'not-surely-clear'],
    ['reset while it comes back', refused(after([active], { ...latching, onDelayS: 600 }, standing('LATCHED_ACK')), reset, latching), 'not-surely-clear'],
    ['a comment of nothing', refused('NORMAL', { kind: 'comment', by: lan, comment: ' ' }), 'comment-missing'],
    ['assigned to nobody', refused('NORMAL', { kind: 'assign', by: lan, to: '', comment: '' }), 'assignee-missing'],
  ])('%s', (_, found, expected) => {
    expect(found).toBe(expected);
  });

  test('shelved at most three times running, and again after a rest', () => {
    let alarm = standing('UNACK_ACTIVE');
    for (const start of [10, 60, 110]) {
      alarm = after([{ ...shelve, until: minute(start + 30) } as AlarmEvent], rules, alarm, minute(start));
      alarm = after([due], rules, alarm, minute(start + 30));
    }
    expect(refused(alarm, { ...shelve, until: minute(200) } as AlarmEvent, rules, minute(150))).toBe('shelved-too-often');
    // Going away and coming back is no rest: that is what a chattering alarm does.
    expect(refused(after([clear, active], rules, alarm, minute(150)), { ...shelve, until: minute(200) } as AlarmEvent, rules, minute(151))).toBe('shelved-too-often');
    expect(refused(alarm, { ...shelve, until: minute(140 + 500) } as AlarmEvent, rules, minute(140 + 480))).toBe('SHELVED');
  });
  test('risen to a priority that is never shelved, an alarm leaves its shelf at once', () => {
    const result = took(step(standing('SHELVED'), said('active', { level: 'jammed' }), minute(3), { ...rules, priorityByLevel: { jammed: 'critical' } }));
    expect(result.transitions.map(({ action, to }) => [action, to])).toEqual([['update', 'SHELVED'], ['unshelve', 'UNACK_ACTIVE']]);
  });
  test('and also when it is a delay that brings it there', () => {
    const delayed: AlarmRules = { ...rules, onDelayS: 60, priorityByLevel: { slow: 'critical' } };
    const result = took(step(after([shelve, active], delayed), due, minute(3), delayed));
    expect(result.transitions.map(({ action, at, to }) => [action, at, to])).toEqual([['trip', minute(3), 'SHELVED'], ['unshelve', minute(3), 'UNACK_ACTIVE']]);
  });
  test('not returned in time: overdue once, and out of service still', () => {
    const late = took(step(standing('OUT_OF_SERVICE'), due, minute(70), rules));
    expect(late.transitions).toMatchObject([{ action: 'overdue', at: minute(60), warrant: 'BT-12', to: 'OUT_OF_SERVICE' }]);
    expect(took(step(late.alarm, due, minute(80), rules)).transitions).toEqual([]);
  });
  test('two relations: released by the last', () => {
    const other = { ...suppress, relation: 'network' } as AlarmEvent;
    const twice = after([active, suppress, other]);
    expect([after([release], rules, twice).state, after([release, { ...release, relation: 'network' } as AlarmEvent], rules, twice).state]).toEqual(['SUPPRESSED_BY_DESIGN', 'UNACK_ACTIVE']);
  });
  test('a gateway that goes down while the device is in maintenance hides it when that is over', () => {
    expect(after([active, remove, suppress, bringBack]).state).toBe('SUPPRESSED_BY_DESIGN');
  });
  test('late input stands in the log by its own time, and changes nothing else', () => {
    const before = standing('ACK_ACTIVE');
    const result = took(step(before, said('clear', { late: true, observedAt: '2018-01-01T00:00:00.000Z' }), minute(3), rules));
    expect(result.alarm).toEqual({ ...before, seq: before.seq + 1 });
    expect(result.transitions).toMatchObject([{ action: 'late', late: true, at: '2018-01-01T00:00:00.000Z' }]);
  });
  test('every refusal is told in both languages', () => {
    for (const { vi, en } of Object.values<{ vi: string; en: string }>(refusalTexts)) expect([vi.trim().length > 5, en.trim().length > 5, vi === en]).toEqual([true, true, false]);
  });
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

const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
};
const hiding = new Set<AlarmEvent['kind']>(['shelve', 'unshelve', 'suppress', 'release', 'remove', 'return']);

describe('any sequence of events', () => {
  /** Ways between live states that the page has, and no others; also those that end where they began. */
  const allowed = new Set(['NORMAL>UNACK_ACTIVE', 'UNACK_ACTIVE>ACK_ACTIVE', 'UNACK_ACTIVE>RTN_UNACK', 'UNACK_ACTIVE>LATCHED_UNACK', 'ACK_ACTIVE>NORMAL', 'ACK_ACTIVE>LATCHED_ACK', 'RTN_UNACK>NORMAL', 'RTN_UNACK>UNACK_ACTIVE', 'LATCHED_UNACK>LATCHED_ACK', 'LATCHED_UNACK>UNACK_ACTIVE', 'LATCHED_ACK>NORMAL', 'LATCHED_ACK>UNACK_ACTIVE', 'ACK_ACTIVE>UNACK_ACTIVE']);

  test.each(Array.from({ length: 80 }, (_, index) => 20_261_122 + index))('seed %i', (seed) => {
    const random = chance(seed);
    const pick = <T>(values: readonly T[]): T => values[random(values.length)]!;
    const with_: AlarmRules = {
      ...rules, latching: seed % 2 === 0, onDelayS: pick([0, 0, 30, 120]), offDelayS: pick([0, 0, 60, 180]), priorityByLevel: { jammed: 'medium', worst: pick(['high', 'critical'] as const) },
      shelving: { ...rules.shelving, longestS: 1_800, restS: 600 },
    };
    let alarm = fresh(id, 'low');
    // Hears all that the alarm hears, but is never hidden: what must be true underneath.
    let open = fresh(id, 'low');
    // Told of the time every ten seconds, where the alarm hears of it only by its events.
    let punctual = fresh(id, 'low');
    const log: LifeTransition[] = [];
    const punctualLog: LifeTransition[] = [];
    let atS = 0;
    const iso = (s: number): string => new Date(Date.UTC(2026, 10, 22) + s * 1_000).toISOString();
    for (let index = 0; index < 120; index += 1) {
      const fromS = atS;
      atS += random(150);
      const now = iso(atS);
      const by = pick([lan, minh, { ...lan, role: 'viewer' as const }, { ...minh, inArea: false }]);
      const until = iso(atS + random(2_400) - 60);
      const relation = pick(['gateway-of-device', 'network', '']);
      const event = frozen<AlarmEvent>(pick<AlarmEvent>([
        said(pick(['active', 'active', 'clear', 'clear', 'bad'] as const), { seq: index + 1, level: pick(['slow', 'jammed', 'worst']), observedAt: iso(atS - random(60)), value: random(100), late: random(12) === 0 }),
        said(pick(['active', 'clear'] as const), { seq: index + 1, level: pick(['slow', 'jammed', 'worst']), observedAt: now }),
        { kind: 'ack', by, comment: '' }, { kind: 'ack', by: lan, comment: '' }, { kind: 'reset', by, comment: '' }, { kind: 'shelve', by, reason: pick(['x', '']), until }, { kind: 'unshelve', by, comment: '' },
        { kind: 'suppress', by: null, relation, causeAlarmId: null, reason: '' }, { kind: 'release', by: null, relation, reason: '' },
        { kind: 'remove', by, second: pick([null, minh]), permit: pick(['BT-1', '']), reason: 'x', until }, { kind: 'return', by, comment: '' }, { kind: 'comment', by, comment: 'x' }, { kind: 'assign', by, to: 'minh', comment: '' }, due,
      ]));
      for (let s = fromS; s < atS; s += 10) {
        const told = took(step(punctual, due, iso(s), with_));
        punctual = told.alarm;
        punctualLog.push(...told.transitions);
      }
      const result = step(frozen(alarm), event, now, with_);
      const onTime = step(punctual, event, now, with_);
      if ('refused' in result) {
        // Asked again it is refused again, for the same reason, also when the clock was punctual.
        expect(onTime).toEqual(result);
        expect(Object.keys(refusalTexts)).toContain(result.refused);
        continue;
      }
      ({ alarm } = result);
      log.push(...result.transitions);
      const told = took(onTime);
      punctual = told.alarm;
      punctualLog.push(...told.transitions);
      open = took(step(open, hiding.has(event.kind) ? due : event, now, with_)).alarm;

      expect(alarmLife.safeParse(alarm)).toMatchObject({ success: true });
      expect([alarm.live, alarm.quality, alarm.occurrence, alarm.priority, alarm.level, alarm.ackedAt, alarm.raisedAt, alarm.clearedAt, alarm.pending]).toEqual([open.live, open.quality, open.occurrence, open.priority, open.level, open.ackedAt, open.raisedAt, open.clearedAt, open.pending]);
      if (alarm.shelf === null && alarm.suppressions.length === 0 && alarm.outOfService === null) expect(alarm.state).toBe(open.state);
      else expect(['SHELVED', 'SUPPRESSED_BY_DESIGN', 'OUT_OF_SERVICE']).toContain(alarm.state);
      if (alarm.shelf !== null) expect([alarm.priority === 'critical' && (alarm.live === 'UNACK_ACTIVE' || alarm.live === 'ACK_ACTIVE'), Date.parse(alarm.shelf.until) > Date.parse(now)]).toEqual([false, true]);
    }
    log.forEach((transition, index) => {
      expect(lifeTransition.safeParse(transition)).toMatchObject({ success: true });
      expect([transition.seq, transition.from, transition.liveFrom]).toEqual([index + 1, log[index - 1]?.to ?? 'NORMAL', log[index - 1]?.liveTo ?? 'NORMAL']);
      if (transition.liveFrom !== transition.liveTo) expect(allowed).toContain(`${transition.liveFrom}>${transition.liveTo}`);
    });
    const read = JSON.parse(JSON.stringify(log)) as LifeTransition[];
    expect(replay(id, 'low', read)).toEqual(alarm);
    expect(read.map((_, at) => replay(id, 'low', read.slice(0, at + 1)).state)).toEqual(read.map(({ to }) => to));
    expect(punctualLog.filter(({ recordedAt }) => Date.parse(recordedAt) <= atS * 1_000 + Date.UTC(2026, 10, 22)).map(({ recordedAt: _, ...rest }) => rest).slice(0, log.length)).toEqual(log.map(({ recordedAt: _, ...rest }) => rest));
  });
});

test.each(Array.from({ length: 20 }, (_, index) => 20_261_122 + index))('without people, delays and settings it does what life.ts does, seed %i', (seed) => {
  const random = chance(seed);
  const place = { path: ['road-1'], nameVi: null, nameEn: null };
  let old: Alarm | null = null;
  let alarm = fresh(id, 'low');
  for (let seq = 1; seq <= 60; seq += 1) {
    const event = said(seq === 1 ? 'active' : (['active', 'clear', 'bad'] as const)[random(3)]!, { seq, level: `level-${random(3)}`, observedAt: minute(seq), value: random(100), late: seq > 1 && random(6) === 0 }) as Extract<AlarmEvent, { kind: 'condition' }>;
    const lived = apply(old, { conditionId: id, ...event.condition }, place, minute(100));
    const stepped = took(step(alarm, event, minute(100), rules));
    old = lived.alarm;
    alarm = stepped.alarm;
    expect(alarm).toMatchObject(Object.fromEntries(Object.entries(old).filter(([key]) => !['domain', 'type', 'asset', 'path', 'nameVi', 'nameEn'].includes(key))));
    expect(stepped.transitions).toMatchObject([lived.transition]);
  }
});

test('every action of a person has its right', () => {
  expect(Object.keys(leastRole).sort()).toEqual((['ack', 'assign', 'comment', 'release', 'remove', 'reset', 'return', 'shelve', 'suppress', 'unshelve'] satisfies PersonAction[]).sort());
});
