import { alarm, alarmChange, alarmChangesTopic, alarmStates } from './alarm.js';

const golden = {
  alarmId: 'traffic/congestion/hn-cau-giay-1', occurrence: 2, seq: 3, from: 'RTN_UNACK', to: 'UNACK_ACTIVE', quality: 'good',
  at: '2026-11-22T07:02:00.000Z', recordedAt: '2026-11-22T07:03:00.120Z', by: 'system', reason: 'condition-active', late: false,
  condition: { seq: 3, state: 'active', level: 'congested', value: 0.2469, limit: 0.4, unit: 'share', limitRowId: 'traffic.congestion.arterial.default', ruleVersion: 'congestion-1', causeId: 'loop-0001/lane-2@2026-11-22T07:02:00.000Z' },
  alarm: {
    alarmId: 'traffic/congestion/hn-cau-giay-1', occurrence: 2, seq: 3, domain: 'traffic', type: 'congestion', asset: 'hn-cau-giay-1', path: ['hn-cau-giay-1', 'hn-cau-giay', 'hn'],
    nameVi: 'Cầu Giấy', nameEn: 'Cau Giay', state: 'UNACK_ACTIVE', quality: 'good', level: 'congested', value: 0.2469, limit: 0.4, unit: 'share',
    limitRowId: 'traffic.congestion.arterial.default', ruleVersion: 'congestion-1', causeId: 'loop-0001/lane-2@2026-11-22T07:02:00.000Z',
    raisedAt: '2026-11-22T07:02:00.000Z', clearedAt: null, changedAt: '2026-11-22T07:02:00.000Z',
  },
};

test('a change as it is published', () => {
  expect(alarmChange.parse(golden)).toEqual(golden);
  expect(alarmChangesTopic('city')).toBe('city.alarms.changes.v1');
});

test.each([
  ['another state', { to: 'ACTIVE' }],
  ['seq 0', { seq: 0 }],
  ['nobody who did it', { by: '' }],
  ['a field more', { plate: '30A-123.45' }],
  ['no alarm', { alarm: null }],
])('is none with %s', (_, change) => {
  expect(alarmChange.safeParse({ ...golden, ...change }).success).toBe(false);
});

test('what a person does has no condition', () => {
  expect(alarmChange.safeParse({ ...golden, by: 'lan', reason: 'đã gọi cảnh sát giao thông', condition: null }).success).toBe(true);
});

test('an alarm without an asset’s path is nobody’s to see', () => {
  expect(alarm.safeParse({ ...golden.alarm, path: [] }).success).toBe(false);
});

test('the states of ISA-18.2, all of them', () => {
  expect([...alarmStates].sort()).toEqual(['ACK_ACTIVE', 'LATCHED_ACK', 'LATCHED_UNACK', 'NORMAL', 'OUT_OF_SERVICE', 'RTN_UNACK', 'SHELVED', 'SUPPRESSED_BY_DESIGN', 'UNACK_ACTIVE']);
});
