// After the build: what is not TypeScript (migrations, pages and their scripts) goes beside the compiled files that read it.
import { cpSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const wanted = /\.(sql|html|css|js|csv|json)$/;

function copyBelow(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) copyBelow(path);
    else if (wanted.test(name) && /\/src\//.test(path)) {
      const to = join('dist', path);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(path, to);
    }
  }
}

for (const folder of ['libs', 'apps']) copyBelow(folder);
