/** Calls to the private ports of the domains, for commands of people: signed in their own name. */
import type { Domain } from '#contracts';
import { principalHeader, signPrincipal } from '#service';
import { userInfo } from 'node:os';

export interface DomainClient {
  readonly domains: readonly string[];
  /** The answer's JSON. Throws with the problem's detail, or with what to do when the domain is not running. */
  call(domain: Domain | string, method: 'GET' | 'POST', path: string): Promise<unknown>;
}

const deadlineMs = 30_000;

export function domainClient(urls: ReadonlyMap<string, URL>, secret: string): DomainClient {
  const person = { person: `cli:${userInfo().username}`, roles: ['admin'], areas: [] };
  return {
    domains: [...urls.keys()],
    async call(domain, method, path) {
      const url = urls.get(domain);
      if (url === undefined) throw new Error(`there is no domain ${domain}; known: ${[...urls.keys()].join(', ')}`);
      const whole = `/v1/${domain}/${path}`;
      const header = signPrincipal(secret, person, { method, path: whole }, Date.now());
      let answer: Response;
      try {
        answer = await fetch(new URL(whole, url), { method, headers: { [principalHeader]: header }, signal: AbortSignal.timeout(deadlineMs) });
      } catch (error) {
        throw new Error(`${domain} does not answer at ${url.href}: is the city running (npm start)?`, { cause: error });
      }
      const body: unknown = await answer.json().catch(() => null);
      if (!answer.ok) throw new Error((body as { detail?: string; title?: string } | null)?.detail ?? `${domain} answered ${answer.status}`);
      return body;
    },
  };
}
