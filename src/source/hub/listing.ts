import { ModelpackError } from '../../errors.ts';
import type { Run } from '../../events.ts';
import type { ModelFile } from '../source.ts';
import type { HubApi } from './api.ts';
import type { HubSettings, Token } from './settings.ts';

/** A repository at a fixed commit. */
export interface Listing {
  /** Canonical: a renamed or bare name has become `namespace/name`. */
  readonly repo: string;
  readonly commit: string;
  readonly license: string | undefined;
  readonly gated: boolean;
  readonly files: readonly ModelFile[];
}

/** More than any repository of a model has; a listing without end is cut here. */
const MAX_FILES = 200_000;
const MAX_PAGES = 2_000;

/** One request for the commit, one for each 1,000 files. */
export async function list(
  api: HubApi,
  settings: HubSettings,
  repo: string,
  revision: string,
  run: Run,
): Promise<Listing> {
  // Loaded late: --help and --version answer without it.
  const { listFiles, modelInfo } = await import('@huggingface/hub');
  const asked = { repo, revision, token: settings.token };
  const info = await modelInfo({
    name: repo,
    revision,
    additionalFields: ['sha', 'cardData', 'tags', 'disabled'],
    hubUrl: settings.endpoint,
    fetch: api.fetch(asked, run, isObject),
  });
  const { name, sha } = info;
  if (!isRepoId(name) || !isCommit(sha)) throw strange(repo, 'its name or commit');
  if (isCommit(revision) && revision !== sha) throw strange(repo, 'another commit than was asked for');
  const files: ModelFile[] = [];
  let pages = 0;
  const fetchPage = api.fetch({ ...asked, repo: name, revision: sha }, run, Array.isArray);
  const entries = listFiles({
    repo: { type: 'model', name },
    recursive: true,
    revision: sha,
    hubUrl: settings.endpoint,
    fetch: (input, init) => {
      if (++pages > MAX_PAGES) throw strange(name, 'a listing without end');
      return fetchPage(input, init);
    },
  });
  for await (const entry of entries) {
    if (entry.type === 'file') files.push(decode(entry, name));
    if (files.length > MAX_FILES) throw strange(name, `more than ${MAX_FILES} files`);
  }
  return {
    repo: name,
    commit: sha,
    license: licenseOf(info.cardData, info.tags),
    gated: Boolean(info.gated),
    files,
  };
}

/**
 * Fails when the files of a gated repository may not be read: its listing is public, so nothing before the first
 * file would tell.
 */
export async function checkAccess(
  api: HubApi,
  repo: string,
  token: Token | undefined,
  run: Run,
): Promise<void> {
  await api.fetch({ repo, token }, run)(api.url(`api/models/${repo}/auth-check`));
}

/** An entry of the tree, checked. For a file in LFS the size and sha256 that count are those of `lfs`. */
function decode(entry: unknown, repo: string): ModelFile {
  if (!isObject(entry) || typeof entry['path'] !== 'string' || entry['path'] === '')
    throw strange(repo, 'a file without a name');
  const { path, size, oid, lfs } = entry;
  const fail = () => strange(repo, `no usable size and hash for ${JSON.stringify(path).slice(0, 200)}`);
  if (!isSize(size)) throw fail();
  if (lfs === undefined || lfs === null) {
    if (typeof oid !== 'string' || !/^[0-9a-f]{40}$/.test(oid)) throw fail();
    return { path, size, blobSha1: oid };
  }
  if (!isObject(lfs) || !isSize(lfs['size']) || typeof lfs['oid'] !== 'string') throw fail();
  if (!/^[0-9a-f]{64}$/.test(lfs['oid']) || lfs['size'] !== size) throw fail();
  return { path, size, sha256: lfs['oid'] };
}

/** The model card's licence; the Hub repeats it as a tag for cards that it could not read. */
export function licenseOf(cardData: unknown, tags: unknown): string | undefined {
  const license = isObject(cardData) ? cardData['license'] : undefined;
  if (typeof license === 'string' && license !== '') return license;
  if (Array.isArray(license) && license.length > 0 && license.every((item) => typeof item === 'string')) {
    return license.join(', ');
  }
  const tag = Array.isArray(tags)
    ? tags.find((item) => typeof item === 'string' && item.startsWith('license:'))
    : undefined;
  return typeof tag === 'string' ? tag.slice('license:'.length) : undefined;
}

export function isCommit(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{40}$/.test(text);
}

function isRepoId(text: unknown): text is string {
  return typeof text === 'string' && /^[\w.-]{1,96}(\/[\w.-]{1,96})?$/.test(text) && !text.includes('..');
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function strange(repo: string, what: string): ModelpackError {
  return new ModelpackError('integrity', `the Hub's listing of ${repo} cannot be trusted: ${what}`);
}
