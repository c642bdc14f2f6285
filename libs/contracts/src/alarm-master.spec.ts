/** The master records: none without a response, every text in both languages, every condition that is raised has one. */
import { alarmMaster, alarmPriority, alarmRowValues, alarmSeverities, alarmTypeOf, type AlarmMaster, type AlarmRowKind, type AlarmRowValue } from './alarm-master.js';
import { alarmRows } from './alarm-rows.js';
import { datedRow } from './dated-row.js';
import { pollutionAlarms } from './pollution-alarms.js';
import { pollutionSeeds } from './pollution-seeds.js';
import { systemAlarms } from './system-alarms.js';
import { trafficAlarms } from './traffic-alarms.js';
import { trafficRows } from './traffic-rows.js';

const rows = [...alarmRows, ...trafficAlarms, ...pollutionAlarms, ...systemAlarms];
const valueOf = <K extends AlarmRowKind>(kind: K, key: string): AlarmRowValue<K> => alarmRowValues[kind].parse(rows.find((row) => row.kind === kind && row.key === key)?.value) as AlarmRowValue<K>;
const masters = rows.filter(({ kind }) => kind === 'alarm.master').map(({ key, value }) => [key, alarmMaster.parse(value)] as const);
const congestion = valueOf('alarm.master', 'traffic/congestion');

test('every seed is a dated row with a value of its kind, and no id or key comes twice', () => {
  for (const row of rows) {
    expect(datedRow.safeParse(row)).toMatchObject({ success: true });
    expect([row.id, alarmRowValues[row.kind as AlarmRowKind].safeParse(row.value).error?.message]).toEqual([row.id, undefined]);
    expect(row.verifiedBy).toBeNull();
  }
  expect([new Set(rows.map(({ id }) => id)).size, new Set(rows.map(({ kind, key }) => `${kind} ${key}`)).size]).toEqual([rows.length, rows.length]);
});

describe('the check of a record', () => {
  test.each<[string, Partial<Record<keyof AlarmMaster, unknown>>, string]>([
    ['no response in Vietnamese', { responseVi: '' }, 'responseVi: expected in Vietnamese, what the operator does: without a response it is no alarm'],
    ['no response in English', { responseEn: '   ' }, 'responseEn: expected in English, what the operator does: without a response it is no alarm'],
    ['a response that is left out', { responseVi: undefined }, 'responseVi: expected in Vietnamese, what the operator does: without a response it is no alarm'],
    ['no cause', { causeEn: '' }, 'causeEn: expected the likely causes in English'],
    ['no consequence', { consequenceVi: '-' }, 'consequenceVi: expected in Vietnamese, what happens if nobody acts'],
    ['one language twice', { responseEn: congestion.responseVi }, 'responseEn: expected another text than responseVi: one of them is not translated'],
    ['a day to respond', { respondWithinS: 86_400 }, 'respondWithinS: expected at most 28800 s: what can wait longer is a report, not an alarm'],
    ['a deadband of no limit', { limitRowKind: null }, 'deadbandField: expected null: there is no limit row that it could stand in'],
  ])('refuses %s', (_, change, message) => {
    const { error } = alarmMaster.safeParse({ ...congestion, ...change });
    expect(error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)).toEqual([message]);
  });
  test.each<[string, Record<string, unknown>]>([
    ['no owner', { ownerVi: undefined }],
    ['no day of review', { reviewDate: 'next year' }],
    ['a level without a name', { levels: { congested: { nameVi: '', nameEn: 'congested', severity: 'service', respondWithinS: 60 } } }],
    ['another relation', { suppressedBy: [{ alarmType: 'system/gateway-offline', relation: 'somehow' }] }],
    ['a priority of its own', { priority: 'high' }],
  ])('and %s', (_, change) => {
    expect(alarmMaster.safeParse({ ...congestion, ...change }).success).toBe(false);
  });
});

describe('every text of every record, in both languages', () => {
  /** Letters that Vietnamese has and English has not. */
  const vietnamese = /[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]/i;
  const texts = (value: unknown, path: string): [string, string][] =>
    typeof value === 'string' ? [[path, value]] : typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, inner]) => texts(inner, `${path}.${key}`)) : [];
  test.each(masters)('%s', (_, record) => {
    const all = texts(record, '');
    const ends = (suffix: string) => all.filter(([path]) => path.endsWith(suffix));
    expect(ends('Vi').map(([path]) => path.slice(0, -2))).toEqual(ends('En').map(([path]) => path.slice(0, -2)));
    expect(ends('Vi').length).toBe(5 + Object.keys(record.levels).length);
    expect(ends('Vi').filter(([, text]) => !vietnamese.test(text))).toEqual([]);
    expect(ends('En').filter(([, text]) => vietnamese.test(text))).toEqual([]);
    for (const [, text] of [...ends('.responseVi'), ...ends('.responseEn')]) expect([text.length > 30, text.endsWith('.')]).toEqual([true, true]);
  });
});

test('every legal limit whose mean is an alarm has a record; a year is a report', () => {
  const raised = pollutionSeeds.filter(({ kind, key }) => kind === 'pollution.limit' && !key.endsWith('-year')).map(({ key }) => `pollution/legal-exceedance-${key}`);
  expect(masters.map(([key]) => key).filter((key) => key.startsWith('pollution/legal'))).toEqual([...new Set(raised)]);
});

test('and so has what else is raised', () => {
  expect(masters.map(([key]) => key).filter((key) => !key.includes('legal')).sort()).toEqual([
    'pollution/air-quality-level', 'pollution/device-offline', 'system/channel-failed', 'system/consumer-lag', 'system/database-down', 'system/dead-letters-rising', 'system/disk', 'system/gateway-offline',
    'system/ingest-down', 'system/out-of-service-overdue', 'system/retention-near', 'system/roster-gap', 'traffic/congestion', 'traffic/device-offline',
  ]);
  expect(alarmTypeOf('pollution/legal-exceedance-pm25-24h/hn-air-1')).toBe('pollution/legal-exceedance-pm25-24h');
});

test('the levels of the index are those of its dated row', () => {
  const { levels } = pollutionSeeds.find(({ kind }) => kind === 'pollution.aqi-condition')!.value as { levels: { level: string }[] };
  expect(Object.keys(valueOf('alarm.master', 'pollution/air-quality-level').levels)).toEqual(levels.map(({ level }) => level));
});

test('limits, deadbands and relations name what there is', () => {
  const known = [...rows, ...trafficRows, ...pollutionSeeds];
  const types = new Set(masters.map(([key]) => key));
  for (const [key, record] of masters) {
    for (const { alarmType } of record.suppressedBy) expect([key, types.has(alarmType)]).toEqual([key, true]);
    if (record.limitRowKind === null) continue;
    const limit = known.find((row) => row.kind === record.limitRowKind && (record.limitRowKind !== 'alarm.limit' || row.key === key));
    expect([key, limit?.kind]).toEqual([key, record.limitRowKind]);
    const value = Array.isArray(limit!.value) ? limit!.value[0] : limit!.value;
    if (record.deadbandField !== null) expect(Object.keys(value as object)).toContain(record.deadbandField);
    if (record.limitRowKind === 'alarm.limit') expect(valueOf('alarm.limit', key).map(({ level }) => level)).toEqual(Object.keys(record.levels));
  }
});

test('nothing is suppressed by what it suppresses', () => {
  const above = new Map(masters.map(([key, { suppressedBy }]) => [key, suppressedBy.map(({ alarmType }) => alarmType)]));
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean => (above.get(from) ?? []).some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
  for (const [key] of masters) expect([key, reaches(key, key)]).toEqual([key, false]);
});

describe('priority from consequence × time to respond', () => {
  const priority = (severity: (typeof alarmSeverities)[number], withinS: number) => alarmPriority(withinS, valueOf('alarm.priority', severity));
  test('the rows of alarms.md §4', () => {
    expect([priority('life', 0), priority('major', 300), priority('service', 1_800), priority('care', 28_800)]).toEqual(['critical', 'high', 'medium', 'low']);
  });
  test('a worse consequence, or less time, is never less important', () => {
    const order = ['low', 'medium', 'high', 'critical'];
    const times = [0, 60, 61, 300, 301, 1_800, 1_801, 28_800];
    for (const [at, severity] of alarmSeverities.entries()) for (const [index, withinS] of times.entries()) {
      const here = order.indexOf(priority(severity, withinS));
      if (at > 0) expect(here).toBeLessThanOrEqual(order.indexOf(priority(alarmSeverities[at - 1]!, withinS)));
      if (index > 0) expect(here).toBeLessThanOrEqual(order.indexOf(priority(severity, times[index - 1]!)));
    }
  });
  test('what the seeds come to', () => {
    const found = masters.filter(([key]) => !key.includes('legal')).flatMap(([key, { levels }]) => Object.entries(levels).map(([level, { severity, respondWithinS }]) => `${key} ${level} ${priority(severity, respondWithinS)}`));
    expect(found.filter((text) => /high|critical/.test(text))).toEqual([
      'pollution/air-quality-level very-unhealthy high', 'pollution/air-quality-level hazardous critical', 'system/ingest-down down high', 'system/retention-near near high', 'system/database-down down high', 'system/disk nearly-full high', 'system/channel-failed failed high',
    ]);
  });
});
