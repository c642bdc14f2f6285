/** Which area an asset lies in, and how long it is, as far as the import needs it. Coordinates are GeoJSON's: longitude, latitude. */
import type { Asset } from '#contracts';
import { lineLengthM, pointAlong, type Position } from '#rules';

type Geometry = NonNullable<Asset['geometry']>;

/** Metres along a line; null for what has no length. */
export function lengthM(geometry: Geometry): number | null {
  if (geometry.type === 'LineString') return lineLengthM(geometry.coordinates);
  if (geometry.type === 'MultiLineString') return geometry.coordinates.reduce((sum, line) => sum + lineLengthM(line), 0);
  return null;
}

/** One position that stands for the whole: the point itself, the middle of a line, the first corner of an area. */
export function standsAt(geometry: Geometry): Position {
  switch (geometry.type) {
    case 'Point': return geometry.coordinates;
    case 'LineString': return middle(geometry.coordinates);
    case 'MultiLineString': return middle(geometry.coordinates[0]!);
    case 'Polygon': return geometry.coordinates[0]![0]!;
    case 'MultiPolygon': return geometry.coordinates[0]![0]![0]!;
  }
}

export interface Area {
  readonly id: string;
  readonly box: readonly [west: number, south: number, east: number, north: number];
  readonly polygons: readonly (readonly (readonly Position[])[])[];
}

/** Null for what is not an area. */
export function areaOf(id: string, geometry: Geometry): Area | null {
  if (geometry.type !== 'Polygon' && geometry.type !== 'MultiPolygon') return null;
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [longitude, latitude] of polygons.flat(2) as Position[]) {
    box[0] = Math.min(box[0], longitude);
    box[1] = Math.min(box[1], latitude);
    box[2] = Math.max(box[2], longitude);
    box[3] = Math.max(box[3], latitude);
  }
  return { id, box, polygons };
}

/** The first area in which the position lies. */
export function areaAround(areas: readonly Area[], position: Position): string | null {
  const [longitude, latitude] = position;
  const found = areas.find(({ box: [west, south, east, north], polygons }) => longitude >= west && longitude <= east && latitude >= south && latitude <= north && polygons.some((rings) => inPolygon(rings, position)));
  return found?.id ?? null;
}

/** Even number of crossings: outside. Holes are rings like the others, so they need no case of their own. */
function inPolygon(rings: readonly (readonly Position[])[], [x, y]: Position): boolean {
  let inside = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [xi, yi] = ring[i]!;
      const [xj, yj] = ring[j]!;
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
  }
  return inside;
}

function middle(line: readonly Position[]): Position {
  return pointAlong(line, lineLengthM(line) / 2);
}
