import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';

/**
 * All that is below a folder, by path: a file's content (latin1), `-> target` for a link, and an empty folder with a
 * final `/`.
 */
export async function treeOf(folder: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path);
    if (entry.isFile()) tree[name] = await readFile(path, 'latin1');
    if (entry.isSymbolicLink()) tree[name] = `-> ${await readlink(path)}`;
    if (entry.isDirectory() && (await readdir(path)).length === 0) tree[`${name}/`] = '';
  }
  return tree;
}

/** Permissions, without what kind of thing it is. */
export async function modeOf(path: string): Promise<number> {
  return (await lstat(path)).mode & 0o777;
}
