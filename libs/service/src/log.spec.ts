/** What may not stand in a log. */
import { createLog } from './log.js';

function logged(write: (log: ReturnType<typeof createLog>) => void): string {
  let text = '';
  write(createLog('x', 'debug', { write: (line) => void (text += line) }));
  return text;
}

test('one line of JSON: level, time, service, phrase, facts', () => {
  const line = JSON.parse(logged((log) => log.info({ count: 3 }, 'batch stored'))) as object;
  expect(line).toMatchObject({ level: 'info', service: 'x', count: 3, message: 'batch stored', at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) });
});

test('secrets, passwords and plates are redacted, to a depth of three', () => {
  const text = logged((log) => log.info({ password: 'p1-hush', config: { INTERNAL_SECRET: 'p2-hush', deep: { token: 'p3-hush' } }, passage: { plate: '29A-123.45' }, authorization: 'p4-hush' }, 'phrase'));
  expect(text).not.toMatch(/hush|29A/);
  expect(text.match(/\[redacted\]/g)).toHaveLength(5);
});

test('passwords in addresses are cut out of errors, their causes and stacks', () => {
  const error = new Error('cannot reach postgres://nhip:hush@h:5432/d', { cause: new Error('amqp://u:hush@h refused') });
  const text = logged((log) => log.error({ error }, 'phrase'));
  expect(text).not.toContain('hush');
  expect(text).toContain('postgres://nhip:[redacted]@h:5432/d');
});
