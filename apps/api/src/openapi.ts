/**
 * One OpenAPI document of all that can be asked through api: its own, and what the domains say of themselves.
 *
 * A domain is asked again once a minute, when somebody wants the document. One that is away is described as it was when it
 * last answered; one that never did stands in `x-nhip-absent`.
 */
import { openApiOf, type Json, type Logger, type OpenApiDocument } from '#service';
import type { Type } from '@nestjs/common';

export interface MergeOptions {
  /** Private ports, by the first part of the path after `/v1/`. */
  readonly urls: ReadonlyMap<string, URL>;
  readonly controllers: readonly Type[];
  readonly log: Logger;
}

export interface MergedDocument {
  read(): Promise<OpenApiDocument & Json>;
}

const freshMs = 60_000;
const deadlineMs = 2_000;

export function mergedDocument({ urls, controllers, log }: MergeOptions): MergedDocument {
  const own = openApiOf({ service: 'api', title: 'Nhịp', description: about, controllers });
  const known = new Map<string, OpenApiDocument>();
  let merged: Promise<OpenApiDocument & Json> | null = null;
  let atMs = Number.NEGATIVE_INFINITY;

  async function ask([name, url]: [string, URL]): Promise<void> {
    try {
      const answer = await fetch(new URL('/openapi.json', url), { signal: AbortSignal.timeout(deadlineMs) });
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      const document = (await answer.json()) as OpenApiDocument;
      if (!String(document.openapi).startsWith('3.1.')) throw new Error('answered something else');
      known.set(name, document);
    } catch (error) {
      log.warn({ domain: name, error: String(error) }, 'domain does not describe itself now');
    }
  }

  return {
    read() {
      if (merged === null || Date.now() - atMs > freshMs) {
        atMs = Date.now();
        merged = Promise.all([...urls].map(ask)).then(() => {
          // Whoever asks next shall not wait a minute for a domain that is just starting.
          if (known.size < urls.size) atMs = Number.NEGATIVE_INFINITY;
          return merge(own, known, [...urls.keys()]);
        });
      }
      return merged;
    },
  };
}

/** What lies below `/v1/<name>` of each domain, beside api's own. A schema of another content under a taken name gets the domain's before its own. */
export function merge(own: OpenApiDocument, domains: ReadonlyMap<string, OpenApiDocument>, names: readonly string[]): OpenApiDocument & Json {
  const paths: Record<string, Record<string, Json>> = { ...own.paths };
  const schemas: Record<string, Json> = { ...own.components.schemas };
  const tags = [...own.tags];
  for (const name of names) {
    const document = domains.get(name);
    if (document === undefined) continue;
    const renamed = new Map<string, string>();
    for (const [id, schema] of Object.entries(document.components.schemas)) if (id in schemas && JSON.stringify(schemas[id]) !== JSON.stringify(schema)) renamed.set(id, `${name}.${id}`);
    for (const [id, schema] of Object.entries(document.components.schemas)) schemas[renamed.get(id) ?? id] = withNames(schema, renamed) as Json;
    for (const [path, methods] of Object.entries(document.paths)) {
      if (path !== `/v1/${name}` && !path.startsWith(`/v1/${name}/`)) continue;
      paths[path] = Object.fromEntries(Object.entries(methods).map(([method, operation]) => [method, forwarded(withNames(operation, renamed) as Json)]));
    }
    for (const tag of document.tags) if (!tags.some((known) => known.name === tag.name)) tags.push(tag);
  }
  return {
    ...own,
    tags,
    paths,
    security: [{ token: [] }, { session: [] }],
    components: {
      ...own.components,
      schemas,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'For programs: made by `POST /v1/tokens`' },
        session: { type: 'apiKey', in: 'cookie', name: 'nhip', description: 'For browsers: made by signing in; a change needs the header that `GET /v1/session` tells as well' },
      },
    },
    'x-nhip-absent': names.filter((name) => !domains.has(name)),
  };
}

const about = 'Everything that people and programs can ask of the city. Times are UTC (RFC 3339). Errors are problems (RFC 9457): `field` names what is wrong, `expected` what it should have been. `x-nhip-role` is the lowest role that may call; whoever has areas sees what lies in them.';

/** The way through api can fail, too. */
function forwarded(operation: Json): Json {
  const responses = operation['responses'] as Json;
  return { ...operation, responses: { ...responses, ...Object.fromEntries([502, 504].map((status) => [status, { $ref: `#/components/responses/Problem${status}` }])) } };
}

function withNames(value: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (renamed.size === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => withNames(one, renamed));
  return Object.fromEntries(
    Object.entries(value).map(([key, of]) => {
      if (key !== '$ref' || typeof of !== 'string') return [key, withNames(of, renamed)];
      const id = of.slice(of.lastIndexOf('/') + 1);
      return [key, of.startsWith('#/components/schemas/') ? `#/components/schemas/${renamed.get(id) ?? id}` : of];
    }),
  );
}
