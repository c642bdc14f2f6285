/**
 * Which codec a content type means: the HTTP header `Content-Type`, or the property of an MQTT 5 PUBLISH.
 * It overrides the codec of the device's record; a message without one is read by that.
 *
 * `application/json` says too little: webhooks and brokers send it whatever their JSON holds. It means the device's own
 * codec where that reads JSON, and only else our own JSON.
 */
const codecByContentType: ReadonlyMap<string, string> = new Map([
  ['application/json', 'json'],
  ['application/senml+json', 'senml-json'],
  ['application/senml+cbor', 'senml-cbor'],
  ['application/ld+json', 'ngsi-ld'],
  ['application/geo+json', 'ngsi-ld'],
  ['application/vnd.ttn.v3+json', 'the-things-stack'],
]);

/** Codecs that read JSON of a form of their own. */
const otherJson: ReadonlySet<string> = new Set(['iris', 'senml-json', 'ngsi-v2', 'ngsi-ld', 'the-things-stack']);

export const contentTypes: readonly string[] = [...codecByContentType.keys()];

/** The codec of `application/json; charset=utf-8` and its like; parameters and case do not matter. Null: unknown. */
export function codecOfContentType(contentType: string): string | null {
  const end = contentType.indexOf(';');
  const name = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
  return codecByContentType.get(name) ?? null;
}

/**
 * The codec that a message is read by: `codec` is that of its content type (empty: it has none), `record` that of the
 * device, which may carry a period (`senml-json:60`) that holds for its own format alone.
 */
export function codecMeant(codec: string, record: string): string {
  const own = record.replace(/:\d+$/, '');
  return codec === '' || codec === own || (codec === 'json' && otherJson.has(own)) ? record : codec;
}
