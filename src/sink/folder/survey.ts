import { readdir, realpath, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

import pLimit from 'p-limit';

import type { Content } from '../../bytes.ts';
import { hashOf, openDisk } from '../../disk.ts';
import { ModelpackError } from '../../errors.ts';
import type { Run } from '../../events.ts';
import { onDisk } from '../disk-failure.ts';
import { parentOf, statIfThere, type Folders } from './folders.ts';
import type { PlacedFile } from './layout.ts';
import { isTemporary } from './names.ts';

/** Hashed at once: enough that one is read while another is hashed. */
const HASHES = 4;

/**
 * Looks for the files that are there already, of the right size and sha256.
 *
 * @throws ModelpackError `usage` when something stands where a file or a folder must be
 */
export async function findRight(
  folders: Folders,
  files: readonly PlacedFile[],
  run: Run,
): Promise<Set<PlacedFile>> {
  const there: PlacedFile[] = [];
  for (const file of files) {
    run.signal.throwIfAborted();
    if ((await sizeThere(folders, file.path)) === file.size) there.push(file);
  }
  const right = new Set<PlacedFile>();
  if (there.length === 0) return right;
  const total = there.reduce((sum, { size }) => sum + size, 0);
  run.report({
    type: 'transfer',
    verb: 'verify',
    to: folders.shown(''),
    total,
    reused: 0,
    files: there.length,
  });
  const limit = pLimit(HASHES);

  async function hash(file: PlacedFile): Promise<void> {
    await using disk = await openDisk(join(folders.root, file.path));
    if ((await hashOf(watched(disk, run), 'sha256')) !== file.sha256) return;
    run.report({ type: 'file', path: file.path });
    right.add(file);
  }

  // One that cannot be read is not right: it is replaced, which does not take reading it.
  await Promise.all(there.map((file) => limit(() => hash(file).catch(() => {}))));
  run.signal.throwIfAborted();
  return right;
}

/** Removes what a killed run left beside the files it was writing. The lock says that nobody writes them now. */
export async function removeLeftovers(
  folders: Folders,
  files: readonly { readonly path: string }[],
): Promise<void> {
  for (const path of new Set(files.map((file) => parentOf(file.path)))) {
    if (!(await folders.has(path))) continue;
    const folder = join(folders.root, path);
    for (const name of (await readdir(folder)).filter(isTemporary)) {
      await onDisk(folders.shown(path), () => rm(join(folder, name), { force: true }));
    }
  }
}

/**
 * The size of the file at a path; undefined when there is none, or a link out of the folder, which can be replaced.
 *
 * @throws ModelpackError `usage` when something else is there
 */
export async function sizeThere(folders: Folders, path: string): Promise<number | undefined> {
  if (!(await folders.has(parentOf(path)))) return undefined;
  const full = join(folders.root, path);
  const found = await onDisk(folders.shown(path), () => statIfThere(full));
  if (found === undefined) return undefined;
  if (found.isFile()) return found.size;
  if (found.isSymbolicLink()) return sizeBehind(folders, full);
  throw new ModelpackError('usage', `${folders.shown(path)} is no file, and one is to be written there`, {
    hint: 'move it away, or unpack into another folder',
  });
}

/** The cache of the Hugging Face libraries is full of links to files, which are as good if they stay in the folder. */
async function sizeBehind({ root }: Folders, link: string): Promise<number | undefined> {
  const target = await realpath(link).catch(() => undefined);
  if (target?.startsWith(root.endsWith(sep) ? root : root + sep) !== true) return undefined;
  const found = await stat(target);
  return found.isFile() ? found.size : undefined;
}

/** Ends when the run does, and tells how far it is. */
function watched(content: Content, run: Run): Content {
  return {
    size: content.size,
    async read(into, start) {
      run.signal.throwIfAborted();
      await content.read(into, start);
      run.report({ type: 'bytes', count: into.length, from: 'disk' });
    },
  };
}
