/**
 * The air over the town at a moment: haze of the region, exhaust of the rush hours, cold nights that keep it down, rain
 * that washes it out, sun that makes ozone, and a smog episode that rises in the evening and stays until the next noon.
 *
 * Pure and without memory: any moment can be asked for in any order. Plausible figures, no model of dispersion.
 */
import type { PollutionMetric } from '#contracts';
import { chance, normal, seedOf } from './chance.js';
import { rainAt } from './traffic.js';

/** What the air depends on at a place. */
export interface AirOf {
  readonly id: string;
  /** 0 in a park, 1 beside the ring road. */
  readonly exhaust: number;
  /** How much of the smog reaches it. */
  readonly smog: number;
}

export type Air = Readonly<Record<Extract<PollutionMetric, 'pm25UgM3' | 'pm10UgM3' | 'o3UgM3' | 'no2UgM3' | 'so2UgM3' | 'coUgM3' | 'temperatureC' | 'humidityPct' | 'pressureHpa' | 'windSpeedMs' | 'windDirectionDeg'>, number>>;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const slotMs = 5 * minuteMs;
// Vietnam is 7 h ahead of UTC all year.
const zoneMs = 7 * hourMs;
/** Hours of rain that still show in the air. */
const washedHours = 3;

/** The smog of a night: begins in its evening, is worst before sunrise. */
export interface Smog {
  readonly startMs: number;
  readonly endMs: number;
  /** µg/m³ of PM2.5 on top of the rest, where all of it arrives. */
  readonly peakUgM3: number;
}

/** Every third night is thick (130–185 µg/m³ on top of the rest), the others are hazy. `localDay`: days since 1970 on the clock of Hanoi. */
export function smogOf(localDay: number, seed: number): Smog {
  const at = (which: number): number => chance(seed, localDay, 8001, which);
  const thick = (localDay + seed) % 3 === 0;
  const startMs = localDay * dayMs - zoneMs + (18 + 2 * at(0)) * hourMs;
  return { startMs, endMs: startMs + (thick ? 17 + 4 * at(1) : 12 + 2 * at(1)) * hourMs, peakUgM3: thick ? 130 + 55 * at(2) : 20 + 30 * at(2) };
}

/** The air at `timeMs` (UTC). The same arguments always give the same air. */
export function airAt(place: AirOf, timeMs: number, seed: number): Air {
  const own = seedOf(place.id, seed);
  const localMs = timeMs + zoneMs;
  const localDay = Math.floor(localMs / dayMs);
  const hour = (localMs - localDay * dayMs) / hourMs;
  const minute = Math.floor(timeMs / minuteMs);

  const washed = washedAt(localMs, seed);
  const exhaust = place.exhaust * (bell(hour, 7.8, 1.1) + 0.55 * bell(hour, 12, 2.5) + bell(hour, 18, 1.6) + 0.12);
  // Before sunrise the air over the town hardly mixes; after noon it is well mixed.
  const still = bell(hour, 5, 3) + 0.5 * bell(hour, 22, 2);
  const haze = 14 + 22 * wander(seed, localMs / (18 * hourMs), 8101);
  const smog = place.smog * [smogOf(localDay - 1, seed), smogOf(localDay, seed)].reduce((sum, one) => sum + one.peakUgM3 * shapeOf(one, timeMs), 0);
  const unsteady = (which: number, share: number): number => Math.max(0.5, 1 + share * normal(own, minute, which) + 0.08 * (2 * wander(own, localMs / (2 * hourMs), which) - 1));

  const pm25 = (haze * (1 + 0.5 * still) + 12 * exhaust * (1 + still) + smog) * (1 - 0.55 * washed);
  const sun = Math.max(0, Math.sin(((hour - 6) / 12) * Math.PI)) * (1 - 0.7 * washed);
  const no2 = 14 + 62 * exhaust * (1 + 0.6 * still) + 0.08 * smog;
  // Ozone is made in the sun and eaten by fresh exhaust.
  const o3 = Math.max(4, 22 + 105 * sun ** 1.5 - 0.35 * no2);
  const temperatureC = 21 + 6 * wander(seed, localMs / (3 * dayMs), 8102) + 4.5 * Math.cos(((hour - 14.5) / 12) * Math.PI) - 2 * washed;
  return {
    pm25UgM3: pm25 * unsteady(1, 0.03),
    pm10UgM3: (pm25 * 1.28 + 14 * exhaust * (1 - washed)) * unsteady(2, 0.03),
    o3UgM3: o3 * unsteady(3, 0.02),
    no2UgM3: no2 * unsteady(4, 0.03),
    so2UgM3: (9 + 6 * exhaust + 0.06 * smog) * unsteady(5, 0.04),
    coUgM3: (420 + 1_900 * exhaust * (1 + 0.5 * still) + 5 * smog) * unsteady(6, 0.03),
    temperatureC: temperatureC + 0.1 * normal(own, minute, 7),
    humidityPct: Math.min(99, Math.max(35, 74 - 2.2 * (temperatureC - 24) + 16 * washed + normal(own, minute, 8))),
    pressureHpa: 1013 + 6 * (wander(seed, localMs / (2 * dayMs), 8103) - 0.5) + 1.2 * Math.cos(((hour - 10) / 6) * Math.PI),
    windSpeedMs: Math.max(0.1, (0.8 + 2.6 * sun + 1.5 * washed) * unsteady(9, 0.15)),
    windDirectionDeg: (60 + 100 * wander(seed, localMs / (12 * hourMs), 8104) + 12 * normal(own, minute, 10) + 360) % 360,
  };
}

/** 0 before and after; up within five hours, down within four. */
function shapeOf({ startMs, endMs }: Smog, timeMs: number): number {
  const [rise, fall] = [(timeMs - startMs) / (5 * hourMs), (endMs - timeMs) / (4 * hourMs)];
  const share = Math.max(0, Math.min(1, rise, fall));
  return share * share * (3 - 2 * share);
}

/** 0–1: the heaviest rain of the last hours, fading. */
function washedAt(localMs: number, seed: number): number {
  const slot = Math.floor(localMs / slotMs);
  const slots = (washedHours * hourMs) / slotMs;
  let most = 0;
  for (let back = 0; back < slots; back += 1) most = Math.max(most, rainAt(slot - back, seed) * (1 - back / slots));
  return most;
}

/** A bump of height 1 around an hour of the day. */
function bell(hour: number, at: number, widthHours: number): number {
  const distance = ((hour - at + 36) % 24) - 12;
  return Math.exp(-0.5 * (distance / widthHours) ** 2);
}

/** Between 0 and 1, changing smoothly from one whole `step` to the next. */
function wander(own: number, step: number, which: number): number {
  const knot = Math.floor(step);
  const share = step - knot;
  const smooth = share * share * (3 - 2 * share);
  return chance(own, knot, which) * (1 - smooth) + chance(own, knot + 1, which) * smooth;
}
