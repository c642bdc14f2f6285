/**
 * Bins as MnDOT's IRIS collects them, in JSON:
 *
 *   { "detector": "D1", "start": "2026-11-22T07:00:00Z", "periodS": 30,
 *     "volume": [12, -1], "scans": [300, -1], "speed": [41, -1] }
 *
 * One number for each period from `start` on; −1 is missing. Scans of 60 Hz within the period (1800 in 30 s) are
 * occupancy, speed is mph. Arrays may be absent. An object or an array of them; a detector becomes a channel where
 * `station` names the device, else it is the device.
 */
import { z } from 'zod';
import { complaintOf, complaintText, instantMs, Rejected } from '#contracts';
import { decodeJson, elementsMax } from './json.js';

const kmPerMile = 1.609344;
const scansPerSecond = 60;

const series = z.array(z.number()).max(elementsMax, `expected at most ${elementsMax} periods`).optional();
const bins = z
  .strictObject({
    station: z.string().optional(),
    detector: z.string(),
    start: z.string().refine((text) => !Number.isNaN(instantMs(text)), 'expected a time such as 2026-11-22T07:00:00Z'),
    periodS: z.int('expected a whole number of seconds, 5 to 30').min(5, 'expected 5 to 30 seconds').max(30, 'expected 5 to 30 seconds'),
    volume: series,
    scans: series,
    speed: series,
  })
  .refine(({ volume, scans, speed }) => new Set([volume, scans, speed].flatMap((values) => values?.length ?? [])).size === 1, 'expected volume, scans and speed (at least one of them) of equal length');
type Bins = z.output<typeof bins>;

/** The periods of all detectors, as our own JSON has them. Throws Rejected as `decodeJson` does. */
export function decodeIris(bytes: Buffer, start: number, end: number): readonly unknown[] {
  const elements: unknown[] = [];
  const messages = decodeJson(bytes, start, end);
  for (const [index, message] of messages.entries()) {
    const parsed = bins.safeParse(message);
    if (parsed.success) elements.push(...periodsOf(parsed.data));
    else elements.push(new Rejected('invalid', complaintText(complaintOf(parsed.error), messages.length === 1 ? null : index)));
    if (elements.length > elementsMax) throw new Rejected('too-large', `expected at most ${elementsMax} periods`);
  }
  if (elements.length === 0) throw new Rejected('undecodable', 'expected at least one observed period');
  return elements;
}

/** A period of which everything is missing was not observed, and is no reading. */
function periodsOf({ station, detector, start, periodS, volume = [], scans = [], speed = [] }: Bins): unknown[] {
  const startMs = instantMs(start);
  const periods: unknown[] = [];
  for (let index = 0; index < Math.max(volume.length, scans.length, speed.length); index += 1) {
    const scan = known(scans[index]);
    const mph = known(speed[index]);
    const count = known(volume[index]);
    if (scan === null && mph === null && count === null) continue;
    periods.push({
      device: station ?? detector,
      channel: station === undefined ? '' : detector,
      observedAt: new Date(startMs + index * periodS * 1000).toISOString(),
      periodS,
      count,
      occupancy: scan === null ? null : scan / (scansPerSecond * periodS),
      occupancyRaw: scan,
      speedKmh: mph === null ? null : mph * kmPerMile,
    });
  }
  return periods;
}

/** Only −1 means missing; any other number below zero is a fault, and the reading's schema will say so. */
function known(value: number | undefined): number | null {
  return value === undefined || value === -1 ? null : value;
}
