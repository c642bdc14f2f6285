import { alarmRows, alarmRowValues, alarmSeverities, pollutionAlarms, systemAlarms, trafficAlarms, type AlarmSeverity, type DatedRow } from '#contracts';
import { fresh } from './alarm-log.js';
import { rulesOf, type GeneralSettings } from './settings.js';
import { step, type Person } from './state-machine.js';

const of = (kind: string, key: string): DatedRow => [...alarmRows, ...trafficAlarms, ...pollutionAlarms, ...systemAlarms].find((row) => row.kind === kind && row.key === key)!;
const general: GeneralSettings = {
  handling: alarmRowValues['alarm.handling'].parse(of('alarm.handling', '').value),
  priorities: Object.fromEntries(alarmSeverities.map((severity) => [severity, alarmRowValues['alarm.priority'].parse(of('alarm.priority', severity).value)])) as Record<AlarmSeverity, GeneralSettings['priorities']['life']>,
};

test('an air-quality level, by the seeds: priorities by level, no delay of ours', () => {
  const { shelving, outOfService, leastRole, ...rules } = rulesOf(of('alarm.master', 'pollution/air-quality-level'), general);
  expect(rules).toEqual({
    masterRowId: 'alarm.master.pollution.air-quality-level.default', priority: 'medium', priorityByLevel: { unhealthy: 'medium', 'very-unhealthy': 'high', hazardous: 'critical' }, onDelayS: 0, offDelayS: 0, latching: false,
  });
  expect([shelving, outOfService, leastRole.remove.low]).toEqual([{ longestS: 28_800, runningMax: 3, restS: 28_800, never: ['critical'] }, { longestS: 2_592_000, secondPersonFor: ['high', 'critical'] }, 'supervisor']);
});

test('an air-quality level may become critical: two supervisors take it out of service, one does not', () => {
  const rules = rulesOf(of('alarm.master', 'pollution/air-quality-level'), general);
  const minh: Person = { name: 'minh', role: 'supervisor', inArea: true };
  const remove = (second: Person | null) => step(fresh('pollution/air-quality-level/hn-air-1', rules.priority), { kind: 'remove', by: minh, second, permit: 'BT-1', reason: 'hiệu chuẩn', until: '2026-11-23T00:00:00Z' }, '2026-11-22T18:00:00.000Z', rules);
  expect(remove(null)).toEqual({ refused: 'second-person-missing' });
  expect(remove({ name: 'lan', role: 'operator', inArea: true })).toEqual({ refused: 'second-person-not-allowed' });
  expect(remove({ ...minh, name: 'hoa' })).toMatchObject({ alarm: { state: 'OUT_OF_SERVICE', outOfService: { until: '2026-11-23T00:00:00.000Z', second: 'hoa' } } });
});

test('a gateway: a minute before it is an alarm, two before it is over', () => {
  expect(rulesOf(of('alarm.master', 'system/gateway-offline'), general)).toMatchObject({ onDelayS: 60, offDelayS: 120, priority: 'medium' });
});

test('a row with another value is of no use', () => {
  expect(() => rulesOf({ ...of('alarm.master', 'traffic/congestion'), value: {} }, general)).toThrow('responseVi');
});
