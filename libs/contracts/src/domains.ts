/**
 * The list of domains and their streams. One line here makes a domain known to ingest, api and alerts.
 *
 * Ingest knows nothing of a domain but this line: a publish to a stream that is not listed is refused.
 */
export const domains = {
  traffic: { streams: ['readings'] },
  pollution: { streams: ['readings'] },
} as const satisfies Record<string, { readonly streams: readonly string[] }>;

export type Domain = keyof typeof domains;

export const domainNames = Object.keys(domains) as Domain[];

export function isStream(domain: string, stream: string): boolean {
  return Object.hasOwn(domains, domain) && (domains[domain as Domain].streams as readonly string[]).includes(stream);
}
