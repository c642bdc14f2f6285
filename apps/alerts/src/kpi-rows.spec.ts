import { alarmRowValues, alarmRows } from '#contracts';
import { kpis } from './kpi.js';
import { figureNames, kpiRows } from './kpi-rows.js';

const { aims, ...settings } = alarmRowValues['alarm.kpi'].parse(alarmRows.find(({ kind }) => kind === 'alarm.kpi')!.value);
const empty = kpis([], { fromMs: 0, toMs: 3_600_000, areas: [], onDuty: null, operators: 1 }, settings);

test('an empty period has a row for each figure, and each says "no data"', () => {
  const rows = kpiRows(empty, aims);
  expect(rows.filter(({ value }) => value !== null)).toEqual([]);
  expect([...new Set(rows.map(({ figure }) => figure))].sort()).toEqual(Object.keys(figureNames).sort());
});

test('each figure stands in its row, with its aim', () => {
  const found = kpiRows(
    {
      ...empty, newAlarms: 12, rate: { mean: 2, max: 9 }, flood: { share: 0.25, minutes: 15 }, topTen: { share: 1, types: [{ type: 'traffic/congestion', count: 12 }] }, chattering: [], stale: { now: ['a/b/c'], mostAtOnce: 3 },
      timeToAcknowledge: { low: { acknowledged: { count: 3, p50S: 20, p95S: 38 }, notAcknowledged: 1 }, medium: { acknowledged: null, notAcknowledged: 2 }, high: { acknowledged: null, notAcknowledged: 0 }, critical: { acknowledged: null, notAcknowledged: 0 } },
      shelved: { now: 2, overdue: 1, begun: 4 }, suppressed: { now: 7, begun: 8, unauthorised: 0 },
    },
    aims,
  ).filter(({ value }) => value !== null).map(({ figure, of, value, unit, aim }) => [figure, of, value, unit, aim].join(' '));
  expect(found).toEqual([
    'newAlarms  12 alarms ', 'rateMean  2 alarms 1', 'rateMax  9 alarms 2', 'floodShare  0.25 share 0.01', 'floodMinutes  15 min ', 'topTenShare  1 share 0.05', 'topTen traffic/congestion 12 alarms ', 'staleNow  1 alarms ', 'staleMostAtOnce  3 alarms 4',
    'acknowledged low 3 alarms ', 'timeToAcknowledgeP50 low 20 s ', 'timeToAcknowledgeP95 low 38 s ', 'notAcknowledged low 1 alarms ', 'acknowledged medium 0 alarms ', 'notAcknowledged medium 2 alarms ', 'acknowledged high 0 alarms ', 'notAcknowledged high 0 alarms ',
    'acknowledged critical 0 alarms ', 'notAcknowledged critical 0 alarms ', 'shelvedNow  2 alarms ', 'shelvedOverdue  1 alarms 0', 'shelvedBegun  4 times ', 'suppressedNow  7 alarms ', 'suppressedBegun  8 times ', 'unauthorised  0 times 0',
  ]);
});

test('every figure has its name in both languages', () => {
  for (const { vi, en } of Object.values<{ vi: string; en: string }>(figureNames)) expect([vi.length > 5, en.length > 5, vi === en]).toEqual([true, true, false]);
});
