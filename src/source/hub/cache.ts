import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Run } from '../../events.ts';
import { hashOf, openDisk } from '../../disk.ts';
import type { ModelFile } from '../source.ts';

/** The folder of a repository in the Hugging Face cache. It keeps the name that was asked for. */
export function repoFolder(cacheDir: string, repo: string): string {
  return join(cacheDir, `models--${repo.replaceAll('/', '--')}`);
}

/** Files that this machine's Hugging Face cache already holds, found by their hash and checked before use. */
export interface LocalCopies {
  /** Fills `into` from a copy on disk; false when there is none, or it is not what it should be. */
  read(file: ModelFile, into: Uint8Array, start: number, run: Run): Promise<boolean>;
}

export function localCopies(cacheDir: string, repos: readonly string[], commit: string): LocalCopies {
  const found = new Map<string, Promise<string | undefined>>();

  async function find(file: ModelFile, run: Run): Promise<string | undefined> {
    const blob = file.sha256 ?? file.blobSha1;
    if (blob === undefined) return undefined;
    for (const repo of repos) {
      const folder = repoFolder(cacheDir, repo);
      // Where links are off (Windows, HF_HUB_DISABLE_SYMLINKS), the file itself lies in the snapshot.
      for (const path of [
        join(folder, 'blobs', blob),
        join(folder, 'snapshots', commit, ...file.path.split('/')),
      ]) {
        if (!(await hasSize(path, file.size))) continue;
        if (await isIntact(path, file)) return path;
        run.report({ type: 'note', text: `the cached ${path} is damaged; it is not used` });
      }
    }
    return undefined;
  }

  async function read(file: ModelFile, into: Uint8Array, start: number, run: Run): Promise<boolean> {
    let path = found.get(file.path);
    if (path === undefined) found.set(file.path, (path = find(file, run)));
    const copy = await path;
    if (copy === undefined) return false;
    await using disk = await openDisk(copy);
    await disk.read(into, start);
    run.report({ type: 'bytes', count: into.length, from: 'disk' });
    return true;
  }

  return { read };
}

async function hasSize(path: string, size: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.isFile() && found.size === size;
}

async function isIntact(path: string, file: ModelFile): Promise<boolean> {
  await using disk = await openDisk(path);
  if (file.sha256 !== undefined) return (await hashOf(disk, 'sha256')) === file.sha256;
  return (await hashOf(disk, 'sha1', `blob ${file.size}\0`)) === file.blobSha1;
}
