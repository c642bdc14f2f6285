import { preferred } from './accept.js';

test.each<[string | undefined, string | null]>([
  [undefined, 'application/json'],
  ['', 'application/json'],
  ['*/*', 'application/json'],
  ['text/csv', 'text/csv'],
  ['text/*', 'text/csv'],
  ['text/csv, application/json', 'application/json'],
  ['text/csv, application/json;q=0.9', 'text/csv'],
  ['text/html, */*;q=0.1', 'application/json'],
  ['application/json;q=0, */*', 'text/csv'],
  ['Text/CSV; header=present', 'text/csv'],
  ['text/csv;q=nonsense', null],
  ['image/png', null],
])('%s → %s', (accept, expected) => {
  expect(preferred(accept, ['application/json', 'text/csv'])).toBe(expected);
});
