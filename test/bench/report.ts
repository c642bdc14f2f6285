/** Prints benchmarks and faults: a line with its time, and a table of two columns. */
const startedAt = performance.now();

export function say(text: string): void {
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${text}`);
}

export function table(rows: readonly (readonly [string, unknown])[]): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) console.log(`          ${name.padEnd(width)}  ${String(value)}`);
}
