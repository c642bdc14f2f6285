/** Where recorded data lies, and what a test does without it: it is skipped and says what is missing; in CI it fails. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { repository } from './places.js';

/** The folder of one recording, or null after saying where to get it. Throws in CI, where nothing may be skipped quietly. */
export function recordedData(name: string, source: string): string | null {
  const folder = resolve(repository, process.env['NHIP_DATA'] ?? '../shared/data', name);
  if (existsSync(folder)) return folder;
  const sentence = `recorded data ${name} is missing: set NHIP_DATA to the folder that holds it, or fetch it from ${source}`;
  if (process.env['CI'] !== undefined) throw new Error(sentence);
  console.warn(`skipped: ${sentence}`);
  return null;
}
