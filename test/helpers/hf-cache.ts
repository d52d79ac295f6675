import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import type { Hub, StoredFile } from '../servers/hub/hub.ts';

export interface CacheOptions {
  /** The files to put there; all unless told. */
  readonly paths?: readonly string[];
  /** As where links are off (Windows): the files themselves lie in the snapshot. */
  readonly links?: boolean;
  /** The listing of the commit, which huggingface_hub leaves since 2026. */
  readonly tree?: boolean;
  /** The name the cache knows the repository by; canonical unless told. */
  readonly name?: string;
}

/**
 * Lays out what huggingface_hub would have downloaded (https://huggingface.co/docs/hub/local-cache).
 *
 * @param hubCache the folder of `models--*`
 * @returns the folder of the repository in it
 */
export async function writeCache(
  hubCache: string,
  hub: Hub,
  repo: string,
  options: CacheOptions = {},
): Promise<string> {
  const { paths, links = true, tree = false, name = repo } = options;
  const root = join(hubCache, `models--${name.replaceAll('/', '--')}`);
  const commit = hub.commit(repo);
  const files = hub.files(repo);
  for (const file of files.filter(({ path }) => paths?.includes(path) ?? true)) {
    const inSnapshot = join(root, 'snapshots', commit, file.path);
    const blob = join(root, 'blobs', hashOf(file));
    await write(links ? blob : inSnapshot, file.bytes());
    if (!links) continue;
    await mkdir(dirname(inSnapshot), { recursive: true });
    await symlink(relative(dirname(inSnapshot), blob), inSnapshot);
  }
  await write(join(root, 'refs/main'), commit);
  if (tree) await write(join(root, 'trees', `${commit}.json`), JSON.stringify(listing(files)));
  return root;
}

/** The name of its blob: what the Hub gives as ETag. */
export function hashOf(file: StoredFile): string {
  return file.linked ? file.sha256 : file.blobSha1;
}

function listing(files: readonly StoredFile[]): object {
  const entries = files.map((file) => {
    const { path, size, oid, linked, sha256 } = file;
    return [path, { size, blob_id: oid, ...(linked && { lfs_sha256: sha256, lfs_size: size }) }];
  });
  return { format_version: 1, files: Object.fromEntries(entries) as object };
}

async function write(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
