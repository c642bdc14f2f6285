/**
 * PeMS-like raw records of 30 seconds: text, one line for each station and moment.
 *
 *   MM/DD/YYYY HH:MM:SS,station,flow 1,occupancy 1,speed 1,flow 2,occupancy 2,speed 2, …
 *
 * Flow is vehicles in 30 s, occupancy 0–1000 (tenths of a per cent), speed mph; an empty field is missing, three empty
 * fields are a lane that was not observed. The time has no zone: the sender's controller is set to UTC. A lane becomes
 * one reading of the channel `lane-1` and so on.
 */
import { Rejected } from '#contracts';
import { elementsMax, utf8Text } from './json.js';

const kmPerMile = 1.609344;
const lanesMax = 8; // The raw records of PeMS have eight; what follows is not a lane.
const timePattern = /^(\d\d)\/(\d\d)\/(\d{4}) (\d\d:\d\d:\d\d)$/;
const numberPattern = /^\d{1,7}(\.\d{1,6})?$/;

/** The lanes of all lines, as our own JSON has them. Throws Rejected as `decodeJson` does. */
export function decodePems(bytes: Buffer, start: number, end: number): readonly unknown[] {
  const lines = utf8Text(bytes, start, end).split('\n');
  const elements: unknown[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() !== '') elements.push(...lanesOf(line.trimEnd(), index + 1));
    if (elements.length > elementsMax) throw new Rejected('too-large', `expected at most ${elementsMax} lanes`);
  }
  if (elements.length === 0) throw new Rejected('undecodable', 'line 1: expected at least one observed lane');
  return elements;
}

function lanesOf(line: string, lineNumber: number): unknown[] {
  const [time = '', station = '', ...fields] = line.split(',');
  const part = timePattern.exec(time);
  if (part === null) return [refused(lineNumber, 'field 1', 'a time such as 11/22/2026 07:00:00', time)];
  if (fields.length === 0 || fields.length % 3 !== 0 || fields.length > 3 * lanesMax) {
    return [refused(lineNumber, 'fields 3 and on', `flow, occupancy and speed for 1 to ${lanesMax} lanes`, `${fields.length} fields`)];
  }
  const observedAt = `${part[3]}-${part[1]}-${part[2]}T${part[4]}.000Z`;
  const lanes: unknown[] = [];
  for (let lane = 1; lane <= fields.length / 3; lane += 1) {
    const of = fields.slice(3 * lane - 3, 3 * lane);
    const wrong = of.findIndex((field) => field !== '' && !numberPattern.test(field));
    if (wrong >= 0) lanes.push(refused(lineNumber, `field ${3 * lane + wrong}`, 'a number or nothing', of[wrong]!));
    else if (of.some((field) => field !== '')) lanes.push(laneOf(station, lane, observedAt, of));
  }
  return lanes;
}

function laneOf(device: string, lane: number, observedAt: string, fields: readonly string[]): unknown {
  const [flow, occupancy, speedMph] = fields.map((field) => (field === '' ? null : Number(field))) as [number | null, number | null, number | null];
  return {
    device,
    channel: `lane-${lane}`,
    observedAt,
    periodS: 30,
    count: flow,
    occupancy: occupancy === null ? null : occupancy / 1000,
    occupancyRaw: occupancy,
    speedKmh: speedMph === null ? null : speedMph * kmPerMile,
  };
}

function refused(line: number, field: string, expected: string, found: string): Rejected {
  return new Rejected('invalid', `line ${line}, ${field}: expected ${expected}, found ${JSON.stringify(found.slice(0, 40))}`);
}
