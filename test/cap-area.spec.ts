/** Areas of public messages: nobody within the geometry is left out, and no polygon crosses itself, by other ways of computing. */
import { capPairs } from '#contracts';
import { distanceM, lineLengthM, pointAlong, type Position } from '#rules';
import { shapesOf, type Shapes } from '../apps/alerts/src/cap/area.js';
import { crossingOf } from '../apps/alerts/src/cap/crossing.js';
import { oddGeometry } from './support/cap-messages.js';
import { chanceFrom } from './support/readings-model.js';

type Pair = [latitude: number, longitude: number];

test('latitude comes first, and a polygon ends where it begins', () => {
  // Hồ Hoàn Kiếm, roughly, counter-clockwise; the hole is Tháp Rùa.
  const lake: [number, number][] = [[105.8514, 21.0265], [105.8535, 21.0268], [105.8532, 21.0312], [105.8516, 21.031], [105.8514, 21.0265]];
  const hole: [number, number][] = [[105.8521, 21.0278], [105.8523, 21.0278], [105.8523, 21.028], [105.8521, 21.0278]];
  expect(shapesOf({ type: 'Polygon', coordinates: [lake, hole] }, 1)).toEqual({ polygon: ['21.0265,105.8514 21.0268,105.8535 21.0312,105.8532 21.031,105.8516 21.0265,105.8514'] });
  expect(shapesOf({ type: 'Point', coordinates: [105.8, 21] }, 0.5)).toEqual({ circle: ['21,105.8 0.5'] });
});

test('a ring that is open is closed; one that CAP cannot hold becomes the circle around it', () => {
  const open: [number, number][] = [[0, 0], [1, 0], [1, 1], [0, 1]];
  expect(shapesOf({ type: 'Polygon', coordinates: [open] }, 1)).toEqual({ polygon: ['0,0 0,1 1,1 1,0 0,0'] });
  const bowTie: [number, number][] = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]];
  // From the middle, 0.5° each way: half of the diagonal by the haversine formula is 78.62 km.
  expect(shapesOf({ type: 'Polygon', coordinates: [bowTie] }, 1)).toEqual({ circle: [expect.stringMatching(/^0\.5,0\.5 78\.62\d*$/)] });
  const speck: [number, number][] = [[0, 0], [1e-7, 0], [0, 1e-7], [0, 0]];
  expect(shapesOf({ type: 'Polygon', coordinates: [speck] }, 1)).toEqual({ circle: ['0,0 1'] });
});

test('a road is covered from end to end, by at most 50 circles', () => {
  const road: [number, number][] = [[105.78, 21.03], [105.8, 21.02], [105.81, 21.035]];
  for (const aroundKm of [0.05, 0.2, 1, 10]) {
    const { circle } = shapesOf({ type: 'LineString', coordinates: road }, aroundKm);
    expect(circle!.length).toBeLessThanOrEqual(50);
    const lengthM = lineLengthM(road);
    for (let step = 0; step <= 1000; step += 1) expect(covered(pointAlong(road, (lengthM * step) / 1000), { circle: circle! })).toBe(true);
  }
  expect(shapesOf({ type: 'LineString', coordinates: [[105, 21], [105, 21]] }, 0.2)).toEqual({ circle: ['21,105 0.2'] });
});

test('whatever the geometry: its corners are covered, polygons are closed and do not cross themselves', () => {
  const chance = chanceFrom(11);
  for (let round = 0; round < 500; round += 1) {
    const geometry = oddGeometry(chance);
    const shapes = shapesOf(geometry, 0.1);
    for (const polygon of shapes.polygon ?? []) {
      const pairs = capPairs(polygon);
      expect([pairs.length >= 4, pairs[0], crossesByPairs(pairs)]).toEqual([true, pairs.at(-1), false]);
    }
    const corners = geometry.type === 'Point' ? [geometry.coordinates] : geometry.type === 'LineString' ? geometry.coordinates : geometry.type === 'MultiLineString' ? geometry.coordinates.flat() : geometry.type === 'Polygon' ? geometry.coordinates[0]! : geometry.coordinates.flatMap((rings) => rings[0]!);
    for (const corner of corners) expect([round, covered(corner, shapes)]).toEqual([round, true]);
  }
});

test('crossings are found as by comparing all edges with all', () => {
  const chance = chanceFrom(12);
  let crossing = 0;
  for (let round = 0; round < 2_000; round += 1) {
    // On a grid of few places, so that edges often touch, share corners or lie on each other.
    const ring = Array.from({ length: 3 + Math.floor(chance() * 8) }, (): Pair => [Math.floor(chance() * 6), Math.floor(chance() * 6)]);
    const closed = [...ring, ring[0]!];
    crossing += crossesByPairs(closed) ? 1 : 0;
    expect([closed, crossingOf(closed) !== null]).toEqual([closed, crossesByPairs(closed)]);
  }
  expect(crossing).toBeGreaterThan(200);
  expect(2_000 - crossing).toBeGreaterThan(200);
});

test('the largest polygon that is taken does not keep us long: its edges are compared by latitude', () => {
  const circle = Array.from({ length: 5_000 }, (_, index): Pair => [Math.cos((2 * Math.PI * index) / 5_000), Math.sin((2 * Math.PI * index) / 5_000)]);
  expect(crossingOf([...circle, circle[0]!])).toBeNull();
});

/** Two edges cross where the equations of their lines meet strictly inside both. */
function crossesByPairs(ring: readonly (readonly number[])[]): boolean {
  for (let i = 1; i < ring.length; i += 1) {
    for (let j = 1; j < i; j += 1) {
      const [a, b, c, d] = [ring[j - 1]!, ring[j]!, ring[i - 1]!, ring[i]!];
      const determinant = (b[0]! - a[0]!) * (d[1]! - c[1]!) - (b[1]! - a[1]!) * (d[0]! - c[0]!);
      if (determinant === 0) continue;
      const s = ((c[0]! - a[0]!) * (d[1]! - c[1]!) - (c[1]! - a[1]!) * (d[0]! - c[0]!)) / determinant;
      const t = ((c[0]! - a[0]!) * (b[1]! - a[1]!) - (c[1]! - a[1]!) * (b[0]! - a[0]!)) / determinant;
      if (s > 1e-12 && s < 1 - 1e-12 && t > 1e-12 && t < 1 - 1e-12) return true;
    }
  }
  return false;
}

/** In a circle, or at a corner of a polygon. Coordinates are rounded to 5 decimals, so 2 m are allowed. */
function covered(place: Position, { polygon = [], circle = [] }: Shapes): boolean {
  const inCircle = circle.some((text) => {
    const [pair, radius] = text.split(' ');
    const [latitude, longitude] = pair!.split(',').map(Number);
    return distanceM([longitude!, latitude!], place) <= Number(radius) * 1000 + 2;
  });
  return inCircle || polygon.some((text) => capPairs(text).some(([latitude, longitude]) => distanceM([longitude, latitude], place) <= 2));
}
