import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';

import { ModelpackError } from '../../errors.ts';
import { quoted } from '../../printable.ts';
import type { ModelFile } from '../source.ts';
import { repoFolder } from './cache.ts';
import { isCommit, licenseOf, type Listing } from './listing.ts';

export interface OfflineListing extends Listing {
  /** Where the files lie: `snapshots/<commit>`. */
  readonly folder: string;
}

/**
 * What the local cache holds of a repository at a revision, without a request. Where huggingface_hub left the
 * commit's listing (since 2026) it is the whole repository's, so that the same files are chosen as online.
 *
 * @throws ModelpackError `not-found` when the cache lacks the repository or the revision
 */
export async function listOffline(cacheDir: string, repo: string, revision: string): Promise<OfflineListing> {
  const root = repoFolder(cacheDir, repo);
  const commit = isCommit(revision) ? revision : await readRef(root, repo, revision);
  const folder = join(root, 'snapshots', commit);
  const present = await listSnapshot(folder).catch(() => {
    throw absent(repo, `commit ${commit.slice(0, 7)}`);
  });
  const files = (await readTree(join(root, 'trees', `${commit}.json`))) ?? present;
  const license = licenseOf(await cardData(join(folder, 'README.md')), undefined);
  return { repo, commit, license, gated: false, files, folder };
}

/** @throws ModelpackError `not-found` when files that are wanted are not in the cache */
export async function checkPresent(listing: OfflineListing, wanted: readonly ModelFile[]): Promise<void> {
  const sizes = new Map((await listSnapshot(listing.folder)).map(({ path, size }) => [path, size]));
  const missing = wanted.filter(({ path, size }) => sizes.get(path) !== size);
  if (missing.length === 0) return;
  const some = missing.slice(0, 3).map(({ path }) => quoted(path));
  throw absent(listing.repo, `${missing.length} of the files (${some.join(', ')})`);
}

async function listSnapshot(folder: string): Promise<ModelFile[]> {
  const files: ModelFile[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const found = await stat(path).catch(() => undefined); // a link whose blob is gone
    if (!found?.isFile()) continue;
    files.push({
      path: relative(folder, path).split(sep).join('/'),
      size: found.size,
      ...(await hashFromLink(path)),
    });
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** `trees/<commit>.json`: {"format_version":1,"files":{path:{size,blob_id,lfs_sha256?}}}; anything else is no help. */
async function readTree(path: string): Promise<ModelFile[] | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const { format_version: version, files } = parseObject(text);
  if (version !== 1 || typeof files !== 'object' || files === null) return undefined;
  const entries = Object.entries(files as Record<string, unknown>).map(([file, entry]) =>
    fileOf(file, entry),
  );
  return entries.every((entry) => entry !== undefined) ? entries : undefined;
}

function fileOf(path: string, entry: unknown): ModelFile | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { size, blob_id: blob, lfs_sha256: sha256 } = entry as Record<string, unknown>;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
  if (typeof sha256 === 'string') return { path, size, sha256 };
  return typeof blob === 'string' ? { path, size, blobSha1: blob } : undefined;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // torn, or not there: the snapshot itself is listed
  }
}

async function readRef(root: string, repo: string, revision: string): Promise<string> {
  const inside = !revision.split('/').includes('..');
  const text = inside
    ? await readFile(join(root, 'refs', ...revision.split('/')), 'utf8').catch(() => '')
    : '';
  const commit = text.trim();
  if (!isCommit(commit)) throw absent(repo, `revision ${JSON.stringify(revision)}`);
  return commit;
}

/** A link leads to `blobs/<hash>`: the name is the hash that the Hub gave. */
async function hashFromLink(path: string): Promise<Partial<ModelFile>> {
  const target = await realpath(path);
  if (basename(dirname(target)) !== 'blobs') return {};
  const hash = basename(target);
  if (/^[0-9a-f]{64}$/.test(hash)) return { sha256: hash };
  return /^[0-9a-f]{40}$/.test(hash) ? { blobSha1: hash } : {};
}

/** The front matter of a model card. */
async function cardData(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const matter = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1];
  if (matter === undefined) return undefined;
  const { parse } = await import('yaml');
  try {
    return parse(matter);
  } catch {
    return undefined; // a card that is no YAML has no licence for the Hub either
  }
}

function absent(repo: string, what: string): ModelpackError {
  return new ModelpackError('not-found', `the local cache does not hold ${what} of ${repo}`, {
    hint: 'run once without --offline (and without HF_HUB_OFFLINE)',
  });
}
