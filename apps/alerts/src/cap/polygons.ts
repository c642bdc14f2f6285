/** Whether the polygons of a message cross themselves. Beside the schema, since it takes work that only a whole message is worth. */
import { capPairs, type CapMessage, type Complaint } from '#contracts';
import { crossingOf } from './crossing.js';

/** Names the polygon and the two pairs (counted from 1) after which its edges cross. */
export function polygonComplaint({ info = [] }: CapMessage): Complaint | null {
  for (const [i, { area = [] }] of info.entries()) {
    for (const [a, { polygon = [] }] of area.entries()) {
      for (const [p, text] of polygon.entries()) {
        const crossing = crossingOf(capPairs(text));
        if (crossing === null) continue;
        return { field: `info[${i}].area[${a}].polygon[${p}]`, expected: `expected a line that does not cross itself, found that it does after pairs ${crossing[0] + 1} and ${crossing[1] + 1}` };
      }
    }
  }
  return null;
}
