import { spawnSync } from 'node:child_process';
import { cpuUsOf, memoryMbOf } from './processor-time.js';

describe('processor time of a process', () => {
  it('counts children that have ended', () => {
    const before = cpuUsOf({ me: process.pid, nobody: 2 ** 22 + 1 });
    spawnSync(process.execPath, ['-e', 'for (const end = process.cpuUsage().user + 300000; process.cpuUsage().user < end;);']);
    const after = cpuUsOf({ me: process.pid });
    expect(after['me']! - before['me']!).toBeGreaterThanOrEqual(250_000);
    expect(before['nobody']).toBe(0);
  });

  it('tells its memory', () => {
    expect(memoryMbOf({ me: process.pid, nobody: 2 ** 22 + 1 })).toEqual({ me: expect.any(Number), nobody: 0 });
    expect(memoryMbOf({ me: process.pid })['me']).toBeGreaterThan(10);
  });
});
