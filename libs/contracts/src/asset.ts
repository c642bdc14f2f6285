/**
 * What stands in the city, and which device watches it. Alarm flood, rights by area, map and level of service rest on it.
 */
import { z } from 'zod';
import { domainNames, type Domain } from './domains.js';
import { id } from './ids.js';

export const assetKinds = ['city', 'zone', 'segment', 'station', 'site', 'plaza', 'lane', 'cabinet'] as const;

const longitude = z.number().min(-180).max(180);
const latitude = z.number().min(-90).max(90);
const position = z.tuple([longitude, latitude]);

export const geometry = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Point'), coordinates: position }),
  z.object({ type: z.literal('LineString'), coordinates: z.array(position).min(2).max(10_000) }),
  z.object({ type: z.literal('MultiLineString'), coordinates: z.array(z.array(position).min(2)).min(1).max(1_000) }),
  z.object({ type: z.literal('Polygon'), coordinates: z.array(z.array(position).min(4)).min(1).max(1_000) }),
  z.object({ type: z.literal('MultiPolygon'), coordinates: z.array(z.array(z.array(position).min(4)).min(1)).min(1).max(1_000) }),
]);

export const asset = z.strictObject({
  id,
  kind: z.enum(assetKinds),
  parent: id.nullable().default(null),
  nameVi: z.string().min(1).max(200),
  nameEn: z.string().min(1).max(200),
  geometry: geometry.nullable().default(null),
  /** Ward or district, for rights by area. */
  zone: z.string().max(64).nullable().default(null),
  /** Selects the dated rows of traffic: `motorway`, `arterial`, `street` … */
  roadClass: z.string().max(32).nullable().default(null),
  lanes: z.int().min(1).max(32).nullable().default(null),
  lengthM: z.number().positive().max(100_000).nullable().default(null),
  freeFlowKmh: z.number().positive().max(200).nullable().default(null),
  /** IANA name; days of this asset follow it. */
  timeZone: z.string().max(64).default('Asia/Ho_Chi_Minh'),
});
export type Asset = z.infer<typeof asset>;

export const device = z.strictObject({
  id,
  domain: z.enum(domainNames as [Domain, ...Domain[]]),
  asset: id,
  /** The gateway that may publish for it, if any. */
  gateway: id.nullable().default(null),
  /** Format of its payloads; a content type on the message overrides it. */
  codec: id.default('json'),
  /** Replayed devices: no age limit, no silence check, never "latest". */
  replay: z.boolean().default(false),
});
export type Device = z.infer<typeof device>;

export const gateway = z.strictObject({ id, nameVi: z.string().min(1).max(200), nameEn: z.string().min(1).max(200), asset: id.nullable().default(null) });
export type Gateway = z.infer<typeof gateway>;
