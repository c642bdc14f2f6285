/** The page of our own JSON for air stations holds: examples are taken as it says, refusals come as it says, tables are whole. */
import { readdirSync, readFileSync } from 'node:fs';
import { complaintOf, complaintText, ownJson, pollutionFlags, pollutionMetrics, pollutionMetricNames, pollutionReading, pollutionSeeds, Rejected, pollutionFlagBits } from '#contracts';
import type { AgeLimits } from '#domain';
import { observationsFrom, type Observation } from '../apps/pollution/src/observation.js';

const folder = new URL('../docs/our-json-pollution/', import.meta.url);
const text = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const page = readFileSync(new URL('../docs/our-json-pollution.md', import.meta.url), 'utf8');
const examples = readdirSync(folder).filter((name) => name !== 'refused.json' && name !== 'stored.json');
const refusals = JSON.parse(text('refused.json')) as { what: string; message: unknown; reason: string; details: string }[];
const stored = JSON.parse(text('stored.json')) as Record<string, unknown[]>;
const age = pollutionSeeds.find((row) => row.kind === 'pollution.age')!.value as unknown as AgeLimits;

function results(message: string): readonly (Observation | Rejected)[] {
  const payload = Buffer.from(message);
  return observationsFrom(payload, 0, payload.length, { device: 'air-001', receivedAtMs: Date.parse('2026-11-22T07:01:00.000Z'), codec: 'json' }, age);
}

/** As stored.json writes it: time and flags in words, and of the values those that are there. */
function readable({ observedAtMs, flags, values, ...rest }: Observation): unknown {
  const measured = Object.fromEntries(pollutionMetricNames.flatMap((name) => ((values[name] ?? null) === null ? [] : [[name, values[name]]])));
  return { ...rest, observedAt: new Date(observedAtMs).toISOString(), values: measured, flags: pollutionFlags.filter((name) => (flags & pollutionFlagBits[name]) !== 0) };
}

test.each(examples)('%s is stored as the page says', (name) => {
  expect(results(text(name)).map((result) => (result instanceof Rejected ? result.message : readable(result)))).toEqual(stored[name]);
});

test.each(refusals)('refused: $what', ({ message, reason, details }) => {
  const refused = results(JSON.stringify(message)).filter((result) => result instanceof Rejected);
  expect(refused.map((one) => [one.reason, one.details])).toEqual([[reason, details]]);
});

test.each(refusals.filter(({ reason, message }) => reason === 'invalid' && !Array.isArray(message)))('the HTTP door says the same: $what', ({ message, details }) => {
  expect(complaintText(complaintOf(ownJson('pollution', 'readings')!.safeParse(message).error!))).toBe(details);
});

describe('the page', () => {
  test('shows its examples as the files have them, and names every file', () => {
    const shown = [...page.matchAll(/\(our-json-pollution\/([a-z-]+\.json)\)\):\n```json\n([\s\S]*?)```/g)];
    expect(shown.length).toBeGreaterThanOrEqual(4);
    for (const [, name, block] of shown) expect(block).toBe(text(name!));
    for (const name of readdirSync(folder)) expect(page).toContain(`(our-json-pollution/${name})`);
  });

  test('has every field of the schema in its table with its bounds, every flag, and the ages that hold', () => {
    const fields = [...page.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]!);
    expect(fields).toEqual(Object.keys(pollutionReading.shape));
    const minus = (value: number): string => String(value).replace('-', '−');
    for (const name of pollutionMetricNames) {
      const { low, high, unit } = pollutionMetrics[name];
      expect(page).toContain(`| \`${name}\` | number or null | ${minus(low)}–${minus(high)}${unit === '°' ? '' : ' '}${unit} |`);
    }
    for (const flag of pollutionFlags) expect(page).toContain(`\`${flag}\``);
    expect(page).toContain(`more than ${age.aheadS} s ahead of its receipt, or more than ${age.tooOldS / 86_400} days behind`);
  });
});
