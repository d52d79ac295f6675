import { lstat, mkdir, realpath, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Stats } from 'node:fs';

import { codeOf, ModelpackError } from '../../errors.ts';
import { onDisk } from '../disk-failure.ts';

/** As tar, cp and mkdir make them; the umask takes from it. */
const MODE = 0o755;

/** A folder and those below it. Paths are below it, with `/`; `''` is the folder itself. */
export interface Folders {
  /** Absolute, without links. */
  readonly root: string;
  /** As the user wrote it, for messages. */
  shown(path: string): string;
  /**
   * Whether a folder is there.
   *
   * @throws ModelpackError `usage` when something else is there. A link to a folder is something else, wherever it
   * leads: below it, one would write to another place than the one that was named
   */
  has(path: string): Promise<boolean>;
  /** Makes a folder, and those above it. */
  make(path: string): Promise<void>;
  /** Removes what was made and is empty. */
  unmake(): Promise<void>;
}

/** Opens a folder, which is made if it is missing. A link to a folder is one. */
export async function openFolders(folder: string): Promise<Folders> {
  const made: string[] = await makeRoot(folder);
  const root = await onDisk(folder, () => realpath(folder));
  const known = new Set(['']);
  const shown = (path: string) => join(folder, ...path.split('/'));

  async function has(path: string): Promise<boolean> {
    if (known.has(path)) return true;
    if (!(await has(parentOf(path)))) return false;
    const found = await onDisk(shown(path), () => statIfThere(join(root, path)));
    if (found === undefined) return false;
    if (!found.isDirectory()) throw inTheWay(shown(path), found);
    known.add(path);
    return true;
  }

  async function make(path: string): Promise<void> {
    if (await has(path)) return;
    await make(parentOf(path));
    await onDisk(shown(path), () => mkdir(join(root, path), MODE));
    made.push(join(root, path));
    known.add(path);
  }

  async function unmake(): Promise<void> {
    for (const path of made.toReversed()) {
      await rmdir(path).catch(() => {}); // it is not empty, or gone
    }
  }

  return { root, shown, has, make, unmake };
}

/** @returns the folders that were made, the highest first */
async function makeRoot(folder: string): Promise<string[]> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === true) return [];
  if (found !== undefined) throw aFile(folder);
  const path = resolve(folder);
  const first = await onDisk(folder, async () => {
    try {
      return await mkdir(path, { recursive: true, mode: MODE });
    } catch (error) {
      throw ['EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? '') ? aFile(folder) : error;
    }
  });
  if (first === undefined) return []; // somebody else made it meanwhile
  const made: string[] = [];
  for (let each = path; each.length >= first.length; each = dirname(each)) {
    made.unshift(each);
  }
  return made;
}

function aFile(folder: string): ModelpackError {
  return new ModelpackError('usage', `${folder} is a file, or inside of one`, {
    hint: 'name a folder; it is made if there is none',
  });
}

/** Of a link, not of what it leads to. */
export async function statIfThere(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function inTheWay(shown: string, found: Stats): ModelpackError {
  if (!found.isSymbolicLink()) {
    return new ModelpackError('usage', `${shown} is a file, where a folder is needed`, {
      hint: 'move it away, or unpack into another folder',
    });
  }
  return new ModelpackError('usage', `${shown} is a link, which is not followed`, {
    hint: 'replace it by a folder, or unpack into the folder that it leads to',
  });
}
