// @ts-check
/**
 * A log file that cannot fill the disk: past its size it is renamed, and only a few former ones are kept.
 * Written synchronously, so that nothing waits in memory and the last line before a crash is there.
 */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { tail } from './command.mjs';

const sizeMaxBytes = 10 * 1024 ** 2;
const formerFiles = 2;

/** @param {string} path */
export function openLog(path) {
  mkdirSync(dirname(path), { recursive: true });
  let file = openSync(path, 'a');
  let sizeBytes = fstatSync(file).size;

  return {
    path,
    /** @param {string} line */
    write(line) {
      sizeBytes += writeSync(file, `${line}\n`);
      if (sizeBytes < sizeMaxBytes) return;
      closeSync(file);
      for (let former = formerFiles - 1; former >= 0; former--) {
        const from = former === 0 ? path : `${path}.${former}`;
        if (existsSync(from)) renameSync(from, `${path}.${former + 1}`);
      }
      file = openSync(path, 'a');
      sizeBytes = 0;
    },
    /** @param {number} lines */
    tail: (lines) => tail(readFileSync(path, 'utf8'), lines),
  };
}
