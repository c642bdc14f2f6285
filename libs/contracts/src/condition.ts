/**
 * A condition, from the domain that sees it to alerts, which makes an alarm of it.
 *
 * `seq` grows by 1 per condition inside the domain's own transaction, so that alerts applies last + 1, ignores what is
 * older, and knows of a gap. `late` marks a finding about the past: it is history and never changes live state.
 */
import { z } from 'zod';
import { domainNames, type Domain } from './domains.js';
import { id, instant } from './ids.js';

export const conditionStates = ['active', 'clear', 'bad'] as const;

export const conditionIdPattern = /^[a-z]+\/[a-z][a-z0-9-]*\/[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

export const condition = z.strictObject({
  conditionId: z.string().regex(conditionIdPattern, 'expected <domain>/<type>/<asset>'),
  seq: z.int().positive(),
  state: z.enum(conditionStates),
  level: z.string().max(32),
  observedAt: instant,
  value: z.number().nullable(),
  limit: z.number().nullable(),
  unit: z.string().max(16),
  limitRowId: z.string().max(64),
  ruleVersion: z.string().max(32),
  causeId: z.string().max(200),
  late: z.boolean(),
});
export type Condition = z.infer<typeof condition>;

export function conditionId(domain: Domain, type: string, asset: string): string {
  return `${domain}/${type}/${asset}`;
}

export function conditionDomain(of: Pick<Condition, 'conditionId'>): Domain | null {
  const name = of.conditionId.slice(0, of.conditionId.indexOf('/'));
  return domainNames.find((domain) => domain === name) ?? null;
}

export const conditionAsset = id;
