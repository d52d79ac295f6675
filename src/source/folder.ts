import type { BigIntStats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve as absolute, sep } from 'node:path';

import { ModelpackError } from '../errors.ts';
import { identityOf, openDisk, unreadable } from '../disk.ts';
import { select } from './select.ts';
import type { Model, ModelFile, Source } from './source.ts';

/** A folder or a single file on this machine. A folder is taken whole, unless patterns choose from it. */
export const folder: Source = {
  spelling: './folder, ./file',
  accepts: isPath,
  async resolve(reference, selection) {
    const path = absolute(reference);
    const found = await stat(path, { bigint: true }).catch((error: unknown) =>
      Promise.reject(unreadable(reference, error)),
    );
    if (found.isFile()) return local(reference, dirname(path), [localFile(basename(path), found)]);
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

/** A file, and which one it was when it was listed. */
interface LocalFile extends ModelFile {
  readonly identity: string;
}

function localFile(path: string, found: BigIntStats): LocalFile {
  return { path, size: Number(found.size), identity: identityOf(found) };
}

function local(
  reference: string,
  root: string,
  files: readonly LocalFile[],
  leftOut: Model['leftOut'] = [],
): Model {
  const name = basename(absolute(reference));
  const identities = new Map(files.map((file) => [file.path, file.identity]));
  return {
    name,
    source: `./${name}`,
    files,
    leftOut,
    async checkAccess() {},
    async read(file, into, start, run) {
      await using disk = await openDisk(join(root, ...file.path.split('/')));
      if (disk.identity !== identities.get(file.path)) throw changed(disk.path);
      await disk.read(into, start);
      if (await disk.changed()) throw changed(disk.path);
      run.report({ type: 'bytes', count: into.length, from: 'disk' });
    },
  };
}

function changed(path: string): ModelpackError {
  return new ModelpackError('integrity', `${path} changed while it was read`, {
    hint: 'run the same command again when nothing writes to it',
  });
}

/** The files below `root`. A link is followed to a file inside it; any other link, and what is no file, is refused. */
async function walk(real: string, root: string): Promise<LocalFile[]> {
  const files: LocalFile[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) await checkLink(path, real, root);
    const found = await stat(path, { bigint: true });
    if (!found.isFile())
      throw refused(path, found.isDirectory() ? 'is a link to a folder' : 'is no regular file');
    files.push(localFile(relative(root, path).split(sep).join('/'), found));
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function checkLink(path: string, real: string, root: string): Promise<void> {
  const target = await realpath(path).catch(() => undefined);
  if (target === undefined) throw refused(path, 'is a link to nothing');
  if (!target.startsWith(real + sep))
    throw refused(path, `is a link that leads out of ${root}, to ${target}`);
}

function refused(path: string, why: string): ModelpackError {
  return new ModelpackError('usage', `${path} ${why}`, {
    hint: 'a folder is bundled whole: put the file itself there, or leave it out of the folder',
  });
}
