// Installs and builds what is missing, and only then: `npm test` and `npm run demo` work in a fresh clone.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function modified(path) {
  return existsSync(join(root, path)) ? statSync(join(root, path)).mtimeMs : 0;
}

function newest(folder) {
  const entries = readdirSync(join(root, folder), { recursive: true });
  return Math.max(...entries.map((entry) => modified(join(folder, entry))));
}

function npm(...args) {
  const { status, error } = spawnSync('npm', args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if (modified('node_modules/.package-lock.json') < modified('package-lock.json'))
  npm('ci', '--no-audit', '--no-fund');
if (modified('dist/index.js') < Math.max(newest('src'), modified('tsconfig.build.json')))
  npm('run', '--silent', 'build');
