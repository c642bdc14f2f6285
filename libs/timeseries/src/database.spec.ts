import { Unavailable } from '#contracts';
import { isUnavailable } from './database.js';

const withCode = (code: string): Error => Object.assign(new Error('as pg says it'), { code });

test.each([
  ['08000', 'connection exception'],
  ['08006', 'connection failure'],
  ['53100', 'disk full'],
  ['53200', 'out of memory'],
  ['53300', 'too many connections'],
  ['57P01', 'admin shutdown'],
  ['57P02', 'crash shutdown'],
  ['57P03', 'cannot connect now'],
  ['57P05', 'idle session timeout'],
  ['40001', 'serialization failure'],
  ['40P01', 'deadlock detected'],
  ['55P03', 'lock not available'],
  ['58030', 'io error'],
  ['25006', 'read only: a replica that was promoted no more'],
  ['ECONNREFUSED', 'nobody listens'],
  ['ECONNRESET', 'cut off'],
  ['EPIPE', 'cut off while writing'],
  ['ENOTFOUND', 'the name is unknown now'],
  ['ENOENT', 'the socket file is not there'],
])('%s is the world’s fault: %s', (code) => {
  expect(isUnavailable(withCode(code))).toBe(true);
});

test.each([
  ['22001', 'text too long'],
  ['22003', 'number out of range'],
  ['22021', 'not in the encoding'],
  ['23502', 'null where none may be'],
  ['23505', 'unique violation'],
  ['23514', 'check violation'],
  ['42601', 'syntax error'],
  ['42P01', 'undefined table'],
  ['42501', 'insufficient privilege'],
  ['57014', 'a query that a person cancelled'],
  ['40002', 'integrity, of the class of serialization failures'],
  ['XX000', 'internal error'],
  ['ERR_INVALID_ARG_TYPE', 'a mistake of ours'],
])('%s is not: %s', (code) => {
  expect(isUnavailable(withCode(code))).toBe(false);
});

test.each([
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'timeout exceeded when trying to connect',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
])('pg says without a code: %s', (message) => {
  expect(isUnavailable(new Error(message))).toBe(true);
});

test('all addresses of a name failed: as each of them', () => {
  expect(isUnavailable(new AggregateError([withCode('ECONNREFUSED')]))).toBe(true);
  expect(isUnavailable(new AggregateError([new Error('odd')]))).toBe(false);
});

test('what has its name already keeps it, and what is no error has none', () => {
  expect(isUnavailable(new Unavailable('kafka', null))).toBe(true);
  expect(isUnavailable(new TypeError('x is undefined'))).toBe(false);
  expect(isUnavailable('57P01')).toBe(false);
  expect(isUnavailable(null)).toBe(false);
});
