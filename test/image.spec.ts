/** The Dockerfile, read and not built: there need be no Docker where this runs. What is copied is there, and no more is needed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { repository } from './support/places.js';

const text = (...path: string[]): string => readFileSync(join(repository, ...path), 'utf8');
const lines = text('infra/docker/Dockerfile').split('\n').filter((line) => /^[A-Z]/.test(line));
const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

test('it is built on a Node that is new enough and named to the last digit, without what only development needs', async () => {
  const { nodeMin } = (await import(pathToFileURL(join(repository, 'infra/local/settings.mjs')).href)) as { nodeMin: string };
  const bases = lines.filter((line) => line.startsWith('FROM ')).map((line) => line.split(' ')[1]!);
  expect(bases.slice(1).every((base) => base === 'base')).toBe(true);
  const [, version] = /^node:(\d+\.\d+\.\d+)-[a-z]+-slim$/.exec(bases[0]!)!;
  expect(numberOf(version!)).toBeGreaterThanOrEqual(numberOf(nodeMin));
  expect(lines).toContain('RUN npm ci --omit=dev');
  expect(last).toContain('COPY --from=packages /nhip/node_modules node_modules');
  expect(last.some((line) => line.includes('npm '))).toBe(false);
});

test('nothing in it is secret, and it is not run as root', () => {
  expect(last).toContain('USER node');
  expect(lines.filter((line) => /^(ENV|ARG) /.test(line))).toEqual(['ENV NODE_ENV=production']);
  expect(text('.dockerignore').split('\n')).toEqual(expect.arrayContaining(['*', '**/.env']));
});

test('everything it copies is there, and let through by .dockerignore', () => {
  const through = text('.dockerignore').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  for (const line of lines.filter((line) => line.startsWith('COPY ') && !line.includes('--from='))) {
    for (const source of line.split(' ').slice(1, -1)) {
      expect([source, existsSync(join(repository, source))]).toEqual([source, true]);
      expect([source, through.some((path) => source === path || source.startsWith(`${path}/`))]).toEqual([source, true]);
    }
  }
});

test('every package that the processes import is one of production', () => {
  const { dependencies } = JSON.parse(text('package.json')) as { dependencies: Record<string, string> };
  for (const place of ['apps', 'libs', 'infra/docker', 'infra/database', 'infra/local']) {
    const files = readdirSync(join(repository, place), { recursive: true, encoding: 'utf8' }).filter((file) => /\.(ts|mjs)$/.test(file) && !file.endsWith('.spec.ts'));
    for (const file of files) {
      for (const [, from] of text(place, file).matchAll(/^import (?!type )[^;]*?['"]([^'".#][^'"]*)['"];$/gm)) {
        const name = from!.split('/').slice(0, from!.startsWith('@') ? 2 : 1).join('/');
        if (!from!.startsWith('node:')) expect([`${place}/${file}`, name, name in dependencies]).toEqual([`${place}/${file}`, name, true]);
      }
    }
  }
});

test('folders that volumes take are made in it, and belong to its user', () => {
  const made = lines.find((line) => line.startsWith('RUN mkdir -p '))!;
  expect(made).toContain('chown -R node:node /var/lib/nhip');
  const { services } = parse(text('docker-compose.yml'), { merge: true }) as { services: Record<string, { image?: string; volumes?: string[] }> };
  const taken = Object.values(services).filter(({ image }) => image === 'nhip').flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':').find((part) => part.startsWith('/'))!));
  for (const target of taken.filter((target) => target.startsWith('/var/lib/'))) expect(made).toContain(target);
});

/** Of a version such as 24.20.0, in order. */
function numberOf(version: string): number {
  return version.split('.').reduce((sum, part) => sum * 1_000 + Number(part), 0);
}
