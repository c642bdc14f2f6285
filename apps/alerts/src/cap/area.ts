/**
 * From the geometry of an asset (GeoJSON, longitude first) to CAP's polygons and circles (latitude first).
 *
 * CAP knows neither lines nor holes. A line becomes a chain of circles; a hole is warned too, and a ring that CAP cannot
 * hold becomes the circle around it: too much is warned rather than too little.
 */
import { capPairsMax, capPairsPerPolygonMax, type Asset } from '#contracts';
import { distanceM, lineLengthM, pointAlong, type Position } from '#rules';
import { crossingOf } from './crossing.js';

export type Geometry = NonNullable<Asset['geometry']>;

export interface Shapes {
  readonly polygon?: string[];
  readonly circle?: string[];
}

/** Longer lines get wider circles instead of more. */
const circlesPerLineMax = 50;
/** Some 1 m; finer is noise in a message for people. */
const decimals = 5;

/** `aroundKm`: how far from a point or a line people are warned, km. */
export function shapesOf(geometry: Geometry, aroundKm: number): Shapes {
  switch (geometry.type) {
    case 'Point':
      return { circle: [circleText(geometry.coordinates, aroundKm)] };
    case 'LineString':
      return { circle: circlesAlong(geometry.coordinates, aroundKm) };
    case 'MultiLineString':
      return { circle: geometry.coordinates.flatMap((line) => circlesAlong(line, aroundKm)) };
    case 'Polygon':
      return shapesOfRings([geometry.coordinates[0]!], aroundKm);
    case 'MultiPolygon':
      return shapesOfRings(geometry.coordinates.map((rings) => rings[0]!), aroundKm);
  }
}

function shapesOfRings(rings: readonly (readonly Position[])[], aroundKm: number): Shapes {
  const polygon: string[] = [];
  const circle: string[] = [];
  let pairs = 0;
  for (const ring of rings) {
    const closed = closedRing(ring);
    const fits = closed.length >= 4 && closed.length <= capPairsPerPolygonMax && pairs + closed.length <= capPairsMax && crossingOf(closed) === null;
    if (fits) {
      pairs += closed.length;
      polygon.push(closed.map(([latitude, longitude]) => pairText(latitude, longitude)).join(' '));
    } else circle.push(circleAround(ring, aroundKm));
  }
  return { ...(polygon.length > 0 && { polygon }), ...(circle.length > 0 && { circle }) };
}

/** [latitude, longitude], rounded, without repeated pairs, the last as the first. */
function closedRing(ring: readonly Position[]): [number, number][] {
  const pairs: [number, number][] = [];
  for (const [longitude, latitude] of [...ring, ring[0]!]) {
    const pair: [number, number] = [rounded(latitude), rounded(longitude)];
    const last = pairs.at(-1);
    if (last === undefined || last[0] !== pair[0] || last[1] !== pair[1]) pairs.push(pair);
  }
  return pairs;
}

function circlesAlong(line: readonly Position[], aroundKm: number): string[] {
  const lengthM = lineLengthM(line);
  const radiusKm = Math.max(aroundKm, lengthM / 1000 / (circlesPerLineMax - 1));
  // A radius apart: between two middles the chain is still 0.87 of the radius wide on either side.
  const steps = Math.ceil(lengthM / 1000 / radiusKm - 1e-9);
  return Array.from({ length: steps + 1 }, (_, step) => circleText(pointAlong(line, steps === 0 ? 0 : (lengthM * step) / steps), radiusKm));
}

/** The circle around the middle of the box around the ring; by the distance of its corners, which cover the edges too. */
function circleAround(ring: readonly Position[], aroundKm: number): string {
  const middle = [0, 1].map((axis) => {
    const [low, high] = ring.reduce(([least, most], position) => [Math.min(least, position[axis]!), Math.max(most, position[axis]!)], [Infinity, -Infinity]);
    return (low! + high!) / 2;
  }) as [number, number];
  const farthestM = ring.reduce((farthest, position) => Math.max(farthest, distanceM(middle, position)), 0);
  // Rounding moves the middle by less than a metre.
  return circleText(middle, Math.max(aroundKm, (farthestM + 1) / 1000));
}

/** The radius is rounded up to whole metres. */
function circleText([longitude, latitude]: Position, radiusKm: number): string {
  return `${pairText(rounded(latitude), rounded(longitude))} ${plain(Math.ceil(radiusKm * 1000 - 1e-6) / 1000, 3)}`;
}

function pairText(latitude: number, longitude: number): string {
  return `${plain(latitude, decimals)},${plain(longitude, decimals)}`;
}

function rounded(degrees: number): number {
  // Adding 0 makes 0 of -0.
  return Number(degrees.toFixed(decimals)) + 0;
}

/** Without an exponent, and without zeros at the end. */
function plain(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.?0+$/, '');
}
