/**
 * Decides when a road segment becomes congested and when it clears.
 *
 * A segment becomes congested when N of its last M periods lie below one share of free flow, and clears when N lie
 * above a higher one. Without the gap and the N of M, a segment hovering around one threshold would raise and clear an
 * alarm every minute. All but `active` and `seq` follows from the stored readings, so a restart can rebuild it.
 */
import { conditionId, congestionPeriodsMax, trafficFlagBits, type Condition } from '#contracts';
import type { Observation } from './observation.js';

/** Periods kept for each segment: the largest M that a dated row may ask for. */
export const periodsKept = congestionPeriodsMax;

export const congestionRuleVersion = 'congestion-1';

export interface Segment {
  readonly asset: string;
  readonly active: boolean;
  /** Changes so far: the `seq` of the last condition. */
  readonly seq: number;
  /** The newest distinct periods, oldest first, at most `periodsKept`. */
  readonly periods: readonly Period[];
}

interface Period {
  readonly observedAtMs: number;
  /** The longest of its lanes. */
  readonly periodS: number;
  /** Mean of the lanes known so far, weighted by flow; null when no lane has an observed speed. */
  readonly speedKmh: number | null;
  /** In the order of their channels, so that sums do not depend on who came first. */
  readonly lanes: readonly Lane[];
}

interface Lane {
  readonly channelId: number;
  readonly periodS: number;
  readonly count: number | null;
  readonly speedKmh: number | null;
}

/** What of a reading bears on congestion; a stored row serves as well. */
export type LaneReading = Pick<Observation, 'observedAtMs' | 'periodS' | 'count' | 'speedKmh' | 'flags'>;

/** What the dated rows say for this asset and time; see `congestionLimits`. */
export interface CongestionLimits {
  readonly rowId: string;
  readonly freeFlowKmh: number;
  readonly enterBelowShare: number;
  readonly clearAboveShare: number;
  /** Ascending by `periodSMax`: minutes are judged by N of M, an hour alone. 2·needed > of, so that no window can say both. */
  readonly windows: readonly CongestionWindow[];
}

export interface CongestionWindow {
  readonly periodSMax: number;
  readonly needed: number;
  readonly of: number;
}

export function newSegment(asset: string): Segment {
  return { asset, active: false, seq: 0, periods: [] };
}

/**
 * The segment after a stored or corrected reading of one of its channels. The same object comes back where the reading
 * changes nothing: one older than the kept periods is history, one that came before is a repeat.
 * `limits` hold at `judgedAtMs(segment, reading)`; null (no row in force) leaves the state as it is.
 */
export function observe(segment: Segment, channelId: number, reading: LaneReading, limits: CongestionLimits | null): Segment {
  const periods = withLane(segment.periods, reading.observedAtMs, laneOf(channelId, reading));
  if (periods === segment.periods) return segment;
  const active = limits === null ? segment.active : judge(periods, segment.active, limits);
  return { asset: segment.asset, active, seq: active === segment.active ? segment.seq : segment.seq + 1, periods };
}

/** The time whose limits decide: the newest period's, since a late value is judged together with what is known now. */
export function judgedAtMs(segment: Segment, reading: LaneReading): number {
  const newest = segment.periods.at(-1);
  return newest === undefined || reading.observedAtMs > newest.observedAtMs ? reading.observedAtMs : newest.observedAtMs;
}

/** The segment from its stored readings of the last `periodsKept` distinct periods (or more), in any order. */
export function segmentFrom(asset: string, rows: readonly (LaneReading & { readonly channelId: number })[], active: boolean, seq: number): Segment {
  let periods: readonly Period[] = [];
  for (const row of rows) periods = withLane(periods, row.observedAtMs, laneOf(row.channelId, row));
  return { asset, active, seq, periods };
}

/**
 * The condition that a reading changed, if any. `causeId` names that reading and its revision, so that a replay names
 * the same. The value is the share of free flow in the newest period that has a speed, to four decimals.
 */
export function changeFrom(before: Segment, after: Segment, causeId: string, limits: CongestionLimits): Condition | null {
  if (before.active === after.active) return null;
  const newest = after.periods.at(-1)!;
  const speedKmh = after.periods.findLast((period) => period.speedKmh !== null)?.speedKmh ?? null;
  return {
    conditionId: conditionId('traffic', 'congestion', after.asset),
    seq: before.seq + 1,
    state: after.active ? 'active' : 'clear',
    level: 'congested',
    observedAt: new Date(newest.observedAtMs).toISOString(),
    value: speedKmh === null ? null : Math.round((speedKmh / limits.freeFlowKmh) * 10_000) / 10_000,
    limit: after.active ? limits.enterBelowShare : limits.clearAboveShare,
    unit: 'share',
    limitRowId: limits.rowId,
    ruleVersion: congestionRuleVersion,
    causeId,
    late: false,
  };
}

function judge(periods: readonly Period[], active: boolean, limits: CongestionLimits): boolean {
  const newest = periods[periods.length - 1]!;
  const window = limits.windows.find((candidate) => newest.periodS <= candidate.periodSMax);
  if (window === undefined) return active;
  const enterBelowKmh = limits.enterBelowShare * limits.freeFlowKmh;
  const clearAboveKmh = limits.clearAboveShare * limits.freeFlowKmh;
  const afterMs = newest.observedAtMs - window.of * newest.periodS * 1000;
  let agreeing = 0;
  for (let index = periods.length - 1; index >= 0 && index >= periods.length - window.of; index -= 1) {
    const { observedAtMs, speedKmh } = periods[index]!;
    if (observedAtMs <= afterMs) break;
    if (speedKmh !== null && (active ? speedKmh > clearAboveKmh : speedKmh < enterBelowKmh)) agreeing += 1;
  }
  return agreeing >= window.needed ? !active : active;
}

/**
 * Speeds are kept with the 32 bits that the rows have, so that a rebuilt segment equals the one that was folded.
 * An imputed value is no observation: its period is there, without a speed.
 */
function laneOf(channelId: number, reading: LaneReading): Lane {
  const observed = reading.speedKmh !== null && (reading.flags & trafficFlagBits.imputed) === 0;
  return { channelId, periodS: reading.periodS, count: reading.count, speedKmh: observed ? Math.fround(reading.speedKmh!) : null };
}

/** The periods with this lane in its place; the same array where nothing changes. */
function withLane(periods: readonly Period[], observedAtMs: number, lane: Lane): readonly Period[] {
  let at = periods.length;
  while (at > 0 && periods[at - 1]!.observedAtMs > observedAtMs) at -= 1;

  const same = at > 0 && periods[at - 1]!.observedAtMs === observedAtMs ? periods[at - 1]! : null;
  if (same !== null) {
    const lanes = placed(same.lanes, lane);
    return lanes === same.lanes ? periods : periods.with(at - 1, periodOf(observedAtMs, lanes));
  }
  const full = periods.length === periodsKept;
  if (full && at === 0) return periods;
  const from = full ? 1 : 0;
  const grown = new Array<Period>(periods.length - from + 1);
  for (let index = from; index < at; index += 1) grown[index - from] = periods[index]!;
  grown[at - from] = periodOf(observedAtMs, [lane]);
  for (let index = at; index < periods.length; index += 1) grown[index - from + 1] = periods[index]!;
  return grown;
}

function placed(lanes: readonly Lane[], lane: Lane): readonly Lane[] {
  const at = lanes.findIndex((other) => other.channelId >= lane.channelId);
  if (at < 0) return [...lanes, lane];
  const there = lanes[at]!;
  if (there.channelId !== lane.channelId) return lanes.toSpliced(at, 0, lane);
  const equal = there.speedKmh === lane.speedKmh && there.count === lane.count && there.periodS === lane.periodS;
  return equal ? lanes : lanes.with(at, lane);
}

/** A lane without a count weighs 1, one that counted nothing has no speed. */
function periodOf(observedAtMs: number, lanes: readonly Lane[]): Period {
  let periodS = 0;
  let weights = 0;
  let weighted = 0;
  for (const lane of lanes) {
    periodS = Math.max(periodS, lane.periodS);
    if (lane.speedKmh === null) continue;
    const weight = lane.count ?? 1;
    weights += weight;
    weighted += weight * lane.speedKmh;
  }
  return { observedAtMs, periodS, speedKmh: weights === 0 ? null : weighted / weights, lanes };
}
