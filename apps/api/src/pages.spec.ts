/** Lists in pages: where one ends, the next begins; what is no cursor is refused. */
import { z } from 'zod';
import { cursorField, pageOf } from './pages.js';

const cursor = cursorField(z.tuple([z.string().max(5), z.int()]));

test('the last page says so; of the others the cursor leads back to their last item', () => {
  const rows = [['a', 1], ['b', 2], ['c', 3]] as const;
  const first = pageOf(rows, 2, (last) => last);
  expect(first.items).toEqual([['a', 1], ['b', 2]]);
  expect(cursor.parse(first.next)).toEqual(['b', 2]);
  expect(pageOf(rows, 3, (last) => last)).toEqual({ items: rows, next: null });
  expect(pageOf([], 3, () => [])).toEqual({ items: [], next: null });
});

test.each(['', '%', 'x', 'bnVsbA', Buffer.from('["too long",1]').toString('base64url'), Buffer.from('["a","1"]').toString('base64url'), 'A'.repeat(500)])('%s is no cursor', (text) => {
  expect(cursor.safeParse(text)).toMatchObject({ success: false, error: { issues: [{ message: 'expected the "next" of the page before' }] } });
});
