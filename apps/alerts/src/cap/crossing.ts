/**
 * Finds whether a ring crosses itself. Edges are gone through from south to north, and each is compared only with those
 * whose latitudes it shares. Rings that merely touch themselves are let pass: receivers fill them without doubt.
 *
 * A hostile ring makes every edge share its latitudes with every other, which is the square of its length in comparisons;
 * hence numbers side by side instead of objects, at a tenth of the time.
 */
type Pair = readonly [latitude: number, longitude: number];

/** Two edges of a closed ring that cross, by the number (from 0) of the pair with which each begins; null: none. */
export function crossingOf(ring: readonly Pair[]): [number, number] | null {
  const y = Float64Array.from(ring, ([latitude]) => latitude);
  const x = Float64Array.from(ring, ([, longitude]) => longitude);
  const count = ring.length - 1;
  const south = (edge: number): number => Math.min(y[edge]!, y[edge + 1]!);
  const order = Uint32Array.from({ length: Math.max(0, count) }, (_, edge) => edge).sort((a, b) => south(a) - south(b));
  const near = new Uint32Array(order.length);
  let nearCount = 0;
  for (const edge of order) {
    const from = south(edge);
    let kept = 0;
    for (let at = 0; at < nearCount; at += 1) {
      const other = near[at]!;
      if (y[other]! < from && y[other + 1]! < from) continue;
      near[kept] = other;
      kept += 1;
      if (cross(x, y, other, edge)) return other < edge ? [other, edge] : [edge, other];
    }
    near[kept] = edge;
    nearCount = kept + 1;
  }
  return null;
}

/** Each has the ends of the other strictly on either side. Neighbours share an end, so they never do. */
function cross(x: Float64Array, y: Float64Array, a: number, b: number): boolean {
  const [ax, ay, bx, by] = [x[a]!, y[a]!, x[b]!, y[b]!];
  const [adx, ady, bdx, bdy] = [x[a + 1]! - ax, y[a + 1]! - ay, x[b + 1]! - bx, y[b + 1]! - by];
  const bFrom = side(adx, ady, bx - ax, by - ay);
  const bTo = side(adx, ady, x[b + 1]! - ax, y[b + 1]! - ay);
  if (bFrom === bTo || bFrom === 0 || bTo === 0) return false;
  const aFrom = side(bdx, bdy, ax - bx, ay - by);
  return aFrom !== 0 && aFrom === -side(bdx, bdy, x[a + 1]! - bx, y[a + 1]! - by);
}

/** 1, 0, -1: left of a direction, along it, right of it. */
function side(dx: number, dy: number, toX: number, toY: number): number {
  const area = dx * toY - dy * toX;
  return area > 0 ? 1 : area < 0 ? -1 : 0;
}
