/**
 * Rounding and truncation of decimal figures that are held in binary.
 *
 * 80.7 − 80 is 0.7000000000000028 and 40.3 − 25 a little less than 15.3, so an index that is x.5 by hand may come out
 * just below it. What lies within the tolerance of a step counts as on it.
 */
const tolerance = 1e-9;

/** To the nearest integer, half up. */
export function roundHalfUp(value: number): number {
  return Math.floor(value + 0.5 + tolerance);
}

/** Digits beyond `decimals` are cut off, towards zero. */
export function truncate(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return (Math.sign(value) * Math.floor(Math.abs(value) * scale + tolerance)) / scale;
}
