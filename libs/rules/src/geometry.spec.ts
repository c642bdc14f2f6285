import { distanceM, lineLengthM, pointAlong, type Position } from './geometry.js';

test('Nashville to Los Angeles, the published example of the haversine formula (2,887.26 km for a radius of 6,372.8 km)', () => {
  expect(distanceM([-86.67, 36.12], [-118.4, 33.94])).toBeCloseTo((2_887_259.95 * 6_371.0088) / 6_372.8, -1);
});

test('a degree of latitude is a 360th of the circle, everywhere; one of longitude shrinks with the cosine', () => {
  const degreeM = (2 * Math.PI * 6_371_008.8) / 360;
  expect(distanceM([105, 0], [105, 1])).toBeCloseTo(degreeM, 3);
  expect(distanceM([105, 60], [105, 61])).toBeCloseTo(degreeM, 3);
  expect(distanceM([105, 60], [105.001, 60])).toBeCloseTo((degreeM / 1000) * 0.5, 3);
});

const line: Position[] = [
  [105.84, 21.02],
  [105.85, 21.02],
  [105.85, 21.03],
];

test('the length of a line is that of its parts', () => {
  expect(lineLengthM(line)).toBeCloseTo(distanceM(line[0]!, line[1]!) + distanceM(line[1]!, line[2]!), 9);
  expect(lineLengthM(line.slice(0, 1))).toBe(0);
});

test('a point along a line lies on it, so far from its start', () => {
  const lengthM = lineLengthM(line);
  for (const share of [0, 0.1, 0.5, 0.75, 1]) {
    const point = pointAlong(line, share * lengthM);
    const corner = distanceM(line[0]!, line[1]!);
    const walkedM = share * lengthM <= corner ? distanceM(line[0]!, point) : corner + distanceM(line[1]!, point);
    expect(walkedM).toBeCloseTo(share * lengthM, 2);
  }
  expect(pointAlong(line, -5)).toEqual(line[0]);
  expect(pointAlong(line, lengthM + 5)).toEqual(line[2]);
});
