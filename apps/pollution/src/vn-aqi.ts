/**
 * VN_AQI of one hour or day from the concentrations that stand for it (Decision 1459/QĐ-TCMT, dated rows
 * `pollution.vn-aqi` and `pollution.vn-aqi-rule`).
 *
 * Without particulate matter there is no VN_AQI: the status says `insufficient`, and the index is null, never 0.
 */
import { vnAqiColumns, type AqiPollutant, type PollutionRows, type PollutionRowValue, type VnAqiColumn } from '#contracts';
import { inForce, type Held } from './in-force.js';
import { roundHalfUp } from './rounding.js';

/** What holds at a time: `vnAqiScheme`. A column without a row has no sub-index. */
export interface VnAqiScheme {
  readonly columns: ReadonlyMap<VnAqiColumn, Held<PollutionRowValue<'pollution.vn-aqi'>>>;
  readonly rule: Held<PollutionRowValue<'pollution.vn-aqi-rule'>>;
}

export interface VnAqi {
  readonly status: 'ok' | 'insufficient';
  /** 0–500; null when insufficient. */
  readonly aqi: number | null;
  readonly dominant: AqiPollutant | null;
  /** By pollutant, not rounded; only those that have one. */
  readonly sub: Readonly<Partial<Record<AqiPollutant, number>>>;
  /** Of the breakpoints used and of the rule. */
  readonly rowIds: readonly string[];
  readonly verified: boolean;
}

/** µg/m³; what is missing is null or left out. */
export type Concentrations = Readonly<Partial<Record<AqiPollutant, number | null>>>;

/** Null: no rule holds at that time, and no VN_AQI can be computed. */
export function vnAqiScheme(rows: PollutionRows, atMs: number): VnAqiScheme | null {
  const rule = inForce(rows, 'pollution.vn-aqi-rule', '', atMs);
  if (rule === null) return null;
  const columns = vnAqiColumns.flatMap((column) => {
    const held = inForce(rows, 'pollution.vn-aqi', column, atMs);
    return held === null ? [] : [[column, held] as const];
  });
  return { columns: new Map(columns), rule };
}

/** Of an hour: PM2.5 and PM10 as NowCast, the gases as means of the hour. */
export function vnAqiHour(concentrations: Concentrations, scheme: VnAqiScheme): VnAqi {
  return vnAqiOf((pollutant) => [subIndex(concentrations[pollutant] ?? null, pollutant === 'o3' ? 'o3-1h' : pollutant, scheme)], scheme);
}

/** One column's answer to one concentration; null where it has none. */
export interface SubIndex {
  readonly index: number;
  readonly held: Held<unknown>;
}

/** The largest sub-index decides; of several for one pollutant the larger counts. Only the final figure is rounded. */
export function vnAqiOf(indicesOf: (pollutant: AqiPollutant) => readonly (SubIndex | null)[], { rule }: VnAqiScheme): VnAqi {
  const sub: Partial<Record<AqiPollutant, number>> = {};
  const used: Held<unknown>[] = [];
  let dominant: AqiPollutant | null = null;
  for (const pollutant of rule.value.tieOrder) {
    const found = indicesOf(pollutant).filter((one) => one !== null);
    if (found.length === 0) continue;
    const index = Math.max(...found.map((one) => one.index));
    sub[pollutant] = index;
    used.push(...found.map((one) => one.held));
    // Strictly larger: of equal ones the first in the order of ties stays.
    if (dominant === null || index > sub[dominant]!) dominant = pollutant;
  }
  used.push(rule);
  const enough = rule.value.needsOneOf.some((pollutant) => sub[pollutant] !== undefined);
  return {
    status: enough ? 'ok' : 'insufficient',
    aqi: enough ? roundHalfUp(sub[dominant!]!) : null,
    dominant: enough ? dominant : null,
    sub,
    rowIds: used.map(({ rowId }) => rowId),
    verified: used.every(({ verified }) => verified),
  };
}

/**
 * AQI_x = (I_{i+1} − I_i) / (BP_{i+1} − BP_i) · (C − BP_i) + I_i between the breakpoints that touch C. Not rounded, and C
 * is not truncated, so that both sides of a breakpoint give the same. Null for a missing or negative concentration.
 */
export function subIndex(ugM3: number | null, column: VnAqiColumn, scheme: VnAqiScheme): SubIndex | null {
  const held = scheme.columns.get(column);
  if (held === undefined || ugM3 === null || !(ugM3 >= held.value.ugM3[0]!)) return null;
  const { index, ugM3: breakpoints, aboveLast } = held.value;
  const above = breakpoints.findIndex((breakpoint) => ugM3 <= breakpoint);
  if (above < 0) return aboveLast === 'last-index' ? { index: index.at(-1)!, held } : null;
  if (above === 0) return { index: index[0]!, held };
  const [lowC, highC, lowI, highI] = [breakpoints[above - 1]!, breakpoints[above]!, index[above - 1]!, index[above]!];
  return { index: ((highI - lowI) * (ugM3 - lowC)) / (highC - lowC) + lowI, held };
}
