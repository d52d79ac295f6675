import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The setup of all tests: compiles `src` if `dist` is older, since the command line is tested as it is shipped. */
export default async function build(): Promise<void> {
  const [sources, built] = [await newest('src'), await newest('dist')];
  if (sources <= built) return;
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const compiled = promisify(execFile)(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    timeout: 120_000,
  });
  await compiled.catch((error: Error & { stdout?: string }) => {
    throw new Error(`src does not compile:\n${error.stdout ?? ''}`, { cause: error });
  });
}

/** When a file of the folder was last written, as milliseconds; 0 for no file at all. */
async function newest(folder: string): Promise<number> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const times = await Promise.all(files.map(({ parentPath, name }) => stat(join(parentPath, name))));
  return Math.max(0, ...times.map(({ mtimeMs }) => mtimeMs));
}
