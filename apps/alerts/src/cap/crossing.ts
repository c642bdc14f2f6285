/**
 * Finds whether a ring crosses itself. Edges are gone through from south to north, and each is compared only with those
 * whose latitudes it shares. Rings that merely touch themselves are let pass: receivers fill them without doubt.
 */
type Pair = readonly [latitude: number, longitude: number];

interface Edge {
  /** Number of the pair that it begins with. */
  readonly index: number;
  readonly from: Pair;
  readonly to: Pair;
  readonly south: number;
  readonly north: number;
}

/** Two edges of a closed ring that cross, by the number (from 0) of the pair with which each begins; null: none. */
export function crossingOf(ring: readonly Pair[]): [number, number] | null {
  const edges = ring.slice(1).map((to, index): Edge => {
    const from = ring[index]!;
    return { index, from, to, south: Math.min(from[0], to[0]), north: Math.max(from[0], to[0]) };
  });
  edges.sort((a, b) => a.south - b.south);
  let near: Edge[] = [];
  for (const edge of edges) {
    near = near.filter(({ north }) => north >= edge.south);
    const other = near.find((one) => cross(one, edge));
    if (other !== undefined) return [Math.min(other.index, edge.index), Math.max(other.index, edge.index)];
    near.push(edge);
  }
  return null;
}

/** Each has the ends of the other strictly on either side. Neighbours share an end, so they never do. */
function cross(a: Edge, b: Edge): boolean {
  return side(a, b.from) * side(a, b.to) < 0 && side(b, a.from) * side(b, a.to) < 0;
}

/** 1, 0, -1: left of the edge, on it, right of it. */
function side({ from, to }: Edge, [latitude, longitude]: Pair): number {
  return Math.sign((to[1] - from[1]) * (latitude - from[0]) - (to[0] - from[0]) * (longitude - from[1]));
}
