import { codecMeant, codecOfContentType } from './content-types.js';

test.each([
  ['application/json', 'json'],
  ['Application/JSON; charset=utf-8', 'json'],
  ['application/ld+json;profile=x', 'ngsi-ld'],
  ['application/senml+cbor', 'senml-cbor'],
  ['text/plain', null],
  ['', null],
])('%s is %s', (contentType, codec) => {
  expect(codecOfContentType(contentType)).toBe(codec);
});

test.each([
  ['no content type', '', 'the-things-stack:600', 'the-things-stack:600'],
  ['JSON of a device with our own', 'json', 'json', 'json'],
  ['JSON of a device with another JSON', 'json', 'the-things-stack:600', 'the-things-stack:600'],
  ['JSON of a device with another JSON', 'json', 'iris', 'iris'],
  ['JSON of a device that sends no JSON', 'json', 'pems', 'json'],
  ['JSON of a device that sends no JSON', 'json', 'senml-cbor:60', 'json'],
  ['the format of the record keeps its period', 'senml-json', 'senml-json:60', 'senml-json:60'],
  ['another format', 'senml-cbor', 'senml-json:60', 'senml-cbor'],
  ['JSON-LD of a device with NGSI-v2', 'ngsi-ld', 'ngsi-v2:3600', 'ngsi-ld'],
])('%s (%s, record %s): %s', (_, codec, record, meant) => {
  expect(codecMeant(codec, record)).toBe(meant);
});
