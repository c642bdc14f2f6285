/**
 * The health condition of a station: which level of VN_AQI its last hours stand for (dated row `pollution.aqi-condition`).
 *
 * A level is entered when so many hours running lie above it, and left when as many lie at or below it less a deadband.
 * An hour without an index is neither: it breaks the run and leaves the level as it is.
 */
import type { PollutionRowValue, VnLevel } from '#contracts';

/** The level after an hour. `aqis`: of the last hours, the newest last; null: no index, or no such hour. */
export function conditionLevel(before: VnLevel | null, aqis: readonly (number | null)[], { levels, deadbandIndex, hours }: PollutionRowValue<'pollution.aqi-condition'>): VnLevel | null {
  const ascending = [...levels].sort((a, b) => a.aboveIndex - b.aboveIndex);
  const newest = aqis.slice(-hours);
  const run = newest.length === hours && newest.every((aqi) => aqi !== null) ? newest : null;
  let at = ascending.findIndex(({ level }) => level === before);
  if (run === null) return at < 0 ? null : before;
  while (at >= 0 && run.every((aqi) => aqi <= ascending[at]!.aboveIndex - deadbandIndex)) at -= 1;
  const entered = ascending.findLastIndex(({ aboveIndex }) => run.every((aqi) => aqi > aboveIndex));
  return ascending[Math.max(at, entered)]?.level ?? null;
}
