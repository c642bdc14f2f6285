/** Given a process (a stand-in with an environment, signals and an exit), then how a service starts and stops in it. */
import { EventEmitter } from 'node:events';
import { z } from 'zod';
import { port, postgresUrl } from './configuration.js';
import { createService, startService, type Host, type Service } from './start-service.js';

class StandIn extends EventEmitter implements Host {
  printed = '';
  readonly exited: Promise<number>;
  exit!: (code: number) => void;
  readonly stderr = { write: (text: string) => (this.printed += text) };
  constructor(readonly env: Record<string, string>) {
    super();
    this.exited = new Promise((resolve) => (this.exit = resolve));
  }
}

const nothing = z.object({});
const quiet = { LOG_LEVEL: 'silent' };

test('every problem of the configuration is printed together, before anything starts, and the code is 1', async () => {
  const host = new StandIn({ LOG_LEVEL: 'loud', API_PORT: 'x' });
  let started = false;
  await startService({ name: 'api', config: z.object({ DATABASE_URL: postgresUrl(), API_PORT: port() }), start: async () => void (started = true) }, host);
  expect(await host.exited).toBe(1);
  expect(started).toBe(false);
  expect(host.printed.split('\n')).toEqual([
    'api cannot start, its configuration has 3 problems:',
    '  DATABASE_URL is missing: expected a PostgreSQL address such as postgres://role:password@127.0.0.1:5432/nhip',
    '  API_PORT is "x": expected a port, 0 to 65535',
    '  LOG_LEVEL is "loud": expected one of fatal, error, warn, info, debug, trace, silent',
    '',
  ]);
});

test.each(['SIGTERM', 'SIGINT'])('on %s what was opened is closed in reverse order, one after the other, and the code is 0', async (signal) => {
  const host = new StandIn(quiet);
  const order: string[] = [];
  await startService({
    name: 'x', config: nothing,
    async start(_, service) {
      service.onStop('database', () => order.push('database'));
      service.onStop('http', async () => {
        order.push('http begins');
        await new Promise(setImmediate);
        order.push('http ends');
      });
    },
  }, host);
  host.emit(signal);
  expect(await host.exited).toBe(0);
  expect(order).toEqual(['http begins', 'http ends', 'database']);
});

test('one part that fails to stop keeps no other from it, and the code is 1', async () => {
  const host = new StandIn(quiet);
  let closed = false;
  await startService({
    name: 'x', config: nothing,
    async start(_, service) {
      service.onStop('first', () => (closed = true));
      service.onStop('second', () => Promise.reject(new Error('no')));
    },
  }, host);
  host.emit('SIGTERM');
  expect(await host.exited).toBe(1);
  expect(closed).toBe(true);
});

test('a part that never stops is given up at the deadline; a second signal does not wait for it', async () => {
  const { service, stop } = createService('x', 'silent', () => undefined);
  service.onStop('stuck', () => new Promise(() => undefined));
  expect(await stop(20)).toBe(false);

  const host = new StandIn(quiet);
  let release!: () => void;
  await startService({ name: 'x', config: nothing, start: async (_, { onStop }) => onStop('stuck', () => new Promise<void>((resolve) => (release = resolve))) }, host);
  host.emit('SIGINT');
  host.emit('SIGINT');
  expect(await host.exited).toBe(1);
  release();
});

test('a signal during the start stops what is open already', async () => {
  const host = new StandIn(quiet);
  let closed = false;
  void startService({
    name: 'x', config: nothing,
    start(_, service) {
      service.onStop('early', () => (closed = true));
      return new Promise(() => undefined);
    },
  }, host);
  host.emit('SIGTERM');
  expect(await host.exited).toBe(0);
  expect(closed).toBe(true);
});

test.each(['uncaughtException', 'unhandledRejection'])('%s ends the process with code 1', async (event) => {
  const host = new StandIn(quiet);
  await startService({ name: 'x', config: nothing, start: async () => undefined }, host);
  host.emit(event, new Error('bug'));
  expect(await host.exited).toBe(1);
});

test('a start that fails ends the process with code 1', async () => {
  const host = new StandIn(quiet);
  await startService({ name: 'x', config: nothing, start: () => Promise.reject(new Error('port taken')) }, host);
  expect(await host.exited).toBe(1);
});

test('not ready until started, and then while every part works', async () => {
  let service!: Service;
  let ready!: () => void;
  const starting = startService({ name: 'x', config: nothing, start: (_, given) => new Promise((resolve) => ((service = given), (ready = resolve))) }, new StandIn(quiet));
  expect(service.health.ready().ok).toBe(false);
  ready();
  await starting;
  expect(service.health.ready().ok).toBe(true);
  service.health.report('kafka', false, 'away');
  expect(service.health.ready()).toMatchObject({ ok: false, parts: [{ part: 'start', ok: true }, { part: 'kafka', ok: false, detail: 'away' }] });
  expect(await service.metrics.metrics()).toContain('nhip_part_ok{part="kafka",service="x"} 0');
});
