/** Where a place lies, by figures that can be checked by eye. */
import { areaAround, areaOf, lengthM, standsAt } from './geometry.js';

const square = (west: number, south: number, side: number): [number, number][] => [[west, south], [west + side, south], [west + side, south + side], [west, south + side], [west, south]];

test('a place in an area, in its hole, in the second part, and outside', () => {
  const withHole = areaOf('hole', { type: 'Polygon', coordinates: [square(0, 0, 10), square(4, 4, 2)] })!;
  const parts = areaOf('parts', { type: 'MultiPolygon', coordinates: [[square(20, 0, 1)], [square(30, 0, 1)]] })!;
  const at = (longitude: number, latitude: number) => areaAround([withHole, parts], [longitude, latitude]);
  expect([at(1, 1), at(5, 5), at(30.5, 0.5), at(25, 0.5), at(50, 50)]).toEqual(['hole', null, 'parts', null, null]);
});

test('only polygons are areas; only lines have a length', () => {
  expect(areaOf('x', { type: 'Point', coordinates: [1, 1] })).toBeNull();
  expect(lengthM({ type: 'Polygon', coordinates: [square(0, 0, 1)] })).toBeNull();
});

test('a line stands at its middle, however its corners are spread', () => {
  const [longitude, latitude] = standsAt({ type: 'LineString', coordinates: [[0, 0], [0.1, 0], [0.2, 0], [1, 0]] });
  expect(longitude).toBeCloseTo(0.5, 6);
  expect(latitude).toBe(0);
});
