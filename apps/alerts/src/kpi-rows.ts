/** The figures of a period as a flat table, for CSV and for screens: one figure a row, with its name, unit and aim. */
import { alarmPriorities, type AlarmRowValue } from '#contracts';
import type { Hidden, Kpis } from './kpi.js';

export interface KpiRow {
  readonly figure: keyof typeof figureNames;
  /** The priority, type or alarm that the row is about; empty: all. */
  readonly of: string;
  /** Null: no data. */
  readonly value: number | null;
  readonly unit: string;
  /** At most this (`priorityShare`: about this); null where nothing is aimed at. */
  readonly aim: number | null;
}

export const figureNames = {
  newAlarms: { vi: 'Số cảnh báo mới', en: 'New alarms' },
  rateMean: { vi: 'Cảnh báo mới trên mỗi người trực trong 10 phút, trung bình', en: 'New alarms per operator in 10 minutes, mean' },
  rateMax: { vi: 'Cảnh báo mới trên mỗi người trực trong 10 phút, lớn nhất', en: 'New alarms per operator in 10 minutes, most' },
  floodShare: { vi: 'Tỷ lệ thời gian dồn dập', en: 'Share of time in flood' },
  floodMinutes: { vi: 'Số phút dồn dập', en: 'Minutes in flood' },
  badPeriodShare: { vi: 'Tỷ lệ khoảng 10 phút quá tải', en: 'Share of overloaded 10-minute periods' },
  topTenShare: { vi: 'Tỷ lệ của mười loại hay gặp nhất', en: 'Share of the ten most frequent types' },
  topTen: { vi: 'Số cảnh báo của một loại hay gặp', en: 'Alarms of a frequent type' },
  chattering: { vi: 'Cảnh báo nhấp nháy', en: 'Chattering alarms' },
  fleeting: { vi: 'Cảnh báo thoáng qua', en: 'Fleeting alarms' },
  staleNow: { vi: 'Cảnh báo tồn lâu cuối kỳ', en: 'Stale alarms at the end' },
  staleMostAtOnce: { vi: 'Cảnh báo tồn lâu cùng lúc, nhiều nhất', en: 'Stale alarms at once, most' },
  acknowledged: { vi: 'Số cảnh báo đã xác nhận', en: 'Alarms acknowledged' },
  timeToAcknowledgeP50: { vi: 'Thời gian đến khi xác nhận, trung vị', en: 'Time to acknowledge, median' },
  timeToAcknowledgeP95: { vi: 'Thời gian đến khi xác nhận, phân vị 95', en: 'Time to acknowledge, 95th percentile' },
  notAcknowledged: { vi: 'Số cảnh báo chưa xác nhận', en: 'Alarms not acknowledged' },
  timeToClearP50: { vi: 'Thời gian đến khi hết, trung vị', en: 'Time to clear, median' },
  timeToClearP95: { vi: 'Thời gian đến khi hết, phân vị 95', en: 'Time to clear, 95th percentile' },
  priorityShare: { vi: 'Tỷ lệ theo mức ưu tiên', en: 'Share of a priority' },
  shelvedNow: { vi: 'Đang tạm gác cuối kỳ', en: 'Shelved at the end' },
  shelvedOverdue: { vi: 'Tạm gác quá hạn', en: 'Shelved, overdue' },
  shelvedBegun: { vi: 'Số lần tạm gác', en: 'Shelvings' },
  outOfServiceNow: { vi: 'Đang ngừng phục vụ cuối kỳ', en: 'Out of service at the end' },
  outOfServiceOverdue: { vi: 'Ngừng phục vụ quá hạn', en: 'Out of service, overdue' },
  outOfServiceBegun: { vi: 'Số lần ngừng phục vụ', en: 'Removals from service' },
  suppressedNow: { vi: 'Đang ẩn theo logic cuối kỳ', en: 'Suppressed at the end' },
  suppressedBegun: { vi: 'Số lần ẩn theo logic', en: 'Suppressions' },
  unauthorised: { vi: 'Số lần ẩn không có quan hệ hoặc giấy phép', en: 'Suppressions without relation or permit' },
  reduction: { vi: 'Mức giảm nhờ gộp và ẩn', en: 'Reduction by grouping' },
} as const satisfies Record<string, { readonly vi: string; readonly en: string }>;

/** Every figure has a row, also where there is no data; those by type or alarm have one for each that was found. */
export function kpiRows(found: Kpis, aims: AlarmRowValue<'alarm.kpi'>['aims']): KpiRow[] {
  const { newAlarms, rate, flood, topTen, chattering, fleeting, stale, timeToAcknowledge, timeToClear, priorityMix, shelved, outOfService, suppressed } = found;
  const row = (figure: KpiRow['figure'], value: number | null | undefined, unit: string, aim: number | null = null, of = ''): KpiRow => ({ figure, of, value: value ?? null, unit, aim });
  const hidden = (name: 'shelved' | 'outOfService', figures: Hidden | null): KpiRow[] => [row(`${name}Now`, figures?.now, 'alarms'), row(`${name}Overdue`, figures?.overdue, 'alarms', 0), row(`${name}Begun`, figures?.begun, 'times')];
  const each = <T>(figure: KpiRow['figure'], values: readonly T[] | null | undefined, of: (value: T) => string, value: (value: T) => number, unit: string): KpiRow[] =>
    values === null || values === undefined ? [row(figure, null, unit)] : values.map((one) => row(figure, value(one), unit, null, of(one)));
  const cleared = timeToClear === null ? null : Object.entries(timeToClear);
  return [
    row('newAlarms', newAlarms, 'alarms'),
    row('rateMean', rate?.mean, 'alarms', aims.perPeriod),
    row('rateMax', rate?.max, 'alarms', aims.perPeriodMax),
    row('floodShare', flood?.share, 'share', aims.floodShare),
    row('floodMinutes', flood?.minutes, 'min'),
    row('badPeriodShare', found.badPeriodShare, 'share', aims.badPeriodShare),
    row('topTenShare', topTen?.share, 'share', aims.topTenShare),
    ...each('topTen', topTen?.types, ({ type }) => type, ({ count }) => count, 'alarms'),
    ...each('chattering', chattering, ({ alarmId }) => alarmId, ({ count }) => count, 'times'),
    ...each('fleeting', fleeting, ({ alarmId }) => alarmId, ({ count }) => count, 'times'),
    row('staleNow', stale?.now.length, 'alarms'),
    row('staleMostAtOnce', stale?.mostAtOnce, 'alarms', aims.staleAtOnce - 1),
    ...alarmPriorities.flatMap((priority) => {
      const { acknowledged, notAcknowledged } = timeToAcknowledge?.[priority] ?? { acknowledged: null, notAcknowledged: null };
      return [
        row('priorityShare', priorityMix?.[priority], 'share', aims.priorityMix[priority] ?? null, priority),
        row('acknowledged', timeToAcknowledge === null ? null : (acknowledged?.count ?? 0), 'alarms', null, priority),
        row('timeToAcknowledgeP50', acknowledged?.p50S, 's', null, priority),
        row('timeToAcknowledgeP95', acknowledged?.p95S, 's', null, priority),
        row('notAcknowledged', notAcknowledged, 'alarms', null, priority),
      ];
    }),
    ...each('timeToClearP50', cleared, ([type]) => type, ([, { p50S }]) => p50S, 's'),
    ...each('timeToClearP95', cleared, ([type]) => type, ([, { p95S }]) => p95S, 's'),
    ...hidden('shelved', shelved),
    ...hidden('outOfService', outOfService),
    row('suppressedNow', suppressed?.now, 'alarms'),
    row('suppressedBegun', suppressed?.begun, 'times'),
    row('unauthorised', suppressed?.unauthorised, 'times', 0),
    row('reduction', found.reduction, 'share'),
  ];
}
