import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve as absolute, sep } from 'node:path';

import { ModelpackError } from '../errors.ts';
import { openDisk, unreadable } from '../disk.ts';
import { select } from './select.ts';
import type { Model, ModelFile, Source } from './source.ts';

/** A folder or a single file on this machine. A folder is taken whole, unless patterns choose from it. */
export const folder: Source = {
  spelling: './folder, ./file',
  accepts: isPath,
  async resolve(reference, selection) {
    const path = absolute(reference);
    const found = await stat(path).catch((error: unknown) => Promise.reject(unreadable(reference, error)));
    if (found.isFile()) return local(reference, dirname(path), [{ path: basename(path), size: found.size }]);
    if (!found.isDirectory())
      throw new ModelpackError('usage', `${reference} is neither a file nor a folder`);
    const files = await walk(await realpath(path), path);
    if (files.length === 0) throw new ModelpackError('not-found', `${reference} holds no files`);
    const chosen = selection.include.length > 0 || selection.exclude.length > 0;
    const { kept, leftOut } = select(
      files,
      chosen ? selection : { ...selection, weights: undefined, all: true },
    );
    return local(reference, path, kept, leftOut);
  },
};

/** Paths begin as paths do; everything else is a name somewhere. */
export function isPath(reference: string): boolean {
  return /^(\.{1,2}$|\.{0,2}\/|~\/|[A-Za-z]:[\\/])/.test(reference);
}

function local(
  reference: string,
  root: string,
  files: readonly ModelFile[],
  leftOut: Model['leftOut'] = [],
): Model {
  const name = basename(absolute(reference));
  return {
    name,
    source: `./${name}`,
    files,
    leftOut,
    async checkAccess() {},
    async read(file, into, start, run) {
      await using disk = await openDisk(join(root, ...file.path.split('/')));
      if (disk.size !== file.size) {
        throw new ModelpackError(
          'integrity',
          `${disk.path} changed while it was read: ${disk.size} bytes, was ${file.size}`,
        );
      }
      await disk.read(into, start);
      run.report({ type: 'bytes', count: into.length, from: 'disk' });
    },
  };
}

/** The regular files below `root`. A link is followed to a file inside it; any other link is refused. */
async function walk(real: string, root: string): Promise<ModelFile[]> {
  const files: ModelFile[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const target = entry.isSymbolicLink() ? await realpath(path).catch(() => undefined) : path;
    if (entry.isSymbolicLink() && target?.startsWith(real + sep) !== true) {
      throw new ModelpackError('usage', `${path} is a link that leads out of ${root}`, {
        hint: 'replace it by what it leads to',
      });
    }
    const found = await stat(path);
    if (entry.isSymbolicLink() && found.isDirectory()) {
      throw new ModelpackError('usage', `${path} is a link to a folder`, {
        hint: 'replace it by the folder',
      });
    }
    if (found.isFile()) files.push({ path: relative(root, path).split(sep).join('/'), size: found.size });
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
