/**
 * Values that stand side by side (SenML, The Things Stack) to readings: one for each channel and moment.
 *
 * A name is `<device><separator><channel><separator><metric>`, of which device and channel may be left out; a channel only
 * beside the device. The time of a sample is when it was taken, so its period lies before it. How long that is, the
 * message says (`period`, or SenML's update time), else the device's record (`senml-json:60`): what is not known is refused.
 */
import { quoted, Rejected } from '#contracts';
import { expectedValues, type FieldRule, type Fields, type FieldTable, numberOf, putField, refused, simpleName } from './field-table.js';
import { isNameOf, type NamedValue, type NamedValues } from './named-values.js';
import { convert } from './units.js';

export interface SampleSender {
  readonly device: string;
  /** Of the device's record; null: none. */
  readonly periodS: number | null;
}

interface Moment {
  readonly channel: string;
  readonly atMs: number | null;
  readonly estimatedTime: boolean;
  readonly values: (readonly [NamedValue, FieldRule])[];
  periodS: number | null;
}

interface Place {
  readonly channel: string;
  readonly metric: string;
  readonly rule: FieldRule | null;
}

const periodNames = new Set(['period', 'periods', 'interval', 'intervals', 'sampleperiod', 'reportinterval']);

/** Readings in our own JSON, and each value that is wrong. */
export function readingsFromSamples({ device, values }: NamedValues, from: SampleSender, table: FieldTable): readonly (Fields | Rejected)[] {
  if (device !== null && !isNameOf(from.device, device)) return [mismatch(from.device, device)];
  const moments = new Map<string, Moment>();
  const wrong: Rejected[] = [];
  const unknown: string[] = [];
  let periodS: number | null = null;
  for (const value of values) {
    const name = device === null ? ownName(value.name, from.device) : value.name;
    if (name === null) return [mismatch(from.device, value.name)];
    const { channel, metric, rule } = placeOf(name, value, table);
    const isPeriod = rule === null && periodNames.has(simpleName(metric));
    if (rule === null && !isPeriod) {
      unknown.push(value.name);
      continue;
    }
    const moment = momentOf(moments, channel, value);
    if (isPeriod) {
      const seconds = secondsOf(value);
      if (seconds instanceof Rejected) wrong.push(seconds);
      else moment.periodS = periodS = seconds;
    } else {
      moment.values.push([value, rule!]);
      if (value.updateS !== undefined) moment.periodS ??= value.updateS;
    }
  }
  const measured = [...moments.values()].filter((moment) => moment.values.length > 0);
  if (measured.length === 0 && wrong.length === 0) return [expectedValues(table, unknown)];
  return [...measured.flatMap((moment) => readingAt(moment, periodS ?? from.periodS, table)), ...wrong];
}

function momentOf(moments: Map<string, Moment>, channel: string, { atMs, estimatedTime = false }: NamedValue): Moment {
  const key = `${channel} ${atMs}`;
  let moment = moments.get(key);
  if (moment === undefined) moments.set(key, (moment = { channel, atMs, estimatedTime, values: [], periodS: null }));
  return moment;
}

/** What is left of a name without that of the device. Null: it names something else. */
function ownName(name: string, device: string): string | null {
  if (name === device) return '';
  for (let at = name.indexOf(device); at >= 0; at = name.indexOf(device, at + 1)) {
    const end = at + device.length;
    if ((at === 0 || /[:/]/.test(name[at - 1]!)) && (end === name.length || /[:/._-]/.test(name[end]!))) return name.slice(end).replace(/^[:/._-]/, '');
  }
  // A name with parts says whose it is: it names another device then.
  return /[:/]/.test(name) ? null : name;
}

/** Longer names, and more parts, belong to nothing here, and would cost the more to look up the longer they are. */
const nameCharactersMax = 256;
const partsMax = 8;

/** The metric is the longest end of the name that the table knows; what stands before it is the channel. */
function placeOf(name: string, { unit }: NamedValue, { fields, byUnit }: FieldTable): Place {
  if (name === '') return { channel: '', metric: '', rule: byUnit.get(unit ?? '') ?? null };
  if (name.length > nameCharactersMax) return { channel: '', metric: '', rule: null };
  for (let at = 0, parts = 0; at >= 0 && parts < partsMax; at = nextPart(name, at), parts += 1) {
    const metric = name.slice(at);
    const rule = fields.get(simpleName(metric)) ?? null;
    if (rule !== null || periodNames.has(simpleName(metric))) return { channel: name.slice(0, Math.max(0, at - 1)), metric, rule };
  }
  return { channel: '', metric: name, rule: null };
}

function nextPart(name: string, at: number): number {
  const next = name.slice(at).search(/[:/.]/);
  return next < 0 ? -1 : at + next + 1;
}

function readingAt({ channel, atMs, estimatedTime, values, periodS }: Moment, otherwiseS: number | null, table: FieldTable): (Fields | Rejected)[] {
  const seconds = periodS ?? otherwiseS;
  if (seconds === null) return [refused(`${channel === '' ? '' : `${channel}.`}period`, 'expected how long a value stands for, in s: in the message, or in the codec of the device\'s record, such as senml-json:60')];
  const reading: Fields = { channel, periodS: seconds };
  if (atMs !== null) reading['observedAt'] = new Date(clamped(atMs - seconds * 1000)).toISOString();
  if (estimatedTime) reading['flags'] = ['estimated_time'];
  const wrong = values.flatMap(([value, rule]) => putField(reading, value, rule, table.keepRaw) ?? []);
  const isEmpty = values.length === wrong.length;
  return isEmpty ? wrong : [reading, ...wrong];
}

/** A time that no Date can hold is refused by the reading's schema, like any other that is out of range. */
function clamped(ms: number): number {
  return Math.max(-8.64e15, Math.min(8.64e15, ms));
}

function secondsOf(given: NamedValue): number | Rejected {
  const value = numberOf(given.value, []);
  if (typeof value === 'string' || value === null) return refused(given.name, typeof value === 'string' ? value : 'expected a number, found null');
  const seconds = convert(value, given.unit ?? 's', 's');
  return seconds === null ? refused(given.name, `expected a unit of time, found ${quoted(given.unit!)}`) : seconds;
}

function mismatch(device: string, found: string): Rejected {
  return new Rejected('device-mismatch', `device: expected ${device}, found ${quoted(found)}`);
}
