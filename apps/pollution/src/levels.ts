/** The level of an index, its colour and what people are advised (dated rows `pollution.aqi-level`, `pollution.advice`). */
import { usLevels, vnLevels, type PollutionRows, type PollutionRowValue, type UsLevel, type VnLevel } from '#contracts';
import { inForce, type Held } from './in-force.js';

export interface LevelFound<L> extends Held<PollutionRowValue<'pollution.aqi-level'>> {
  readonly level: L;
}

/** By the rounded integer. Null where no row of that time holds the figure. */
export function vnLevelOf(aqi: number, rows: PollutionRows, atMs: number): LevelFound<VnLevel> | null {
  return levelOf('vn', vnLevels, aqi, rows, atMs);
}

export function usLevelOf(aqi: number, rows: PollutionRows, atMs: number): LevelFound<UsLevel> | null {
  return levelOf('us', usLevels, aqi, rows, atMs);
}

/** For everybody and for sensitive groups, in both languages. */
export function adviceFor(level: VnLevel, rows: PollutionRows, atMs: number): Held<PollutionRowValue<'pollution.advice'>> | null {
  return inForce(rows, 'pollution.advice', level, atMs);
}

function levelOf<L extends string>(scheme: 'vn' | 'us', levels: readonly L[], aqi: number, rows: PollutionRows, atMs: number): LevelFound<L> | null {
  for (const level of levels) {
    const held = inForce(rows, 'pollution.aqi-level', `${scheme}.${level}`, atMs);
    if (held !== null && aqi >= held.value.fromIndex && aqi <= (held.value.toIndex ?? Infinity)) return { level, ...held };
  }
  return null;
}
