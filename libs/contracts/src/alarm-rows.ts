/** The settings of alarms that a new installation starts with: house defaults that nobody has verified yet. */
import { alarmSeed, type AlarmRowValue, type AlarmSeverity } from './alarm-master.js';
import type { AlarmPriority } from './alarm-life.js';
import type { DatedRow } from './dated-row.js';

const minuteS = 60;
const hourS = 3_600;

/** At once, within 5 minutes, 30 minutes, 8 hours. */
const matrix: Record<AlarmSeverity, readonly [AlarmPriority, AlarmPriority, AlarmPriority, AlarmPriority]> = {
  life: ['critical', 'high', 'high', 'medium'],
  major: ['high', 'high', 'medium', 'low'],
  service: ['medium', 'medium', 'medium', 'low'],
  care: ['low', 'low', 'low', 'low'],
};
const steps = [minuteS, 5 * minuteS, 30 * minuteS, 8 * hourS];
const priorities = Object.entries(matrix).map(([severity, row]) =>
  alarmSeed('alarm.priority', severity, row.map((priority, at) => ({ respondWithinS: steps[at]!, priority })), '', 'default of the house: consequence × time to respond, after the practice of EEMUA 191 and IEC 62682'),
);

const sign = (key: AlarmPriority, value: AlarmRowValue<'alarm.priority-sign'>): DatedRow => alarmSeed('alarm.priority-sign', key, value);
const signs = [
  sign('critical', { nameVi: 'Khẩn cấp', nameEn: 'Critical', sign: '■', rgb: [200, 0, 0], sound: 'continuous' }),
  sign('high', { nameVi: 'Cao', nameEn: 'High', sign: '▲', rgb: [200, 0, 0], sound: 'once' }),
  sign('medium', { nameVi: 'Trung bình', nameEn: 'Medium', sign: '◆', rgb: [230, 120, 0], sound: 'once' }),
  sign('low', { nameVi: 'Thấp', nameEn: 'Low', sign: '●', rgb: [230, 200, 0], sound: 'none' }),
];

const operator = { low: 'operator', medium: 'operator', high: 'operator', critical: 'operator' } as const;
const supervisor = { low: 'supervisor', medium: 'supervisor', high: 'supervisor', critical: 'supervisor' } as const;
const handling = alarmSeed('alarm.handling', '', {
  shelving: { longestS: 8 * hourS, runningMax: 3, restS: 8 * hourS, never: ['critical'] },
  outOfService: { longestS: 30 * 24 * hourS, secondPersonFor: ['high', 'critical'] },
  leastRole: { ack: operator, reset: operator, shelve: operator, unshelve: operator, suppress: supervisor, release: supervisor, remove: supervisor, return: supervisor, assign: operator, comment: operator },
});

const kpi = alarmSeed(
  'alarm.kpi', '',
  {
    periodS: 10 * minuteS, floodAbove: 10, floodEndsBelow: 5, chatteringOccurrences: 3, chatteringWithinS: minuteS, fleetingWithinS: 30, staleAfterS: 24 * hourS,
    aims: { perPeriod: 1, perPeriodMax: 2, floodShare: 0.01, badPeriodShare: 0.01, topTenShare: 0.05, staleAtOnce: 5, priorityMix: { high: 0.05, medium: 0.15, low: 0.8 } },
  },
  '', 'EEMUA 191 and IEC 62682 by the domain study; flood, fleeting and stale are defaults of the house',
);

export const alarmRows: readonly DatedRow[] = [...priorities, ...signs, handling, kpi];
