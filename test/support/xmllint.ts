/** The second opinion on XML: xmllint, with the schema that OASIS publishes for CAP 1.2. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { infra } from './instance.js';
import { repository } from './places.js';

/** The folder with the schema and the messages of others. Throws where it is missing: without it nothing is shown. */
export function capData(): string {
  const folder = resolve(repository, process.env['NHIP_DATA'] ?? '../shared/data', 'payloads/cap');
  if (existsSync(join(folder, 'CAP-v1.2.xsd'))) return folder;
  throw new Error(`recorded data payloads/cap is missing: set NHIP_DATA to the folder that holds it, or fetch CAP-v1.2.xsd from docs.oasis-open.org and the messages from github.com/google/cap-library`);
}

/** For each document null, or what is wrong with it by CAP's schema; all in one run. */
export async function schemaFaults(documents: readonly (string | Uint8Array)[]): Promise<(string | null)[]> {
  const lines = await said(documents, ['--schema', join(capData(), 'CAP-v1.2.xsd')]);
  const valid = new Set(lines.flatMap((line) => /^(\d+)\.xml validates$/.exec(line)?.[1] ?? []));
  return documents.map((_, index) => (valid.has(String(index)) ? null : (lines.find((line) => line.startsWith(`${index}.xml:`)) ?? lines.join('\n').slice(0, 500))));
}

/** For each document whether it is XML at all. */
export async function wellFormed(documents: readonly string[]): Promise<boolean[]> {
  const lines = await said(documents, []);
  return documents.map((_, index) => !lines.some((line) => line.startsWith(`${index}.xml:`)));
}

/** The lines that xmllint prints about files `0.xml`, `1.xml` … */
async function said(documents: readonly (string | Uint8Array)[], options: readonly string[]): Promise<string[]> {
  const env = { ...process.env, ...(await (await infra()).xmllintSoftware()) };
  const folder = mkdtempSync(join(tmpdir(), 'nhip-cap-'));
  try {
    const files = documents.map((document, index) => {
      writeFileSync(join(folder, `${index}.xml`), document);
      return `${index}.xml`;
    });
    const printed = await new Promise<string>((done, fail) => {
      execFile('xmllint', ['--noout', '--nonet', ...options, ...files], { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
        // A number: it ran, and has something to say.
        if (error !== null && typeof error.code !== 'number') fail(error);
        else done(`${stdout}${stderr}`);
      });
    });
    return printed.split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
