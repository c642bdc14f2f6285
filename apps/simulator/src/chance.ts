/**
 * Chance that can be repeated: numbers that look random but follow from their names alone.
 *
 * There is no state, so any moment can be asked for in any order, and a reading made twice is the same reading.
 */

const { imul } = Math;

/** A number in [0, 1) that follows from the seed and up to three whole numbers. */
export function chance(seed: number, a: number, b = 0, c = 0): number {
  // The finisher of MurmurHash3 (Appleby, public domain) after each number: all bits depend on all bits.
  let h = mix(seed | 0) ^ imul(a | 0, 0x9e3779b1);
  h = mix(h) ^ imul(b | 0, 0x85ebca6b);
  h = mix(h) ^ imul(c | 0, 0xc2b2ae35);
  return (mix(h) >>> 0) / 4294967296;
}

/** Normal with mean 0 and deviation 1 (Box and Muller 1958). */
export function normal(seed: number, a: number, b = 0, c = 0): number {
  const u = 1 - chance(seed, a, b, c);
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * chance(seed ^ 0x5bd1e995, a, b, c));
}

/** A whole number for a name, to be used as a seed (FNV-1a, 32 bits). */
export function seedOf(name: string, seed: number): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) h = imul(h ^ name.charCodeAt(i), 0x01000193);
  return h | 0;
}

function mix(value: number): number {
  let h = value;
  h = imul(h ^ (h >>> 16), 0x85ebca6b);
  h = imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
