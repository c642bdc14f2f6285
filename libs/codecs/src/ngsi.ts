/**
 * Entities of FIWARE context brokers, in every form they are sent: NGSI-v2 and NGSI-LD, normalised, concise and
 * key-values, JSON-LD with `@context`, GeoJSON features, and the notification of a subscription around any of them.
 *
 * Names that a broker has written out (`https://smartdatamodels.org/dataModel.Transportation/intensity`) are cut to their
 * last part; what is structured (a location, an address) is no value and is left out.
 */
import { instantMs, quoted, Rejected } from '#contracts';
import { decodeJson, elementsMax } from './json.js';
import { isObject, type NamedValue, type NamedValues, valuesMax } from './named-values.js';

type Json = Readonly<Record<string, unknown>>;

/** Not attributes, or of a form that no value has. */
const skipped = new Set(['id', '@id', 'type', '@type', '@context', 'location', 'address', 'geometry', 'scope']);
const ngsiLdNull = 'urn:ngsi-ld:null';

/** One element for each entity, in their order. Throws Rejected as `decodeJson` does. */
export function decodeNgsi(bytes: Buffer, start: number, end: number): readonly unknown[] {
  const messages = decodeJson(bytes, start, end);
  const elements: (NamedValues | Rejected)[] = [];
  let values = 0;
  for (const [index, message] of messages.entries()) {
    for (const [place, entity] of entitiesIn(message, messages.length === 1 ? '' : `[${index}]`)) {
      const read = readEntity(entity, place);
      elements.push(read);
      values += read instanceof Rejected ? 0 : read.values.length;
      if (elements.length > elementsMax || values > valuesMax) throw new Rejected('too-large', `expected at most ${elementsMax} entities with ${valuesMax} values`);
    }
  }
  if (elements.length === 0) throw new Rejected('undecodable', 'data: expected at least one entity');
  return elements;
}

/** The entities of a notification or a collection of features, else the message itself; with the place of each. */
function entitiesIn(message: unknown, place: string): readonly (readonly [string, unknown])[] {
  if (!isObject(message)) return [[place, message]];
  const [name, inner] = 'data' in message && ('subscriptionId' in message || message['type'] === 'Notification') ? ['data', message['data']] : message['type'] === 'FeatureCollection' ? ['features', message['features']] : ['', null];
  if (name === '') return [[place, message]];
  const at = place === '' ? name : `${place}.${name}`;
  // GeoJSON notifications hold a collection within the data.
  if (isObject(inner)) return entitiesIn(inner, at);
  if (!Array.isArray(inner)) return [[at, inner]];
  return inner.map((entity: unknown, index) => [`${at}[${index}]`, entity] as const);
}

function readEntity(entity: unknown, place: string): NamedValues | Rejected {
  if (!isObject(entity)) return refused(place, '', 'expected an entity, an object');
  const attributes = entity['type'] === 'Feature' && isObject(entity['properties']) ? entity['properties'] : entity;
  const given = attributes['type'] ?? attributes['@type'];
  const type: unknown = Array.isArray(given) && given.length === 1 ? given[0] : given;
  if (typeof type !== 'string' || type === '') return refused(place, 'type', 'expected the type of the entity, a text');
  const values: NamedValue[] = [];
  let device: string | null = null;
  for (const [written, attribute] of Object.entries(attributes)) {
    if (skipped.has(written)) continue;
    const value = readAttribute(localName(written), attribute);
    if (typeof value === 'string') return refused(place, quoted(written), value);
    if (value === null) continue;
    values.push(value);
    if (value.name === 'refDevice' && typeof value.value === 'string') device = value.value;
  }
  return { device, type: localName(type), values };
}

/** Null: nothing that is a value. A text: what is wrong with it. */
function readAttribute(name: string, given: unknown): NamedValue | string | null {
  const attribute = Array.isArray(given) ? instanceOf(given) : given;
  if (attribute === undefined) return null;
  if (!isObject(attribute)) return { name, value: scalar(attribute) ?? null, unit: null, atMs: null };
  if ('@value' in attribute) return plain(name, attribute);
  const held = 'value' in attribute ? attribute['value'] : attribute['object'];
  const value = scalar(isObject(held) && '@value' in held ? held['@value'] : held);
  if (value === undefined) return null;
  const metadata = isObject(attribute['metadata']) ? attribute['metadata'] : {};
  const unit = inner(attribute['unitCode']) ?? inner(metadata['unitCode']) ?? inner(metadata['unit']);
  const at = inner(attribute['observedAt']) ?? inner(metadata['TimeInstant']) ?? inner(metadata['observedAt']) ?? inner(metadata['timestamp']);
  const atMs = at === undefined ? null : utcMs(String(at));
  if (Number.isNaN(atMs)) return 'observedAt: expected a time such as 2026-11-22T07:00:00Z';
  return { name, value, unit: typeof unit === 'string' ? unit : null, atMs };
}

function plain(name: string, attribute: Json): NamedValue | null {
  const value = scalar(attribute['@value']);
  return value === undefined ? null : { name, value, unit: null, atMs: null };
}

/** Of several instances of one attribute the default one, which has no datasetId; of a list of one its element. */
function instanceOf(instances: readonly unknown[]): unknown {
  if (instances.length === 1) return instances[0];
  return instances.find((one) => isObject(one) && 'value' in one && !('datasetId' in one));
}

function scalar(value: unknown): number | string | boolean | null | undefined {
  if (value === ngsiLdNull) return null;
  return value === null || ['number', 'string', 'boolean'].includes(typeof value) ? (value as number | string | boolean | null) : undefined;
}

/** Metadata of NGSI-v2 are `{ type, value }`, those of NGSI-LD values themselves. */
function inner(value: unknown): unknown {
  if (isObject(value)) return value['value'] ?? value['@value'];
  return value ?? undefined;
}

/** After the last `/`, `#` or `:` of a name that is a URI or a compact one. */
function localName(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('#'), name.lastIndexOf(':')) + 1);
}

/** ms since 1970; a time without a zone is UTC, as the data models of FIWARE have it. NaN: no time. */
export function utcMs(text: string): number {
  return instantMs(/^\d{4}-\d\d-\d\dT[\d:.]+$/.test(text) ? `${text.length === 16 ? `${text}:00` : text}Z` : text);
}

function refused(place: string, field: string, expected: string): Rejected {
  const where = [place, field].filter((part) => part !== '').join('.');
  return new Rejected('invalid', `${where === '' ? 'message' : where}: ${expected}`);
}
