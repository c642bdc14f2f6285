/** The page of our own JSON holds: its examples are taken as it says, its refusals come as it says, its tables are whole. */
import { readdirSync, readFileSync } from 'node:fs';
import { complaintOf, complaintText, ownJson, Rejected, trafficFlagBits, trafficReading, trafficRows } from '#contracts';
import { codecs } from '#codecs';
import type { AgeLimits } from '#domain';
import { observationsFrom, type Observation } from '../apps/traffic/src/observation.js';

const folder = new URL('../docs/our-json/', import.meta.url);
const text = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const page = readFileSync(new URL('../docs/our-json.md', import.meta.url), 'utf8');
const examples = readdirSync(folder).filter((name) => name !== 'refused.json' && name !== 'stored.json');

interface Refusal {
  readonly what: string;
  /** Text that is no JSON stands as text. */
  readonly message: unknown;
  readonly reason: string;
  readonly details: string;
}
const refusals = JSON.parse(text('refused.json')) as Refusal[];
const stored = JSON.parse(text('stored.json')) as Record<string, unknown[]>;

const age = trafficRows.find((row) => row.kind === 'traffic.age')!.value as unknown as AgeLimits;
const receivedAtMs = Date.parse('2026-11-22T07:01:00.000Z');

function results(message: string): readonly (Observation | Rejected)[] {
  const payload = Buffer.from(message);
  return observationsFrom(payload, 0, payload.length, { device: 'loop-0001', receivedAtMs, codec: 'json' }, age);
}

/** As stored.json writes it: time and flags in words, three decimals. */
function readable({ observedAtMs, flags, speedKmh, ...rest }: Observation): unknown {
  const names = Object.entries(trafficFlagBits).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [name]));
  return { ...rest, speedKmh: speedKmh === null ? null : Math.round(speedKmh * 1000) / 1000, observedAt: new Date(observedAtMs).toISOString(), flags: names };
}

test.each(examples)('%s is stored as the page says', (name) => {
  expect(results(text(name)).map((result) => (result instanceof Rejected ? result.message : readable(result)))).toEqual(stored[name]);
});

test.each(refusals)('refused: $what', ({ message, reason, details }) => {
  const refused = results(typeof message === 'string' ? message : JSON.stringify(message)).filter((result) => result instanceof Rejected);
  expect(refused.map((one) => [one.reason, one.details])).toEqual([[reason, details]]);
});

test.each(refusals.filter(({ reason, message }) => reason === 'invalid' && !Array.isArray(message)))('the HTTP door says the same: $what', ({ message, details }) => {
  const parsed = ownJson('traffic', 'readings')!.safeParse(message);
  expect(complaintText(complaintOf(parsed.error!))).toBe(details);
});

describe('the page', () => {
  test('shows its examples as the files have them', () => {
    const shown = [...page.matchAll(/\(our-json\/([a-z-]+\.json)\)\):\n```json\n([\s\S]*?)```/g)];
    expect(shown.length).toBeGreaterThanOrEqual(4);
    for (const [, name, block] of shown) expect(block).toBe(text(name!));
  });

  test('names every file', () => {
    for (const name of readdirSync(folder)) expect(page).toContain(`(our-json/${name})`);
  });

  test('has every field of the schema in its tables, and none that it does not have', () => {
    const fieldsIn = (heading: string): string[] => [...page.slice(page.indexOf(heading)).split('\n#', 2)[0]!.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]!);
    const vehicle = trafficReading.shape.vehicles.unwrap().element;
    expect(fieldsIn('## A reading').sort()).toEqual(Object.keys(trafficReading.shape).sort());
    expect(fieldsIn('### One of').sort()).toEqual(Object.keys(vehicle.shape).sort());
    for (const name of Object.keys(trafficReading.shape.countByClass.unwrap().shape)) expect(page).toContain(`\`${name}\``);
    for (const flag of Object.keys(trafficFlagBits)) expect(page).toContain(`\`${flag}\``);
  });

  test('names the codecs and the ages that hold', () => {
    for (const codec of Object.keys(codecs)) expect(page).toContain(`\`${codec}\``);
    expect(page).toContain(`more than ${age.aheadS} s ahead of its receipt, or more than ${age.tooOldS / 86_400} days behind`);
  });
});
