import { spawnSync } from 'node:child_process';
import { usageOf } from './processor-time.js';

describe('processor time of a process', () => {
  it('counts children that have ended', () => {
    const before = usageOf({ me: process.pid, nobody: 2 ** 22 + 1 });
    spawnSync(process.execPath, ['-e', 'for (const end = process.cpuUsage().user + 300000; process.cpuUsage().user < end;);']);
    const after = usageOf({ me: process.pid });
    expect(after['me']!.cpuUs - before['me']!.cpuUs).toBeGreaterThanOrEqual(250_000);
    expect(after['me']!.memoryMb).toBeGreaterThan(10);
    expect(before['nobody']).toEqual({ cpuUs: 0, memoryMb: 0 });
  });
});
