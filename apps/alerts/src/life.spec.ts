import { alarmChange, type Alarm, type AlarmState, type Condition } from '#contracts';
import { apply, type Place } from './life.js';

const place: Place = { path: ['road-1', 'city'], nameVi: 'Cầu Giấy', nameEn: 'Cau Giay' };
const recordedAt = '2026-11-22T07:09:00.500Z';
const minute = (n: number): string => `2026-11-22T07:0${n}:00.000Z`;
const said = (seq: number, state: Condition['state'], rest: Partial<Condition> = {}): Condition => ({
  conditionId: 'traffic/congestion/road-1', seq, state, level: 'congested', observedAt: minute(seq), value: seq / 10, limit: 0.4, unit: 'share',
  limitRowId: 'row-1', ruleVersion: 'congestion-1', causeId: `loop@${seq}`, late: false, ...rest,
});
const after = (...conditions: Condition[]) => conditions.reduce<ReturnType<typeof apply> | null>((before, one) => apply(before?.alarm ?? null, one, place, recordedAt), null)!;
const shown = ({ alarm: { state, quality, occurrence, raisedAt, clearedAt, changedAt } }: ReturnType<typeof apply>) => [state, quality, occurrence, raisedAt?.slice(14, 16) ?? null, clearedAt?.slice(14, 16) ?? null, changedAt.slice(14, 16)];

describe('alarms.md §3, without a person', () => {
  test.each([
    ['a condition comes', [said(1, 'active')], ['UNACK_ACTIVE', 'good', 1, '01', null, '01']],
    ['and goes before anybody has seen it: it stays to be acknowledged', [said(1, 'active'), said(2, 'clear')], ['RTN_UNACK', 'good', 1, '01', '02', '02']],
    ['and comes again: a new occurrence', [said(1, 'active'), said(2, 'clear'), said(3, 'active')], ['UNACK_ACTIVE', 'good', 2, '03', null, '03']],
    ['active again at another level is the same occurrence', [said(1, 'active'), said(2, 'active', { level: 'jammed' })], ['UNACK_ACTIVE', 'good', 1, '01', null, '02']],
    ['lost input is no clear', [said(1, 'active'), said(2, 'bad')], ['UNACK_ACTIVE', 'bad', 1, '01', null, '02']],
    ['lost input raises nothing', [said(1, 'bad')], ['NORMAL', 'bad', 0, null, null, '01']],
    ['found again, and still active', [said(1, 'active'), said(2, 'bad'), said(3, 'active')], ['UNACK_ACTIVE', 'good', 1, '01', null, '03']],
    ['found again, and over', [said(1, 'active'), said(2, 'bad'), said(3, 'clear')], ['RTN_UNACK', 'good', 1, '01', '03', '03']],
    ['a clear of what never was', [said(1, 'clear')], ['NORMAL', 'good', 0, null, null, '01']],
    ['a late finding raises nothing', [said(1, 'active', { late: true })], ['NORMAL', 'good', 0, null, null, '01']],
    ['a late clear clears nothing', [said(1, 'active'), said(2, 'clear', { late: true })], ['UNACK_ACTIVE', 'good', 1, '01', null, '01']],
    ['after a late one the present goes on', [said(1, 'active', { late: true }), said(2, 'clear', { late: true }), said(3, 'active')], ['UNACK_ACTIVE', 'good', 1, '03', null, '03']],
  ])('%s', (_, conditions, expected) => {
    expect(shown(after(...(conditions as Condition[])))).toEqual(expected);
  });

  const from = (state: AlarmState): Alarm => ({ ...after(said(1, 'active')).alarm, state });
  test.each<[AlarmState, AlarmState, AlarmState]>([
    ['NORMAL', 'UNACK_ACTIVE', 'NORMAL'],
    ['UNACK_ACTIVE', 'UNACK_ACTIVE', 'RTN_UNACK'],
    ['RTN_UNACK', 'UNACK_ACTIVE', 'RTN_UNACK'],
    ['ACK_ACTIVE', 'ACK_ACTIVE', 'NORMAL'],
    ['LATCHED_UNACK', 'UNACK_ACTIVE', 'LATCHED_UNACK'],
    ['LATCHED_ACK', 'UNACK_ACTIVE', 'LATCHED_ACK'],
  ])('%s: tripped it is %s, cleared %s', (state, tripped, cleared) => {
    expect([apply(from(state), said(2, 'active'), place, recordedAt).alarm.state, apply(from(state), said(2, 'clear'), place, recordedAt).alarm.state]).toEqual([tripped, cleared]);
  });
});

test('what an operator reads of an alarm that has gone: its level from when it was there, the value that ended it', () => {
  expect(after(said(1, 'active', { level: 'very-unhealthy' }), said(2, 'clear', { level: 'good' })).alarm).toMatchObject({ level: 'very-unhealthy', value: 0.2, causeId: 'loop@2' });
});

test('of a silent sensor the last values are shown', () => {
  expect(after(said(1, 'active'), said(2, 'bad', { value: null, limit: null })).alarm).toMatchObject({ value: 0.1, causeId: 'loop@1' });
});

test('a late finding leaves all of the alarm but its number', () => {
  const before = after(said(1, 'active'));
  const late = apply(before.alarm, said(2, 'clear', { late: true, observedAt: '2018-01-01T00:00:00.000Z' }), { path: ['road-1', 'elsewhere'], nameVi: 'x', nameEn: 'y' }, recordedAt);
  expect(late.alarm).toEqual({ ...before.alarm, seq: 2 });
  expect(late.transition).toMatchObject({ seq: 2, from: 'UNACK_ACTIVE', to: 'UNACK_ACTIVE', at: '2018-01-01T00:00:00.000Z', late: true, condition: { state: 'clear' } });
});

test('every step is a change that can be published', () => {
  for (const steps of [[said(1, 'active')], [said(1, 'active'), said(2, 'clear')], [said(1, 'bad')], [said(1, 'active'), said(2, 'bad')]]) {
    const { alarm, transition } = after(...steps);
    expect(alarmChange.parse({ ...transition, alarm })).toMatchObject({ seq: steps.length, alarm: { seq: steps.length, path: ['road-1', 'city'] } });
  }
});
