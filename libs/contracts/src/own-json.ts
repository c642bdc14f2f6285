/**
 * The schema of one element of our own JSON, by domain and stream: what a door that can explain itself checks at once.
 */
import type { z } from 'zod';
import type { Domain } from './domains.js';
import { pollutionReading } from './pollution.js';
import { trafficReading } from './traffic.js';

const schemas: Readonly<Record<Domain, Readonly<Record<string, z.ZodType>>>> = {
  traffic: { readings: trafficReading },
  pollution: { readings: pollutionReading },
};

/** Null when the stream has no JSON of ours; its payloads are then judged by the domain alone. */
export function ownJson(domain: string, stream: string): z.ZodType | null {
  if (!Object.hasOwn(schemas, domain)) return null;
  const streams = schemas[domain as Domain];
  return Object.hasOwn(streams, stream) ? streams[stream]! : null;
}
