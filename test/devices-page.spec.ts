/** The page about other people's devices holds: it names every codec and content type, and what it shows to copy works. */
import { readFileSync } from 'node:fs';
import { contentTypes, Rejected, vehicleClasses } from '#contracts';
import { codecOf, codecs } from '#codecs';
import { observationsFrom as airFrom } from '../apps/pollution/src/observation.js';
import { observationsFrom as trafficFrom } from '../apps/traffic/src/observation.js';

const page = readFileSync(new URL('../docs/devices.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] => [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text!);
const receivedAtMs = Date.UTC(2026, 10, 22, 7, 1);

test.each(Object.keys(codecs))('names the codec %s', (codec) => {
  expect(page).toContain(`\`${codec}\``);
});

test.each(contentTypes)('names the content type %s', (contentType) => {
  expect(page).toContain(`\`${contentType}\``);
});

test.each([...page.matchAll(/`((?:ngsi|senml|the-things)[a-z0-9-]*:\d+)`/g)].map(([, codec]) => codec!))('%s is a codec with a period', (codec) => {
  expect(codecOf(codec)).not.toBeNull();
});

test('every block of JSON is JSON', () => {
  expect(blocks('json').length).toBeGreaterThanOrEqual(4);
  for (const block of blocks('json')) expect(() => JSON.parse(block) as unknown).not.toThrow();
});

test('the SenML device is read', () => {
  const payload = Buffer.from(blocks('json').find((block) => block.includes('"bn"'))!);
  expect(trafficFrom(payload, 0, payload.length, { device: 'loop-1', receivedAtMs, codec: 'senml-json:60' }, null)).toMatchObject([{ channel: '', periodS: 60, count: 42, speedKmh: 31.5, occupancy: 0.123, occupancyRaw: 12.3 }]);
});

test('the payload formatter makes what is read', () => {
  const decodeUplink = new Function(`${blocks('js')[0]!}; return decodeUplink;`)() as (input: { bytes: number[] }) => { data: unknown };
  const decoded_payload = decodeUplink({ bytes: [1, 44, 71] }).data;
  const payload = Buffer.from(JSON.stringify({ end_device_ids: { device_id: 'dev1' }, uplink_message: { received_at: '2026-11-22T07:00:00Z', decoded_payload } }));
  expect(airFrom(payload, 0, payload.length, { device: 'dev1', receivedAtMs, codec: 'the-things-stack' }, null)).toMatchObject([{ observedAtMs: Date.UTC(2026, 10, 22, 6, 50), periodS: 600, values: { pm25UgM3: 30, humidityPct: 71 } }]);
});

describe('every name in its tables is read', () => {
  const section = page.slice(page.indexOf('## Names and units'), page.indexOf('## Channels'));
  const [traffic, air] = section.split('| air | names |') as [string, string];
  const namesIn = (table: string): string[] => [...table.matchAll(/^\|[^|]+\|([^|]+)\|$/gm)].flatMap(([, cell]) => [...cell!.matchAll(/`([A-Za-z0-9]+)(\([a-z]+\))?`/g)].map(([, name]) => name!));
  const value: Record<string, number> = { occupancyPct: 1, pressure: 1000, atmosphericPressure: 1000 };
  const read = (name: string, from: typeof trafficFrom | typeof airFrom): string => {
    const payload = Buffer.from(JSON.stringify([{ n: name, v: value[name] ?? 1, ut: 60 }]));
    const [result] = from(payload, 0, payload.length, { device: 'd', receivedAtMs, codec: 'senml-json' }, null);
    return result instanceof Rejected ? result.message : 'read';
  };

  // A length alone is no reading of traffic.
  const lengths = ['averageVehicleLength', 'length'];
  test.each(namesIn(traffic).filter((name) => name !== 'Count' && !lengths.includes(name)))('traffic: %s', (name) => {
    expect(read(name, trafficFrom)).toBe('read');
  });

  test.each(lengths)('traffic: %s', (name) => {
    const payload = Buffer.from(JSON.stringify([{ n: name, v: 4, ut: 60 }, { n: 'count', v: 1 }]));
    expect(trafficFrom(payload, 0, payload.length, { device: 'd', receivedAtMs, codec: 'senml-json' }, null)).toMatchObject([{ count: 1, lengthM: 4 }]);
  });

  test.each(namesIn(air).filter((name) => name !== 'reliability'))('air: %s', (name) => {
    expect(read(name, airFrom)).toBe('read');
  });

  test('and all of them are there', () => {
    expect(namesIn(traffic).length).toBeGreaterThan(vehicleClasses.length + 10);
    expect(namesIn(air).length).toBeGreaterThan(25);
  });
});
