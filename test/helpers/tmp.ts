import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** An empty folder that is gone, with all that is in it, when its test ends. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  join(...names: string[]): string;
  /** Writes a file, with the folders above it; returns its path. */
  write(name: string, content: string | Uint8Array): Promise<string>;
  /** The names of what is in it. */
  list(): Promise<string[]>;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'modelpack-test-'));
  return {
    path,
    join: (...names) => join(path, ...names),
    async write(name, content) {
      const file = join(path, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
      return file;
    },
    list: async () => (await readdir(path)).toSorted(),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
