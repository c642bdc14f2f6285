/**
 * The table of a message's path in docs/architecture.md names files and functions that exist, in at most 8 files.
 */
import { existsSync, readFileSync } from 'node:fs';

const filesMax = 8;

interface Step {
  readonly file: string;
  readonly functions: readonly string[];
}

function stepsIn(page: string): Step[] {
  const section = page.slice(page.indexOf('## One message, step by step'), page.indexOf('## How a round is stored'));
  return [...section.matchAll(/^\|[^|]+\| `([^`]+)` \| ([^|]+) \|$/gm)].map(([, file, names]) => ({ file: file!, functions: [...names!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!) }));
}

function defines(source: string, name: string): boolean {
  return new RegExp(`(function ${name}\\b|^ {2}(?:private |async |private async |static )*${name}(?:<[^>]*>)?\\()`, 'm').test(source);
}

describe('the path of a message in the documentation', () => {
  const steps = stepsIn(readFileSync('docs/architecture.md', 'utf8'));

  it('has its steps, in at most 8 files', () => {
    expect(steps.length).toBeGreaterThanOrEqual(6);
    expect(new Set(steps.map(({ file }) => file)).size).toBeLessThanOrEqual(filesMax);
  });

  it.each(steps)('$file has $functions', ({ file, functions }) => {
    expect(existsSync(file)).toBe(true);
    const source = readFileSync(file, 'utf8');
    expect(functions.length).toBeGreaterThan(0);
    expect(functions.filter((name) => !defines(source, name))).toEqual([]);
  });

  it('would notice a function that is gone', () => {
    expect(defines('  private settled(batch: Batch): void {', 'settle')).toBe(false);
    expect(defines('export function observe(segment: Segment)', 'observe')).toBe(true);
  });
});

describe('files that the rest of the page names', () => {
  const page = readFileSync('docs/architecture.md', 'utf8');
  const named = [...page.matchAll(/`((?:apps|libs|test|infra)\/[\w./-]+\.(?:ts|mjs|spec\.ts))`/g)].map(([, file]) => file!);

  it.each(named)('%s exists', (file) => expect(existsSync(file)).toBe(true));
});
