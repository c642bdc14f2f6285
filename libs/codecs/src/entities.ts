/**
 * An entity of FIWARE to a reading: its attributes by a table, its period from `dateObserved` and its companions.
 *
 * An interval, or `dateObservedFrom` and `dateObservedTo`, is the period. A single `dateObserved` is its start, as the
 * examples of the data models have it, and its length that of the device's record (`ngsi-ld:3600`).
 */
import { quoted, Rejected } from '#contracts';
import { expectedValues, type Fields, type FieldTable, putField, refused, simpleName } from './field-table.js';
import { isNameOf, type NamedValue, type NamedValues } from './named-values.js';
import { utcMs } from './ngsi.js';
import type { SampleSender } from './samples.js';

export interface EntityForm {
  readonly type: string;
  readonly table: FieldTable;
  /** Adds to the reading what is not a number, such as its channel. Hands back why it cannot. */
  complete(reading: Fields, attribute: (name: string) => NamedValue['value']): Rejected | null;
}

/** The reading in our own JSON, and each value that is wrong. */
export function readingsFromEntity({ device, type, values }: NamedValues, from: SampleSender, { type: expected, table, complete }: EntityForm): readonly (Fields | Rejected)[] {
  if (type !== expected) return [refused('type', `expected ${expected}, found ${quoted(type ?? '')}`)];
  if (device !== null && !isNameOf(from.device, device)) return [new Rejected('device-mismatch', `refDevice: expected ${from.device}, found ${quoted(device)}`)];
  const attributes = new Map(values.map((value) => [simpleName(value.name), value]));
  const reading = periodOf(attributes, values, from.periodS);
  if (reading instanceof Rejected) return [reading];
  const wrong: Rejected[] = [];
  let taken = 0;
  for (const [name, value] of attributes) {
    const rule = table.fields.get(name);
    if (rule === undefined) continue;
    const refusal = putField(reading, value, rule, table.keepRaw);
    if (refusal === null) taken += 1;
    else wrong.push(refusal);
  }
  if (taken === 0) return wrong.length > 0 ? wrong : [expectedValues(table, values.map(({ name }) => name))];
  const incomplete = complete(reading, (name) => attributes.get(simpleName(name))?.value ?? null);
  return incomplete === null ? [reading, ...wrong] : [incomplete];
}

/** A reading that has its time alone. */
function periodOf(attributes: ReadonlyMap<string, NamedValue>, values: readonly NamedValue[], recordPeriodS: number | null): Fields | Rejected {
  const time = (name: string): number | null | Rejected => timeOf(attributes.get(simpleName(name))?.value ?? null, name);
  const [from, to] = [time('dateObservedFrom'), time('dateObservedTo')];
  if (from instanceof Rejected || to instanceof Rejected) return (from instanceof Rejected ? from : to) as Rejected;
  if (from !== null && to !== null) return period(from, to, 'dateObservedTo');
  const observed = attributes.get('dateobserved')?.value ?? null;
  const parts = typeof observed === 'string' ? observed.split('/') : [];
  if (parts.length === 2) {
    const [start, end] = parts.map((part) => timeOf(part, 'dateObserved')) as [number | Rejected, number | Rejected];
    if (start instanceof Rejected || end instanceof Rejected) return (start instanceof Rejected ? start : end) as Rejected;
    return period(start, end, 'dateObserved');
  }
  const start = from ?? timeOf(observed, 'dateObserved');
  if (start instanceof Rejected) return start;
  if (recordPeriodS === null) return refused('dateObserved', 'expected an interval, or dateObservedFrom and dateObservedTo, or a period in the codec of the device\'s record, such as ngsi-ld:3600');
  if (start !== null) return { observedAt: new Date(start).toISOString(), periodS: recordPeriodS };
  // Without the model's own time, that at which the broker says that the newest value was recorded.
  const recordedMs = values.reduce<number | null>((newest, { atMs }) => (atMs !== null && atMs > (newest ?? Number.NEGATIVE_INFINITY) ? atMs : newest), null);
  return recordedMs === null ? { periodS: recordPeriodS } : { observedAt: new Date(recordedMs - recordPeriodS * 1000).toISOString(), periodS: recordPeriodS };
}

function period(startMs: number, endMs: number, field: string): Fields | Rejected {
  if (!(endMs > startMs)) return refused(field, 'expected an end after the start');
  return { observedAt: new Date(startMs).toISOString(), periodS: (endMs - startMs) / 1000 };
}

function timeOf(value: NamedValue['value'], field: string): number | null | Rejected {
  if (value === null) return null;
  const ms = typeof value === 'string' ? utcMs(value) : Number.NaN;
  return Number.isNaN(ms) ? refused(field, 'expected a time such as 2026-11-22T07:00:00Z, or an interval of two with "/" between them') : ms;
}
