/** From mass to mixing ratio, which the US tables of gases are in (dated rows `pollution.molar-mass`). The way in: #codecs. */
import type { PollutionRowValue } from '#contracts';

/** ppb = µg/m³ · Vm / M, at the state that limits are written for. */
export function ppbFromUgM3(ugM3: number, { gMol, litresMol }: PollutionRowValue<'pollution.molar-mass'>): number {
  return (ugM3 * litresMol) / gMol;
}
