/** Mixing ratio to mass and back, at the state that limits are written for (dated rows `pollution.molar-mass`). */
import type { PollutionRowValue } from '#contracts';

/** µg/m³ = ppb · M / Vm. */
export function ugM3FromPpb(ppb: number, { gMol, litresMol }: PollutionRowValue<'pollution.molar-mass'>): number {
  return (ppb * gMol) / litresMol;
}

export function ppbFromUgM3(ugM3: number, { gMol, litresMol }: PollutionRowValue<'pollution.molar-mass'>): number {
  return (ugM3 * litresMol) / gMol;
}
