import type { Condition } from '#contracts';
import { sequence } from './sequence.js';

const of = (...seqs: number[]): Condition[] => seqs.map((seq) => ({ seq }) as Condition);
const seqs = (conditions: readonly Condition[]): number[] => conditions.map(({ seq }) => seq);

test.each([
  ['the first of all', 0, [1], [], 'stored', [1], []],
  ['the next', 4, [5], [], 'stored', [5], []],
  ['several in order', 4, [5, 6, 7], [], 'stored stored stored', [5, 6, 7], []],
  ['several out of order are applied in order', 4, [7, 5, 6], [], 'stored stored stored', [5, 6, 7], []],
  ['what was applied before', 4, [4, 3], [], 'repeated repeated', [], []],
  ['the same twice in one round', 4, [5, 5], [], 'stored repeated', [5], []],
  ['one too early is held', 4, [6], [], 'stored', [], [6]],
  ['what is held already', 4, [6], [6], 'repeated', [], [6]],
  ['the missing one releases what was held', 4, [5], [6, 7], 'stored', [5, 6, 7], []],
  ['up to the next gap', 4, [5], [6, 8], 'stored', [5, 6], [8]],
  ['nothing new, but the one before came otherwise', 5, [], [6], '', [6], []],
  ['held ones that were applied otherwise are let go', 7, [], [6, 7], '', [], []],
])('%s', (_, lastSeq, arrived, held, outcomes, due, left) => {
  const result = sequence(lastSeq, of(...arrived), of(...held));
  expect([result.outcomes.join(' '), seqs(result.due), seqs(result.held)]).toEqual([outcomes, due, left]);
});

test('whatever the order and however often, each is applied once and in order', () => {
  // A small generator of its own: the same hundred shuffles every time.
  let random = 7;
  const next = (below: number): number => (random = (random * 48_271) % 2_147_483_647) % below;
  for (let trial = 0; trial < 100; trial++) {
    const sent = Array.from({ length: 40 }, () => 1 + next(12));
    for (let seq = 1; seq <= 12; seq++) sent.splice(next(sent.length), 0, seq);
    const applied: number[] = [];
    let held: readonly Condition[] = [];
    while (sent.length > 0) {
      const result = sequence(applied.at(-1) ?? 0, of(...sent.splice(0, 1 + next(5))), held);
      applied.push(...seqs(result.due));
      held = result.held;
    }
    expect([applied, held]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], []]);
  }
});
