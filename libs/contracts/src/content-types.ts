/**
 * Which codec a content type means: the HTTP header `Content-Type`, or the property of an MQTT 5 PUBLISH.
 * It overrides the codec of the device's record; a message without one is read by that.
 */
const codecByContentType: ReadonlyMap<string, string> = new Map([
  ['application/json', 'json'],
  ['application/senml+json', 'senml-json'],
  ['application/senml+cbor', 'senml-cbor'],
  ['application/ld+json', 'ngsi-ld'],
  ['application/vnd.ttn.v3+json', 'the-things-stack'],
]);

export const contentTypes: readonly string[] = [...codecByContentType.keys()];

/** The codec of `application/json; charset=utf-8` and its like; parameters and case do not matter. Null: unknown. */
export function codecOfContentType(contentType: string): string | null {
  const end = contentType.indexOf(';');
  const name = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
  return codecByContentType.get(name) ?? null;
}
