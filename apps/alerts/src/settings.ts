/** From the dated rows in force to what the state machine asks of the type of an alarm. */
import { alarmPriority, alarmRowValues, type AlarmPriority, type AlarmRowValue, type AlarmSeverity, type DatedRow } from '#contracts';
import type { AlarmRules } from './state-machine.js';

export interface GeneralSettings {
  readonly handling: AlarmRowValue<'alarm.handling'>;
  /** Values of `alarm.priority` by severity. */
  readonly priorities: Readonly<Record<AlarmSeverity, AlarmRowValue<'alarm.priority'>>>;
}

/** `master`: the row of the alarm's type in force now. Throws where its value is no master record. */
export function rulesOf(master: DatedRow, { handling, priorities }: GeneralSettings): AlarmRules {
  const { severity, respondWithinS, levels, onDelayS, offDelayS, latching } = alarmRowValues['alarm.master'].parse(master.value);
  const priorityOf = (of: { readonly severity: AlarmSeverity; readonly respondWithinS: number }): AlarmPriority => alarmPriority(of.respondWithinS, priorities[of.severity]);
  return {
    masterRowId: master.id,
    priority: priorityOf({ severity, respondWithinS }),
    priorityByLevel: Object.fromEntries(Object.entries(levels).map(([level, of]) => [level, priorityOf(of)])),
    onDelayS, offDelayS, latching, ...handling,
  };
}
