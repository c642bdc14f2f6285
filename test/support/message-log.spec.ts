import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageLog } from './message-log.js';

describe('the log of acknowledgements', () => {
  it('reads back from its file what it was told, across chunks', () => {
    const log = new MessageLog();
    const count = 300_000;
    for (let i = 0; i < count; i++) log.add(i % 1000, i % 2, 1_700_000_000_000 + i, i * 7, i % 1000 === 5);
    for (let i = 0; i < count; i += 3) log.acknowledge(i);
    for (let i = 0; i < count; i += 5) log.sentAgain(i);
    log.acknowledge(0);
    const folder = mkdtempSync(join(tmpdir(), 'nhip-log-'));
    try {
      log.write(join(folder, 'log'));
      const read = MessageLog.read(join(folder, 'log'));
      expect(read.length).toBe(count);
      expect(read.acknowledged).toBe(100_000);
      for (const number of [0, 5, 7, 262_143, 262_144, 299_999]) expect(read.at(number)).toEqual(log.at(number));
      expect(read.at(299_995)).toEqual({ device: 995, channel: 1, observedAtMs: 1_700_000_299_995, value: 299_995 * 7, poison: false, acknowledged: false, sends: 2 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
