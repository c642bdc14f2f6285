/** A device or gateway connected or went away: what ingest tells `city.devices.connections.v1`. */
import { z } from 'zod';
import { id, instant } from './ids.js';

export const connectionEvent = z.strictObject({
  client: id,
  state: z.enum(['connected', 'disconnected']),
  at: instant,
  /** Why it ended: `closed`, `keep-alive`, `taken-over`, `revoked`, `protocol-error`, `shutdown` …; empty when connected. */
  reason: z.string().max(64),
  protocol: z.enum(['mqtt3.1.1', 'mqtt5']),
  address: z.string().max(64),
});
export type ConnectionEvent = z.infer<typeof connectionEvent>;

/** A message down to a connected device: topic below its own name, delivered at QoS 0 or 1 to whoever is connected now. */
export const command = z.strictObject({
  device: id,
  /** The part after `city/<domain>/<device>/`. */
  topic: z.string().min(1).max(200),
  domain: z.string().min(1).max(64),
  qos: z.union([z.literal(0), z.literal(1)]),
  payloadBase64: z.base64(),
});
export type Command = z.infer<typeof command>;
