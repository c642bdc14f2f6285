/** Which of the content types that a route can give a caller prefers (RFC 9110 §12.5.1); null: none of them. */
export function preferred<T extends string>(accept: string | undefined, offered: readonly T[]): T | null {
  if (accept === undefined || accept.trim() === '') return offered[0]!;
  const ranges = accept.split(',').map((text) => {
    const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
    const q = Number(/^q=([01](?:\.\d{0,3})?)$/.exec(parameters.find((parameter) => parameter.startsWith('q=')) ?? 'q=1')?.[1] ?? 0);
    return { range, q };
  });
  let best: { type: T; q: number } | null = null;
  for (const type of offered) {
    const q = qualityOf(type, ranges);
    if (q > 0 && (best === null || q > best.q)) best = { type, q };
  }
  return best?.type ?? null;
}

/** Of the most exact range that covers the type. */
function qualityOf(type: string, ranges: readonly { readonly range: string; readonly q: number }[]): number {
  for (const range of [type, `${type.split('/')[0]}/*`, '*/*']) {
    const found = ranges.find((one) => one.range === range);
    if (found !== undefined) return found.q;
  }
  return 0;
}
