// The health check of a container: `node ready.mjs URL` ends with 0 when URL answers 2xx.
const answer = await fetch(process.argv[2] ?? '', { signal: AbortSignal.timeout(4_000) }).catch(() => null);
process.exit(answer?.ok ? 0 : 1);
