/** The OpenAPI document as a page to read: made here, so that it needs no script and nothing from elsewhere. */
import type { Json, OpenApiDocument } from '#service';

export function docsPage(document: OpenApiDocument & Json): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
  const absent = document['x-nhip-absent'] as string[];
  const sections = document.tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => (operation['tags'] as string[]).includes(name));
    return own.length === 0 ? '' : `<section id="${escaped(name)}"><h2>${escaped(name)}</h2>${own.map((one) => route(document, one)).join('')}</section>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(document.info.title)} – API</title><link rel="stylesheet" href="/docs.css"></head>
<body><header><h1>${escaped(document.info.title)} <small>API</small></h1><p>${inline(document.info.description ?? '')}</p><p>As a file: <a href="/v1/openapi.json">/v1/openapi.json</a> (OpenAPI ${escaped(document.openapi)})</p>
${absent.length === 0 ? '' : `<p class="absent">Not described now, since they do not answer: ${absent.map(escaped).join(', ')}</p>`}
<nav>${document.tags.map(({ name }) => `<a href="#${escaped(name)}">${escaped(name)}</a>`).join(' ')}</nav></header><main>${sections.join('')}<section id="schemas"><h2>schemas</h2>${Object.entries(document.components.schemas).map(schemaBlock).join('')}</section></main></body></html>
`;
}

function route(document: OpenApiDocument, { path, method, operation }: { readonly path: string; readonly method: string; readonly operation: Json }): string {
  const parameters = (operation['parameters'] ?? []) as Json[];
  const body = operation['requestBody'] as { content: Json } | undefined;
  const responses = operation['responses'] as Record<string, Json>;
  return `<details id="${escaped(String(operation['operationId'] ?? `${method} ${path}`))}"><summary><span class="method ${escaped(method)}">${escaped(method.toUpperCase())}</span> <code>${escaped(path)}</code> <span>${inline(String(operation['summary'] ?? ''))}</span> <em>${escaped(String(operation['x-nhip-role'] ?? ''))}</em></summary>
<div>${paragraphs(String(operation['description'] ?? ''))}
${parameters.length === 0 ? '' : `<table><thead><tr><th>parameter</th><th>in</th><th>form</th><th></th></tr></thead><tbody>${parameters.map((one) => `<tr><td><code>${escaped(String(one['name']))}</code>${one['required'] === true ? ' *' : ''}</td><td>${escaped(String(one['in']))}</td><td>${form(one['schema'] as Json)}</td><td>${inline(String(one['description'] ?? ''))}</td></tr>`).join('')}</tbody></table>`}
${body === undefined ? '' : Object.entries(body.content).map(([type, of]) => `<p>Body <code>${escaped(type)}</code></p>${code((of as Json)['schema'])}`).join('')}
<table><thead><tr><th>answer</th><th></th><th></th></tr></thead><tbody>${Object.entries(responses).map(([status, one]) => answer(status, resolved(document, one))).join('')}</tbody></table></div></details>`;
}

function answer(status: string, { description, content = {} }: Json): string {
  const bodies = Object.entries(content as Json).map(([type, of]) => `<code>${escaped(type)}</code> ${form((of as Json)['schema'] as Json)}`);
  return `<tr><td>${escaped(status)}</td><td>${inline(String(description))}</td><td>${bodies.join('<br>')}</td></tr>`;
}

function resolved(document: OpenApiDocument, one: Json): Json {
  const reference = /^#\/components\/responses\/(.+)$/.exec(String(one['$ref'] ?? ''))?.[1];
  return reference === undefined ? one : (document.components.responses[reference] ?? one);
}

/** A short one in words, a longer one to be opened. */
function form(schema: Json | undefined): string {
  if (schema === undefined) return '';
  const reference = /^#\/components\/schemas\/(.+)$/.exec(String(schema['$ref'] ?? ''))?.[1];
  if (reference !== undefined) return `<a href="#schema-${escaped(reference)}">${escaped(reference)}</a>`;
  if (schema['type'] === 'array') return `list of ${form(schema['items'] as Json)}`;
  if (schema['type'] === 'object' || schema['anyOf'] !== undefined) return `<details><summary>${escaped(String(schema['type'] ?? 'one of several'))}</summary>${code(schema)}</details>`;
  const { type, description: _, ...rest } = schema;
  const limits = Object.entries(rest).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return escaped([String(type ?? 'anything'), ...limits].join(', '));
}

function schemaBlock([name, schema]: [string, Json]): string {
  return `<details id="schema-${escaped(name)}"><summary><code>${escaped(name)}</code></summary>${code(schema)}</details>`;
}

function code(value: unknown): string {
  return `<pre>${escaped(JSON.stringify(value, null, 2))}</pre>`;
}

function paragraphs(markdown: string): string {
  return markdown
    .split('\n\n')
    .map((part) => (/^[*-] /.test(part) ? `<ul>${part.split('\n').map((line) => `<li>${inline(line.replace(/^[*-] /, ''))}</li>`).join('')}</ul>` : `<p>${inline(part)}</p>`))
    .join('');
}

/** Of Markdown `code` and **bold** alone. */
function inline(markdown: string): string {
  return escaped(markdown)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>');
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
