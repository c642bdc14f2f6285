/** The load of each domain: how it is written into packets, and what its rows and aggregates must then hold. */
import type { Domain } from '#contracts';
import { airPayload } from './air-payload.js';
import { trafficPayload } from './payload.js';
import type { Payload } from './payload-form.js';

const payloads: Readonly<Record<Domain, Payload>> = { traffic: trafficPayload, pollution: airPayload };

export function payloadOf(domain: Domain): Payload {
  return payloads[domain];
}
